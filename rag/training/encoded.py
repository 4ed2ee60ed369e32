"""Windows packed for training: a million of them fit into memory, and into a file for another machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from citeqa.index.embedding.runtime import Feed
from citeqa.rag.reader.windows import Encoder, Window
from citeqa.rag.training.windows import Example

ROUND = 16  # lengths are rounded up to a multiple of this: memory grows without bound if shapes vary freely


class Batch(NamedTuple):
    """Token ids, token types and mask, each of shape (windows, length), and the targets, of shape (2, windows, length):
    the probability of each token as the first and as the last of the answer. The very first token stands for "no
    answer"."""

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    wanted: torch.Tensor


@dataclass(frozen=True, slots=True)
class Encoded:
    """Windows, concatenated.

    `ids` are the token ids of all windows. `bounds` (windows + 1) are the positions where windows begin and end,
    `passages` the token of each window at which its passage begins. The targets are `labels`, of shape (windows, 2),
    the first and last token of the answer; or, if given, `soft`, of shape (2, tokens), the probabilities of each token.
    """

    ids: NDArray[np.uint16]
    bounds: NDArray[np.int64]
    passages: NDArray[np.int32]
    labels: NDArray[np.int32]
    soft: NDArray[np.float16] | None = None

    @classmethod
    def of(cls, examples: Sequence[Example], encoder: Encoder) -> Encoded:
        """One window for each example, except for examples whose answer is not whole in any window."""
        return cls.pack([row for example in examples for row in labelled(example, encoder)])

    @classmethod
    def pack(cls, rows: Sequence[tuple[Window, int, int]]) -> Encoded:
        """Pack windows, each with the first and last token of its answer; both are 0 if there is none."""
        lengths = np.array([0, *(len(window.ids) for window, _, _ in rows)])
        return cls(
            np.array([token for window, _, _ in rows for token in window.ids], dtype=np.uint16),
            np.cumsum(lengths),
            np.array([window.types.index(1) for window, _, _ in rows], dtype=np.int32),
            np.array([(first, last) for _, first, last in rows], dtype=np.int32).reshape(-1, 2),
        )

    def __len__(self) -> int:
        return len(self.passages)

    def lengths(self) -> NDArray[np.int64]:
        """The number of tokens in each window."""
        return np.diff(self.bounds)

    def feed(self, row: int) -> Feed:
        """One window as the inputs of an exported model."""
        ids = self.ids[self.bounds[row] : self.bounds[row + 1]].astype(np.int64)[None]
        types = (np.arange(ids.shape[1]) >= self.passages[row]).astype(np.int64)[None]
        return {"input_ids": ids, "token_type_ids": types, "attention_mask": np.ones_like(ids)}

    def batch(self, rows: Sequence[int], device: str) -> Batch:
        """The given windows, padded to one length."""
        count = np.array([self.bounds[row + 1] - self.bounds[row] for row in rows])
        length = -(-int(count.max()) // ROUND) * ROUND
        place = np.arange(length)
        mask = place < count[:, None]
        ids = np.zeros(mask.shape, dtype=np.int64)
        wanted = np.zeros((2, *mask.shape), dtype=np.float32)
        for i, row in enumerate(rows):
            span = slice(self.bounds[row], self.bounds[row + 1])
            ids[i, : count[i]] = self.ids[span]
            if self.soft is not None:
                wanted[:, i, : count[i]] = self.soft[:, span]
        if self.soft is None:
            every = np.arange(len(rows))
            wanted[0, every, self.labels[rows, 0]] = wanted[1, every, self.labels[rows, 1]] = 1
        types = mask & (place >= self.passages[rows, None])
        arrays = (ids, types.astype(np.int64), mask.astype(np.int64), wanted)
        return Batch(*(torch.from_numpy(values).to(device, non_blocking=True) for values in arrays))


def labelled(example: Example, encoder: Encoder) -> list[tuple[Window, int, int]]:
    """The window of an example with the first and last token of its answer; both are 0 if it has none. If the passage
    takes several windows, it is one that contains the answer. Empty if the answer is not whole in any window."""
    windows = encoder.encode(example.question, example.heading, example.text)
    places = [window.tokens(example.answer) if example.answer else None for window in windows]
    for window, place in zip(windows, places, strict=True):
        if place:
            return [(window, *place)]
    return [] if example.answer else [(windows[0], 0, 0)]

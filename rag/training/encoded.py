"""Windows laid out for training, packed: a million of them fit into memory, and into a file another machine reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from citeqa.rag.reader.windows import Encoder, Window
from citeqa.rag.training.windows import Example

ROUND = 16  # lengths are rounded up to multiples: memory grows without end where shapes vary freely


class Batch(NamedTuple):
    """Token ids, types and mask, shape (windows, length), and what is wanted: how probable each token is as the first
    and as the last of the answer, shape (2, windows, length); the first token of all stands for no answer."""

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    wanted: torch.Tensor


@dataclass(frozen=True, slots=True)
class Encoded:
    """Windows one after another.

    `ids` holds their tokens' ids, `bounds` (windows + 1) where each begins and the last ends, `passages` at which of
    its tokens the passage begins. What is wanted is `labels`, shape (windows, 2), first and last token of the answer,
    or, where there is `soft`, shape (2, tokens), the probabilities of each token.
    """

    ids: NDArray[np.uint16]
    bounds: NDArray[np.int64]
    passages: NDArray[np.int32]
    labels: NDArray[np.int32]
    soft: NDArray[np.float16] | None = None

    @classmethod
    def of(cls, examples: Sequence[Example], encoder: Encoder) -> Encoded:
        """The windows of examples, one each, but for those whose answer is whole in no window."""
        return cls.pack([row for example in examples for row in labelled(example, encoder)])

    @classmethod
    def pack(cls, rows: Sequence[tuple[Window, int, int]]) -> Encoded:
        """Windows with the first and last token of the answer, both 0 where there is none."""
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
        """Tokens of each window."""
        return np.diff(self.bounds)

    def batch(self, rows: Sequence[int], device: str) -> Batch:
        """Some windows padded to one length."""
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
        given = (ids, types.astype(np.int64), mask.astype(np.int64), wanted)
        return Batch(*(torch.from_numpy(values).to(device, non_blocking=True) for values in given))


def labelled(example: Example, encoder: Encoder) -> list[tuple[Window, int, int]]:
    """The window of an example with the tokens at which its answer starts and ends; both 0 where it has none. Of a
    passage that takes several windows, one that holds the answer if there is one."""
    windows = encoder.encode(example.question, example.heading, example.text)
    places = [window.tokens(example.answer) if example.answer else None for window in windows]
    for window, place in zip(windows, places, strict=True):
        if place:
            return [(window, *place)]
    return [] if example.answer else [(windows[0], 0, 0)]

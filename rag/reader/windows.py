"""Windows: the tokens of question, heading and passage that a model sees at once, with their positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from citeqa.index.context import NO_CONTEXT, Context, Piece
from citeqa.index.embedding.runtime import Feed, tokenizer
from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import after_marks

QUESTION_TOKENS = 64  # a longer question is cut here, or at a third of `max_tokens` if that is less
STRIDE = 96  # tokens shared by two windows of a long passage, at most a third of `max_tokens`


@dataclass(frozen=True, slots=True)
class Window:
    """What the model sees at once: token ids, token types, and the position of each token in the passage.

    `starts[i] == -1` if token `i` is not part of the passage (question, heading, a label shown again, special token);
    `ends` are half-open. `pieces` has for each token the number of the piece it belongs to, where the passage is shown
    in pieces (see `index.context`).
    """

    ids: list[int]
    types: list[int]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    pieces: NDArray[np.int64] | None = None

    @property
    def feed(self) -> Feed:
        """The inputs of the model."""
        ids, types = (np.array([values], dtype=np.int64) for values in (self.ids, self.types))
        return {"input_ids": ids, "token_type_ids": types, "attention_mask": np.ones_like(ids)}

    def tokens(self, span: Span) -> tuple[int, int] | None:
        """The first and last token of a span of the passage; None if the window does not contain the whole span."""
        inside = np.flatnonzero((self.starts >= 0) & (self.starts < span.end) & (self.ends > span.start))
        if not len(inside) or self.starts[inside[0]] > span.start or self.ends[inside[-1]] < span.end:
            return None
        return int(inside[0]), int(inside[-1])


class Encoder:
    """Tokenizes questions and passages for an extractive model: the question first, then heading and passage."""

    def __init__(self, path: Path, max_tokens: int) -> None:
        """`path` is a tokenizer.json; `max_tokens` is how many tokens the model sees at once."""
        self._question_tokens = min(QUESTION_TOKENS, max_tokens // 3)
        self._plain = tokenizer(path)
        self._windows = tokenizer(path)
        self._windows.enable_truncation(max_tokens, stride=min(STRIDE, max_tokens // 3), strategy="only_second")

    def encode(self, question: str, heading: str, text: str) -> list[Window]:
        """The windows of a passage, each with the question; only the first one has the heading."""
        return self.encode_all(question, [heading], [text])[0]

    def encode_all(
        self, question: str, headings: Sequence[str], texts: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[Window]]:
        """The windows of each passage, as `encode` returns them. A passage that has a context is shown as that says."""
        question = self._shortened(question)
        contexts = contexts or [NO_CONTEXT] * len(texts)
        before = [f"{heading}\n" if heading else "" for heading in headings]
        shown = [context.shown(text) for context, text in zip(contexts, texts, strict=True)]
        encoded = self._windows.encode_batch(
            [(question, head + text) for text, head in zip(shown, before, strict=True)]
        )
        return [self._laid_out(*one) for one in zip(encoded, before, texts, contexts, strict=True)]

    def _laid_out(self, encoded: Encoding, before: str, text: str, context: Context) -> list[Window]:
        windows = []
        for one in [encoded, *encoded.overflowing]:
            offsets = np.array(one.offsets, dtype=np.int64).reshape(-1, 2) - len(before)
            own = np.array([sequence == 1 for sequence in one.sequence_ids])
            own &= (offsets[:, 1] > 0) & (offsets[:, 1] > offsets[:, 0])
            # a token may begin in the line break between heading and passage
            starts = np.where(own, np.maximum(offsets[:, 0], 0), -1)
            ends = np.where(own, offsets[:, 1], -1)
            pieces = None
            if context.pieces:
                starts, ends, pieces = _placed(starts, ends, context.pieces)
            windows.append(Window(one.ids, one.type_ids, starts, _whole(text, ends), pieces))
        return windows

    def _shortened(self, question: str) -> str:
        encoded = self._plain.encode(question, add_special_tokens=False)
        if len(encoded.ids) <= self._question_tokens:
            return question
        return question[: encoded.offsets[self._question_tokens - 1][1]]


def _placed(
    starts: NDArray[np.int64], ends: NDArray[np.int64], pieces: Sequence[Piece]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Positions in a passage as it is shown become positions in the passage; also the number of each token's piece,
    -1 for the tokens of labels."""
    lengths = np.array([[len(lead), len(span)] for lead, span in pieces], dtype=np.int64)
    last = np.cumsum(lengths.sum(axis=1))  # where each piece ends as it is shown
    first = last - lengths[:, 1]
    number = np.minimum(np.searchsorted(last, ends - 1, side="right"), len(pieces) - 1)
    # a token may begin in the blank before a piece
    inside = (starts >= 0) & (starts >= first[number] - 1) & (ends > first[number])
    moved = np.array([span.start for _, span in pieces], dtype=np.int64)[number] - first[number]
    return (
        np.where(inside, np.maximum(starts, first[number]) + moved, -1),
        np.where(inside, ends + moved, ends),
        np.where(inside, number, -1),
    )


def _whole(text: str, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The ends of tokens, moved past combining marks of their last character that the tokenizer dropped."""
    return ends if text.isascii() else np.array([after_marks(text, int(end)) for end in ends])

"""Turns token scores into scored spans of the passage. The only place where tokens become characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import inside_word, paragraphs, quantity_bounds, trimmed
from citeqa.rag.reader.windows import Window

LONGEST = 40  # most tokens in a span
_FEW = 256  # best spans tried before all of them are sorted


def best_spans(
    text: str, window: Window, start: NDArray[np.float32], end: NDArray[np.float32], count: int
) -> list[tuple[Span, float]]:
    """The highest-scoring spans of a passage, best first, each with its margin over "no answer".

    `start` and `end` have one logit for each token. The score of a span is the start logit of its first token plus the
    end logit of its last one; the score of "no answer" is that of the very first token (Devlin et al. 2019, section
    4.3). A span that would begin or end inside a quantity ("9" of "$9") is extended to the whole of it. No span crosses
    a blank line.
    """
    null = float(start[0] + end[0])
    moved = quantity_bounds(text)
    first, begins = _cuts(text, window.starts, moved.starts)
    last, behind = _cuts(text, window.ends, moved.ends)
    if not len(first) or not len(last):
        return []
    width = last[None, :] - first[:, None]
    opened, closed = paragraphs(text, begins, behind)
    allowed = (width >= 0) & (width < LONGEST) & (opened[:, None] == closed[None, :])
    scores = np.where(allowed, start[first][:, None] + end[last][None, :], -np.inf)
    found: dict[Span, float] = {}
    for flat in _descending(scores.ravel()):
        i, j = divmod(flat, len(last))
        score = float(scores[i, j])
        if score == -np.inf or len(found) == count:
            break
        span = trimmed(text, Span(int(begins[i]), int(behind[j])))
        if span and not inside_word(text, span.start) and not inside_word(text, span.end):
            found.setdefault(span, score - null)
    return list(found.items())


def _cuts(
    text: str, places: NDArray[np.int64], moved: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tokens of the passage where a span may begin or end, and the character position of each."""
    cuts = [(i, moved.get(place, place)) for i, place in enumerate(places.tolist()) if place >= 0]
    kept = [cut for cut in cuts if not inside_word(text, cut[1])]
    tokens, where = np.array(kept, dtype=np.int64).reshape(-1, 2).T
    return tokens, where


def _descending(scores: NDArray[np.float32]) -> Iterator[int]:
    """The positions of scores, from the highest to the lowest, equal scores in order. The first few come without
    sorting everything."""
    few = min(len(scores), _FEW)
    head = np.argpartition(-scores, few - 1)[:few]
    yield from head[np.lexsort((head, -scores[head]))].tolist()
    rest = np.setdiff1d(np.arange(len(scores)), head)
    yield from rest[np.argsort(-scores[rest], kind="stable")].tolist()

"""Turns token scores into scored spans of the passage. The only place where tokens become characters."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from citeqa.index.context import NO_CONTEXT, Context
from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import inside_word
from citeqa.rag.reader.layout import Layout
from citeqa.rag.reader.quantities import Bounds, whole_bounds
from citeqa.rag.reader.windows import Window

LONGEST = 40  # most tokens in a span
_BRACKETED = re.compile(r"\([ ]?\W?[\d.,]+[ ]?%?[ ]?\)\W?")  # as balance sheets write them
_EACH = 2  # most spans of one piece: of a table's cells several are shown, rather than variants of one
_FEW = 256  # best spans tried before all of them are sorted


def best_spans(
    text: str,
    window: Window,
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    count: int,
    context: Context = NO_CONTEXT,
) -> list[tuple[Span, float]]:
    """The highest-scoring spans of a passage, best first, each with its margin over "no answer".

    `start` and `end` have one logit for each token. The score of a span is the start logit of its first token plus the
    end logit of its last one; the score of "no answer" is that of the very first token (Devlin et al. 2019, section
    4.3). A span that would begin or end inside a quantity ("9" of "$9") or behind a negation is extended to the
    whole of it. No span crosses a blank line, the bar of a table or the end of a cell, or is layout alone (see
    `layout`).
    """
    null = float(start[0] + end[0])
    moved, layout = _known(text, context)
    first, begins = _cuts(text, window.starts, window.starts, moved.starts)
    last, behind = _cuts(text, window.starts, window.ends, moved.ends)
    if not len(first) or not len(last):
        return []
    width = last[None, :] - first[:, None]
    opened, closed = layout.parts(begins, behind)
    allowed = (width >= 0) & (width < LONGEST) & (opened[:, None] == closed[None, :])
    if window.pieces is not None:
        allowed &= window.pieces[first][:, None] == window.pieces[last][None, :]
    scores = np.where(allowed, start[first][:, None] + end[last][None, :], -np.inf)
    found: dict[Span, float] = {}
    shown: Counter[int] = Counter()  # how many spans are found in each piece
    if window.pieces is not None:
        count *= 2
    for flat in _descending(scores.ravel()):
        i, j = divmod(flat, len(last))
        score = float(scores[i, j])
        if score == -np.inf or len(found) == count:
            break
        span = layout.cleared(text, Span(int(begins[i]), int(behind[j])))
        piece = -1 if window.pieces is None else int(window.pieces[first[i]])
        if span and piece >= 0:
            span = _in_piece(text, span, context.pieces[piece].span) if shown[piece] < _EACH else None
        if span and span not in found and not inside_word(text, span.start) and not inside_word(text, span.end):
            found[span] = score - null
            shown[piece] += 1
    return list(found.items())


def _in_piece(text: str, span: Span, piece: Span) -> Span | None:
    """A span of a piece; all of a cell that is a negative number in brackets, of which the span is the number. None if
    the span was extended beyond the piece."""
    if not piece.contains(span):
        return None
    return piece if _BRACKETED.fullmatch(text, piece.start, piece.end) else span


@lru_cache(maxsize=16)  # a long text is read in several windows
def _known(text: str, context: Context) -> tuple[Bounds, Layout]:
    return whole_bounds(text), Layout.of(text, context.marks, context.headings)


def _cuts(
    text: str, starts: NDArray[np.int64], places: NDArray[np.int64], moved: Mapping[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tokens of the passage where a span may begin or end, and the character position of each."""
    inside = zip(starts.tolist(), places.tolist(), strict=True)
    cuts = [(i, moved.get(place, place)) for i, (start, place) in enumerate(inside) if start >= 0]
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

"""What a document is chunked into: its sentences, and the whole rows of its tables."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.structure import Table
from citeqa.index.types import Document, Span

_BEFORE = re.compile(r"[ \t|]*\Z")
_BEHIND = re.compile(r"[ \t|]*")
_REACH = 80  # code points of bars and blanks around a table that belong to it
_WORDS = re.compile(r"\S(?:.*\S)?", re.DOTALL)


class Unit(NamedTuple):
    """A slice of a document that is cut only if it is too long by itself; `table` is that of a row."""

    span: Span
    table: Table | None = None


def units_of(document: Document, *, structured: bool) -> list[Unit]:
    """The units of a document, ascending; together they hold every non-space character that is not boilerplate.

    Args:
        structured: whether the rows of tables are units; else there are sentences only.
    """
    sentences = document_sentences(document)
    rows = [row for table in document.structure.tables for row in _rows(document, table)] if structured else []
    if not rows:
        return [Unit(sentence) for sentence in sentences]
    outside = (Unit(piece) for piece in _without(document.text, sentences, [row.span for row in rows]))
    return sorted([*outside, *rows], key=lambda unit: unit.span)


def region_of(table: Table, text: str) -> Span:
    """A table with the bars and blanks before its first cell and behind its last one."""
    before = _BEFORE.search(text, max(0, table.span.start - _REACH), table.span.start)
    behind = _BEHIND.match(text, table.span.end, table.span.end + _REACH)
    start = before.start() if before else table.span.start
    return Span(start, behind.end() if behind else table.span.end)


def _rows(document: Document, table: Table) -> list[Unit]:
    """The rows of a table, with the bars and rules around them; none if they do not stand one after another, or
    boilerplate stands among them."""
    text, region = document.text, region_of(table, document.text)
    if any(span.overlaps(region) for span in document.boilerplate):
        return []
    rows = [
        (min(cell.span.start for cell in own), max(cell.span.end for cell in own))
        for _, group in groupby(table.cells, key=lambda cell: cell.row)
        for own in [list(group)]
    ]
    if any(after[0] < before[1] for before, after in pairwise(rows)):
        return []
    cuts = [_line_start(text, before[1], after[0]) for before, after in pairwise(rows)]
    bounds = pairwise([region.start, *cuts, region.end])
    return [Unit(found, table) for start, end in bounds if (found := _trimmed(text, start, end))]


def _line_start(text: str, start: int, end: int) -> int:
    """Where the last line begins that begins between two positions, or the latter."""
    return max(text.rfind("\n", start, end), text.rfind("\r", start, end)) + 1 or end


def _without(text: str, sentences: Sequence[Span], rows: Sequence[Span]) -> Iterator[Span]:
    """The sentences without what the rows cover; rows are ascending."""
    ends = [row.end for row in rows]
    for sentence in sentences:
        start = sentence.start
        for row in rows[bisect_left(ends, sentence.start + 1) :]:
            if row.start >= sentence.end:
                break
            if row.start > start and (piece := _trimmed(text, start, row.start)):
                yield piece
            start = max(start, row.end)
        if start < sentence.end and (piece := _trimmed(text, start, sentence.end)):
            yield piece


def _trimmed(text: str, start: int, end: int) -> Span | None:
    found = _WORDS.search(text, start, end)
    return Span(*found.span()) if found else None

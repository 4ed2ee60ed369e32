"""What every structure must hold, whatever text it is of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from citeqa.index.structure import Structure, Table
from citeqa.index.types import Span


def spans_of(structure: Structure) -> Iterator[Span]:
    """All spans in a structure."""
    for table in structure.tables:
        yield table.span
        yield from (cell.span for cell in table.cells)
        if table.caption:
            yield table.caption
    for found in structure.lists:
        yield found.span
        yield from (span for item in found.items for span in (item.span, item.mark) if span)
        if found.introduction:
            yield found.introduction
    yield from (heading.span for heading in structure.headings)
    yield from (span for turn in structure.turns for span in (turn.span, turn.speaker))
    yield from structure.quotations


def check(text: str, structure: Structure) -> None:
    """Every span lies in the text without white space around it; cells lie apart, in order and in their table; tables
    never overlap; items lie in order in their list, behind their marks."""
    for span in spans_of(structure):
        quoted = text[span.start : span.end]
        assert span.end <= len(text)
        assert quoted == quoted.strip() != "", (span, quoted)
    end = 0
    for table in structure.tables:
        assert table.span.start >= end, "tables overlap, or stand in no order"
        end = table.span.end
        assert all(table.span.contains(cell.span) for cell in table.cells)
        places = [(cell.row, cell.column) for cell in table.cells]
        assert places == sorted(set(places))
        ordered = sorted(cell.span for cell in table.cells)
        assert all(one.end <= other.start for one, other in pairwise(ordered))
        assert table.caption is None or not table.caption.overlaps(table.span)
    for found in structure.lists:
        before = found.span.start
        for item in found.items:
            place = item.mark or item.span
            assert before <= place.start
            assert item.mark is None or item.mark.end <= item.span.start
            assert item.span.end <= found.span.end
            before = item.span.end
        assert found.introduction is None or found.introduction.end <= found.span.start
    starts = [heading.span.start for heading in structure.headings]
    assert starts == sorted(set(starts))


def rows_of(text: str, table: Table) -> list[list[str]]:
    """The texts of a table's cells by row and column, empty where there is none."""
    width, height = (max(getattr(cell, of) for cell in table.cells) + 1 for of in ("column", "row"))
    rows = [[""] * width for _ in range(height)]
    for cell in table.cells:
        rows[cell.row][cell.column] = text[cell.span.start : cell.span.end]
    return rows


def items_of(text: str, structure: Structure) -> list[tuple[int, str]]:
    """The levels and the words of the items of all lists."""
    return [(item.level, text[item.span.start : item.span.end]) for one in structure.lists for item in one.items]


def headings_of(text: str, structure: Structure) -> list[tuple[int, str]]:
    """The levels and the words of the headings."""
    return [(one.level, text[one.span.start : one.span.end]) for one in structure.headings]

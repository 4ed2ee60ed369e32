"""What a cited span is in its document's structure: a table's cell, or a whole list."""

from __future__ import annotations

from typing import NamedTuple

from citeqa.index.documents.rows import column_labels, on_one_line, row_label
from citeqa.index.types import DocumentView, Span
from citeqa.rag.lists import runs, span_of


class CellPlace(NamedTuple):
    """The labels of a cell, and the span of its row."""

    row: str | None
    column: str | None
    caption: str | None
    span: Span


class ListPlace(NamedTuple):
    """How many items a list has, and its span with the introduction."""

    items: int
    span: Span


def cell_at(document: DocumentView, span: Span) -> CellPlace | None:
    """The cell that a span lies in; None if it lies in none."""
    table = document.structure.table_at(span)
    cell = next((cell for cell in table.cells if cell.span.contains(span)), None) if table else None
    if table is None or cell is None:
        return None
    text = document.text
    row = [one.span for one in table.cells if one.row == cell.row]
    label = row_label(table, text, cell.row) if cell.row >= table.header_rows else None
    column = column_labels(table, text).get(cell.column) if cell.row >= table.header_rows else None
    caption = on_one_line(text, table.caption) if table.caption else None
    return CellPlace(label, column, caption, Span(min(one.start for one in row), max(one.end for one in row)))


def list_at(document: DocumentView, span: Span) -> ListPlace | None:
    """The list that a span is: all of it, from its first item to its last, or all that is nested in one item; None if
    it is no whole list."""
    found = document.structure.list_at(span)
    for run in runs(found) if found and found.span.contains(span) else ():
        words = span_of(document.text, run)
        if words == span and run.number > 1:
            first = run.introduction or run.items[0].mark or run.items[0].span
            return ListPlace(run.number, Span(first.start, max(item.span.end for item in run.items)))
    return None

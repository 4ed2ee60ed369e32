"""Tables as a reader is shown them: each row a line that carries the labels of its row and columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from citeqa.index.context import Piece
from citeqa.index.structure import Cell, Table
from citeqa.index.types import Span, Text

_AGAIN = 120  # code points of a label that is shown again


def column_labels(table: Table, text: Text) -> dict[int, str]:
    """The label of each column that has one, by the column's number: what its header rows say, from the top down."""
    names: dict[int, list[str]] = {}
    for cell in table.cells:
        if cell.row >= table.header_rows:
            break
        for column in range(cell.column, cell.column + cell.columns):
            names.setdefault(column, []).append(on_one_line(text, cell.span))
    return {column: " ".join(found) for column, found in sorted(names.items())}


def shown_rows(table: Table, text: Text, within: Span) -> Iterator[list[Piece]]:
    """The rows below the labels, as far as they lie in the span `within`, each as its cells with what is shown before
    them: "row label; column: value; column: value". Spans count in `text`.

    A cell whose column has no label stands alone. What names a row and stands outside `within`, or in a row above that
    it shares with this one, is shown again, before the row's first cell.
    """
    labels = column_labels(table, text)
    for row, cells in rows_of(table):
        if row < table.header_rows or not any(within.contains(cell.span) for cell in cells if cell.row == row):
            continue
        pieces: list[Piece] = []
        lead = ""
        for cell in cells:
            label = f"{labels[cell.column]}: " if cell.column in labels else ""
            between = "; " if pieces or lead else ""
            if cell.row == row and within.contains(cell.span):
                pieces.append(Piece(f"{lead}{between}{label}", cell.span))
                lead = ""
            elif cell.row < row or cell.column < max(1, table.header_columns):
                lead += f"{between}{label}{on_one_line(text, cell.span)[:_AGAIN]}"
        yield pieces


def rows_of(table: Table) -> Iterator[tuple[int, list[Cell]]]:
    """The rows of a table from the top, each with its cells from the left, those included that begin further up."""
    spanning: list[Cell] = []
    for row, group in groupby(table.cells, key=lambda cell: cell.row):
        spanning = [cell for cell in spanning if cell.row + cell.rows > row]
        own = list(group)
        yield row, sorted([*spanning, *own], key=lambda cell: cell.column)
        spanning += [cell for cell in own if cell.rows > 1]


def row_label(table: Table, text: Text, row: int) -> str | None:
    """What names a row: its cells in the header columns, or the first one; None if nothing stands there."""
    first = max(1, table.header_columns)
    found = [
        on_one_line(text, cell.span)
        for number, cells in rows_of(table)
        if number == row
        for cell in cells
        if cell.column < first
    ]
    return ", ".join(found) or None


def on_one_line(text: Text, span: Span) -> str:
    """The words at a span, without line breaks."""
    return " ".join(text[span.start : span.end].split())


def joined(rows: Sequence[Sequence[Piece]]) -> list[Piece]:
    """Rows as the pieces of one text, each row on a line of its own."""
    return [
        Piece(f"\n{piece.lead}" if number and not at else piece.lead, piece.span)
        for number, row in enumerate(rows)
        for at, piece in enumerate(row)
    ]

"""Tables as the reader sees them: each row a line that carries the labels of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from citeqa.index import structure
from citeqa.index.context import Piece
from citeqa.index.documents.rows import shown_rows
from citeqa.index.types import Span

_BAR = " | "


class Cell(NamedTuple):
    """What stands between two bars, without the white space around it."""

    span: Span | None
    text: str


def with_labels(text: str, spans: Sequence[Span]) -> tuple[str, list[Span]]:
    """The text with its tables of bars as a reader is shown them (see `index.documents.rows`), and where `spans` stand
    in it.

    A row becomes "label: value; label: value"; a cell whose column has no label stands alone, and empty cells are left
    out. The rows that only name columns are not repeated by themselves. A span that is not inside one cell of a row, or
    one line outside the tables, is dropped.
    """
    rows: list[list[Piece]] = []
    for is_table, group in groupby(_lines(text), key=lambda line: _BAR in f"{text[line[0] : line[1]]} "):
        lines = list(group)
        if is_table:
            rows += _shown(text, lines)
        else:
            rows += [[Piece("", Span(*line))] if line[1] > line[0] else [] for line in lines]
    written: list[str] = []
    moved: dict[Span, Span] = {}
    place = 0
    for row in rows:
        for lead, piece in row:
            place += len(lead)
            moved |= {span: span.shifted(place - piece.start) for span in spans if piece.contains(span)}
            place += len(piece)
            written.append(f"{lead}{text[piece.start : piece.end]}")
        written.append("\n")
        place += 1
    return "".join(written).removesuffix("\n"), [moved[span] for span in spans if span in moved]


def columns(text: str) -> str:
    """The labels of the columns of the first table in a text, in either form; what tells a table from another one."""
    for start, end in _lines(text):
        line = text[start:end]
        if _BAR in f"{line} ":
            return _BAR.join(cell.text for cell in _cells(text, start, end))
        if ": " in line:
            return _BAR.join(piece.split(": ")[0] for piece in line.split("; ") if ": " in piece)
    return text


def _lines(text: str) -> list[tuple[int, int]]:
    found, start = [], 0
    for line in text.split("\n"):
        found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def _span(start: int, end: int) -> Span | None:
    return Span(start, end) if end > start else None


def _cells(text: str, start: int, end: int) -> list[Cell]:
    cells = []
    for piece in text[start:end].split("|"):
        inner = piece.strip()
        at = start + len(piece) - len(piece.lstrip()) if inner else start
        cells.append(Cell(_span(at, at + len(inner)), inner))
        start += len(piece) + 1
    return cells


def _shown(text: str, lines: Sequence[tuple[int, int]]) -> list[list[Piece]]:
    """The rows of a table below its labels.

    The first line has the labels, and those after it whose first cell is empty too if that of the first line is.
    """
    rows = [_cells(text, *line) for line in lines]
    top = 1
    while not rows[0][0].text and top < len(rows) and not rows[top][0].text:
        top += 1
    cells = [
        structure.Cell(cell.span, number, column)
        for number, row in enumerate(rows)
        for column, cell in enumerate(row)
        if cell.span
    ]
    if not cells:
        return []
    table = structure.Table(Span(cells[0].span.start, cells[-1].span.end), tuple(cells), top)
    return list(shown_rows(table, text, table.span))

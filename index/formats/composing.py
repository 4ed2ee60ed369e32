"""Composing: the canonical text of formats that are not text, written line by line together with its structure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from citeqa.index.errors import DocumentError
from citeqa.index.formats.tables import MAX_CELLS, header_rows
from citeqa.index.structure import Cell, Heading, Item, List, Structure, Table
from citeqa.index.types import Span

MAX_TEXT = 64 * 1024 * 1024  # code points


class Filled(NamedTuple):
    """A cell with text, where it stands in its sheet or table, and over how many rows and columns it reaches."""

    row: int
    column: int
    text: str
    rows: int = 1
    columns: int = 1


class Composer:
    """Writes text. Each paragraph, heading, item of a list and row of a table is a line; cells are separated by tabs;
    rows and columns without any text are left out. `notes` collects what the log should say.

    Raises:
        DocumentError: where the text gets longer than 64 million code points.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._at = 0
        self._cells = 0
        self._text_rows = 0
        self._tables: list[Table] = []
        self._lists: list[List] = []
        self._headings: list[Heading] = []
        self._items: list[Item] = []
        self._ordered = False
        self.boilerplate: list[Span] = []
        self._starts: list[int] = []

    def line(self, text: str) -> Span | None:
        """Write a paragraph; None if there is nothing in it. The white space around it goes."""
        self._end_list()
        return self._line(text)

    def heading(self, text: str, level: int) -> Span | None:
        """Write a heading."""
        span = self.line(text)
        if span:
            self._headings.append(Heading(span, max(1, level)))
        return span

    def item(self, text: str, level: int = 0, *, ordered: bool = False) -> None:
        """Write an item of a list; items that follow each other are one list."""
        begins = not self._items
        if span := self._line(text):
            self._items.append(Item(span, max(0, level)))
            self._ordered = ordered if begins else self._ordered

    def aside(self, text: str) -> None:
        """Write a line that is boilerplate."""
        if span := self.line(text):
            self.boilerplate.append(span)

    def page(self) -> None:
        """Begin a page; between two pages there is a blank line, even where one of them holds nothing."""
        self._end_list()
        if self._starts:
            self._put("\n" if self._pieces and self._at > self._starts[-1] else "\n\n")
        self._starts.append(self._at)

    def gap(self) -> None:
        """Leave a line blank, unless one is already, or nothing has been written."""
        self._end_list()
        if self._pieces and not self._pieces[-1].endswith("\n\n"):
            self._put("\n" if self._pieces[-1].endswith("\n") else "\n\n")

    def table(self, cells: Sequence[Filled], *, header: int | None = None, caption: Span | None = None) -> Table | None:
        """Write a table; None if no cell holds text.

        Args:
            cells: ordered by row, then column.
            header: how many of the rows name the columns; the first one, if it reads so, where that is not known.
        """
        self._end_list()
        cells = [cell for cell in cells if cell.text.strip()]
        if not cells:
            return None
        rows = sorted({cell.row for cell in cells})
        columns = sorted({cell.column for cell in cells})
        place = {column: at for at, column in enumerate(columns)}
        known, row, at = list[Cell](), -1, 0
        for cell in cells:
            if rows[max(row, 0)] != cell.row or row < 0:
                self._begin_line()
                row, at = row + 1, 0
            self._put("\t" * (place[cell.column] - at))
            at = place[cell.column]
            lines = [" ".join(line.split()) for line in cell.text.strip().splitlines()]
            span = self._put("\n".join(filter(None, lines)))
            if self._cells < MAX_CELLS:
                self._cells += 1
                high = bisect_left(rows, cell.row + cell.rows) - row
                wide = bisect_left(columns, cell.column + cell.columns) - at
                known.append(Cell(span, row, at, max(1, high), max(1, wide)))
            elif not known or known[-1].row != row:
                self._text_rows += 1
        self._put("\n")
        if not known:
            return None
        if header is None:
            header = header_rows([cell.text for cell in cells if cell.row == rows[0]], len(rows))
        found = Table(Span(known[0].span.start, known[-1].span.end), tuple(known), header, 0, caption)
        self._tables.append(found)
        return found

    @property
    def notes(self) -> list[str]:
        """Lines for the log."""
        if not self._text_rows:
            return []
        return [f"only its first {MAX_CELLS:,} cells are known as cells of tables; the rest is text"]

    @property
    def pages(self) -> tuple[int, ...]:
        """Where the pages begin; those behind the last text are left out."""
        end = len(self.text)
        return tuple(start for start in self._starts if start <= end)

    @property
    def structure(self) -> Structure:
        """Where what was written stands."""
        self._end_list()
        return Structure(tuple(self._tables), tuple(self._lists), tuple(self._headings))

    @property
    def text(self) -> str:
        """All that was written, without a line break at its end."""
        return "".join(self._pieces).rstrip("\n")

    def _line(self, text: str) -> Span | None:
        if not (text := text.strip()):
            return None
        self._begin_line()
        span = self._put(text)
        self._put("\n")
        return span

    def _begin_line(self) -> None:
        if self._pieces and not self._pieces[-1].endswith("\n"):
            self._put("\n")

    def _end_list(self) -> None:
        if self._items:
            whole = Span(self._items[0].span.start, self._items[-1].span.end)
            self._lists.append(List(whole, tuple(self._items), self._ordered))
            self._items = []

    def _put(self, text: str) -> Span:
        start, self._at = self._at, self._at + len(text)
        if self._at > MAX_TEXT:
            raise DocumentError(f"its text has more than {MAX_TEXT:,} characters, the most that are read")
        if text:
            self._pieces.append(text)
        return Span(start, self._at) if text else Span(start, start + 1)


def by_place(cells: Iterable[Filled]) -> list[Filled]:
    """Cells in the order of their rows, then columns."""
    return sorted(cells, key=lambda cell: (cell.row, cell.column))

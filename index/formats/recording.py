"""Records where tables, lists, headings and block quotations stand while a format writes its lines of text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from citeqa.index.documents.layout.lines import trimmed
from citeqa.index.documents.layout.lists import introduction
from citeqa.index.documents.layout.tables import names_columns, names_rows
from citeqa.index.formats.lines import Lines
from citeqa.index.structure import MAX_CELLS, MAX_PARTS, Cell, Heading, Item, List, Structure, Table
from citeqa.index.types import Span

MAX_COLUMNS = 256  # of a table; cells further to the right are plain text
MAX_ROWS_SPANNED = 65_534  # HTML standard, 4.9.11
_NEAR = 10  # code points of white space between a table and its caption
_LONG_CELL = 1000  # code points; a table with a longer cell lays out a page, and holds no data


@dataclass(slots=True)
class _Cell:
    start: int
    row: int
    column: int
    rows: int
    columns: int
    header: bool
    end: int = 0


@dataclass(slots=True)
class _Table:
    data: bool
    cells: list[_Cell] = field(default_factory=list)
    header_rows: int = 0
    row: int = -1
    column: int = 0
    header: bool = False
    spanned: dict[int, int] = field(default_factory=dict)  # by column, the row behind a cell that reaches down
    last: dict[int, _Cell] = field(default_factory=dict)  # by column, the cell that began there last
    cell: _Cell | None = None
    caption: tuple[int, int] | None = None


@dataclass(slots=True)
class _List:
    ordered: bool
    items: list[_Item] = field(default_factory=list)


@dataclass(slots=True)
class _Item:
    start: int
    level: int
    end: int = 0


class _Place(NamedTuple):
    start: int
    end: int
    level: int


class Recorder:
    """Told what begins and ends while lines are written; `structure` gives what was found. Cells beyond `MAX_CELLS`,
    and items, headings and quotations beyond `MAX_PARTS`, are not kept."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._tables: list[_Table] = []
        self._open_tables: list[_Table] = []
        self._cells = MAX_CELLS
        self._lists: list[_List] = []
        self._depth = 0
        self._open_items: list[_Item | None] = []
        self._items = MAX_PARTS
        self._listed = ""  # the name of the list whose items follow each other
        self._captions: list[tuple[int, int]] = []
        self._headings: list[_Place] = []
        self._quotations: list[_Place] = []

    # --- tables

    def begin_table(self, *, data: bool = True) -> None:
        """A table begins.

        Args:
            data: whether it may hold data; else it lays out a page, and only what stands in it counts.
        """
        self._listed = ""
        self._open_tables.append(_Table(data))

    def begin_row(self, *, header: bool = False) -> None:
        """A row begins.

        Args:
            header: whether its cells name columns.
        """
        if self._open_tables:
            table = self._open_tables[-1]
            table.row, table.column, table.header = table.row + 1, 0, header

    def begin_cell(self, *, rows: int = 1, columns: int = 1, header: bool = False, further: bool = False) -> None:
        """A cell begins where the lines are now, in the next column that no cell above reaches into.

        Args:
            rows: how many it spans.
            columns: how many it spans.
            header: whether it names a column or a row.
            further: whether it is more of the cell above it.
        """
        if not self._open_tables:
            return
        table = self._open_tables[-1]
        column = table.column
        while column < MAX_COLUMNS and table.spanned.get(column, 0) > table.row:
            column += 1
        columns = max(1, min(columns, MAX_COLUMNS - column))
        rows = max(1, min(rows, MAX_ROWS_SPANNED))
        table.column = column + columns
        if rows > 1:
            table.spanned |= dict.fromkeys(range(column, column + columns), table.row + rows)
        table.cell = _Cell(self._lines.here, max(0, table.row), column, rows, columns, header or table.header)
        if further and (above := table.last.get(column)) and above.row + above.rows == table.row:
            above.rows += 1
        else:
            table.last[column] = table.cell

    def describe_cell(self, *, rows: int, columns: int, header: bool) -> None:
        """Say more of the cell that has begun."""
        if self._open_tables and (cell := self._open_tables[-1].cell):
            cell.rows, cell.columns, cell.header = rows, columns, header

    def end_cell(self) -> None:
        """The cell ends with what was written last."""
        if not self._open_tables:
            return
        table = self._open_tables[-1]
        cell, table.cell = table.cell, None
        if cell is None:
            self.end_caption()
            return
        if cell.column >= MAX_COLUMNS or not table.data:
            return
        cell.end = self._lines.said
        if cell.end > cell.start and self._cells > 0:
            self._cells -= 1
            table.cells.append(cell)

    def caption_cell(self) -> None:
        """The cell that has begun is none: it holds the table's caption, in a row of its own."""
        if self._open_tables and (cell := self._open_tables[-1].cell):
            self._open_tables[-1].caption = cell.start, -1
            self._open_tables[-1].row -= 1
            self._open_tables[-1].cell = None

    def begin_caption(self) -> None:
        """The caption of the table begins where the lines are now."""
        if self._open_tables:
            self._open_tables[-1].caption = self._lines.here, -1

    def end_caption(self) -> None:
        """The caption ends with what was written last."""
        if self._open_tables and (caption := self._open_tables[-1].caption) and caption[1] < 0:
            self._open_tables[-1].caption = caption[0], self._lines.said

    def end_table(self) -> None:
        """The table ends."""
        if self._open_tables:
            table = self._open_tables.pop()
            if table.data and len(table.cells) > 1:
                self._tables.append(table)

    # --- lists

    def begin_list(self, *, ordered: bool) -> None:
        """A list begins; inside an item, it is one level deeper."""
        if not self._depth:
            self._lists.append(_List(ordered))
        elif self._open_items and (item := self._open_items[-1]) and not item.end:
            item.end = self._lines.said
        self._depth += 1

    def end_list(self) -> None:
        """The list ends."""
        self._depth = max(0, self._depth - 1)

    def begin_item(self, *, further: bool = False) -> None:
        """An item begins where the lines are now.

        Args:
            further: whether it is more of the item before: a definition behind its word.
        """
        if further and self._depth and self._lists[-1].items and self._lists[-1].items[-1].level == self._depth - 1:
            self._open_items.append(self._lists[-1].items[-1])
            self._lists[-1].items[-1].end = 0
            return
        item = _Item(self._lines.here, self._depth - 1) if self._depth and self._items > 0 else None
        if item:
            self._items -= 1
            self._lists[-1].items.append(item)
        self._open_items.append(item)

    def end_item(self) -> None:
        """The item ends with what was written last, or ended where a list inside it began."""
        if self._open_items and (item := self._open_items.pop()) and not item.end:
            item.end = self._lines.said

    def listed(self, start: int, name: str, level: int, *, ordered: bool) -> None:
        """A paragraph began at a place and ends with what was written last: an item of a list with this name, or none
        if the name is empty. Items follow each other; another list begins with an outermost item of another name."""
        if not name:
            self._listed = ""
            return
        if not self._listed or (level == 0 and name != self._listed):
            self._lists.append(_List(ordered))
            self._listed = name
        if self._items > 0:
            self._items -= 1
            self._lists[-1].items.append(_Item(start, level, self._lines.said))

    # --- headings, quotations and captions

    def caption(self, start: int) -> None:
        """A paragraph beside a table began at a place, and is its caption."""
        self._captions.append((start, self._lines.said))

    def heading(self, start: int, level: int) -> None:
        """A heading began at a place and ends with what was written last."""
        if len(self._headings) < MAX_PARTS:
            self._headings.append(_Place(start, self._lines.said, level))

    def quotation(self, start: int) -> None:
        """A block quotation began at a place and ends with what was written last."""
        if len(self._quotations) < MAX_PARTS:
            self._quotations.append(_Place(start, self._lines.said, 0))

    # --- what was found

    def structure(self, text: str) -> Structure:
        """What was found, as spans of the text, which is that of the lines with the white space around it."""
        tables = [table for raw in self._tables if (table := _table(text, raw))]
        tables.sort(key=lambda table: table.span.start)
        tables = list(_captioned(text, tables, self._captions))
        outside = _Outside(tables)
        headings = [
            Heading(span, place.level) for place in self._headings if (span := trimmed(text, place.start, place.end))
        ]
        starts = {heading.span.start for heading in headings}
        quotations = [span for place in self._quotations if (span := trimmed(text, place.start, place.end))]
        ends = {span.end for span in quotations} | {table.span.end for table in tables}
        lists = list[List]()
        for raw in self._lists:
            if found := _list(text, raw, starts, ends):
                lists.append(found)
                ends.add(found.span.end)
        return Structure(
            tuple(tables),
            tuple(one for one in lists if outside(one.span)),
            tuple(heading for heading in headings if outside(heading.span)),
            quotations=tuple(sorted(span for span in quotations if outside(span))),
        )


def _captioned(text: str, tables: Sequence[Table], captions: Sequence[tuple[int, int]]) -> Iterator[Table]:
    """The tables, with the captions that stand right before or behind them."""
    spans = [span for caption in captions if (span := trimmed(text, *caption))]
    starts, ends = {span.start: span for span in spans}, {span.end: span for span in spans}
    for table in tables:
        before = len(text[max(0, table.span.start - _NEAR) : table.span.start].rstrip()) + max(
            0, table.span.start - _NEAR
        )
        behind = text[table.span.end : table.span.end + _NEAR]
        after = table.span.end + len(behind) - len(behind.lstrip())
        caption = table.caption or ends.get(before) or starts.get(after)
        yield replace(table, caption=caption) if caption else table


class _Outside:
    """Tells whether a span overlaps none of the tables."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._ends = [table.span.end for table in tables]
        self._starts = [table.span.start for table in tables]

    def __call__(self, span: Span) -> bool:
        at = bisect_left(self._ends, span.start + 1)
        return at == len(self._starts) or self._starts[at] >= span.end


def _table(text: str, raw: _Table) -> Table | None:
    placed = [(span, cell) for cell in raw.cells if (span := trimmed(text, cell.start, cell.end))]
    rows = sorted({cell.row for _, cell in placed})
    wide = len({cell.column for _, cell in placed}) > 1
    if len(rows) < 2 or not wide or any(len(span) > _LONG_CELL for span, _ in placed):
        return None
    cells = tuple(
        Cell(span, cell.row, cell.column, cell.rows, cell.columns)
        for span, cell in sorted(placed, key=lambda one: (one[1].row, one[1].column))
    )
    caption = trimmed(text, *raw.caption) if raw.caption and raw.caption[1] > raw.caption[0] else None
    span = Span(min(cell.span.start for cell in cells), max(cell.span.end for cell in cells))
    if caption and caption.overlaps(span):
        caption = None
    header_rows, header_columns = _headers(text, cells, {(c.row, c.column): c.header for _, c in placed})
    return Table(span, cells, header_rows, header_columns, caption)


def _headers(text: str, cells: Sequence[Cell], header: Mapping[tuple[int, int], bool]) -> tuple[int, int]:
    """How many rows at the top and columns at the left name the others: by what the format says of the cells, else by
    what they hold."""
    by_row: dict[int, list[Cell]] = {}
    labels: dict[int, Cell] = {}  # by row, the first cell of a row above that reaches down to it
    for cell in cells:
        by_row.setdefault(cell.row, []).append(cell)
    last = max(by_row)
    for cell in cells:
        if cell.column == 0 and cell.rows > 1:
            labels |= dict.fromkeys(range(cell.row + 1, min(cell.row + cell.rows, last + 1)), cell)
    named = {row: _texts(text, [*filter(None, [labels.get(row)]), *by_row[row]]) for row in sorted(by_row)}
    top = 0
    while top < last and all(header[cell.row, cell.column] for cell in by_row.get(top, ())):
        top += 1
    while top and top - 1 not in by_row:
        top -= 1
    if top == last and all(header.values()):
        top = 1
    if not top and not any(header.values()):
        of_rows = list(named.values())
        return (int(min(by_row) == 0 and names_columns(of_rows)), int(names_rows(of_rows[1:])))
    body = [cell for cell in cells if cell.row >= top]
    left = 0
    while body and (column := [cell for cell in body if cell.column == left]):
        if not all(header[cell.row, cell.column] for cell in column) or len(column) == len(body):
            break
        left += 1
    if not left:
        left = int(names_rows([texts for row, texts in named.items() if row >= top]))
    return top, left


def _texts(text: str, cells: Iterable[Cell]) -> list[str]:
    """The texts of a row's cells, an empty one for each cell that is left out."""
    found: list[str] = []
    for cell in cells:
        found += [""] * (cell.column - len(found))
        found.append(text[cell.span.start : cell.span.end])
    return found


def _list(text: str, raw: _List, headings: set[int], ends: set[int]) -> List | None:
    """The list, if it has items.

    Args:
        headings: where headings begin, which introduce nothing.
        ends: where tables, quotations and lists end, which do not either.
    """
    items = tuple(_items(text, raw))
    if not items:
        return None
    begin, before = items[0].span.start, None
    end = begin - 1
    while end > 0 and text[end - 1].isspace():
        end -= 1
    start = max(text.rfind("\n", 0, end), text.rfind("\t", 0, end)) + 1
    block = trimmed(text, start, end) if 0 < end < begin and "\n" in text[end:begin] else None
    if block and block.start not in headings and block.end not in ends:
        before = introduction(text, block, near=True)
    return List(Span(begin, items[-1].span.end), items, raw.ordered, before)


def _items(text: str, raw: _List) -> Iterator[Item]:
    for item in raw.items:
        if span := trimmed(text, item.start, item.end):
            yield Item(span, item.level)

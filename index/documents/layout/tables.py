"""Tables in the lines of a text: rows with bars or tabs between their cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from citeqa.index.documents.layout.lines import Line, bare, trimmed
from citeqa.index.structure import MAX_CELLS, Cell, Table
from citeqa.index.types import Span

_RULE = re.compile(r"[ \t]*[|+:]?[ \t]*[-=]{2,}[-=|+: \t]*|[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*")
_BAR = re.compile(r"(?<!\\)(?:\\\\)*\|")
_MARK = re.compile(r"(?:[-*+•◦▪‣●○■–—·\x95]|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)])")
_CAPTION = re.compile(r"(?:\*\*|__|\*|_)?(?:table|tab\.|exhibit)\s+[\dIVXA-Z]", re.IGNORECASE)
_YEAR = re.compile(r"(?:(?:FY|H[12]|Q[1-4]|[A-Z][a-z]{2,8})[ -]?)?(?:19|20)\d\d(?:[/–-]\d{2,4})?")
# What a second column of two is often called: where one is called so, the rows are no pairs of a name and a value.
_COLUMN = re.compile(
    r"(?:opening )?hours|times?|dates?|days?|meanings?|descriptions?|definitions?|explanations?|values?|prices?|costs?|"
    r"fees?|rates?|amounts?|totals?|status|roles?|titles?|locations?|places?|rooms?|phone(?: numbers?)?|e-?mails?|"
    r"details?|notes?|comments?|remarks?|actions?|answers?|results?|units?|quantity|qty\.?|number|causes?|"
    r"remed(?:y|ies)|solutions?|names?|contents?|functions?|what to do|deadlines?|owners?|types?|weights?|sizes?|"
    r"limits?|percent(?:age)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[^\w]*\d")
_LONG_NAME = 80  # code points; a longer cell names no column
_LONG_LABEL = 120  # code points; a longer cell names no row
_LONG_CAPTION = 200  # code points


class Found(NamedTuple):
    """A table and its lines, `[first, last)`."""

    table: Table
    first: int
    last: int


class _Row(NamedTuple):
    """A row with the places of its cells, None for an empty one."""

    line: int
    cells: list[Span | None]


def tables_in(text: str, lines: Sequence[Line], taken: bytearray, *, bars: bool = True) -> Iterator[Found]:
    """The tables, in order; together they have at most `MAX_CELLS` cells.

    Args:
        taken: for each line, whether it is part of something else.
        bars: whether rows with bars are looked for.
    """
    room = MAX_CELLS
    number = 0
    while number < len(lines):
        is_row = None if taken[number] else _kind_of_row(text, lines[number], bars=bars)
        if is_row is None:
            number += 1
            continue
        first = number
        while number < len(lines) and not taken[number] and is_row(text, lines[number]):
            number += 1
        if number - first < 2:
            continue
        make = _barred if is_row is _has_bars else _tabbed
        found = make(text, lines, first, number, room)
        if found:
            room -= len(found.table.cells)
            yield found


def _kind_of_row(text: str, line: Line, *, bars: bool) -> Callable[[str, Line], bool] | None:
    if bars and _has_bars(text, line):
        return _has_bars
    return _has_tabs if _has_tabs(text, line) else None


def _has_bars(text: str, line: Line) -> bool:
    if text.find("|", line.start, line.end) >= 0:
        return True
    return text[line.start : line.start + 1] == "+" and bool(_RULE.fullmatch(text, line.start, line.end))


def _has_tabs(text: str, line: Line) -> bool:
    return text.find("\t", line.start, line.end) >= 0


# --- rows with bars


def _barred(text: str, lines: Sequence[Line], first: int, last: int, room: int) -> Found | None:
    """The table in lines with bars: with a rule below its header as in Markdown, with rules around it, or with as many
    bars in each row."""
    rules = [number for number in range(first, last) if _RULE.fullmatch(text, lines[number].start, lines[number].end)]
    below = next((number for number in rules if number > first), None)
    if rules and rules[0] == first:
        double = next((number for number in rules[1:] if "=" in text[lines[number].start : lines[number].end]), None)
        header = (double or below or first + 1) - first - 1
        header = 0 if double is None and len(rules) == 2 else header
    elif below is not None:  # as in Markdown, where the header is the line above the rule
        first = below - 1
        header = 1
    else:
        header = -1
    ruled = set(rules)
    rows = _rows(text, lines, (n for n in range(first, last) if n not in ruled), _bar_cells, room)
    if header < 0 and len({len(row.cells) for row in rows}) > 1:
        return None
    if not rules and (len(rows) < 2 or len(rows[0].cells) < 2):
        return None
    return _table(text, lines, rows, header if header >= 0 else None, first, last)


def _bar_cells(text: str, line: Line) -> list[Span | None]:
    ends = [found.end() for found in _BAR.finditer(text, line.start, line.end)]
    starts = [line.start, *ends]
    pieces = [
        trimmed(text, start, end) for start, end in zip(starts, [end - 1 for end in ends] + [line.end], strict=True)
    ]
    if ends and ends[0] == line.start + 1:
        pieces = pieces[1:]
    if ends and ends[-1] == line.end:
        pieces = pieces[:-1]
    return [bare(text, piece) if piece else None for piece in pieces]


# --- rows with tabs


def _tabbed(text: str, lines: Sequence[Line], first: int, last: int, room: int) -> Found | None:
    """The table in lines with tabs: most of its rows have as many cells, with tabs that only align counted as one."""
    rows = _rows(text, lines, range(first, last), _tab_cells, room)
    if not rows or _is_list(text, rows):
        return None
    joined = [_Row(row.line, [cell for cell in row.cells if cell]) for row in rows]
    if _agreeing(rows) < 1 and _agreeing(joined) > _agreeing(rows):
        rows = joined
    if _agreeing(rows) < (1 if len(rows) == 2 else 0.5):
        return None
    return _table(text, lines, _without_empty_columns(rows), None, first, last)


def _tab_cells(text: str, line: Line) -> list[Span | None]:
    cells, start = list[Span | None](), line.begin
    while start <= line.end:
        end = text.find("\t", start, line.end)
        end = line.end if end < 0 else end
        cells.append(trimmed(text, start, end))
        start = end + 1
    return cells


def _agreeing(rows: Sequence[_Row]) -> float:
    """The share of rows that have the most common number of cells."""
    return Counter(len(row.cells) for row in rows).most_common(1)[0][1] / len(rows)


def _is_list(text: str, rows: Sequence[_Row]) -> bool:
    """Whether the tabs only stand behind bullets or numbers."""
    firsts = [cells for row in rows if (cells := [cell for cell in row.cells if cell])]
    return all(
        len(cells) == 2 and _MARK.fullmatch(text, cells[0].start, cells[0].end) for cells in firsts
    )  # fmt: skip


def _without_empty_columns(rows: list[_Row]) -> list[_Row]:
    filled = {column for row in rows for column, cell in enumerate(row.cells) if cell}
    keep = sorted(filled)
    if keep == list(range(len(keep))):
        return rows
    return [_Row(row.line, [row.cells[column] for column in keep if column < len(row.cells)]) for row in rows]


# --- both


def _rows(
    text: str,
    lines: Sequence[Line],
    numbers: Iterator[int] | range,
    cells_of: Callable[[str, Line], list[Span | None]],
    room: int,
) -> list[_Row]:
    """The rows, as long as there is room for their cells."""
    rows: list[_Row] = []
    for number in numbers:
        if lines[number].end - lines[number].start < room * 10 or _bars(text, lines[number]) < room:
            cells = cells_of(text, lines[number])
            room -= sum(cell is not None for cell in cells)
            if room >= 0:
                rows.append(_Row(number, cells))
                continue
        break
    return rows


def _bars(text: str, line: Line) -> int:
    return text.count("|", line.start, line.end) + text.count("\t", line.start, line.end)


def _table(
    text: str, lines: Sequence[Line], rows: Sequence[_Row], header: int | None, first: int, last: int
) -> Found | None:
    cells = [
        Cell(cell, number, column)
        for number, row in enumerate(rows)
        for column, cell in enumerate(row.cells)
        if cell
    ]  # fmt: skip
    if not cells or (len({cell.row for cell in cells}) < 2 and not header):
        return None
    last = rows[-1].line + 1 if len(rows) < last - first else last
    named = [[text[cell.start : cell.end] if cell else "" for cell in row.cells] for row in rows]
    header = min(header, len(rows)) if header is not None else int(names_columns(named))
    if header and not any(cell.row < header for cell in cells):
        header = 0
    table = Table(
        Span(cells[0].span.start, max(cell.span.end for cell in cells)),
        tuple(cells),
        header,
        int(names_rows(named[header:])),
        caption_of(text, lines, first, last),
    )
    return Found(table, first, last)


def names_columns(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of a table's rows names its columns, judged by what stands in it and below it."""
    if len(rows) < 2:
        return False
    top, body = rows[0], rows[1:]
    filled = [cell for cell in top if cell]
    usual = Counter(len(row) for row in body).most_common(1)[0][0]
    if len(filled) < 2 or len(filled) < usual - 1 or len(set(filled)) < len(filled):
        return False
    if any(len(cell) > _LONG_NAME or cell.endswith((".", ":")) for cell in filled):
        return False
    if any(_NUMBER.match(cell) and not _YEAR.fullmatch(cell) for cell in filled):
        return False
    if not top[0]:
        return True
    numeric = False
    for column in range(1, len(top)):
        below = [row[column] for row in body if column < len(row) and row[column]]
        if top[column] in below:
            return False
        numbers = sum(bool(re.search(r"\d", cell)) for cell in below)
        numeric = numeric or (bool(below) and numbers == len(below) and not re.search(r"\d", top[column]))
    years = any(_YEAR.fullmatch(cell) for cell in filled)
    return numeric or years or len(top) > 2 or bool(_COLUMN.fullmatch(top[-1]))


def names_rows(body: Sequence[Sequence[str]]) -> bool:
    """Whether the first column of a table names its rows, judged by the rows below the header."""
    wide = [row for row in body if len(row) > 1]
    labels = [row[0] for row in wide if row[0]]
    return bool(labels) and len(labels) >= 0.75 * len(wide) and all(len(label) <= _LONG_LABEL for label in labels)


def caption_of(text: str, lines: Sequence[Line], first: int, last: int) -> Span | None:
    """The line beside a table that says what it is about."""
    for number, after in ((_beside(lines, first - 1, -1), False), (_beside(lines, last, 1), True)):
        if number is None:
            continue
        line = lines[number]
        if line.end - line.start <= _LONG_CAPTION and (
            _CAPTION.match(text, line.start, line.end) or (not after and text[line.end - 1] == ":")
        ):
            return bare(text, Span(line.start, line.end))
    return None


def _beside(lines: Sequence[Line], number: int, step: int) -> int | None:
    """The number of the next line that is not blank, at most one blank line away."""
    for near in (number, number + step):
        if 0 <= near < len(lines) and not lines[near].blank:
            return near
    return None

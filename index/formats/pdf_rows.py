"""Rows of a table on a PDF's page: cells keep their columns, and a row of several lines is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from citeqa.index.formats.pdf_lines import Kind, Line, Segment

_CLOSER = 0.87  # of the distance of other lines: then lines belong together
_SENTENCE = 3  # words; a shorter cell is broken only where the distance of lines says so
_SLACK = 1.0  # points
_CLIMB = 0.3  # of a font's height

Range = tuple[float, float]


Cell = tuple[int, Segment, Line]  # a column, what stands in it, and the line that this is of


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table: its first and its lowest line, its cells by column, and what stands lowest in each cell."""

    line: Line
    lowest: Line
    cells: dict[int, Segment]
    ends: dict[int, Segment]


def climbs(placed: Sequence[Cell]) -> int:
    """How often what is drawn next stands higher, and in a column on the right: it does behind a cell of several lines
    of a table that is drawn cell by cell."""
    return sum(_climbs(before, after) for before, after in pairwise(placed))


def _climbs(before: Cell, after: Cell) -> bool:
    return after[0] > before[0] and after[2].base > before[2].base + _CLIMB * after[2].height


def _drawn(placed: Sequence[Cell]) -> Iterator[_Row]:
    """Rows as the order of drawing shows them: a row goes on to the right, on the same height or higher."""
    row: list[Cell] = []
    for number, cell in enumerate(placed):
        if row and not _is_of(row, placed, number):
            yield _row(row)
            row = []
        row.append(cell)
    if row:
        yield _row(row)


def _is_of(row: Sequence[Cell], placed: Sequence[Cell], number: int) -> bool:
    """Whether a cell, or a further line of one, belongs to the row before it."""
    column, _, line = placed[number]
    lowest = min(before.base for _, _, before in row)
    if column != row[-1][0]:
        return column > row[-1][0] and line.base > lowest - line.height / 2
    ahead = next((at for at in range(number + 1, len(placed)) if placed[at][0] != column), None)
    return ahead is not None and _climbs(placed[ahead - 1], placed[ahead]) and placed[ahead][2].base >= line.base


def _row(cells: Sequence[Cell]) -> _Row:
    by_column = {column: [cell for at, cell, _ in cells if at == column] for column, _, _ in cells}
    lines = [line for _, _, line in cells]
    whole = {column: _joined(parts) for column, parts in by_column.items()}
    ends = {column: parts[-1] for column, parts in by_column.items()}
    return _Row(lines[0], min(lines, key=lambda line: line.base), whole, ends)


def cells_of(line: Line, columns: Sequence[Range]) -> Iterator[tuple[int, Segment]]:
    """What a line has in each column that it has anything in; wide blanks inside a column part nothing."""
    for column, segments in groupby(line.segments, key=lambda segment: _column(segment, columns)):
        yield column, _joined(list(segments))


def rows(lines: Sequence[Line], columns: Sequence[Range]) -> Iterator[Line]:
    """The rows of a table; lines above and below it that stand in one column are none of its rows.

    A line goes on with the row above where its cells begin with small letters and those above do not (or, where rows
    are further apart than lines, with any letters, and it has no first cell), and none of them had room for its first
    word above.
    """
    found = list(_drawn([(column, cell, line) for line in lines for column, cell in cells_of(line, columns)]))
    several = [number for number, row in enumerate(found) if len(row.cells) > 1]
    if len(several) < 2:
        yield from lines
        return
    first, last = several[0], several[-1]
    while last + 1 < len(found) and _goes_on(found[last], found[last + 1], columns, near=None):
        last += 1
    yield from (row.line for row in found[:first])
    apart = [a.line.base - b.line.base for a, b in pairwise(found[first : last + 1])]
    nearest = min((distance for distance in apart if distance > 0), default=0.0)
    near = nearest if nearest < _CLOSER * max(apart, default=0.0) else None
    row = found[first]
    for following in found[first + 1 : last + 1]:
        if _goes_on(row, following, columns, near=near):
            row = _merged(row, following)
        else:
            yield _written(row, columns)
            row = following
    yield _written(row, columns)
    yield from (row.line for row in found[last + 1 :])


def _merged(row: _Row, following: _Row) -> _Row:
    below = following.cells
    cells = {at: _joined([cell, below[at]]) if at in below else cell for at, cell in row.cells.items()}
    return _Row(row.line, following.line, cells, row.ends | below)


def _written(row: _Row, columns: Sequence[Range]) -> Line:
    """A row as a line, with nothing between the tabs of an empty cell."""
    last = max(row.cells)
    cells = [row.cells.get(at) or Segment("", *columns[at]) for at in range(last + 1)]
    return replace(row.line, segments=cells, kind=Kind.ROW, between="\t", broken=row.lowest.broken)


def _goes_on(row: _Row, following: _Row, columns: Sequence[Range], *, near: float | None) -> bool:
    """Whether a line belongs to the row above it.

    Args:
        near: the distance of the lines of a row, where rows are further apart; else None.
    """
    distance = row.lowest.base - following.line.base
    told = near is not None and distance < near / _CLOSER
    if row.lowest.broken or not following.cells.keys() <= row.cells.keys() or distance <= 0:
        return False
    if near is not None and not told:
        return False
    hanging = told and 0 not in following.cells and all(cell.text[:1].isalpha() for cell in following.cells.values())
    smaller = all(cell.text[:1].islower() > row.cells[at].text[:1].islower() for at, cell in following.cells.items())
    if not (hanging or smaller):
        return False
    return all(_is_full(row.ends[at], cell, columns[at][1], told=told) for at, cell in following.cells.items())


def _is_full(above: Segment, below: Segment, right: float, *, told: bool) -> bool:
    """Whether a cell was broken for lack of room, `right` being where its column ends."""
    if not told and len(above.text.split()) < _SENTENCE:
        return False
    return had_no_room(above, below, right)


def had_no_room(above: Segment, below: Segment, right: float) -> bool:
    """Whether what begins a line would have reached beyond `right` at the end of the line above."""
    needed = (below.first + 1) * (below.right - below.left) / max(1, len(below.text))
    return above.right + needed > right - _SLACK


def _column(segment: Segment, columns: Sequence[Range]) -> int:
    middle = (segment.left + segment.right) / 2
    return next(number for number, (_, right) in enumerate(columns) if middle <= right)


def _joined(cell: Sequence[Segment]) -> Segment:
    text = " ".join(segment.text for segment in cell)
    return Segment(text, min(segment.left for segment in cell), max(segment.right for segment in cell))

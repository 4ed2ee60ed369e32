"""Columns and tables of a PDF's page that are drawn line by line come apart.

The order is that in which the file draws its words, except where that order goes to and fro between columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from citeqa.index.formats.pdf_gutters import NARROW
from citeqa.index.formats.pdf_lines import Kind, Line, Segment, lines_of
from citeqa.index.formats.pdf_page import Page
from citeqa.index.formats.pdf_rows import Range, cells_of, climbs, had_no_room, rows

# Measures are in heights of a line's font; a font's height is about 1.15 times its size.
_FAR = 4.0  # the next line of a column or table is nearer
_PITCH = 1.6  # times the usual distance of lines: then something else begins

# Prose in a column, as against cells of a table: words of a line, and shares of lines.
_WORDS, _FILLED, _SMALL_LETTERS = 2.5, 0.6, 0.25
_LETTERS = 15  # of its longest line
_BROKEN = 0.75  # of the lines that go on with a small letter: those with no room for its word
_FULL_LINE = 0.75  # of a column's width
_EXPLAINED = 0.75  # of what stands beside prose, where it names what the prose explains
_CLIMBS = 2  # times that the next cell of a row begins higher than the last line of the one before
_BETWEEN = 0.2  # the narrowest gap between columns
_MARK = 3  # code points of the mark of an item, at most

_Parts = Sequence[Sequence[tuple[Segment, Line]]]  # the segments of each column with the lines that they are of


def lines_in_order(page: Page) -> list[Line]:
    """The lines of a page, in the order in which they are read."""
    return list(_in_reading_order(lines_of(page)))


def _in_reading_order(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines, with those of interleaved columns put in order and those of tables marked."""
    start = 0
    while start < len(lines):
        end, columns = _run(lines, start)
        if end - start > 1:
            yield from _parted(lines[start:end], columns)
        else:
            yield lines[start]
        start = end


def _run(lines: Sequence[Line], start: int) -> tuple[int, list[Range]]:
    """The end of the longest run of lines from `start` that leave a gap free from top to bottom, and the columns beside
    the gaps."""
    columns = _ranges(lines[start])
    if len(columns) < 2 and (start + 1 == len(lines) or not _apart(lines[start], lines[start + 1])):
        return start + 1, columns
    end = start + 1
    while end < len(lines) and lines[end].kind is Kind.TEXT and lines[end].height:
        distance = abs(lines[end].base - lines[end - 1].base)
        joined = _united(columns, _ranges(lines[end]), _BETWEEN * lines[end].height)
        bridges = len(lines[end].segments) == 1 and len(joined) < len(columns)  # a line between two tables, say
        if len(joined) < 2 or bridges or distance > _FAR * max(lines[end].height, lines[end - 1].height):
            break
        columns, end = joined, end + 1
    return (end, columns) if lines[start].kind is Kind.TEXT and lines[start].height else (start + 1, columns)


def _ranges(line: Line) -> list[Range]:
    return sorted((segment.left, segment.right) for segment in line.segments)


def _apart(line: Line, following: Line) -> bool:
    """Whether two lines stand side by side, with a gap between them."""
    gap = max(following.left - line.right, line.left - following.right)
    return gap > NARROW * line.height and abs(following.base - line.base) < _PITCH * line.height


def _united(some: list[Range], more: list[Range], gap: float) -> list[Range]:
    """The ranges that are covered by some of them; those with less than a gap between them become one."""
    found: list[Range] = []
    for left, right in sorted(some + more):
        if found and left - found[-1][1] <= gap:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _parted(lines: Sequence[Line], columns: list[Range]) -> Iterator[Line]:
    """A run of lines column by column if its columns are prose, row by row if they are those of a table. Words beside
    prose stay in its lines where they say what it is about: the mark of an item, or the term that it explains."""
    placed = [(column, segment, line) for line in lines for column, segment in cells_of(line, columns)]
    changes = sum(a[0] != b[0] for a, b in pairwise(placed))
    parts = [
        [(segment, line) for column, segment, line in placed if column == number] for number in range(len(columns))
    ]
    prose = [_is_prose([segment for segment, _ in part]) for part in parts]
    if changes < 2 * len(columns) - 1:
        yield from lines
    elif any(prose) and climbs(placed) < _CLIMBS:
        yield from lines if _names(parts, prose) else _columns(parts, prose, lines)
    elif len(columns) == 2 and _marks(parts[0]):
        yield from lines
    else:
        yield from rows(lines, columns)


def _marks(part: Sequence[tuple[Segment, Line]]) -> bool:
    return all(len(segment.text) <= _MARK for segment, _ in part)


def _names(parts: _Parts, prose: Sequence[bool]) -> bool:
    """Whether the first of two columns says what each paragraph in the other is about: it has words only where a
    paragraph begins."""
    if len(parts) != 2 or prose[0] or not prose[1]:
        return False
    if _marks(parts[0]):
        return True
    widest = max(segment.right for segment, _ in parts[1])
    left = min(segment.left for segment, _ in parts[1])
    pitch = median(abs(a.base - b.base) for (_, a), (_, b) in pairwise(parts[1]))
    begins = [parts[1][0][1].base]
    for (segment, line), (_, following) in pairwise(parts[1]):
        short = segment.right - left < _FULL_LINE * (widest - left)
        if short or abs(line.base - following.base) > 1.2 * pitch:
            begins.append(following.base)
    beside = [any(abs(line.base - base) < line.height / 2 for base in begins) for _, line in parts[0]]
    return sum(beside) >= _EXPLAINED * len(beside)


def _is_prose(segments: Sequence[Segment]) -> bool:
    """Whether these lines of a column are prose that was broken for lack of room."""
    if len(segments) < 3 or max(len(segment.text) for segment in segments) < _LETTERS:
        return False
    left, right = min(segment.left for segment in segments), max(segment.right for segment in segments)
    words = median(len(segment.text.split()) for segment in segments)
    filled = [segment.right - left >= _FULL_LINE * (right - left) for segment in segments[:-1]]
    going_on = [had_no_room(a, b, right) for a, b in pairwise(segments) if b.text[:1].islower()]
    return (
        words >= _WORDS
        and sum(filled) >= _FILLED * len(filled)
        and len(going_on) >= _SMALL_LETTERS * (len(segments) - 1)
        and sum(going_on) >= _BROKEN * len(going_on)
    )


def _columns(parts: _Parts, prose: Sequence[bool], lines: Sequence[Line]) -> Iterator[Line]:
    """The lines of each column, and behind them what stands alone far below the columns."""
    below: list[Line] = []
    for part, is_prose in zip(parts, prose, strict=True):
        pitches = [abs(a.base - b.base) for (_, a), (_, b) in pairwise(part)]
        usual = median(pitches) if pitches else 0.0
        previous: Line | None = None
        for segment, line in part:
            alone = len(line.segments) == 1 and line is lines[-1]
            if previous and alone and abs(previous.base - line.base) > _PITCH * usual:
                below.append(line)
                continue
            broken = line.broken and segment.right >= line.right
            yield Line([segment], line.base, line.height, broken, Kind.PROSE if is_prose else Kind.TEXT)
            previous = line
    yield from below

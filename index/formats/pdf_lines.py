"""Lines of a PDF's page, from its characters: raised and lowered characters are written as everywhere, and values of
form fields stand behind their labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import groupby, pairwise

from citeqa.index.formats.pdf_gutters import NARROW, crosses, gutters
from citeqa.index.formats.pdf_page import HYPHEN, Field, Glyph, Page
from citeqa.index.formats.raised import STROKES, subscript, superscript, with_fractions

# Measures are in heights of a line's font; a font's height is about 1.15 times its size.
_GAP = 0.9  # a wider gap between words parts cells or columns; blanks of justified text stay below
_ONE_LINE = 0.6  # baselines of one line differ by less, raised characters included
_NEAR = 2.0  # a line that goes on behind a raised character begins within this
_RAISED, _LOWERED = 0.15, 0.08  # so far a smaller character stands above or below the baseline
_SMALLER = 0.87  # the height of smaller characters
_MOVED = 0.28  # so far a character of the same size does


class Kind(Enum):
    """What a line is part of."""

    TEXT = auto()
    PROSE = auto()  # of a column that was told from its neighbours
    ROW = auto()  # of a table or a form
    TURNED = auto()  # it runs in another direction than the page
    FURNITURE = auto()  # it is printed on most pages


class Segment:
    """Words of a line without a wide gap between them: a line, a cell, or a line of a column."""

    __slots__ = ("first", "left", "right", "text")

    def __init__(self, text: str, left: float, right: float) -> None:
        self.text, self.left, self.right = text, left, right
        self.first = len(text.split(maxsplit=1)[0]) if text.strip() else 0


@dataclass(frozen=True, slots=True)
class Line:
    """A line: its segments from left to right, baseline and height. `broken` says that it ends inside a word."""

    segments: list[Segment]
    base: float
    height: float
    broken: bool = False
    kind: Kind = Kind.TEXT
    between: str = field(default=" ")

    @property
    def text(self) -> str:
        """The words, with a tab between the cells of a row."""
        return self.between.join(segment.text for segment in self.segments)

    @property
    def left(self) -> float:
        return min(segment.left for segment in self.segments)

    @property
    def right(self) -> float:
        return max(segment.right for segment in self.segments)


def lines_of(page: Page) -> list[Line]:
    """The lines of a page, in the order in which the file draws them."""
    physical = list(_physical(page.glyphs))
    found = zip(physical, gutters(physical), strict=True)
    lines = [line for glyphs, places in found if (line := _line(glyphs, places))]
    for value in page.fields:
        _fill_in(lines, value)
    return lines


# --- characters become lines


def _physical(glyphs: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """The glyphs line by line. PDFium also breaks a line behind a raised or lowered character; these breaks are
    mended."""
    line: list[Glyph] = []
    last: Glyph | None = None  # the last one of the line that has a place
    waiting = False  # a break that may have to be mended
    blanks: list[Glyph] = []
    for glyph in glyphs:
        if glyph.text == "\n":
            waiting = bool(line)
        elif glyph.text == HYPHEN:
            yield [*line, glyph]
            line, last, waiting, blanks = [], None, False, []
        elif not glyph.height:
            if waiting and not glyph.text.isspace():
                yield line
                line, waiting = [], False
            (blanks if waiting else line).append(glyph)
        else:
            if line and not _goes_on(last, glyph) if waiting else _leaves(last, glyph):
                yield line
                line = []
            line += [*blanks, glyph]
            waiting, last, blanks = False, glyph, []
    if line:
        yield line


def _goes_on(last: Glyph | None, glyph: Glyph) -> bool:
    """Whether a line goes on behind a break: with a character beside its last one, one of them raised or lowered."""
    if last is None:
        return False
    height = max(last.height, glyph.height)
    near = -0.3 * height <= glyph.left - last.right <= _NEAR * height
    return near and 0.02 * height < abs(glyph.base - last.base) < _ONE_LINE * height


def _leaves(last: Glyph | None, glyph: Glyph) -> bool:
    """Whether a glyph begins another line though PDFium breaks none: far off, on another baseline."""
    if last is None:
        return False
    height = max(last.height, glyph.height)
    far = glyph.left - last.right > _NEAR * height or last.right - glyph.left > 3 * height
    return far and abs(glyph.base - last.base) > 0.1 * height


def _line(glyphs: list[Glyph], places: Sequence[float]) -> Line | None:
    """The line of these glyphs, parted where it crosses gutters; None if there is nothing in it."""
    broken = glyphs[-1].text == HYPHEN
    glyphs = glyphs[:-1] if broken else glyphs
    placed = [glyph for glyph in glyphs if glyph.height]
    if not placed:
        text = " ".join("".join(glyph.text for glyph in glyphs).split(" ")).strip()
        return Line([Segment(text, 0.0, 0.0)], 0.0, 0.0, broken) if text else None
    base, height = _usual(placed)
    across = sum(abs(b.left - a.left) for a, b in pairwise(placed))
    turned = across < sum(abs(b.base - a.base) for a, b in pairwise(placed))
    segments = list(_segments(glyphs, base, 0.0 if turned else height, places))
    return Line(segments, base, height, broken, Kind.TURNED if turned else Kind.TEXT) if segments else None


def _usual(glyphs: Sequence[Glyph]) -> tuple[float, float]:
    """The baseline and the height of most of a line; of a short line, those of its largest characters."""
    counts = Counter((round(glyph.base, 1), round(glyph.height, 1)) for glyph in glyphs)
    common, count = counts.most_common(1)[0]
    return common if 2 * count > len(glyphs) or count >= 8 else max(counts, key=lambda place: (place[1], counts[place]))


def _segments(glyphs: Sequence[Glyph], base: float, height: float, places: Sequence[float]) -> Iterator[Segment]:
    """The segments of a line, with what is raised and lowered written so; a line without a height is one segment."""
    shifts = [_shift(glyph, base, height) if glyph.height and height else 0 for glyph in glyphs]
    if 2 * sum(map(bool, shifts)) > len(shifts) > 12:
        shifts = [0] * len(shifts)  # beside an initial, say
    _level_strokes(glyphs, shifts, height)
    parts, left, right = list[tuple[int, str]](), 0.0, 0.0
    for glyph, shift in zip(glyphs, shifts, strict=True):
        if not glyph.height:
            parts.append((parts[-1][0] if parts else 0, glyph.text))
            continue
        if parts and height and right and _parts(right, glyph.left, height, places):
            yield from _segment(parts, left, right)
            parts, right = [], 0.0
        if not right:
            left, right = glyph.left, glyph.right
        parts.append((shift, glyph.text))
        left, right = min(left, glyph.left), max(right, glyph.right)
    yield from _segment(parts, left, right)


def _parts(right: float, left: float, height: float, places: Sequence[float]) -> bool:
    """Whether a segment ends between two glyphs: where the first one ends, and where the second one begins."""
    if left - right > _GAP * height or right - left > 3 * height:
        return True
    return left - right > NARROW * height and any(crosses([(right, left)], place) for place in places)


def _shift(glyph: Glyph, base: float, height: float) -> int:
    """1 for a raised character, -1 for a lowered one, 0 for any other."""
    above = (glyph.base - base) / height
    if glyph.height < _SMALLER * height:
        return 1 if _RAISED < above < 1.2 else -1 if -1.0 < above < -_LOWERED else 0
    same = glyph.height < height / _SMALLER
    return 1 if same and _MOVED < above < _ONE_LINE else -1 if same and -_ONE_LINE < above < -_MOVED else 0


def _level_strokes(glyphs: Sequence[Glyph], shifts: list[int], height: float) -> None:
    """Have the stroke of a fraction stand in the line, however it is drawn, and the small digits behind it below."""

    def is_part(at: int, shift: int) -> bool:
        small = glyphs[at].height < _SMALLER * height and shift < 0
        text = glyphs[at].text
        return text.isascii() and text.isdecimal() and (shifts[at] == shift or (small and not shifts[at]))

    for at, glyph in enumerate(glyphs):
        if glyph.text not in STROKES:
            continue
        first, last = at, at + 1
        while first and is_part(first - 1, 1):
            first -= 1
        while last < len(glyphs) and is_part(last, -1):
            last += 1
        if first < at < last - 1 and not (first and glyphs[first - 1].text.isalpha()):
            shifts[at:last] = [0] + [-1] * (last - at - 1)


def _segment(parts: Sequence[tuple[int, str]], left: float, right: float) -> Iterator[Segment]:
    written: dict[int, Callable[[str], str]] = {0: str, 1: superscript, -1: subscript}
    groups = groupby(parts, key=lambda part: part[0])
    text = with_fractions("".join(written[shift]("".join(text for _, text in group)) for shift, group in groups))
    if text := " ".join(word for word in text.split(" ") if word):
        yield Segment(text, left, right)


def _fill_in(lines: list[Line], value: Field) -> None:
    """Put the value of a form field behind the words to its left in the same line, else behind the line above."""
    text = " ".join(value.text.split())
    middle = (value.bottom + value.top) / 2
    beside = [
        number
        for number, line in enumerate(lines)
        if line.kind is not Kind.TURNED and value.bottom - line.height / 4 <= line.base <= value.top
    ]
    if beside:
        number = min(beside, key=lambda n: (abs(lines[n].base + lines[n].height / 4 - middle), n))
        segments = lines[number].segments
        before = [segment for segment in segments if segment.left <= value.left]
        if before:
            label = max(before, key=lambda segment: segment.left)
            label.text, label.right = f"{label.text} {text}", max(label.right, value.right)
        else:
            segments.insert(0, Segment(text, value.left, value.right))
        lines[number] = replace(lines[number], kind=Kind.ROW)
        return
    above = [number for number, line in enumerate(lines) if line.base > value.top]
    at = min(above, key=lambda n: (lines[n].base, -n)) + 1 if above else len(lines)
    height = min(value.top - value.bottom, lines[at - 1].height if above else value.top - value.bottom)
    lines.insert(at, Line([Segment(text, value.left, value.right)], value.bottom, height, kind=Kind.ROW))

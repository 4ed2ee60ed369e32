"""Gutters of a PDF's page: narrow strips beside which columns begin, seen because many lines leave them free at the
very same place. A gap of that width between two words says nothing by itself; blanks of justified text are as wide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from citeqa.index.formats.pdf_page import Glyph

NARROW = 0.5  # heights of a font; no gutter is narrower, and no blank of Courier wider than that by much
_GUTTER = 0.55  # heights; so wide is a gap that shows a gutter
_SAME = 1.5  # points; words begin at the same place if they begin within this
_FEWEST = 4  # lines that show a gutter
_SHARE = 0.5  # of the lines beside it
_MOST = 8  # gutters of a page


class _Gaps(NamedTuple):
    """A line's extent, its height, and its wider gaps, each with its two ends."""

    left: float
    right: float
    height: float
    gaps: list[tuple[float, float]]


def gutters(lines: Sequence[Sequence[Glyph]]) -> list[list[float]]:
    """For each line the places where it crosses a gutter: where the column on the right of it begins.

    A gutter is left free by lines that follow each other; behind it at least four of them, and half of them all, have a
    word that begins at the same place.
    """
    known = [_gaps(glyphs) for glyphs in lines]
    found: list[list[float]] = [[] for _ in lines]
    for place in _places(known):
        for start, end in _runs(known, place):
            for number in range(start, end):
                found[number].append(place)
    return found


def _gaps(glyphs: Sequence[Glyph]) -> _Gaps:
    placed = sorted((glyph for glyph in glyphs if glyph.height), key=lambda glyph: glyph.left)
    if not placed:
        return _Gaps(0.0, 0.0, 0.0, [])
    height = max(glyph.height for glyph in placed)
    gaps, right = list[tuple[float, float]](), placed[0].right
    for glyph in placed[1:]:
        if glyph.left - right > NARROW * height:
            gaps.append((right, glyph.left))
        right = max(right, glyph.right)
    return _Gaps(placed[0].left, right, height, gaps)


def _places(lines: Sequence[_Gaps]) -> list[float]:
    """The places behind gaps that the most lines share, most shared first."""
    counts = Counter[int]()
    for line in lines:
        counts.update({round(end / _SAME) for start, end in line.gaps if end - start > _GUTTER * line.height})
    shared = [(counts[place] + counts[place + 1], place) for place in counts]
    best = sorted((found for found in shared if found[0] >= _FEWEST), reverse=True)[:_MOST]
    return [(place + 0.5) * _SAME for _, place in best]


def _runs(lines: Sequence[_Gaps], place: float) -> Iterator[tuple[int, int]]:
    """The runs of lines that leave a place free and show that something begins there."""
    start, shown = 0, 0
    for number in range(len(lines) + 1):
        if number < len(lines) and _is_free(lines[number], place):
            shown += any(abs(end - place) <= _SAME for _, end in lines[number].gaps)
            continue
        if shown >= _FEWEST and shown >= _SHARE * (number - start):
            yield start, number
        start, shown = number + 1, 0


def _is_free(line: _Gaps, place: float) -> bool:
    """Whether a line has nothing directly before a place: it ends there, begins there, or leaves a gap."""
    if not line.height:
        return False
    before = place - _SAME - NARROW * line.height / 2
    return line.right <= before or line.left >= place - _SAME or crosses(line.gaps, place)


def crosses(gaps: Sequence[tuple[float, float]], place: float) -> bool:
    """Whether one of the gaps lies over the strip before a place."""
    return any(start < place - _SAME and end >= place - _SAME for start, end in gaps)

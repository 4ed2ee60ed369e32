"""Running headers and footers of a PDF: lines near the edge that stand on most pages in the same place, page numbers
counted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from citeqa.index.formats.pdf_lines import Kind, Line
from citeqa.index.formats.pdf_page import Page

_EDGE = 0.15  # of a page's height
_LINES = 4  # at most so many at each edge
_BUCKET = 8.0  # points; a line stands in the same place if its baseline moves by less than half of that
_FEWEST = 3  # pages
_NUMBERS = 3  # in a line; with more only the very same line counts
_ROMAN = re.compile(r"[ivxlcIVXLC]{1,7}")
_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}

_Key = tuple[str, tuple[int, ...], int, int]


def mark_furniture(pages: Sequence[Page], lines: Sequence[Sequence[Line]]) -> list[list[Line]]:
    """The lines of each page, with those marked that are printed on most pages.

    A line is, if it stands in the same place near the edge of at least three pages (or both of two), and of at least
    half of the pages from the first to the last of these, as headers of chapters and of left and right pages do. Its
    numbers are the same everywhere, or go up with the pages. A page never consists of such lines alone, unless others
    do not.
    """
    edges = [list(_edge_lines(page, found)) for page, found in zip(pages, lines, strict=True)]
    where: dict[_Key, list[int]] = defaultdict(list)
    for number, edge in enumerate(edges):
        for key in {key for _, line in edge for key in _keys(line, number)}:
            where[key].append(number)
    running = {key for key, numbers in where.items() if _is_running(numbers, len(pages))}
    marked = [
        {position for position, line in edge if not running.isdisjoint(_keys(line, number))}
        for number, edge in enumerate(edges)
    ]
    if all(len(found) == len(page) for found, page in zip(marked, lines, strict=True)):
        return [list(page) for page in lines]  # then it is all there is
    return [
        [replace(line, kind=Kind.FURNITURE) if position in found else line for position, line in enumerate(page)]
        for found, page in zip(marked, lines, strict=True)
    ]


def _edge_lines(page: Page, lines: Sequence[Line]) -> Iterator[tuple[int, Line]]:
    """The lines near the top and the bottom of a page, with their positions among all its lines."""
    height = page.top - page.bottom
    placed = [(position, line) for position, line in enumerate(lines) if line.height]
    placed.sort(key=lambda found: found[1].base)
    low, high = page.bottom + _EDGE * height, page.top - _EDGE * height
    yield from (found for found in placed[:_LINES] if found[1].base < low)
    yield from (found for found in placed[-_LINES:] if found[1].base > high)


def _is_running(numbers: Sequence[int], pages: int) -> bool:
    fewest = min(_FEWEST, max(2, pages))
    return len(numbers) >= fewest and 2 * len(numbers) >= numbers[-1] - numbers[0] + 1


def _keys(line: Line, page: int) -> list[_Key]:
    """What a line of a page has in common with running lines that are the same as it: its words and place, and for each
    of its numbers the number itself or how far it is ahead of the page."""
    text = " ".join(line.text.casefold().split())
    digits = [int(found) for found in re.findall(r"\d{1,9}", text)]
    if _ROMAN.fullmatch(text):
        digits, text = [_roman(text)], "0"
    if len(digits) > _NUMBERS:
        choices = [(0, *digits)]
    else:
        choices = list(product(*((number, -1 - (number - page) % 1_000_000) for number in digits)))
    words = re.sub(r"\d{1,9}", "#", text)
    places = {(0, int(line.base // _BUCKET)), (1, int((line.base + _BUCKET / 2) // _BUCKET))}
    return [(words, choice, *place) for choice in choices for place in places]


def _roman(text: str) -> int:
    values = [_VALUES[character] for character in text.lower()]
    return sum(-value if value < after else value for value, after in zip(values, [*values[1:], 0], strict=True))

"""The structure of a PDF: headings by the size of their letters, else what its lines show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from citeqa.index.documents.layout.finding import lines_structure
from citeqa.index.documents.layout.lines import trimmed
from citeqa.index.structure import MAX_PARTS, Heading, Structure
from citeqa.index.types import Span

_LARGER = 1.15  # times the size of most letters: then a paragraph is a heading
_LONG = 150  # code points; a longer paragraph is none
_LEVELS = 6
_STEP = 4  # parts of a point in which sizes are told apart
_LETTER = re.compile(r"[^\W\d_]")
_ENDS_LIKE_PROSE = re.compile(r"[.,;]$")


class Sized(NamedTuple):
    """A paragraph, where it stands, and the height of its smallest line; 0 if that is not known."""

    span: Span
    height: float


def pdf_structure(text: str, paragraphs: Sequence[Sized], boilerplate: Sequence[Span]) -> Structure:
    """Tables and lists as the lines of the text show them. Headings are the paragraphs in larger letters than most of
    the text, the larger the higher; where there are none, those that the lines show.

    Args:
        paragraphs: those that may be headings, with the others that show what is usual, ascending.
        boilerplate: what is printed on most pages, ascending.
    """
    found = lines_structure(text, boilerplate)
    headings = tuple(_headings(text, paragraphs))[:MAX_PARTS]
    return replace(found, headings=headings) if headings else found


def _headings(text: str, paragraphs: Sequence[Sized]) -> Iterator[Heading]:
    counts = Counter[int]()
    for span, height in paragraphs:
        counts[round(height * _STEP)] += len(span)
    usual = counts.most_common(1)[0][0] if counts else 0
    if not usual:
        return
    larger = [
        one
        for one in paragraphs
        if one.height * _STEP >= _LARGER * usual
        and len(one.span) <= _LONG
        and _LETTER.search(text, one.span.start, one.span.end)
        and not _ENDS_LIKE_PROSE.search(text, one.span.end - 1, one.span.end)
    ]
    sizes = sorted({round(one.height * _STEP) for one in larger}, reverse=True)
    levels = {size: min(level, _LEVELS) for level, size in enumerate(sizes, 1)}
    for span, height in larger:
        if words := trimmed(text, span.start, span.end):
            yield Heading(words, levels[round(height * _STEP)])

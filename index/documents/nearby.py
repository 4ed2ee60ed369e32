"""The sentences around a place of a document, without looking at the rest of it."""

from __future__ import annotations

import re
from functools import lru_cache

from citeqa.index.documents.sentences import content_sentences
from citeqa.index.types import DocumentView, Span

NEAR = 60_000  # code points on each side of a span within which the lines around it are looked at
_GRID = 20_000  # longer runs of lines are cut at multiples of it, so that spans near each other share their sentences
_FIRST, _WIDER = 2_000, 5  # code points on each side that are looked at first, and how many times as many next

# A line break and a blank line. No sentence crosses it, and what stands on one side of it does not matter on the other.
_BLANK = re.compile(r"(?:\n|\r(?!\n))[^\S\n\r]*[\n\r]")


def sentences_near(document: DocumentView, span: Span) -> list[Span]:
    """The sentences of the lines that a span touches, up to the next blank line or boilerplate on either side, in
    order: those that `document_sentences` has there.

    Where no blank line is within `NEAR`, sentences farther away are left out, and those nearest to where the text is
    cut may begin or end elsewhere.
    """
    lowest = max((one.end for one in document.boilerplate if one.end <= span.start), default=0)
    highest = min((one.start for one in document.boilerplate if one.start >= span.end), default=len(document.text))
    start, begins = _start(document, span.start, lowest)
    end, ends = _end(document, span.end, highest)
    touched = [one for one in document.boilerplate if one.start < end and one.end > start]
    inside = tuple(Span(max(one.start, start) - start, min(one.end, end) - start) for one in touched)
    found = [one.shifted(start) for one in _sentences(document.text[start:end], inside)]
    if not begins and found and found[0].end <= span.start:
        found.pop(0)
    if not ends and found and found[-1].start >= span.end:
        found.pop()
    return found


_sentences = lru_cache(maxsize=64)(content_sentences)


def _start(document: DocumentView, position: int, lowest: int) -> tuple[int, bool]:
    """Where the lines begin in which a position lies, and whether a sentence surely begins there."""
    reach = _FIRST
    while True:
        start = max(lowest, position - reach)
        *_, last = (0, *(blank.end() for blank in _BLANK.finditer(document.text[start:position])))
        if last:
            return start + last, True
        if start == lowest:
            return lowest, True
        if reach >= NEAR:
            cut = max(lowest, start // _GRID * _GRID)
            return cut, cut == lowest
        reach = min(NEAR, reach * _WIDER)


def _end(document: DocumentView, position: int, highest: int) -> tuple[int, bool]:
    """Where the lines end in which a position lies, and whether a sentence surely ends there."""
    reach = _FIRST
    while True:
        end = min(highest, position + reach)
        if blank := _BLANK.search(document.text[position:end]):
            return position + blank.start(), True
        if end == highest:
            return highest, True
        if reach >= NEAR:
            cut = min(highest, -(-end // _GRID) * _GRID)
            return cut, cut == highest
        reach = min(NEAR, reach * _WIDER)

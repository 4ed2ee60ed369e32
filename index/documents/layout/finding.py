"""All that the lines of a text show of its structure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from citeqa.index.documents.layout.headings import headings_in
from citeqa.index.documents.layout.lines import Line, lines_of
from citeqa.index.documents.layout.lists import lists_in
from citeqa.index.documents.layout.markdown import markdown_structure
from citeqa.index.documents.layout.tables import tables_in
from citeqa.index.documents.layout.turns import quotations_in, turns_in
from citeqa.index.documents.matches import matches
from citeqa.index.structure import Heading, Structure
from citeqa.index.types import Span

# What Markdown alone has: a marked heading, the rule of a table, a fence.
_IS_MARKDOWN = re.compile(
    r"^(?:#{1,6}[ \t]+\S|[ \t]{0,3}\|?[ \t]*:?-{2,}:?[ \t]*\|[-:| \t]*\r?$|```|~~~)", re.MULTILINE
)
_FENCE = re.compile(r"(?:`{3,}|~{3,})")


def text_structure(text: str, boilerplate: Sequence[Span] = ()) -> Structure:
    """The structure of a text of which nothing is known but its words: read as Markdown where it looks like it, else
    from what its lines show.

    Args:
        boilerplate: spans that are no part of the content, ascending.
    """
    is_markdown = any(True for _ in matches(_IS_MARKDOWN, text))
    return markdown_structure(text) if is_markdown else lines_structure(text, boilerplate)


def lines_structure(text: str, boilerplate: Sequence[Span] = ()) -> Structure:
    """The structure that the lines of a plain text show; what follows `MAX_LINES` lines is plain text."""
    lines = lines_of(text)
    taken = bytearray(len(lines))
    starts = [line.start for line in lines]
    for span in boilerplate:
        _take(taken, max(0, bisect_right(starts, span.start) - 1), bisect_left(starts, span.end))
    _take_fences(text, lines, taken)
    tables = list(tables_in(text, lines, taken))
    for table in tables:
        _take(taken, table.first, table.last)
    quotations = quotations_in(text, lines, taken)
    for _, first, last in quotations:
        _take(taken, first, last)
    lists = list(lists_in(text, lines, taken))
    for one in lists:
        _take(taken, one.first, one.last)
    headings = tuple(headings_in(text, lines, taken))
    _take_headings(lines, taken, headings)
    return Structure(
        tuple(found.table for found in tables),
        tuple(found.list for found in lists),
        headings,
        tuple(turns_in(text, lines, taken)),
        tuple(span for span, _, _ in quotations),
    )


def _take(taken: bytearray, first: int, last: int) -> None:
    taken[first:last] = b"\1" * (last - first)


def _take_fences(text: str, lines: Sequence[Line], taken: bytearray) -> None:
    """Take the lines of program code between two fences."""
    opened, sign = -1, ""
    for number, line in enumerate(lines):
        if not (fence := _FENCE.match(text, line.start, line.end)):
            continue
        if opened < 0:
            opened, sign = number, fence[0][:3]
        elif fence[0].startswith(sign) and fence.end() == line.end:
            _take(taken, opened, number + 1)
            opened = -1


def _take_headings(lines: Sequence[Line], taken: bytearray, headings: Sequence[Heading]) -> None:
    starts = {heading.span.start for heading in headings}
    for number, line in enumerate(lines):
        if starts and any(place in starts for place in range(line.start, min(line.end, line.start + 12))):
            taken[number] = 1

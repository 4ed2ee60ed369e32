"""The lines of a text with their places: what the finders of tables, lists and headings share."""

from __future__ import annotations

import re
from typing import NamedTuple

from citeqa.index.types import Span

MAX_LINES = 200_000  # what follows so many lines is plain text

_LINE = re.compile(r"[^\n\r]*")
_BREAK = re.compile(r"\r\n|\n|\r")
_TAB = 4  # columns
# What stands around all of a text and is no part of what it says: emphasis, code, a link.
_WRAPPED = re.compile(
    r"(?P<mark>\*\*\*|___|\*\*|__|~~|\*|_|`+)(?=\S)(?P<inner>(?:(?!(?P=mark)).)+)(?<=\S)(?P=mark)"
    r"|!?\[(?P<label>[^\[\]]+)\](?:\([^()\s]*(?:\s+\"[^\"]*\")?\)|\[[^\[\]]*\])",
    re.DOTALL,
)
_LONGEST_WRAPPED = 1000  # code points


class Line(NamedTuple):
    """A line: where it begins and ends in the text, where its first and last characters that are no white space are
    (`start == end` if there are none), and how many columns it is indented by."""

    begin: int
    start: int
    end: int
    indent: int

    @property
    def blank(self) -> bool:
        return self.start == self.end


def lines_of(text: str, begin: int = 0, most: int = MAX_LINES) -> list[Line]:
    """The lines from a place on, blank ones included; at most so many."""
    found: list[Line] = []
    while begin <= len(text) and len(found) < most:
        matched = _LINE.match(text, begin)
        stop = matched.end() if matched else begin
        content = text[begin:stop]
        stripped = content.strip()
        start = begin + len(content) - len(content.lstrip()) if stripped else begin
        indent = len(text[begin:start].expandtabs(_TAB)) if start > begin else 0
        found.append(Line(begin, start, start + len(stripped), indent))
        ended = _BREAK.match(text, stop)
        if ended is None:
            break
        begin = ended.end()
    return found


def trimmed(text: str, start: int, end: int) -> Span | None:
    """The range without the white space around it; None if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Span(start, end) if start < end else None


def bare(text: str, span: Span) -> Span:
    """A span of Markdown without the marks that stand around all of it: those of emphasis, code and a link."""
    while len(span) <= _LONGEST_WRAPPED and (found := _WRAPPED.fullmatch(text, span.start, span.end)):
        inside = trimmed(text, *found.span("inner" if found["mark"] else "label"))
        if inside is None:
            break
        span = inside
    return span

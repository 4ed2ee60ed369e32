"""What a text says about itself: title, author, date and boilerplate, read from the text without changing it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from citeqa.index.documents.front_matter import front_matter
from citeqa.index.documents.matches import matches
from citeqa.index.documents.sentences import sentences
from citeqa.index.types import Span

MAX_TITLE_LINE = 200  # code points; a longer line is prose, not a title
_LOOKED_AT = 20_000  # code points; a title stands at the beginning
MAX_TITLE = 300  # code points; a longer first sentence is cut at a word and ends in an ellipsis

# A first line such as " date 2026-02-26 By Simon Lewis", as news scrapers write it.
_HEADER = re.compile(r"\s*date (?P<date>\d{4}-\d{2}-\d{2})\b(?: By (?P<author>[^\n\r]+)|[^\n\r]*)")
# Boilerplate: what stands on a line of its own, or at the very end of an agency text.
_BOILERPLATE = re.compile(
    r"(?:^|(?<=\r))[^\S\n\r]*"
    r"(?P<line>[-–—*]* ?(?:advertisement|close menu|skip to content|share this|read more)[ :]?[-–—*]*)"
    r"[^\S\n\r]*(?=[\n\r]|\Z)|(?P<end>\(end\))\s*\Z",
    re.IGNORECASE | re.MULTILINE,
)
_MARKDOWN = re.compile(r"^#{1,6}\s+|\s+#+$")
_SAYS_SOMETHING = re.compile(r"[^\W_]")
_ENDS_LIKE_PROSE = re.compile(r"[.!?…,;:]['\"”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Description:
    """What a text says about itself; `boilerplate` is in ascending order and never overlaps."""

    title: str
    author: str | None
    date: date | None
    boilerplate: tuple[Span, ...]


def describe(text: str, marked: Sequence[Span] = ()) -> Description:
    """Title, author, date and boilerplate of a text that is not blank.

    The title is the first line if it reads as a title (short, with a letter or digit, and not ending like prose), else
    the first sentence; white space in it is collapsed. Boilerplate never is a title.

    Args:
        marked: what its format has found to be boilerplate, ascending.
    """
    header, front = _HEADER.match(text), front_matter(text)
    found = [Span(*(m.span("line") if m["line"] else m.span("end"))) for m in matches(_BOILERPLATE, text)]
    author: str | None = None
    published: date | None = None
    own = []
    if front:
        author, published, own = front.author, front.date, [front.span]
    elif header and (published := _date(header["date"])):
        author, own = (header["author"] or "").strip() or None, [Span(header.start(), header.end())]
    boilerplate = merged([*own, *marked, *found])
    title = (front.title if front else None) or _title(text, boilerplate)
    return Description(title, author, published, boilerplate)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in ascending order; those that overlap become one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start < found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return tuple(found)


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _title(text: str, boilerplate: Sequence[Span]) -> str:
    for start, end in _between(boilerplate, len(text)):
        body = text[start : min(end, start + _LOOKED_AT)]
        if _SAYS_SOMETHING.search(body):
            return _titled(body)
    return "Untitled"


def _between(boilerplate: Sequence[Span], end: int) -> Iterator[tuple[int, int]]:
    """The ranges that are not boilerplate."""
    start = 0
    for span in boilerplate:
        yield start, span.start
        start = span.end
    yield start, end


def _titled(body: str) -> str:
    """A title from a text: its first line that says something, or its first sentence."""
    lines = (line.strip() for line in body.splitlines())
    first = next(line for line in lines if _SAYS_SOMETHING.search(line))
    line = " ".join(_MARKDOWN.sub("", first).split()) if len(first) <= 2 * MAX_TITLE_LINE else ""
    if line and len(line) <= MAX_TITLE_LINE and not _ENDS_LIKE_PROSE.search(line):
        return line
    rest = body[body.index(first) :]
    span = next(iter(sentences(rest)), Span(0, len(rest)))
    title = " ".join(rest[span.start : span.end].split())
    if len(title) <= MAX_TITLE:
        return title
    return title[: MAX_TITLE - 1].rsplit(" ", 1)[0] + "…"

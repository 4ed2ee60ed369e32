"""What a text says about itself: title, author, date and boilerplate, read from the text without changing it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from citeqa.index.documents.sentences import sentences
from citeqa.index.types import Span

MAX_TITLE_LINE = 200  # code points; a longer line is prose, not a title
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
_ENDS_LIKE_PROSE = re.compile(r"[.!?…,;:]['\"”’»)\]]*$")


@dataclass(frozen=True, slots=True)
class Description:
    """What a text says about itself; `boilerplate` is in ascending order and never overlaps."""

    title: str
    author: str | None
    date: date | None
    boilerplate: tuple[Span, ...]


def describe(text: str) -> Description:
    """Title, author, date and boilerplate of a text that is not blank.

    The title is the first line if it reads as a title (short, and not ending like prose), else the first sentence;
    white space in it is collapsed.
    """
    header = _HEADER.match(text)
    boilerplate = [Span(*(m.span("line") if m["line"] else m.span("end"))) for m in _BOILERPLATE.finditer(text)]
    author: str | None = None
    published: date | None = None
    if header and (published := _date(header["date"])):
        author = (header["author"] or "").strip() or None
        boilerplate = [Span(header.start(), header.end()), *(s for s in boilerplate if s.start >= header.end())]
    return Description(_title(text, boilerplate), author, published, tuple(boilerplate))


def _date(value: str) -> date | None:
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _title(text: str, boilerplate: list[Span]) -> str:
    start = boilerplate[0].end if boilerplate and not text[: boilerplate[0].start].strip() else 0
    body = text[start : start + 20_000]
    first = next((line for line in body.splitlines() if line.strip()), "")
    first = first.strip()
    line = " ".join(_MARKDOWN.sub("", first).split()) if len(first) <= 2 * MAX_TITLE_LINE else ""
    if line and len(line) <= MAX_TITLE_LINE and not _ENDS_LIKE_PROSE.search(line):
        return line
    spans = sentences(body) or [Span(0, len(body))] if body else []
    title = " ".join(body[spans[0].start : spans[0].end].split()) if spans else ""
    if len(title) <= MAX_TITLE:
        return title or "Untitled"
    return title[: MAX_TITLE - 1].rsplit(" ", 1)[0] + "…"

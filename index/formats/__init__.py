"""Formats that are not plain text: one module a format, each a function `extract(data: bytes) -> Extracted`.

Such a function is pure: what it gives depends on the bytes alone. What cannot be read is a DocumentError with the
reason. It may also hang, crash or take all memory, for the parsers behind it are native code fed with files from
anywhere; so it is run in a process of its own, by `index.formats.extraction`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

MODULES = {
    ".docx": "citeqa.index.formats.docx",
    ".eml": "citeqa.index.formats.mail",
    ".epub": "citeqa.index.formats.epub",
    ".htm": "citeqa.index.formats.html",
    ".html": "citeqa.index.formats.html",
    ".pdf": "citeqa.index.formats.pdf",
    ".xhtml": "citeqa.index.formats.html",
}
TEXT = "citeqa.index.formats.text"  # of text whose encoding must be detected
MAX_FIELD = 1000  # code points; what is longer is cut

_HIDDEN = ("Cc", "Cn", "Cs")  # controls, no characters at all, halves of characters
_DAY = re.compile(r"\s*(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Extracted:
    """What a file holds: `text` is the canonical text, the rest is what the file says about itself.

    `encoding` is how text was decoded where the format leaves it open. `pages` are the code points at which the pages'
    texts begin, the first one 0; empty for formats without pages. `notes` are lines for the log: what was left out.

    Raises:
        ValueError: if `pages` do not begin with 0, do not ascend, or reach past the text.
    """

    text: str
    title: str | None = None
    author: str | None = None
    date: date | None = None
    source: str | None = None
    url: str | None = None
    encoding: str = "utf-8"
    pages: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ascending = list(self.pages) == sorted(set(self.pages))
        if self.pages and not (ascending and self.pages[0] == 0 and self.pages[-1] <= len(self.text)):
            raise ValueError(f"not the beginnings of pages in {len(self.text)} code points: {self.pages[:5]}...")


def tidy(value: str | None) -> str | None:
    """A title, name or address on one line, without control characters; None if nothing is left of it."""
    characters = (" " if character.isspace() else character for character in value or "")
    shown = "".join(character for character in characters if unicodedata.category(character) not in _HIDDEN)
    return " ".join(shown.split())[:MAX_FIELD].strip() or None


def day(value: str | None) -> date | None:
    """The day that an ISO 8601 date or time begins with; None if it begins with none."""
    found = _DAY.match(value or "")
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None

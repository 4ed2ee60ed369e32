"""What a format's module makes of a file: the text, and what the file says about itself."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from citeqa.index.structure import NO_STRUCTURE, Structure
from citeqa.index.types import Span, Timed

MAX_FIELD = 1000  # code points; longer titles, names and addresses are cut

# Whom programs name as author, and what as title, when nobody tells them: reportlab, python-docx, calibre and others.
_NOBODY = {
    "anonymous", "unspecified", "untitled", "unknown", "unknown author", "un-named", "unnamed", "none", "null", "n/a",
    "author", "your name", "title", "user", "windows user", "microsoft office user", "admin", "administrator", "root",
    "python-docx", "docx4j", "apache poi", "openpyxl", "phpword", "word document", "document",
    "powerpoint presentation", "presentation", "slide", "book", "workbook", "spreadsheet", "new document",
    "libreoffice", "microsoft office", "owner", "guest", "default", "no title", "no author",
    "not specified",
}  # fmt: skip
# Times that no document was written at: those of python-docx's and python-pptx's templates.
_TEMPLATES = ("2013-12-23T23:15:00", "2013-01-27T09:14:16", "2013-01-27T09:15:58")
_EPOCHS = {
    (1970, 1, 1),
    (1980, 1, 1),
    (1904, 1, 1),
    (1601, 1, 1),
    (1899, 12, 30),
}  # where the clocks of systems and archives begin
_PRINT = 1450  # files give earlier years by mistake, or for "not known": calibre writes 101

_HIDDEN = ("Cc", "Cn", "Cs")  # control characters, unassigned code points, surrogates
_NUMBERED = re.compile(r"\s*\(?\d{1,3}\)?$")  # Document1, Untitled (2)
_DAY = re.compile(r"\s*(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Extracted:
    """One document as a format's module reads it. `text` is the canonical text; the other fields are what the file
    says about itself, None where it says nothing.

    Args:
        id: the document's id; only parts of a file with many documents have one, where the part has none.
        encoding: how the text was decoded, where the format leaves that open.
        pages: the code points at which the texts of the pages begin, the first one 0; empty without pages.
        notes: lines for the log, for example what was left out.
        boilerplate: what is printed on every page and the like, ascending; it is never indexed and never answered with.
        structure: where tables, lists, headings and the like stand in the text.
        times: of a recording's transcript, when its parts are heard, ascending.
        recognised: what was read from a picture (OCR), ascending.

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
    boilerplate: tuple[Span, ...] = ()
    id: str | None = None
    structure: Structure = NO_STRUCTURE
    times: tuple[Timed, ...] = ()
    recognised: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        ascending = list(self.pages) == sorted(set(self.pages))
        if self.pages and not (ascending and self.pages[0] == 0 and self.pages[-1] <= len(self.text)):
            raise ValueError(f"not the beginnings of pages in {len(self.text)} code points: {self.pages[:5]}...")


class Part(NamedTuple):
    """One of the documents in a file that holds many: where it stands in the file ("line 3"), its bytes, and its id
    among them, which goes behind that of the file; empty where the document says its whole id itself."""

    name: str
    data: bytes
    id: str = ""


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


def somebody(value: str | None) -> str | None:
    """A title or name as `tidy` gives it; None for what programs fill in when nobody tells them, and for what holds
    neither letter nor digit."""
    found = tidy(value)
    if found is None or not any(map(str.isalnum, found)):
        return None
    return None if _NUMBERED.sub("", found.strip("()[]<> ").casefold()) in _NOBODY else found


def written_on(value: str | None) -> date | None:
    """The day that an ISO 8601 date or time begins with; None also for a time that a program or its template fills
    in."""
    found = day(value)
    filled_in = value is not None and value.strip().startswith(_TEMPLATES)
    known = found is not None and not filled_in and found.year >= _PRINT and found.timetuple()[:3] not in _EPOCHS
    return found if known else None

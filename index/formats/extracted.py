"""What a format's module makes of a file: the text, and what the file says about itself."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

MAX_FIELD = 1000  # code points; longer titles, names and addresses are cut

_HIDDEN = ("Cc", "Cn", "Cs")  # control characters, unassigned code points, surrogates
_DAY = re.compile(r"\s*(\d{4})-(\d{2})-(\d{2})(?!\d)")


@dataclass(frozen=True, slots=True)
class Extracted:
    """One document as a format's module reads it. `text` is the canonical text; the other fields are what the file
    says about itself, None where it says nothing.

    Args:
        id: the document's id; only the parts of a file with many documents have one.
        encoding: how the text was decoded, where the format leaves that open.
        pages: the code points at which the texts of the pages begin, the first one 0; empty without pages.
        notes: lines for the log, for example what was left out.

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
    id: str | None = None

    def __post_init__(self) -> None:
        ascending = list(self.pages) == sorted(set(self.pages))
        if self.pages and not (ascending and self.pages[0] == 0 and self.pages[-1] <= len(self.text)):
            raise ValueError(f"not the beginnings of pages in {len(self.text)} code points: {self.pages[:5]}...")


class Part(NamedTuple):
    """One of the documents in a file that holds many: where it stands in the file ("line 3"), and its bytes."""

    name: str
    data: bytes


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

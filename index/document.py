"""A document, and a view of one whose text stays where it is stored."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, Protocol

from citeqa.index.span import Span
from citeqa.index.structure import NO_STRUCTURE, Structure

DateOrigin = Literal["metadata", "text"]


class Timed(NamedTuple):
    """When a part of a recording is heard: the words at `span`, from second `start` to second `end`."""

    span: Span
    start: float
    end: float


class Read(NamedTuple):
    """How a document was read: what its file, or its part of one, is reported by, the name of its format, and what is
    to be known of it."""

    name: str
    format: str
    notes: tuple[str, ...]


class Text(Protocol):
    """A text of which slices are taken: a `str`, or one that stays where it is stored. A slice of that costs what the
    slice is long, wherever it stands."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: int | slice, /) -> str: ...


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as questions see it: they take slices of its text and never read all of it, for it may be long.

    Args:
        text: no later step changes it, and every offset counts in it.
        sha256: the digest of `text` in UTF-8.
        file_sha256: the digest of the bytes that the text came from.
        encoding: how these bytes were decoded.
        boilerplate: the spans that are never indexed and never answered with, ascending.
        pages: the offsets at which the pages of the original begin, ascending, the first one 0; empty without pages.
        structure: where tables, lists, headings and the like stand in the text.
        date_origin: whether the date is metadata, or stands in the text; None without a date.
        times: of a recording's transcript, when its parts are heard; ascending and never overlapping.
        recognised: what was read from a picture (OCR) and may hold mistakes; ascending and never overlapping.
        read: how it was read just now; this is reported, not stored.
    """

    id: str
    title: str
    text: Text
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    file_sha256: str
    encoding: str = "utf-8"
    boilerplate: tuple[Span, ...] = ()
    pages: tuple[int, ...] = ()
    structure: Structure = NO_STRUCTURE
    date_origin: DateOrigin | None = None
    times: tuple[Timed, ...] = ()
    recognised: tuple[Span, ...] = ()
    read: Read | None = field(default=None, compare=False, repr=False)

    def page(self, offset: int) -> int | None:
        """The number of the page, from 1, on which the code point at `offset` stands; None without pages."""
        return bisect_right(self.pages, offset) or None

    def heard(self, span: Span) -> tuple[float, float] | None:
        """From which second to which one the words at `span` are heard; None where that is not known."""
        touched = [timed for timed in self.times if timed.span.overlaps(span)]
        return (touched[0].start, touched[-1].end) if touched else None

    def is_recognised(self, span: Span) -> bool:
        """Whether a part of `span` was read from a picture."""
        return any(one.overlaps(span) for one in self.recognised)

    def utf16(self, offset: int) -> int:
        """How many UTF-16 units stand before the code point at `offset`."""
        return utf16_length(self.text[:offset])

    def quote(self, span: Span) -> str:
        """The document's own words at `span`: a slice of its text.

        Raises:
            ValueError: if the span reaches past the end of the text.
        """
        if span.end > len(self.text):
            raise ValueError(
                f"span [{span.start}, {span.end}) is outside document {self.id!r} of {len(self.text)} code points"
            )
        return self.text[span.start : span.end]


@dataclass(frozen=True, slots=True)
class Document(DocumentView):
    """One source: its canonical text, and what is known about it."""

    text: str


def utf16_length(text: str) -> int:
    """How many UTF-16 units a text has, which JavaScript counts in."""
    return len(text.encode("utf-16-le")) // 2

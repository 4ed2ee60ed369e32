"""The values that travel through the program. They are frozen and checked when they are made; threads may share them.

All offsets count Unicode code points of a document's canonical text; every range is half-open, `[start, end)`.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range `[start, end)` of code points, `0 <= start < end`.

    Raises:
        ValueError: if the range is empty, negative or reversed.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if self.start < 0 or self.end <= self.start:
            raise ValueError(f"not a span: start {self.start}, end {self.end}; needed 0 <= start < end")

    def __len__(self) -> int:
        return self.end - self.start

    def shifted(self, by: int) -> Span:
        """The same range, `by` code points further on (or back, if negative)."""
        return Span(self.start + by, self.end + by)

    def overlaps(self, other: Span) -> bool:
        """Whether the two ranges share at least one code point."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly inside this range."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Document:
    """One source: its canonical text, and what is known about it.

    Args:
        text: no later step changes it, and every offset counts in it.
        sha256: the digest of `text` in UTF-8.
        file_sha256: the digest of the bytes that the text came from.
        encoding: how these bytes were decoded.
        boilerplate: the spans that are never indexed and never answered with, ascending.
        pages: the offsets at which the pages of the original begin, ascending, the first one 0; empty without pages.
    """

    id: str
    title: str
    text: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    file_sha256: str
    encoding: str = "utf-8"
    boilerplate: tuple[Span, ...] = ()
    pages: tuple[int, ...] = ()

    def page(self, offset: int) -> int | None:
        """The number of the page, from 1, on which the code point at `offset` stands; None without pages."""
        return bisect_right(self.pages, offset) or None

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
class Passage:
    """An untouched slice of a document: `document.quote(passage.span) == passage.text`."""

    document_id: str
    span: Span
    text: str

    def __post_init__(self) -> None:
        if len(self.text) != len(self.span):
            raise ValueError(f"passage text has {len(self.text)} code points, its span {len(self.span)}")

    @property
    def id(self) -> str:
        """`"{document_id}:{start}-{end}"`; as ids may hold colons, `parse_passage_id` reads it from the right."""
        return f"{self.document_id}:{self.span.start}-{self.span.end}"


def parse_passage_id(passage_id: str) -> tuple[str, Span]:
    """The document id and the span in the id of a passage.

    Raises:
        ValueError: if the id does not end in `:start-end`.
    """
    document_id, colon, numbers = passage_id.rpartition(":")
    start, dash, end = numbers.partition("-")
    if not (colon and dash and document_id and start.isdecimal() and end.isdecimal()):
        raise ValueError(f"not a passage id: {passage_id!r}; needed 'document:start-end'")
    return document_id, Span(int(start), int(end))


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that one ranker found. `score` is that ranker's own, cosine or BM25; higher is better."""

    passage: Passage
    score: float


@dataclass(frozen=True, slots=True)
class Filters:
    """Which documents may be searched. Every condition that is given must hold. A document without a date fails any
    condition on the date unless `undated` is set; one without a source fails any condition on the source.

    Raises:
        ValueError: if `date_from` is after `date_to`.
    """

    document_ids: frozenset[str] | None = None
    source: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    undated: bool = False

    def __post_init__(self) -> None:
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError(f"date_from {self.date_from} is after date_to {self.date_to}")

    def __bool__(self) -> bool:
        return any(value is not None for value in (self.document_ids, self.source, self.date_from, self.date_to))


class Ranked(NamedTuple):
    """A passage's number in the index, and its score in one ranking; higher is better."""

    id: int
    score: float


class Summary(NamedTuple):
    """A document without its text. `length` counts code points."""

    id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    file_sha256: str
    encoding: str
    length: int
    passages: int


class SourceFile(NamedTuple):
    """A file that documents come from: the folder that was given, and the file's name in it (see `name_of`)."""

    root: str
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a part of one, that did not become a document, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of indexing did, and how much the index holds now."""

    added: int
    replaced: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    documents: int
    passages: int
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about an index that was checked. `faults` is empty if all is well, else `mend` says what to do."""

    checked: str
    faults: tuple[str, ...]
    mend: str

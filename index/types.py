"""The values that travel through the program. They are frozen and checked when they are made; threads may share them.

All offsets count Unicode code points of a document's canonical text; every range is half-open, `[start, end)`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple

from citeqa.index.context import NO_CONTEXT, Context
from citeqa.index.document import DateOrigin as DateOrigin
from citeqa.index.document import Document as Document
from citeqa.index.document import DocumentView as DocumentView
from citeqa.index.document import Read as Read
from citeqa.index.document import Text as Text
from citeqa.index.document import Timed as Timed
from citeqa.index.span import Span as Span


@dataclass(frozen=True, slots=True)
class Passage:
    """An untouched slice of a document: `document.quote(passage.span) == passage.text`. `context` is what belongs to it
    and stands elsewhere in the document."""

    document_id: str
    span: Span
    text: str
    context: Context = NO_CONTEXT

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

    `folders` are beginnings of ids: "reports/2024" holds the documents whose ids begin with "reports/2024/". Of several
    folders a document may be in any.

    Raises:
        ValueError: if `date_from` is after `date_to`, or a folder's name is empty or ends in a slash.
    """

    document_ids: frozenset[str] | None = None
    source: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    undated: bool = False
    folders: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if any(not folder or folder.endswith("/") for folder in self.folders or ()):
            raise ValueError("a folder's name must not be empty or end in a slash")
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError(f"date_from {self.date_from} is after date_to {self.date_to}")

    def __bool__(self) -> bool:
        return any(
            value is not None for value in (self.document_ids, self.source, self.date_from, self.date_to, self.folders)
        )

    def in_folders(self, document_id: str) -> bool:
        """Whether a document with this id is in one of the folders, if any are given."""
        return self.folders is None or any(document_id.startswith(f"{folder}/") for folder in self.folders)


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


Order = Literal["title", "date", "added", "source"]


class Counted(NamedTuple):
    """A folder, a source or a year, and how many documents are of it."""

    name: str
    documents: int


class Facets(NamedTuple):
    """How many documents there are of what: `folders` by name, those at the top and those one below ("reports" and
    "reports/2024"); `sources` the largest first; `years` the latest first."""

    documents: int
    folders: tuple[Counted, ...]
    sources: tuple[Counted, ...]
    years: tuple[Counted, ...]


class SourceFile(NamedTuple):
    """A file that documents come from: the folder that was given, and the file's name in it (see `name_of`)."""

    root: str
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a part of one, that did not become a document, and why. `format` is the name of its format, if it has
    one that is read."""

    name: str
    reason: str
    format: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Warned:
    """What is to be known of a file, or of a part of one, that became a document: what was not read of it, say."""

    name: str
    note: str
    format: str


class FormatReport(NamedTuple):
    """How many documents of a format were new or changed, unchanged, and refused, and how many warnings there are.
    `format` is None for files of no format that is read."""

    format: str | None
    read: int
    unchanged: int
    refused: int
    warnings: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of indexing did, and how much the index holds now. `change` is the number of the latest change; 0 if
    there was none, or nothing was to be written. `formats` counts what was read of files; `warnings` are of what was
    read this time, not of files that were left alone."""

    added: int
    replaced: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    documents: int
    passages: int
    removed: int = 0
    change: int = 0
    formats: tuple[FormatReport, ...] = ()
    warnings: tuple[Warned, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about an index that was checked. `faults` is empty if all is well, else `mend` says what to do."""

    checked: str
    faults: tuple[str, ...]
    mend: str

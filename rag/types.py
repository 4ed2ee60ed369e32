"""The results of a question: evidence, citations, an answer or an abstention. Immutable, so safe to share between
threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from citeqa.index.document import utf16_length
from citeqa.index.documents.nearby import sentences_near
from citeqa.index.types import DateOrigin, DocumentView, Passage, Span
from citeqa.rag.citation.places import cell_at, list_at
from citeqa.rag.citation.quotations import whole
from citeqa.rag.citation.slices import readable
from citeqa.rag.timing.expressions import Timing

ReasonCode = Literal["no_evidence", "not_in_the_sources", "filtered_out"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question.

    `ranks` maps the name of each signal that found it to its rank, counted from 1 (see `rag.retrieval.signals`).
    `copies` are passages of other documents that say the same and rank lower (see `rag.retrieval.copies`).
    """

    passage: Passage
    score: float
    ranks: Mapping[str, int]
    copies: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A span that a reader proposes as an answer; `span` counts from the start of the passage."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Source:
    """The metadata of a document, as every citation of it shows them."""

    document_id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    date_origin: DateOrigin | None = None

    @classmethod
    def of(cls, document: DocumentView) -> Source:
        d = document
        return cls(d.id, d.title, d.author, d.date, d.source, d.url, d.sha256, d.date_origin)


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of a document and its position, in code points and in UTF-16 units (as JavaScript counts)."""

    text: str
    span: Span
    span_utf16: Span

    @classmethod
    def of(cls, document: DocumentView, span: Span) -> Slice:
        """Raises ValueError if the span is outside the document."""
        text = document.quote(span)
        start = document.utf16(span.start)
        return cls(text, span, Span(start, start + utf16_length(text)))


@dataclass(frozen=True, slots=True)
class CellLabels:
    """What names a table's cell: the label of its row, those of its column, and the table's caption."""

    row: str | None
    column: str | None
    caption: str | None


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote, exact to the character, with its sentence. Only `Citation.of` makes one.

    Args:
        page: the number of the page it begins on, if the original has pages.
        table: the labels of the cell, if the quote stands in one.
        items: how many items the list has, if the quote is a whole list.
        heard: from which second to which one it is heard, if it is of a recording.
        recognised: whether it was read from a picture (OCR); None for a document without such parts.
    """

    source: Source
    quote: Slice
    sentence: Slice
    page: int | None = None
    table: CellLabels | None = None
    items: int | None = None
    heard: tuple[float, float] | None = None
    recognised: bool | None = None

    def newer_than(self, other: Citation) -> bool:
        """Whether its source has a later date; False if either has none."""
        ours, theirs = self.source.date, other.source.date
        return ours is not None and theirs is not None and ours > theirs

    @classmethod
    def of(cls, document: DocumentView, span: Span) -> Citation:
        """Cite `document` at `span`. The sentence is the smallest run of whole sentences that contains the span and
        does not cut a quotation in two (see `rag.citation.quotations`); one that is too long to read is cut around the
        span (see `rag.citation.slices`). In a table it is the row, and around a whole list the list with its
        introduction.

        Raises:
            ValueError: if the span is outside the document.
        """
        quote = Slice.of(document, span)
        sentences = sentences_near(document, span)
        touched = [number for number, sentence in enumerate(sentences) if sentence.overlaps(span)]
        start, end = span.start, span.end
        if touched:
            first, last = whole(document.text, sentences, touched[0], touched[-1])
            start, end = min(start, sentences[first].start), max(end, sentences[last].end)
        cell, listed = cell_at(document, span), list_at(document, span)
        if whole_part := cell or listed:
            shown = whole_part.span
        else:
            turns = [turn.span.start for turn in document.structure.turns]
            shown = readable(document.text, Span(start, end), span, turns)
        return cls(
            Source.of(document),
            quote,
            Slice.of(document, shown),
            document.page(span.start),
            CellLabels(cell.row, cell.column, cell.caption) if cell else None,
            listed.items if listed else None,
            heard=document.heard(span),
            recognised=document.is_recognised(span) if document.recognised else None,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer, in the words of a document. `confidence` is a calibrated probability that it is right; `also_in`
    cites the same answer elsewhere.

    Raises:
        ValueError: if the text is not the citation's quote.
    """

    text: str
    confidence: float
    citation: Citation
    also_in: tuple[Citation, ...] = ()

    def __post_init__(self) -> None:
        if self.text != self.citation.quote.text:
            raise ValueError("an answer's text must be its citation's quote")


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another answer that may be right. `score` orders the alternatives of one question; it is not a probability."""

    text: str
    score: float
    citation: Citation


@dataclass(frozen=True, slots=True)
class Guess:
    """A candidate that was not sure enough to be the answer. `confidence` is the calibrated probability that it is
    right; `score` is as in `Alternative`.

    Raises:
        ValueError: if the text is not the citation's quote.
    """

    text: str
    score: float
    confidence: float
    citation: Citation

    def __post_init__(self) -> None:
        if self.text != self.citation.quote.text:
            raise ValueError("a guess's text must be its citation's quote")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no answer. `confidence` is that of the best candidate; None if there was no candidate."""

    code: ReasonCode
    message: str
    confidence: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A passage of evidence with its source; `quote` is the text and position of the passage."""

    evidence: Evidence
    source: Source
    quote: Slice


@dataclass(frozen=True, slots=True)
class Dates:
    """The times that a question names, and whether they filtered or reordered the evidence."""

    understood: tuple[Timing, ...] = ()
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """The result of one question. Exactly one of `answer` and `reason` is set.

    `guesses` are candidates that were not sure enough, most likely first; empty if there is an answer.
    `dates` are the times in the question, and whether they were applied. `timing_ms` has `retrieve`, `read` and
    `total`, in milliseconds.
    """

    question: str
    answer: Answer | None
    reason: Reason | None
    alternatives: tuple[Alternative, ...] = ()
    conflicts: tuple[Alternative, ...] = ()
    evidence: tuple[CitedPassage, ...] = ()
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    dates: Dates = Dates()
    guesses: tuple[Guess, ...] = ()

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.reason is None):
            raise ValueError("a response needs either an answer or a reason, not both or neither")
        if self.answer and self.guesses:
            raise ValueError("a response with an answer has no guesses")

    @property
    def answered(self) -> bool:
        return self.answer is not None

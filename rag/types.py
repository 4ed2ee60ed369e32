"""What a question leads to: evidence, citations, an answer or an abstention. Frozen; safe to share between threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.types import Document, Passage, Span
from citeqa.rag.citation.quotations import whole
from citeqa.rag.timing.expressions import Timing

ReasonCode = Literal["no_evidence", "not_in_the_sources", "filtered_out"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A passage found for a question. `ranks` are its ranks, from 1, by the name of each signal that found it (see
    `rag.retrieval.signals`). `copies` are passages of other documents that say the same and rank lower (see
    `rag.retrieval.copies`)."""

    passage: Passage
    score: float
    ranks: Mapping[str, int]
    copies: tuple[Passage, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A place in a passage that a reader takes for an answer; `span` counts from the passage's start."""

    span: Span
    score: float


@dataclass(frozen=True, slots=True)
class Source:
    """What is told of a document wherever it is cited."""

    document_id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str

    @classmethod
    def of(cls, document: Document) -> Source:
        d = document
        return cls(d.id, d.title, d.author, d.date, d.source, d.url, d.sha256)


@dataclass(frozen=True, slots=True)
class Slice:
    """Words of a document and where they stand, in code points and in UTF-16 units (as JavaScript counts)."""

    text: str
    span: Span
    span_utf16: Span

    @classmethod
    def of(cls, document: Document, span: Span) -> Slice:
        """Raises ValueError if the span is outside the document."""
        text = document.quote(span)
        start = _utf16(document.text[: span.start])
        return cls(text, span, Span(start, start + _utf16(text)))


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote, exact to the character, with the sentence it stands in and, where the original has pages, the number
    of the page it begins on. Made by `Citation.of`, and only there."""

    source: Source
    quote: Slice
    sentence: Slice
    page: int | None = None

    def newer_than(self, other: Citation) -> bool:
        """Whether its source is of a later day; not where either is undated."""
        ours, theirs = self.source.date, other.source.date
        return ours is not None and theirs is not None and ours > theirs

    @classmethod
    def of(cls, document: Document, span: Span) -> Citation:
        """Cite `document` at `span`; the sentence is the smallest run of whole sentences that contains the span and
        cuts no quotation in two (see `rag.citation.quotations`).

        Raises:
            ValueError: if the span is outside the document.
        """
        quote = Slice.of(document, span)
        sentences = document_sentences(document)
        touched = [number for number, sentence in enumerate(sentences) if sentence.overlaps(span)]
        start, end = span.start, span.end
        if touched:
            first, last = whole(document.text, sentences, touched[0], touched[-1])
            start, end = min(start, sentences[first].start), max(end, sentences[last].end)
        return cls(Source.of(document), quote, Slice.of(document, Span(start, end)), document.page(span.start))


@dataclass(frozen=True, slots=True)
class Answer:
    """The words that answer. `confidence` is a calibrated probability that they are right; `also_in` cites the same
    answer in other places.

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
    """Another answer that could be right. `score` orders the alternatives of one question; it is no probability."""

    text: str
    score: float
    citation: Citation


@dataclass(frozen=True, slots=True)
class Reason:
    """Why there is no answer. `confidence` is that of the best candidate, None where there was none."""

    code: ReasonCode
    message: str
    confidence: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class CitedPassage:
    """A piece of evidence with its place and its source, ready to be shown."""

    evidence: Evidence
    source: Source
    quote: Slice


@dataclass(frozen=True, slots=True)
class Dates:
    """The times that a question names, and whether they acted on what was found."""

    understood: tuple[Timing, ...] = ()
    applied: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """Everything one question led to: either `answer` or `reason` is set, never both.

    `dates` are the times in the question, and whether they acted. `timing_ms` has `retrieve`, `read` and `total`, in
    milliseconds.
    """

    question: str
    answer: Answer | None
    reason: Reason | None
    alternatives: tuple[Alternative, ...] = ()
    conflicts: tuple[Alternative, ...] = ()
    evidence: tuple[CitedPassage, ...] = ()
    timing_ms: Mapping[str, float] = field(default_factory=dict)
    dates: Dates = Dates()

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.reason is None):
            raise ValueError("a response holds an answer or a reason, not both and not neither")

    @property
    def answered(self) -> bool:
        return self.answer is not None

"""The HTTP contract: what comes in, strictly checked, and what goes out."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from index.catalog import Summary
from index.corpus import MAX_ID_BYTES
from index.types import Document, Filters
from rag.dates import Timing
from rag.followup import Turn
from rag.retriever import Searched
from rag.types import Answer, Candidate, Citation, Dates, Found, Reason, Response, Slice, Source
from rag.verify import Claim, Verdict

MAX_QUESTION = 2000  # code points
MAX_CONTEXT = 2000
MAX_ANSWER = 10000
MAX_K = 50
MAX_IDS = 1000
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _to_date(value: Any) -> Any:
    if isinstance(value, str):
        if not _ISO_DATE.fullmatch(value):
            raise ValueError("must be a date as YYYY-MM-DD")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a day that exists, as YYYY-MM-DD") from None
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


IsoDate = Annotated[date, BeforeValidator(_to_date, json_schema_input_type=date)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION), AfterValidator(_not_blank)]


Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_BYTES)]


class _Request(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class FiltersIn(_Request):
    """Which documents to search: all conditions must hold. Undated documents fail any date condition."""

    document_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None
    source: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    date_from: IsoDate | None = Field(default=None, description="first day, included")
    date_to: IsoDate | None = Field(default=None, description="last day, included")

    @model_validator(mode="after")
    def _in_order(self) -> FiltersIn:
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError("date_from is after date_to")
        return self

    def filters(self) -> Filters:
        ids = None if self.document_ids is None else frozenset(self.document_ids)
        return Filters(ids, self.source, self.date_from, self.date_to)


class SearchRequest(_Request):
    question: Text = Field(examples=["How much aid did the United States pledge to the Cubans?"])
    k: int = Field(default=5, ge=1, le=MAX_K, description="how much evidence to return; it never changes the answer")
    filters: FiltersIn | None = None
    today: IsoDate | None = Field(
        default=None, description='the day that "last week" in the question counts from; the current one if null'
    )
    use_dates: bool = Field(
        default=True, description="whether the times that the question names may prefer and filter sources"
    )


class AskRequest(SearchRequest):
    min_confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="answer only from this confidence up; the fitted threshold if null"
    )
    context: Annotated[str, Field(max_length=MAX_CONTEXT)] | None = Field(
        default=None, description="what a follow-up question carries over: searched and read together with it"
    )


class TurnIn(_Request):
    """A question that was asked, the answer it got, and the title of the document that is cited."""

    question: Text
    answer: Annotated[str, Field(max_length=MAX_ANSWER)] = Field(default="", description="blank where there was none")
    title: Annotated[str, Field(max_length=1000)] = Field(default="", description="blank where there was no answer")

    def turn(self) -> Turn:
        return Turn(self.question, self.answer, self.title)


class ContextRequest(_Request):
    """A question, and the turn before it in the same talk. Nothing is kept: what is carried over comes back, to be
    shown and sent with the question as `context`."""

    question: Text = Field(examples=["And who hosted it?"])
    previous: TurnIn = Field(
        examples=[{"question": "Where did the working group meet?", "answer": "in Miami, Florida", "title": ""}]
    )


class ContextResponse(BaseModel):
    """`context` is the chips joined by blanks: what to ask with. When a person takes a chip away, join the others; null
    where nothing is carried over, since the question is complete."""

    context: str | None
    chips: list[str] = Field(description="words of the turn before, each of which can be taken away")

    @classmethod
    def of(cls, chips: tuple[str, ...]) -> ContextResponse:
        return cls(context=" ".join(chips)[:MAX_CONTEXT] or None, chips=list(chips))


class DocumentIn(_Request):
    """A document to add, or to put in the place of the one with its id; what is not given is read off the text."""

    id: Id = Field(examples=["reports/2024/harbour"], description="a relative path: no empty, '.' or '..' segment")
    text: Annotated[str, Field(min_length=1)] = Field(examples=["The harbour was opened on 4 May 1987."])
    title: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    author: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    date: IsoDate | None = None
    source: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None


class SourceOut(BaseModel):
    """The document that something comes from."""

    document_id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None


def _source(source: Source) -> dict[str, Any]:
    return {name: getattr(source, name) for name in SourceOut.model_fields}


class PlaceOut(BaseModel):
    """`text[start:end]` of the document, in code points; the `_utf16` pair counts as JavaScript does."""

    start: int
    end: int
    start_utf16: int
    end_utf16: int


def _place(piece: Slice) -> dict[str, Any]:
    a, b = piece.span, piece.span_utf16
    return {"start": a.start, "end": a.end, "start_utf16": b.start, "end_utf16": b.end}


class SentenceOut(PlaceOut):
    text: str


class CitationOut(PlaceOut, SourceOut):
    """Words of a document, where they stand, and the sentence they stand in."""

    page: int | None
    quote: str
    sentence: SentenceOut
    document_sha256: str

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        return cls(
            **_source(citation.source),
            **_place(citation.quote),
            page=citation.page,
            quote=citation.quote.text,
            sentence=SentenceOut(text=citation.sentence.text, **_place(citation.sentence)),
            document_sha256=citation.source.sha256,
        )


class AnswerOut(BaseModel):
    text: str
    confidence: float = Field(description="the calibrated probability that the answer is right")
    also_in: list[CitationOut]
    citation: CitationOut

    @classmethod
    def of(cls, answer: Answer) -> AnswerOut:
        return cls(
            text=answer.text,
            confidence=answer.confidence,
            also_in=[CitationOut.of(citation) for citation in answer.also_in],
            citation=CitationOut.of(answer.citation),
        )


class CandidateOut(BaseModel):
    text: str
    score: float
    citation: CitationOut

    @classmethod
    def of(cls, candidate: Candidate) -> CandidateOut:
        return cls(text=candidate.text, score=candidate.score, citation=CitationOut.of(candidate.citation))


class ConflictOut(CandidateOut):
    newer: bool = Field(description="whether its source is of a later day than the answer's; false if one is undated")

    @classmethod
    def beside(cls, candidate: Candidate, answer: Answer) -> ConflictOut:
        newer = candidate.citation.newer_than(answer.citation)
        return cls(**CandidateOut.of(candidate).model_dump(), newer=newer)


class ReasonOut(BaseModel):
    code: Literal["no_evidence", "not_in_the_sources", "filtered_out"]
    message: str
    confidence: float | None
    threshold: float

    @classmethod
    def of(cls, reason: Reason) -> ReasonOut:
        return cls(code=reason.code, message=reason.message, confidence=reason.confidence, threshold=reason.threshold)


class EvidenceOut(PlaceOut, SourceOut):
    passage_id: str
    text: str
    score: float = Field(
        description="of retrieval, at most 1; an answer's evidence is in the order that reading gave it"
    )
    dense_rank: int | None
    lexical_rank: int | None
    also_in: list[str] = Field(description="ids of documents with a copy of this passage, which stands for them")

    @classmethod
    def of(cls, found: Found) -> EvidenceOut:
        evidence = found.evidence
        return cls(
            **_source(found.source),
            **_place(found.place),
            passage_id=evidence.passage.id,
            text=found.place.text,
            score=evidence.score,
            dense_rank=evidence.dense_rank,
            lexical_rank=evidence.lexical_rank,
            also_in=list(dict.fromkeys(copy.document_id for copy in evidence.copies)),
        )


class TimingOut(BaseModel):
    """Words of the question that name a time. A preference reorders near-ties; a filter leaves out sources of other
    days, but no undated ones; "newest" prefers the newer, and has no days."""

    text: str
    start: int
    end: int
    date_from: date | None
    date_to: date | None
    use: Literal["prefer", "filter", "newest"]

    @classmethod
    def of(cls, timing: Timing) -> TimingOut:
        span = timing.span
        return cls(
            text=timing.text,
            start=span.start,
            end=span.end,
            date_from=timing.date_from,
            date_to=timing.date_to,
            use=timing.use,
        )


class DatesOut(BaseModel):
    understood: list[TimingOut]
    applied: bool = Field(description="false where nothing was understood, `use_dates` is off or `filters` name days")

    @classmethod
    def of(cls, dates: Dates) -> DatesOut:
        return cls(understood=[TimingOut.of(timing) for timing in dates.understood], applied=dates.applied)


class IndexOut(BaseModel):
    documents: int
    passages: int
    embedder: str

    @classmethod
    def of(cls, index: Searched) -> IndexOut:
        return cls(documents=index.documents, passages=index.passages, embedder=index.embedder)


class AskResponse(BaseModel):
    question: str
    answered: bool
    answer: AnswerOut | None
    reason: ReasonOut | None
    alternatives: list[CandidateOut]
    conflicts: list[ConflictOut]
    evidence: list[EvidenceOut]
    dates: DatesOut
    index: IndexOut
    timing_ms: dict[str, float] = Field(description="of each stage; 0 but for `total` where the same was asked before")

    @classmethod
    def of(cls, response: Response, index: Searched) -> AskResponse:
        return cls(
            question=response.question,
            answered=response.answered,
            answer=AnswerOut.of(response.answer) if response.answer else None,
            reason=ReasonOut.of(response.reason) if response.reason else None,
            alternatives=[CandidateOut.of(candidate) for candidate in response.alternatives],
            conflicts=[ConflictOut.beside(one, response.answer) for one in response.conflicts if response.answer],
            evidence=[EvidenceOut.of(found) for found in response.evidence],
            dates=DatesOut.of(response.dates),
            index=IndexOut.of(index),
            timing_ms={name: round(value, 2) for name, value in response.timing_ms.items()},
        )


class SearchResponse(BaseModel):
    question: str
    evidence: list[EvidenceOut]
    index: IndexOut
    timing_ms: dict[str, float]

    @classmethod
    def of(cls, question: str, found: list[Found], milliseconds: float, index: Searched) -> SearchResponse:
        return cls(
            question=question,
            evidence=[EvidenceOut.of(item) for item in found],
            index=IndexOut.of(index),
            timing_ms={"retrieve": round(milliseconds, 2), "total": round(milliseconds, 2)},
        )


class _DocumentFields(BaseModel):
    id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    file_sha256: str
    encoding: str


class DocumentSummary(_DocumentFields):
    length: int = Field(description="code points of the text")
    passages: int

    @classmethod
    def of(cls, summary: Summary) -> DocumentSummary:
        return cls(**summary._asdict())


class DocumentList(BaseModel):
    documents: list[DocumentSummary]
    next_cursor: str | None
    total: int


class BoilerplateOut(BaseModel):
    start: int
    end: int


class DocumentOut(_DocumentFields):
    boilerplate: list[BoilerplateOut] = Field(description="ranges that are never indexed nor answered with")
    text: str

    @classmethod
    def of(cls, document: Document) -> DocumentOut:
        return cls(
            **{name: getattr(document, name) for name in _DocumentFields.model_fields},
            boilerplate=[BoilerplateOut(start=span.start, end=span.end) for span in document.boilerplate],
            text=document.text,
        )


class SentenceIn(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    text: str
    start: Annotated[int, Field(ge=0)]


class CitationIn(BaseModel):
    """A citation as it was given out; fields that do not matter for it may be there or not."""

    model_config = ConfigDict(strict=True, frozen=True)
    document_id: Id
    document_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    quote: Annotated[str, Field(min_length=1)]
    sentence: SentenceIn | None = None

    @model_validator(mode="after")
    def _as_long_as_its_quote(self) -> CitationIn:
        if self.end - self.start != len(self.quote):
            raise ValueError(f"end - start is {self.end - self.start}, the quote has {len(self.quote)} code points")
        return self


_CITATION = {
    "document_id": "002_73ec0a3e5fd5a0e3",
    "document_sha256": "0" * 64,
    "start": 10,
    "end": 20,
    "quote": "ten digits",
    "sentence": {"text": "There are ten digits.", "start": 0},
}


class VerifyRequest(_Request):
    citation: CitationIn = Field(examples=[_CITATION])

    def claim(self) -> Claim:
        c = self.citation
        sentence = c.sentence or SentenceIn(text="", start=0)
        return Claim(c.document_id, c.document_sha256, c.start, c.end, c.quote, sentence.text, sentence.start)


class VerifyResponse(BaseModel):
    """`citation` is the one that holds now (valid, moved); `nearest` the most similar sentence (changed), if any is."""

    status: Literal["valid", "moved", "changed", "gone"]
    citation: CitationOut | None
    nearest: CitationOut | None

    @classmethod
    def of(cls, verdict: Verdict) -> VerifyResponse:
        return cls(
            status=verdict.status,
            citation=CitationOut.of(verdict.citation) if verdict.citation else None,
            nearest=CitationOut.of(verdict.nearest) if verdict.nearest else None,
        )


class Health(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    index: IndexOut
    versions: dict[str, str]
    writing: bool = Field(description="whether the caller may add and remove documents")
    authentication: bool = Field(description="whether a key is needed")


def cursor(document_id: str) -> str:
    """An opaque mark for "everything after this document"."""
    return base64.urlsafe_b64encode(document_id.encode()).decode()


def after(mark: str) -> str:
    """The document id inside a cursor.

    Raises:
        ValueError: if it is no cursor.
    """
    try:
        return base64.b64decode(mark.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise ValueError("must be the next_cursor of an earlier page") from None

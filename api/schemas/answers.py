"""What a question is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from citeqa.api.schemas.citations import CitationOut
from citeqa.api.schemas.evidence import EvidenceOut
from citeqa.index.protocols import SearchIndex
from citeqa.rag.timing.expressions import Timing
from citeqa.rag.types import Alternative, Answer, CitedPassage, Dates, Guess, Reason, Response


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


class AlternativeOut(BaseModel):
    text: str
    score: float
    citation: CitationOut

    @classmethod
    def of(cls, alternative: Alternative) -> AlternativeOut:
        return cls(text=alternative.text, score=alternative.score, citation=CitationOut.of(alternative.citation))


class GuessOut(AlternativeOut):
    confidence: float = Field(description="the calibrated probability that the guess is right")

    @classmethod
    def likely(cls, guess: Guess) -> GuessOut:
        citation = CitationOut.of(guess.citation)
        return cls(text=guess.text, score=guess.score, confidence=guess.confidence, citation=citation)


class ConflictOut(AlternativeOut):
    newer: bool = Field(description="whether its source has a later date than the answer's; false if either has none")

    @classmethod
    def beside(cls, alternative: Alternative, answer: Answer) -> ConflictOut:
        newer = alternative.citation.newer_than(answer.citation)
        return cls(**AlternativeOut.of(alternative).model_dump(), newer=newer)


class ReasonOut(BaseModel):
    code: Literal["no_evidence", "not_in_the_sources", "filtered_out"]
    message: str
    confidence: float | None
    threshold: float

    @classmethod
    def of(cls, reason: Reason) -> ReasonOut:
        return cls(code=reason.code, message=reason.message, confidence=reason.confidence, threshold=reason.threshold)


class TimingOut(BaseModel):
    """Words of the question that name a time. "prefer" reorders near-ties; "filter" leaves out sources of other days,
    but not those without a date; "newest" prefers newer sources, and has no days."""

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
    applied: bool = Field(
        description="false if the question names no times, `use_dates` is false or `filters` name days"
    )

    @classmethod
    def of(cls, dates: Dates) -> DatesOut:
        return cls(understood=[TimingOut.of(timing) for timing in dates.understood], applied=dates.applied)


class IndexOut(BaseModel):
    documents: int
    passages: int
    embedder: str
    change: int = Field(description="the number of the latest change that is shown; 0 if there was none")

    @classmethod
    def of(cls, index: SearchIndex) -> IndexOut:
        return cls(
            documents=index.document_count,
            passages=index.passage_count,
            embedder=index.embedder_name,
            change=index.change,
        )


class AskResponse(BaseModel):
    question: str
    answered: bool
    answer: AnswerOut | None
    reason: ReasonOut | None
    alternatives: list[AlternativeOut]
    conflicts: list[ConflictOut]
    guesses: list[GuessOut] = Field(
        description="up to three candidates that were not sure enough, most likely first; empty if there is an answer"
    )
    evidence: list[EvidenceOut]
    dates: DatesOut
    index: IndexOut
    timing_ms: dict[str, float] = Field(description="of each stage; only `total` is not 0 if the answer was cached")

    @classmethod
    def of(cls, response: Response, index: SearchIndex) -> AskResponse:
        return cls(
            question=response.question,
            answered=response.answered,
            answer=AnswerOut.of(response.answer) if response.answer else None,
            reason=ReasonOut.of(response.reason) if response.reason else None,
            alternatives=[AlternativeOut.of(alternative) for alternative in response.alternatives],
            conflicts=[ConflictOut.beside(one, response.answer) for one in response.conflicts if response.answer],
            guesses=[GuessOut.likely(guess) for guess in response.guesses],
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
    def of(
        cls, question: str, found: Sequence[CitedPassage], milliseconds: float, index: SearchIndex
    ) -> SearchResponse:
        return cls(
            question=question,
            evidence=[EvidenceOut.of(item) for item in found],
            index=IndexOut.of(index),
            timing_ms={"retrieve": round(milliseconds, 2), "total": round(milliseconds, 2)},
        )

    @classmethod
    def kept(cls, answered: AskResponse) -> SearchResponse:
        """The passages of an answer that was kept; nothing was searched for it."""
        nothing = {"retrieve": 0.0, "total": 0.0}
        return cls(question=answered.question, evidence=answered.evidence, index=answered.index, timing_ms=nothing)

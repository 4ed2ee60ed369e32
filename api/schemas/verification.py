"""Verification of citations."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from citeqa.api.schemas.base import Id, StrictModel
from citeqa.api.schemas.citations import CitationOut
from citeqa.rag.citation.verification import Claim, Verdict


class SentenceIn(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    text: str
    start: Annotated[int, Field(ge=0)]


class CitationIn(BaseModel):
    """A citation as it was issued. Other fields of citations may be present and are ignored."""

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


class VerifyRequest(StrictModel):
    citation: CitationIn = Field(examples=[_CITATION])

    def claim(self) -> Claim:
        c = self.citation
        sentence = c.sentence or SentenceIn(text="", start=0)
        return Claim(c.document_id, c.document_sha256, c.start, c.end, c.quote, sentence.text, sentence.start)


class VerifyResponse(BaseModel):
    """`citation` is the one that holds now (valid, moved); `nearest` is the most similar sentence (changed), if there
    is one."""

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

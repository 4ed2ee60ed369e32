"""What users say of answers: right, wrong, should have been found. Kept as a question set that can be evaluated on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, model_validator

from citeqa.api.http.routes.questions import POSTED, Writing, json_only, problems
from citeqa.api.schemas import Id, Text
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Span
from citeqa.rag.evaluation.append import append_row
from citeqa.rag.evaluation.judgements import DocumentSpan, judgement_row

FILE = "feedback.jsonl"  # in the data folder


class PlaceIn(BaseModel):
    """Words of a document, as an answer, an alternative or marked text cites them: `text[start:end] == quote`, in code
    points of the document's text, whose SHA-256 is `document_sha256`."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    document_id: Id
    document_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    quote: Annotated[str, Field(min_length=1)]


class Feedback(BaseModel):
    """What somebody says of what came back for a question.

        {"question": str, "verdict": "right" | "wrong" | "missing",
         "citation": {"document_id", "document_sha256", "start", "end", "quote"} | null}

    right: `citation` is an accepted answer; it must be given. wrong: `citation` is no answer; null says it of whatever
    came back. missing: `citation` should have been found; null says that no document answers the question.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"question": "Who opened the harbour?", "verdict": "missing", "citation": None}]
        },
    )
    question: Text
    verdict: Literal["right", "wrong", "missing"]
    citation: PlaceIn | None

    @model_validator(mode="after")
    def _cited_if_right(self) -> Feedback:
        if self.verdict == "right" and self.citation is None:
            raise ValueError("a right answer must be cited")
        return self


router = APIRouter(prefix="/api")


@router.post(
    "/feedback",
    status_code=204,
    dependencies=[Depends(json_only)],
    responses=POSTED | problems(403, 507),
)
def feedback(body: Feedback, service: Writing) -> None:
    """Say that an answer is right or wrong, or that a place should have been found: kept, on the disk, as a row of
    `feedback.jsonl` in the data folder, which `citeqa evaluate` reads. Only where writing is enabled."""
    index = service.now.index
    places = [_place(index, body.citation)] if body.citation else []
    append_row(index.folder / FILE, judgement_row(body.question, body.verdict, places))


def _place(index: Index, given: PlaceIn) -> DocumentSpan:
    """The place that is cited.

    Raises:
        RequestValidationError: if the document is not there, is another text by now, or has other words at the place.
    """
    try:
        document = index.document(given.document_id)
    except UnknownDocumentError:
        raise _invalid("document_id", "no such document") from None
    if document.sha256 != given.document_sha256:
        raise _invalid("document_sha256", "the document has another text by now")
    if given.start >= given.end or document.text[given.start : given.end] != given.quote:
        raise _invalid("quote", "these words do not stand at this place of the document")
    return DocumentSpan(document, Span(given.start, given.end))


def _invalid(field: str, message: str) -> RequestValidationError:
    fault: dict[str, Any] = {"type": "value_error", "loc": ("body", "citation", field), "msg": message}
    return RequestValidationError([fault])

"""Feedback on answers. It is kept as a question set, which `citeqa evaluate` can read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid
from citeqa.api.http.routes.shared import ASKED, CITED_SEED, POSTED, Writing, example, json_only, problems
from citeqa.api.schemas import Feedback, PlaceIn
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.protocols import DocumentStore
from citeqa.index.types import Span
from citeqa.rag.evaluation.judgements import DocumentSpan, judgement_row

router = APIRouter(prefix="/api", tags=["Feedback"])


@router.post(
    "/feedback",
    status_code=204,
    dependencies=[Depends(json_only)],
    responses=POSTED | problems(403, 507),
)
@Needs(key="write", turn="write")
def feedback(
    body: Annotated[Feedback, example(question=ASKED, verdict="right", citation=CITED_SEED)],
    service: Writing,
) -> None:
    """Say that an answer is right or wrong, or that a place should have been found. It is stored as a row of
    `feedback.jsonl` in the data folder, which `citeqa evaluate` reads; where machines share an index, in its store,
    from which `citeqa export feedback.jsonl --feedback` fetches it. Only where writing is enabled."""
    index = service.now.index
    places = [_place(index, body.citation)] if body.citation else []
    row = judgement_row(body.question, body.verdict, places)
    service.keep_feedback(row, [place.document.id for place in places])


def _place(documents: DocumentStore, given: PlaceIn) -> DocumentSpan:
    """The place that is cited.

    Raises:
        RequestValidationError: if there is no such document, its text has changed, or other words stand at the place.
    """
    try:
        document = documents.document_view(given.document_id)
    except UnknownDocumentError:
        raise _not_cited("document_id", "no such document") from None
    if document.sha256 != given.document_sha256:
        raise _not_cited("document_sha256", "the document has another text by now")
    if given.start >= given.end or document.text[given.start : given.end] != given.quote:
        raise _not_cited("quote", "these words do not stand at this place of the document")
    return DocumentSpan(document, Span(given.start, given.end))


def _not_cited(field: str, message: str) -> Exception:
    return invalid(("body", "citation", field), message)

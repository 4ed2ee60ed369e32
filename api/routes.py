"""The routes of the HTTP contract. Plain `def`: the framework runs them in threads, off the event loop."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError

from api import schemas
from api.errors import Problem
from api.living import LivingService
from api.posted import posted
from api.schemas import (
    AskRequest,
    AskResponse,
    ContextRequest,
    ContextResponse,
    DocumentList,
    DocumentOut,
    Health,
    Ready,
    SearchRequest,
    SearchResponse,
    VerifyRequest,
    VerifyResponse,
)
from api.service import Service, versions
from index.types import Filters
from rag.followup import carried
from rag.verify import verify as compare


def _service(request: Request) -> Service:
    """The service as it is now; one request sees one state of the index."""
    service: Service = request.app.state.service.now
    return service


def _living(request: Request) -> LivingService:
    """The service that may write.

    Raises:
        HTTPException: 403, unless writing was switched on, and to what a page of another site sends.
    """
    if not request.app.state.writing:
        raise HTTPException(403, "Documents cannot be changed here. To allow it, serve with --writing.")
    origin = request.headers.get("origin")
    if origin and urlsplit(origin).netloc != request.headers.get("host"):
        raise HTTPException(403, "Documents can only be changed by the service's own page and by programs.")
    service: LivingService = request.app.state.service
    return service


def _json_only(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "The body must be JSON, with the header Content-Type: application/json.")


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status: {"description": "what is wrong (RFC 9457)", "content": content} for status in statuses}


Loaded = Annotated[Service, Depends(_service)]
Writing = Annotated[LivingService, Depends(_living)]
router = APIRouter(prefix="/api")
_POSTED = _problems(400, 413, 415, 422)


@router.post("/ask", dependencies=[Depends(_json_only)], responses=_POSTED)
def ask(body: AskRequest, service: Loaded) -> AskResponse:
    """Answer a question in the documents' own words, or say that they do not."""
    response = service.answerer.ask(
        body.question,
        k=body.k,
        filters=_filters(body),
        min_confidence=body.min_confidence,
        context=body.context,
        today=body.today,
        use_dates=body.use_dates,
    )
    return AskResponse.of(response, service.index)


@router.post("/search", dependencies=[Depends(_json_only)], responses=_POSTED)
def search(body: SearchRequest, service: Loaded) -> SearchResponse:
    """The passages nearest to a question, best first."""
    found, milliseconds = service.answerer.search(
        body.question, k=body.k, filters=_filters(body), today=body.today, use_dates=body.use_dates
    )
    return SearchResponse.of(body.question, found, milliseconds, service.index)


@router.post("/context", dependencies=[Depends(_json_only)], responses=_POSTED)
def context(body: ContextRequest) -> ContextResponse:
    """What a follow-up question carries over from the turn before, to be sent with it as `context` of /api/ask."""
    return ContextResponse.of(carried(body.question, body.previous.turn()))


def _filters(body: SearchRequest) -> Filters | None:
    return body.filters.filters() if body.filters else None


@router.get("/documents", responses=_problems(422))
def documents(
    service: Loaded,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[str | None, Query(max_length=1000, description="next_cursor of the page before")] = None,
    q: Annotated[str, Query(max_length=200, description="part of an id, a title, an author or a source")] = "",
) -> DocumentList:
    """The documents of the index, without their texts, in order of their ids."""
    try:
        start = schemas.after(cursor) if cursor else ""
    except ValueError as error:
        fault = {"type": "value_error", "loc": ("query", "cursor"), "msg": str(error)}
        raise RequestValidationError([fault]) from None
    found, total = service.index.summaries(limit + 1, start, q)
    page = found[:limit]
    following = schemas.cursor(page[-1].id) if len(found) > limit else None
    return DocumentList(
        documents=[schemas.DocumentSummary.of(item) for item in page], next_cursor=following, total=total
    )


@router.get("/documents/{document_id:path}", responses=_problems(404))
def document(document_id: str, service: Loaded) -> DocumentOut:
    """One document: its text, in which every offset counts, and what is known about it."""
    return DocumentOut.of(service.index.document(document_id))


@router.post("/documents", status_code=201, responses=_problems(400, 403, 413, 415, 422, 503))
async def put(request: Request, response: Response, service: Writing) -> DocumentOut:
    """Add a document, or replace the one with its id (status 200): JSON as described, or a file as multipart/form-data
    in the field `file`. It is found by the next question."""
    document = await posted(request)
    if not await run_in_threadpool(service.put, document):
        response.status_code = 200
    return DocumentOut.of(document)


@router.delete("/documents/{document_id:path}", status_code=204, responses=_problems(403, 404, 503))
def remove(document_id: str, service: Writing) -> None:
    """Delete a document: its text is gone for good, only its digest stays in a log."""
    service.remove(document_id)


@router.post("/verify", dependencies=[Depends(_json_only)], responses=_POSTED)
def verify(body: VerifyRequest, service: Loaded) -> VerifyResponse:
    """Whether a citation still holds: valid, moved, changed or gone."""
    return VerifyResponse.of(compare(service.index, body.claim()))


@router.get("/health")
def health() -> Health:
    """The process is alive."""
    return Health()


@router.get("/ready", responses=_problems(503))
def ready(service: Loaded) -> Ready:
    """The service can answer: a search through model and indexes has just worked."""
    try:
        service.answerer.search("ready", k=1)
    except Exception as error:
        raise HTTPException(503, "The service cannot search now; its log says why.") from error
    return Ready(index=schemas.IndexOut.of(service.index), versions=versions())

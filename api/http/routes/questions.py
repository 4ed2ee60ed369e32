"""The routes of the HTTP contract. Plain `def`: the framework runs them in threads, off the event loop."""

from __future__ import annotations

import logging
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError

from citeqa.api import schemas
from citeqa.api.http.request_log import request_info
from citeqa.api.http.uploads import BODY, posted
from citeqa.api.live import LiveService
from citeqa.api.schemas import (
    PROBLEM,
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
from citeqa.api.service import Service, versions
from citeqa.api.settings import Settings
from citeqa.rag.citation.verification import verify as compare
from citeqa.rag.followup import carried
from citeqa.rag.options import AskOptions

log = logging.getLogger(__name__)


def _service(request: Request) -> Service:
    """The service as it is now; one request sees one state of the index."""
    service: Service = request.app.state.service.now
    return service


def _living(request: Request) -> LiveService:
    """The service that may write.

    Raises:
        HTTPException: 403, unless writing was switched on, and to what a page of another site sends.
    """
    if not request.app.state.writing:
        raise HTTPException(403, "Documents cannot be changed here. To allow it, serve with --writing.")
    settings: Settings = request.app.state.settings
    origin = request.headers.get("origin")
    own = origin is None or origin in settings.allowed_origins
    if not own and urlsplit(origin or "").netloc != request.headers.get("host"):
        raise HTTPException(403, "Documents can only be changed by the service's own page and by programs.")
    service: LiveService = request.app.state.service
    return service


def json_only(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "The body must be JSON, with the header Content-Type: application/json.")


def check_length(question: str, request: Request, where: tuple[str | int, ...] = ("body", "question")) -> None:
    """Hold a question to the length that the settings allow, which may be less than the contract does.

    Raises:
        RequestValidationError: if it is longer.
    """
    most = request.app.state.settings.max_question
    if len(question) > most:
        message = f"String should have at most {most} characters"
        raise RequestValidationError([{"type": "string_too_long", "loc": where, "msg": message}])


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {status: {"description": "what is wrong (RFC 9457)", "content": content} for status in statuses}


Loaded = Annotated[Service, Depends(_service)]
Writing = Annotated[LiveService, Depends(_living)]
DocumentId = Annotated[str, Path(examples=["002_73ec0a3e5fd5a0e3"])]
router = APIRouter(prefix="/api")
GUARDED = problems(401, 421, 429)  # what any route may answer, by the settings
POSTED = GUARDED | problems(400, 408, 413, 415, 422, 503)


@router.post("/ask", dependencies=[Depends(json_only)], responses=POSTED)
def ask(body: AskRequest, service: Loaded, request: Request) -> AskResponse:
    """Answer a question in the documents' own words, or say that they do not."""
    check_length(body.question, request)
    return answered(body, service, request)


def answered(body: AskRequest, service: Service, request: Request) -> AskResponse:
    """The answer to one question, which is counted."""
    response, kept = service.ask(body.question, body.options())
    request_info(request.scope).answered(response, kept)
    return response


@router.post("/search", dependencies=[Depends(json_only)], responses=POSTED)
def search(body: SearchRequest, service: Loaded, request: Request) -> SearchResponse:
    """The passages nearest to a question, best first."""
    check_length(body.question, request)
    request_info(request.scope).questions.append(body.question)
    return service.search(body.question, body.options())


@router.post("/context", dependencies=[Depends(json_only)], responses=POSTED)
def context(body: ContextRequest, request: Request) -> ContextResponse:
    """What a follow-up question carries over from the turn before, to be sent with it as `context` of /api/ask."""
    check_length(body.question, request)
    return ContextResponse.of(carried(body.question, body.previous.turn()))


@router.get("/documents", responses=GUARDED | problems(422))
def documents(
    service: Loaded,
    limit: Annotated[int, Query(ge=1, le=1000, examples=[50])] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="next_cursor of the page before", examples=["MDAy"])
    ] = None,
    q: Annotated[
        str, Query(max_length=200, description="part of an id, a title, an author or a source", examples=["rubio"])
    ] = "",
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


@router.get("/documents/{document_id:path}", responses=GUARDED | problems(404, 422))
def document(document_id: DocumentId, service: Loaded) -> DocumentOut:
    """One document: its text, in which every offset counts, and what is known about it."""
    return DocumentOut.of(service.index.document(document_id))


@router.post(
    "/documents",
    status_code=201,
    responses={200: {"model": DocumentOut, "description": "replaced"}, **POSTED, **problems(403, 507)},
    openapi_extra={"requestBody": BODY},
)
async def put(request: Request, response: Response, service: Writing) -> DocumentOut:
    """Add a document, or replace the one with its id (status 200): JSON as described, or a file as multipart/form-data
    in the field `file`. It is found by the next question."""
    document = await posted(request)
    if await run_in_threadpool(service.put, document):
        response.headers["Location"] = f"/api/documents/{quote(document.id)}"
    else:
        response.status_code = 200
    return DocumentOut.of(document)


@router.delete("/documents/{document_id:path}", status_code=204, responses=GUARDED | problems(403, 404, 422, 503, 507))
def remove(document_id: DocumentId, service: Writing) -> None:
    """Delete a document: its text is gone for good, only its digest stays in a log."""
    service.remove(document_id)


@router.post("/verify", dependencies=[Depends(json_only)], responses=POSTED)
def verify(body: VerifyRequest, service: Loaded) -> VerifyResponse:
    """Whether a citation still holds: valid, moved, changed or gone."""
    return VerifyResponse.of(compare(service.index, body.claim()))


@router.get("/health", responses=problems(421))
def health() -> Health:
    """The process is alive."""
    return Health()


@router.get("/ready", responses=GUARDED | problems(503))
def ready(service: Loaded, request: Request) -> Ready:
    """The service can answer: a search through model and indexes, and the reading of what was found, just worked."""
    try:
        found, _ = service.answerer.search("ready", AskOptions(k=1))
        service.answerer.candidates("ready", [item.evidence for item in found])
    except Exception as error:
        log.exception("not ready")
        raise HTTPException(503, "The service cannot answer now; its log says why.") from error
    keys = request.app.state.settings.authentication
    return Ready(
        index=schemas.IndexOut.of(service.index),
        versions=versions(),
        writing=request.app.state.writing and (not keys or request_info(request.scope).right == "write"),
        authentication=keys,
    )

"""Documents: listed, fetched, added, replaced and removed."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import IO, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Header, HTTPException, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from citeqa.api.http import uploads
from citeqa.api.http.document_response import document_response
from citeqa.api.http.events import EVENTS, EventStream, wants_events
from citeqa.api.http.freshness import with_change
from citeqa.api.http.needs import Needs
from citeqa.api.http.originals import has_original
from citeqa.api.http.problems import invalid
from citeqa.api.http.routes.shared import CHANGE, CHANGED, LOOKED, POSTED, Loaded, MinChange, Writing, problems
from citeqa.api.http.storing import stored_in_steps
from citeqa.api.live import LiveService, Stored
from citeqa.api.schemas import (
    MAX_FACETS,
    DocumentList,
    DocumentOut,
    DocumentStored,
    DocumentSummary,
    FacetsOut,
    decode_cursor,
    decode_place,
    encode_cursor,
    encode_place,
)
from citeqa.api.schemas.base import Folder, IsoDate
from citeqa.index.protocols import DocumentStore, OpenIndex, Progress
from citeqa.index.types import Document, Filters, Order, Summary

router = APIRouter(prefix="/api", tags=["Documents"])
_REPLACED: dict[str, Any] = {
    "model": DocumentStored,
    "description": "replaced; or events, where the request accepts `text/event-stream` first: `progress` (StoringOut), "
    "then `stored` (StoredOut), or `problem` (Problem)",
    "content": {EVENTS: {"schema": {"type": "string"}}},
}
DocumentId = Annotated[str, Path(examples=["002_73ec0a3e5fd5a0e3"])]
DeletedId = Annotated[str, Path(examples=[uploads.EXAMPLE["id"]])]


@router.get("/documents", responses=LOOKED | problems(422))
@Needs(key="read", turn="look")
def list_documents(
    service: Loaded,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=1000, examples=[50])] = 50,
    cursor: Annotated[
        str | None, Query(max_length=1000, description="next_cursor of the page before", examples=["MDAy"])
    ] = None,
    q: Annotated[
        str, Query(max_length=200, description="part of an id, a title, an author or a source", examples=["rubio"])
    ] = "",
    sort: Annotated[
        Literal["id", "title", "date", "added", "source"],
        Query(description="by date and when added the latest first; unknown dates and sources last", examples=["id"]),
    ] = "id",
    folder: Annotated[Folder | None, Query(description="only those in this folder", examples=["reports/2024"])] = None,
    source: Annotated[
        str | None, Query(min_length=1, max_length=500, description="only those of this source", examples=["Reuters"])
    ] = None,
    date_from: Annotated[IsoDate | None, Query(description="first day, included", examples=["2026-01-01"])] = None,
    date_to: Annotated[IsoDate | None, Query(description="last day, included", examples=["2026-12-31"])] = None,
    min_change: MinChange = None,
) -> DocumentList:
    """List the documents of the index, without their texts, in order of their ids or as `sort` says. A cursor holds for
    the order that it was given for."""
    service = with_change(service, min_change, request)
    if date_from and date_to and date_from > date_to:
        raise invalid(("query", "date_from"), "is after date_to")
    filters = Filters(None, source, date_from, date_to, folders=frozenset([folder]) if folder else None)
    try:
        page, following, total = _page(service.index, sort, limit, cursor, q, filters)
    except ValueError as error:
        raise invalid(("query", "cursor"), str(error)) from None
    return DocumentList(documents=[DocumentSummary.of(item) for item in page], next_cursor=following, total=total)


def _page(
    index: DocumentStore, sort: Order | Literal["id"], limit: int, cursor: str | None, contains: str, filters: Filters
) -> tuple[list[Summary], str | None, int]:
    """A page of documents, the cursor of the next one, and how many documents there are.

    Raises:
        ValueError: if the cursor is none of that order.
    """
    if sort == "id":
        found, total = index.summaries(limit + 1, decode_cursor(cursor) if cursor else "", contains, filters)
        page = found[:limit]
        return page, encode_cursor(page[-1].id) if len(found) > limit else None, total
    after = decode_place(cursor, sort) if cursor else None
    keyed, total = index.sorted_summaries(sort, limit + 1, after, contains, filters)
    page = [summary for _, summary in keyed[:limit]]
    following = encode_place(sort, keyed[limit - 1][0], page[-1].id) if len(keyed) > limit else None
    return page, following, total


@router.get("/facets", responses=LOOKED)
@Needs(key="read", turn="look")
def facets(service: Loaded) -> FacetsOut:
    """Count the documents by folder (the top level and the one below), source and year."""
    return FacetsOut.of(service.index.facets(MAX_FACETS))


@router.get("/documents/{document_id:path}", response_model=DocumentOut, responses=LOOKED | problems(404, 422, 507))
@Needs(key="read", turn="look")
def get_document(document_id: DocumentId, service: Loaded, request: Request, min_change: MinChange = None) -> Response:
    """Give one document: its text, in which every offset counts, and what is known about it."""
    index = with_change(service, min_change, request).index
    document = index.document(document_id)
    return document_response(document, original=_is_given(request, index, document))


def _is_given(request: Request, index: OpenIndex, document: Document) -> bool:
    """Whether the file that a document came from can be fetched."""
    state = request.app.state
    return bool(state.settings.originals) and has_original(index, document, state.originals)


@router.post(
    "/documents",
    status_code=201,
    response_model=DocumentStored,
    responses={200: _REPLACED, **POSTED, **problems(403, 412, 507)},
    openapi_extra={"requestBody": uploads.BODY},
)
@Needs(key="write", upload=True, turn="write")
async def add_document(
    request: Request,
    service: Writing,
    if_none_match: Annotated[
        Literal["*"] | None, Header(description="`*`: refuse to replace a document", examples=["*"])
    ] = None,
) -> Response:
    """Add a document (status 201), or replace the one with its id (status 200; `replaced` is the digest of its text):
    JSON as described, or a file as multipart/form-data in the field `file`. With `If-None-Match: *` nothing is
    replaced. The next question finds it, whichever worker answers it; `change` is the number of this change.

    With the header `Accept: text/event-stream` the response tells how far it is: events `progress`, at last `stored`,
    or `problem`."""
    async with AsyncExitStack() as stack:
        document, file = await stack.enter_async_context(uploads.brought(request))
        original = file if request.app.state.settings.keep_originals else None
        store = partial(_store, service, document, if_none_match is not None, original)
        if wants_events(request):
            return EventStream(stored_in_steps(document, store), stack.pop_all().aclose)
        stored = await run_in_threadpool(store)
    status = 201 if stored.former is None else 200
    response = await run_in_threadpool(_added, request, service, document, status, stored)
    response.headers[CHANGE] = str(stored.change)
    if stored.former is None:
        response.headers["Location"] = f"/api/documents/{quote(document.id)}"
    return response


def _store(
    service: LiveService,
    document: Document,
    only_new: bool,
    original: IO[bytes] | None,
    progress: Progress | None = None,
) -> Stored:
    stored = service.store(document, only_new=only_new, original=original, progress=progress)
    if not stored.done:
        raise HTTPException(412, "There is a document with this id, and nothing is to be replaced.")
    return stored


def _added(request: Request, service: LiveService, document: Document, status: int, stored: Stored) -> Response:
    """The document as it was stored, and what the change was."""
    original = _is_given(request, service.now.index, document)
    more = {"replaced": stored.former, "change": stored.change}
    return document_response(document, status, original=original, more=more)


@router.delete(
    "/documents/{document_id:path}",
    status_code=204,
    responses=LOOKED | problems(403, 404, 422, 507) | {204: {"description": "deleted", "headers": CHANGED}},
)
@Needs(key="write", turn="write")
def delete_document(document_id: DeletedId, service: Writing, response: Response) -> None:
    """Delete a document. Its text is gone for good; only its digest stays in a log. The header `Citeqa-Change` is the
    number of this change."""
    response.headers[CHANGE] = str(service.remove(document_id))

"""Documents: listed, fetched, added, replaced and removed."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from citeqa.api.http import uploads
from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid
from citeqa.api.http.routes.shared import GUARDED, POSTED, Loaded, Writing, problems
from citeqa.api.schemas import DocumentList, DocumentOut, DocumentSummary, decode_cursor, encode_cursor

router = APIRouter(prefix="/api")
DocumentId = Annotated[str, Path(examples=["002_73ec0a3e5fd5a0e3"])]


@router.get("/documents", responses=GUARDED | problems(422))
@Needs(key="read")
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
        start = decode_cursor(cursor) if cursor else ""
    except ValueError as error:
        raise invalid(("query", "cursor"), str(error)) from None
    found, total = service.index.summaries(limit + 1, start, q)
    page = found[:limit]
    following = encode_cursor(page[-1].id) if len(found) > limit else None
    return DocumentList(documents=[DocumentSummary.of(item) for item in page], next_cursor=following, total=total)


@router.get("/documents/{document_id:path}", responses=GUARDED | problems(404, 422))
@Needs(key="read")
def document(document_id: DocumentId, service: Loaded) -> DocumentOut:
    """One document: its text, in which every offset counts, and what is known about it."""
    return DocumentOut.of(service.index.document(document_id))


@router.post(
    "/documents",
    status_code=201,
    responses={200: {"model": DocumentOut, "description": "replaced"}, **POSTED, **problems(403, 507)},
    openapi_extra={"requestBody": uploads.BODY},
)
@Needs(key="write", upload=True)
async def put(request: Request, response: Response, service: Writing) -> DocumentOut:
    """Add a document (status 201), or replace the one with its id (status 200): JSON as described, or a file as
    multipart/form-data in the field `file`. The next question finds it."""
    document = await uploads.document_of(request)
    if await run_in_threadpool(service.put, document):
        response.headers["Location"] = f"/api/documents/{quote(document.id)}"
    else:
        response.status_code = 200
    return DocumentOut.of(document)


@router.delete("/documents/{document_id:path}", status_code=204, responses=GUARDED | problems(403, 404, 422, 503, 507))
@Needs(key="write")
def remove(document_id: DocumentId, service: Writing) -> None:
    """Delete a document. Its text is gone for good; only its digest stays in a log."""
    service.remove(document_id)

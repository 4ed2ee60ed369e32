"""The files that documents came from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request, Response

from citeqa.api.http.needs import Needs
from citeqa.api.http.originals import PREFIX, open_original, original_response
from citeqa.api.http.routes.documents import DocumentId
from citeqa.api.http.routes.shared import LOOKED, Loaded, problems

router = APIRouter(prefix=PREFIX.rstrip("/"), tags=["Documents"])
_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{document_id:path}",
    response_class=Response,
    responses=LOOKED
    | problems(403, 404, 410, 416, 422)
    | {
        200: {"description": "the file", "content": {"application/pdf": _FILE, "application/octet-stream": _FILE}},
        206: {"description": "the range of it that was asked for"},
    },
)
@Needs(key="read", turn="look")
def get_original(
    document_id: DocumentId,
    service: Loaded,
    request: Request,
    range_: Annotated[str | None, Header(alias="Range", max_length=200, examples=["bytes=0-1023"])] = None,
    if_range: Annotated[str | None, Header(alias="If-Range", max_length=200, examples=['"b70d55f2"'])] = None,
) -> Response:
    """Give the file that a document came from, byte for byte, where the settings allow it: a PDF to be shown, so that
    `#page=3` behind the address leads to a page, everything else to be saved. 410 if the file is no longer the one that
    was read."""
    if not request.app.state.settings.originals:
        raise HTTPException(403, "Original files cannot be fetched here. To allow it, set CITEQA_ORIGINALS=true.")
    document = service.index.document_view(document_id)
    name, file = open_original(service.index, document, request.app.state.originals)
    return original_response(name, file, document.file_sha256, range_, if_range)

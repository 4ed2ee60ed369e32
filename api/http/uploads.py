"""Documents that a request brings, as JSON or as an uploaded file."""

from __future__ import annotations

import hashlib
import tempfile
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from citeqa.api.http.problems import invalid
from citeqa.api.schemas import DocumentIn
from citeqa.index.documents import corpus
from citeqa.index.documents.ids import check_id
from citeqa.index.errors import DocumentError
from citeqa.index.types import Document, Skipped

BODY: dict[str, Any] = {  # of a request, as OpenAPI describes it
    "required": True,
    "content": {
        "application/json": {"schema": DocumentIn.model_json_schema()},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "additionalProperties": False,
                "properties": {
                    "file": {
                        "type": "string",
                        "format": "binary",
                        "description": "a file of a format that `citeqa index` reads, with its name",
                    },
                    "id": {"type": "string", "description": "the file's name without its ending, if not given"},
                },
            }
        },
    },
}


async def document_of(request: Request) -> Document:
    """The document that a request brings.

    Raises:
        RequestValidationError: if the body is not a valid document.
        HTTPException: 415, if the body is neither JSON nor a form with a file.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await run_in_threadpool(_from_json, await request.body())
    if kind != "multipart/form-data":
        raise HTTPException(415, "The body must be JSON, or a form (multipart/form-data) with a file.")
    async with request.form(max_files=1, max_fields=100) as form:
        names = [name for name, _ in form.multi_items()]
        for name in names:
            if name not in ("file", "id"):
                raise _invalid((name,), "There is no such field.")
            if names.count(name) > 1:
                raise _invalid((name,), "must be given once")
        file, document_id = form.get("file"), form.get("id")
        if not isinstance(file, UploadFile) or not file.filename:
            raise _invalid(("file",), "must be an uploaded file with a name")
        if isinstance(document_id, UploadFile):
            raise _invalid(("id",), "must be text")
        if document_id is not None:
            _check_id(document_id)
        return await run_in_threadpool(_from_file, file.filename, await file.read(), document_id)


def _from_json(body: bytes) -> Document:
    try:
        given = DocumentIn.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([fault | {"loc": ("body", *fault["loc"])} for fault in error.errors()]) from None
    return from_text(given)


def from_text(given: DocumentIn, *where: str | int) -> Document:
    """A document from its text and metadata. Metadata that is not given is read from the text. `where` is its place in
    the body of the request.

    Raises:
        RequestValidationError: if it is not a valid document.
    """
    _check_id(given.id, *where)
    try:
        return corpus.document(
            given.id,
            given.text,
            file_sha256=hashlib.sha256(given.text.encode()).hexdigest(),
            title=given.title,
            author=given.author,
            published=given.date,
            source=given.source,
            url=given.url,
        )
    except DocumentError as error:
        raise _invalid((*where, "text"), str(error)) from None


def _from_file(name: str, data: bytes, document_id: str | None) -> Document:
    """A document from a file, read as the same file in a folder would be. Its id is `document_id`, or else the name
    without its ending."""
    name = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name)
    with tempfile.TemporaryDirectory(prefix="citeqa-") as folder:
        path = Path(folder, name)
        try:
            path.write_bytes(data)
        except (OSError, ValueError):
            raise _invalid(("file",), "its name cannot be a file's") from None
        found = _only(corpus.load_file(path, document_id or path.stem))
    if isinstance(found, Document):
        return found
    raise _invalid(("file",), found.reason)


def _check_id(document_id: str, *where: str | int) -> None:
    try:
        check_id(document_id)
    except DocumentError as error:
        message = str(error).replace(repr(document_id) + " ", "", 1)  # nothing of the request is repeated
        raise _invalid((*where, "id"), message) from None


def _only(items: Iterable[tuple[str, Document | Skipped]]) -> Document | Skipped:
    found = [item for _, item in items]
    return found[0] if len(found) == 1 else Skipped("", f"it holds {len(found)} documents; post them one by one")


def _invalid(where: tuple[str | int, ...], message: str) -> RequestValidationError:
    return invalid(("body", *where), message)

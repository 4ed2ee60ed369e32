"""Documents that a request brings, as JSON or as an uploaded file."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import IO, Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from citeqa.api.http.limits import FIELDS
from citeqa.api.http.problems import invalid, validated
from citeqa.api.schemas import DocumentIn
from citeqa.index.atomic import WINDOWS
from citeqa.index.documents import corpus
from citeqa.index.documents.ids import check_id, without_ending
from citeqa.index.errors import DocumentError
from citeqa.index.formats.choice import USUAL, Choice
from citeqa.index.types import Document, Skipped

EXAMPLE = {"id": "reports/2024/harbour", "text": "The harbour was opened on 4 May 1987."}
_PART = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{]', re.DOTALL)


def body_of(schema: dict[str, Any], minimal: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    """A request body as OpenAPI describes it: JSON of this schema with its least example, or a form with a file and
    these fields, each with what it says."""
    file = {
        "type": "string",
        "format": "binary",
        "description": "a file of a format that `citeqa index` reads, with its name",
    }
    others = {name: {"type": "string", "description": says} for name, says in fields.items()}
    form = {
        "type": "object",
        "required": ["file"],
        "additionalProperties": False,
        "properties": {"file": file, **others},
    }
    example = {"summary": "The least that is needed", "value": minimal}
    return {
        "required": True,
        "content": {
            "application/json": {"schema": schema, "examples": {"minimal": example}},
            "multipart/form-data": {"schema": form},
        },
    }


BODY = body_of(DocumentIn.model_json_schema(), EXAMPLE, {"id": "the file's name without its ending, if not given"})


@asynccontextmanager
async def brought(request: Request) -> AsyncIterator[tuple[Document, IO[bytes] | None]]:
    """The document that a request brings, and the file it was read from, if it is one.

    Raises:
        RequestValidationError: if the body is not a valid document.
        HTTPException: 415, if the body is neither JSON nor a form with a file.
    """
    if is_json(request):
        yield await run_in_threadpool(_from_json, await request.body()), None
        return
    async with file_of(request, {"file", "id"}) as found:
        yield found


def is_json(request: Request) -> bool:
    """Whether the body is JSON, not a form.

    Raises:
        HTTPException: 415, if it is neither.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in ("application/json", "multipart/form-data"):
        raise HTTPException(415, "The body must be JSON, or a form (multipart/form-data) with a file.")
    return kind == "application/json"


@asynccontextmanager
async def file_of(request: Request, fields: Collection[str]) -> AsyncIterator[tuple[Document, IO[bytes]]]:
    """The document in the file of a form that has no other fields than these, and the file.

    Raises:
        RequestValidationError: if the form is not valid, or the file cannot be read.
    """
    async with request.form(max_files=1, max_fields=100) as form:
        names = [name for name, _ in form.multi_items()]
        for name in names:
            if name not in fields:
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
        choice = replace(request.app.state.settings.choice, rows=False)  # a file that is uploaded is one document
        yield await run_in_threadpool(_from_file, file.filename, file.file, document_id, choice), file.file


def _from_json(body: bytes) -> Document:
    if _parts(body) > FIELDS:
        raise _invalid((), f"has more than {FIELDS} strings, lists and objects")
    return from_text(validated(DocumentIn, body))


def _parts(body: bytes) -> int:
    """How many strings, lists and objects there are in JSON; no more than one beyond the limit are counted, so that
    nothing is made of a body that only looks like a document. A document has fifteen at most."""
    return sum(1 for _ in islice(_PART.finditer(body), FIELDS + 1))


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


def _from_file(name: str, data: IO[bytes], document_id: str | None, choice: Choice = USUAL) -> Document:
    """A document from a file, read as the same file in a folder would be. Its id is `document_id`, or else the name
    without its ending."""
    name = unicodedata.normalize("NFC", PurePosixPath(name.replace("\\", "/")).name)
    with tempfile.TemporaryDirectory(prefix="citeqa-") as folder:
        path = Path(folder, name)
        if WINDOWS and ":" in name:  # another drive's folder, or a stream behind a file
            raise _invalid(("file",), "its name cannot be a file's")
        try:
            copy = path.open("wb")
        except (OSError, ValueError):
            raise _invalid(("file",), "its name cannot be a file's") from None
        with copy:
            shutil.copyfileobj(data, copy)
        found = _only(corpus.load_file(path, document_id or without_ending(path.name), choice=choice))
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
    """The only document there is; nothing is read after a second one."""
    few = [item for _, item in islice(items, 2)]
    return few[0] if len(few) == 1 else Skipped("", "it holds several documents; post them one by one")


def _invalid(where: tuple[str | int, ...], message: str) -> RequestValidationError:
    return invalid(("body", *where), message)

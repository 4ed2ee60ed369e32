"""A document as the response to a request, however long its text is."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from typing import IO, Any, cast

from starlette.responses import Response

from citeqa.api.http.limits import PIECE
from citeqa.api.http.transfer import FileResponse
from citeqa.api.schemas import DocumentOut
from citeqa.index.errors import StorageError
from citeqa.index.types import Document

_IN_MEMORY = 4 * PIECE  # bytes; what is longer goes through a file
_END = '""}'


def document_response(
    document: Document, status: int = 200, *, original: bool, more: Mapping[str, object] | None = None
) -> Response:
    """`DocumentOut` as JSON, with the fields of `more` behind it. A long one is written to a temporary file first:
    clients take as long as they like to read it, and nothing of it stays in memory meanwhile.

    Raises:
        StorageError: if the temporary folder is full.
    """
    head = DocumentOut.of(document, original=original, text="").model_dump_json()
    if not head.endswith(_END):
        raise RuntimeError("the text must be the last field of DocumentOut")
    file = cast(IO[bytes], tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="citeqa-"))  # noqa: SIM115 - closed when sent
    try:
        file.write(head.removesuffix(_END).encode())
        file.write(b'"')
        for start in range(0, len(document.text), PIECE):
            piece = document.text[start : start + PIECE]
            file.write(json.dumps(piece, ensure_ascii=False)[1:-1].encode())
        file.write(b'"')
        for name, value in (more or {}).items():
            file.write(f",{json.dumps(name)}:{json.dumps(value)}".encode())
        file.write(b"}")
        size = file.tell()
    except OSError as error:
        file.close()
        raise StorageError(tempfile.gettempdir(), error.strerror or str(error)) from error
    return FileResponse(cast(Any, file), size, status_code=status, media_type="application/json")

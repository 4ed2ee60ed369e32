"""The files that documents came from, as they lie on the disk, only while they are what the documents were made of."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast
from urllib.parse import quote

from cachetools import LRUCache
from fastapi import HTTPException
from starlette.responses import Response

from citeqa.api.http.transfer import FileResponse
from citeqa.index.documents.origins import BROUGHT
from citeqa.index.formats.registry import format_of
from citeqa.index.protocols import OpenIndex
from citeqa.index.storage.originals import kept_original
from citeqa.index.types import DocumentView

PREFIX = "/api/originals/"

_PDF = b"%PDF-"
# A browser's own viewer shows a PDF; nothing in it may load or send anything.
_POLICY = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)
_NOTHING = "default-src 'none'; frame-ancestors 'none'; sandbox"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_NONBLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)  # a pipe at the path is not waited for


class Checked:
    """Remembers the digests of files that were read in full, until they change. Threads may share it."""

    def __init__(self) -> None:
        self._known: LRUCache[tuple[int, ...], str] = LRUCache(1000)
        self._lock = threading.Lock()

    def digest(self, file: IO[bytes]) -> str | None:
        """The SHA-256 of an open file; None if it is no regular file."""
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        state = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
        with self._lock:
            known = self._known.get(state)
        if known is None:
            known = hashlib.file_digest(cast(Any, file), "sha256").hexdigest()
            with self._lock:
                self._known[state] = known
        return known


def open_original(index: OpenIndex, document: DocumentView, checked: Checked) -> tuple[str, IO[bytes]]:
    """The name of the file that a document was made of, and the file, opened.

    Raises:
        HTTPException: 404 if there is no such file by itself, 410 if it has changed or is gone.
    """
    name, path = _place(index, document)
    try:
        file = os.fdopen(os.open(path, os.O_RDONLY | _NONBLOCK), "rb")
    except (OSError, ValueError):
        raise HTTPException(410, "The file that this document came from is not there any more.") from None
    try:
        if checked.digest(file) != document.file_sha256:
            raise HTTPException(410, "The file that this document came from has changed since it was read.")
    except BaseException:
        file.close()
        raise
    return name, file


def has_original(index: OpenIndex, document: DocumentView, checked: Checked) -> bool:
    """Whether `open_original` gives the file that a document was made of; it is read once, until it changes."""
    try:
        open_original(index, document, checked)[1].close()
    except HTTPException:
        return False
    return True


def _place(index: OpenIndex, document: DocumentView) -> tuple[str, Path]:
    """The name and the path of the file that is recorded for a document."""
    recorded = index.file_of(document.id)
    if kept := kept_original(index.folder, document.file_sha256):
        return PurePosixPath(document.id).name, kept
    none = HTTPException(404, "No original file of this document is known.")
    if recorded is None or recorded.root == BROUGHT:
        raise none
    inside, found = PurePosixPath(recorded.name), format_of(Path(recorded.name))
    if inside.is_absolute() or ".." in inside.parts or found is None or found.many:  # a row is no file
        raise none
    return inside.name, Path(recorded.root, *inside.parts)


def original_response(name: str, file: IO[bytes], digest: str, asked: str | None, unless: str | None) -> Response:
    """The file, or the range of it that was `asked` for, `unless` the client has a part of another one (If-Range)."""
    size, tag = os.fstat(file.fileno()).st_size, f'"{digest}"'
    file.seek(0)
    is_pdf = file.read(len(_PDF)) == _PDF
    part = _range(asked if unless in (None, tag) else None, size)
    start, end = part or (0, size)
    if start >= end and size:
        file.close()
        raise HTTPException(416, f"The file has {size:,} bytes.", headers={"Content-Range": f"bytes */{size}"})
    kind = "application/pdf" if is_pdf else "application/octet-stream"
    response = FileResponse(
        file, end - start, start=start, made=False, status_code=206 if part else 200, media_type=kind
    )
    response.headers["Accept-Ranges"], response.headers["ETag"] = "bytes", tag
    response.headers["Content-Security-Policy"] = _POLICY if is_pdf else _NOTHING
    named = name if "." in name or not is_pdf else f"{name}.pdf"
    response.headers["Content-Disposition"] = (
        f"{'inline' if is_pdf else 'attachment'}; filename*=UTF-8''{quote(named, safe='', errors='replace')}"
    )
    if part:
        response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return response


def _range(asked: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one behind the last of a range (RFC 9110, 14.1.2); None if all is asked for. Several
    ranges, and what is no range, ask for all."""
    found = _RANGE.fullmatch(asked or "")
    if not found or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(0, size - int(found[2])), size if int(found[2]) else 0
    first, last = int(found[1]), int(found[2]) if found[2] else None
    if last is None:
        return first, size
    return None if last < first else (first, min(last + 1, size))

"""JSONL: a document on each line, as a JSON object; the file may be packed by gzip."""

from __future__ import annotations

import gzip
import json
import re
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, cast

from citeqa.index.errors import DocumentError
from citeqa.index.formats.extracted import Extracted, Part
from citeqa.index.structure import NO_STRUCTURE, Structure, fits, structure_of

FIELDS = frozenset({"id", "title", "text", "date", "author", "source", "url"})
MAX_LINE_BYTES = 32 * 1024 * 1024
MAX_RATIO = 200  # a packed file may unpack to so many times its size; JSON seldom passes 20
_SMALL = 64 * 1024 * 1024  # bytes; a file that unpacks to no more than this may have any ratio
_DATE = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ].*)?")  # a time of day may follow


def parts(path: Path) -> Iterator[Part]:
    """The lines of a file that are not blank, named by their numbers from 1.

    Of a line that is too long only so much is given that `extract` refuses it: no more is ever held in memory.

    Raises:
        DocumentError: if the file has no such line, is not a regular file, or is packed and damaged or unpacks to
            far more than its size.
        OSError: if it cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("it is not a regular file")
    if path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            yield from _lines(file)
        return
    limit = max(_SMALL, MAX_RATIO * status.st_size)
    try:
        with gzip.open(path) as file:
            yield from _lines(cast(BinaryIO, file), limit)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DocumentError(f"it is damaged: {error}") from None


def _lines(file: BinaryIO, limit: int | None = None) -> Iterator[Part]:
    number, size, empty, at_line_start = 0, 0, True, True
    while piece := file.readline(MAX_LINE_BYTES + 1):
        size += len(piece)
        if limit is not None and size > limit:
            raise DocumentError(f"it unpacks to more than {limit:,} bytes; nothing is read after line {number}")
        begins_line, at_line_start = at_line_start, piece.endswith(b"\n")
        if not begins_line:  # the rest of a line that is too long
            continue
        number += 1
        line = piece.removeprefix(b"\xef\xbb\xbf") if number == 1 else piece
        if line.strip():
            empty = False
            yield Part(f"line {number}", line.rstrip(b"\r\n"))
    if empty:
        raise DocumentError("it is empty")


def extract(data: bytes) -> Extracted:
    """The document on one line. Where `id` is missing, `_id` is taken, as BEIR's corpora have it.

    Raises:
        DocumentError: if the line is not a JSON object in UTF-8, lacks `id` or `text`, or has a field of the wrong
            type.
    """
    if len(data) > MAX_LINE_BYTES:
        raise DocumentError(f"it has more than {MAX_LINE_BYTES:,} bytes, the most that is read")
    try:
        fields = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"it is not a JSON object in UTF-8: {error}") from None
    if not isinstance(fields, dict):
        raise DocumentError("it is not a JSON object")
    values = {name: _string(fields, name) for name in FIELDS}
    values["id"] = values["id"] or _string(fields, "_id")
    for name in ("id", "text"):
        if values[name] is None:
            raise DocumentError(f"it has no {name!r}")
    return Extracted(
        id=unicodedata.normalize("NFC", values["id"] or ""),
        text=values["text"] or "",
        title=values["title"],
        date=_date(values["date"]),
        author=values["author"],
        source=values["source"],
        url=values["url"],
        structure=_structure(fields, values["text"] or ""),
        pages=_pages(fields.get("pages"), len(values["text"] or "")),
    )


def _structure(fields: dict[str, Any], text: str) -> Structure:
    """The structure that an export of citeqa wrote; none if the field holds anything else."""
    given = fields.get("structure")
    try:
        found = structure_of(given) if isinstance(given, dict) else NO_STRUCTURE
    except ValueError:
        return NO_STRUCTURE
    return found if fits(found, len(text)) else NO_STRUCTURE


def _pages(value: Any, length: int) -> tuple[int, ...]:
    """The offsets at which pages begin, as an export has them."""
    numbers = value is None or (isinstance(value, list) and all(type(one) is int for one in value))
    starts = tuple(value or ()) if numbers else None
    if starts is None or (starts and (list(starts) != sorted({0, *starts}) or starts[-1] > length)):
        raise DocumentError("its 'pages' are not the offsets in its text at which pages begin")
    return starts


def _string(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DocumentError(f"its {name!r} is not a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise DocumentError(f"its {name!r} holds a lone surrogate")
    return value


def _date(value: str | None) -> date | None:
    if value is None:
        return None
    found = _DATE.fullmatch(value)
    try:
        return date.fromisoformat(found["day"] if found else "")
    except ValueError:
        raise DocumentError(f"its 'date' is {value[:40]!r}; needed YYYY-MM-DD") from None

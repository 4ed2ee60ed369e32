"""JSONL: the rows of a file, one at a time, packed by gzip or not, and what a row says."""

from __future__ import annotations

import gzip
import json
import re
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, cast

from citeqa.index.errors import DocumentError

ENDINGS = frozenset({".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz"})
FIELDS = frozenset({"id", "title", "text", "date", "author", "source", "url"})
MAX_ROW_BYTES = 256 * 1024 * 1024
MAX_RATIO = 200  # how many times its size a packed file may unpack to; JSON seldom passes 20
_SMALL = 64 * 1024 * 1024  # bytes; a file that unpacks to no more may have any ratio
_DATE = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ].*)?")  # a time of day may follow


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says; None where it says nothing."""

    id: str
    text: str
    title: str | None
    published: date | None
    author: str | None
    source: str | None
    url: str | None


def rows(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a JSONL file that are not blank, with their numbers from 1. Of a line that is too long so much is
    given that `parsed` refuses it; no more than that is ever held.

    Raises:
        DocumentError: if there are none, it is no regular file, or it is packed and damaged or unpacks without end.
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


def _lines(file: BinaryIO, limit: int | None = None) -> Iterator[tuple[int, bytes]]:
    number, size, empty, start = 0, 0, True, True
    while piece := file.readline(MAX_ROW_BYTES + 1):
        size += len(piece)
        if limit is not None and size > limit:
            raise DocumentError(f"it unpacks to more than {limit:,} bytes; nothing is read after line {number}")
        whole, start = start, piece.endswith(b"\n")
        if not whole:  # the rest of a line that is too long
            continue
        number += 1
        line = piece.removeprefix(b"\xef\xbb\xbf") if number == 1 else piece
        if line.strip():
            empty = False
            yield number, line.rstrip(b"\r\n")
    if empty:
        raise DocumentError("it is empty")


def parsed(line: bytes) -> Row:
    """What a row says.

    Raises:
        DocumentError: if it is no JSON object in UTF-8, lacks `id` or `text`, or has a field of the wrong kind.
    """
    if len(line) > MAX_ROW_BYTES:
        raise DocumentError(f"it has more than {MAX_ROW_BYTES:,} bytes; at most so many are read")
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"it is not a JSON object in UTF-8: {error}") from None
    if not isinstance(row, dict):
        raise DocumentError("it is not a JSON object")
    values = {field: _string(row, field) for field in FIELDS}
    for field in ("id", "text"):
        if values[field] is None:
            raise DocumentError(f"it has no {field!r}")
    return Row(
        id=unicodedata.normalize("NFC", values["id"] or ""),
        text=values["text"] or "",
        title=values["title"],
        published=_date(values["date"]),
        author=values["author"],
        source=values["source"],
        url=values["url"],
    )


def _string(row: dict[str, Any], field: str) -> str | None:
    value = row.get(field)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise DocumentError(f"its {field!r} is not a string")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise DocumentError(f"its {field!r} holds a lone surrogate")
    return value


def _date(value: str | None) -> date | None:
    if value is None:
        return None
    found = _DATE.fullmatch(value)
    try:
        return date.fromisoformat(found["day"] if found else "")
    except ValueError:
        raise DocumentError(f"its 'date' is {value[:40]!r}; needed YYYY-MM-DD") from None

"""Files become Documents. The only place where bytes become text.

Canonical text is the decoded file with a byte-order mark removed and nothing else changed. A file that cannot become
a document is reported as `Skipped`, by name and with the reason, and never stops the others.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from index.decoding import decode
from index.errors import DocumentError
from index.metadata import describe
from index.types import Document

log = logging.getLogger(__name__)

TEXT_ENDINGS = frozenset({"", ".txt", ".text", ".md", ".markdown", ".rst"})
ROW_ENDINGS = frozenset({".jsonl", ".ndjson"})
ROW_FIELDS = frozenset({"id", "title", "text", "date", "author", "source", "url"})
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_ID_BYTES = 512
_DATE = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2})(?:[T ].*)?")  # a time of day may follow


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a row of one, that did not become a document."""

    name: str
    reason: str


def load(paths: Iterable[Path]) -> Iterator[Document | Skipped]:
    """Read folders (recursively), files and JSONL files, one document at a time, in order of their names.

    A document's id is its path inside the folder given, without the ending; where two files of a folder would share
    one, both keep the ending. A JSONL row's id is its `id`. Hidden files and folders are left out. Ids that were
    already given in the same run are skipped, so no document silently replaces another.

    Raises:
        FileNotFoundError: if one of the paths does not exist; nothing has been read then.
    """
    paths = list(paths)
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
    return _load(paths)


def _load(paths: list[Path]) -> Iterator[Document | Skipped]:
    seen: dict[str, str] = {}
    for path in paths:
        for name, item in _load_path(path):
            if isinstance(item, Document):
                if item.id in seen:
                    item = Skipped(name, f"its id {item.id!r} was already taken by {seen[item.id]}")
                else:
                    seen[item.id] = name
            yield item


def count(paths: Iterable[Path]) -> int:
    """How many files and rows `load` will give, for showing progress; close, not exact."""
    return sum(_count(file) for path in paths for file in (_files(path) if path.is_dir() else [path]))


def _count(file: Path) -> int:
    if file.suffix.lower() not in ROW_ENDINGS or not file.is_file():
        return 1
    with file.open("rb") as lines:
        return sum(1 for line in lines if line.strip())


def document(
    document_id: str,
    text: str,
    *,
    file_sha256: str,
    encoding: str = "utf-8",
    title: str | None = None,
    author: str | None = None,
    published: date | None = None,
    source: str | None = None,
    url: str | None = None,
) -> Document:
    """A Document of a canonical text; what is not given is read off the text (header line, title, boilerplate).

    Raises:
        DocumentError: if the id or the text is not acceptable.
    """
    _check_id(document_id)
    if not text.strip():
        raise DocumentError("it is empty")
    if "\0" in text:
        raise DocumentError("it holds NUL characters, so it is not text")
    try:
        sha256 = hashlib.sha256(text.encode("utf-8")).hexdigest()
    except UnicodeEncodeError as error:
        raise DocumentError(f"it holds a lone surrogate at offset {error.start}") from None
    found = describe(text)
    return Document(
        id=document_id,
        title=title or found.title,
        text=text,
        author=author or found.author,
        date=published or found.date,
        source=source,
        url=url,
        sha256=sha256,
        file_sha256=file_sha256,
        encoding=encoding,
        boilerplate=found.boilerplate,
    )


def _load_path(path: Path) -> Iterator[tuple[str, Document | Skipped]]:
    if path.is_dir():
        files = _files(path)
        read = [file for file in files if file.suffix.lower() in TEXT_ENDINGS]
        ids = dict(zip(read, _ids([_name(file.relative_to(path)) for file in read]), strict=True))
        for file in files:
            yield from _load_file(file, ids.get(file, ""))
    else:
        yield from _load_file(path, _ids([_name(Path(path.name))])[0])


def _files(folder: Path) -> list[Path]:
    """All files below a folder that are not hidden, by name; links to folders are not followed."""
    found: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    return sorted(found, key=lambda file: file.relative_to(folder).parts)


def _name(relative: Path) -> str:
    return unicodedata.normalize("NFC", relative.as_posix())


def _ids(names: list[str]) -> list[str]:
    """Names without their endings; names that would collide keep theirs."""
    ids = [_without_ending(name) for name in names]
    while True:
        taken = Counter(ids)
        better = [name if taken[short] > 1 else short for short, name in zip(ids, names, strict=True)]
        if better == ids:
            return ids
        ids = better


def _without_ending(name: str) -> str:
    folder, slash, file = name.rpartition("/")
    return folder + slash + (Path(file).stem or file)


def _load_file(path: Path, document_id: str) -> Iterator[tuple[str, Document | Skipped]]:
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        if path.suffix.lower() in ROW_ENDINGS:
            for number, row in _rows(path):
                yield _guarded(f"{name}, line {number}", row)
            return
        if path.suffix.lower() not in TEXT_ENDINGS:
            raise DocumentError(f"files ending in {path.suffix!r} are not read; known: {_known_endings()}")
        data = _read(path)
        text, encoding = decode(data)
        if encoding != "utf-8":
            log.info("%s is not UTF-8; read as %s", name, encoding)
        digest = hashlib.sha256(data).hexdigest()
        yield name, document(document_id, text, file_sha256=digest, encoding=encoding)
    except DocumentError as error:
        yield name, Skipped(name, str(error))
    except OSError as error:
        yield name, Skipped(name, error.strerror or str(error))


def _known_endings() -> str:
    return ", ".join(sorted(ending for ending in TEXT_ENDINGS | ROW_ENDINGS if ending))


def _read(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("it is not a regular file")
    if status.st_size > MAX_FILE_BYTES:
        raise DocumentError(f"it has {status.st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
    return path.read_bytes()


def _rows(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a JSONL file that are not blank, with their numbers from 1; a line at a time, however long."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise DocumentError("it is not a regular file")
    empty = True
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
            if line.strip():
                empty = False
                yield number, line.rstrip(b"\r\n")
    if empty:
        raise DocumentError("it is empty")


def _guarded(name: str, line: bytes) -> tuple[str, Document | Skipped]:
    try:
        return name, _from_row(line)
    except DocumentError as error:
        return name, Skipped(name, str(error))


def _from_row(line: bytes) -> Document:
    if len(line) > MAX_FILE_BYTES:
        raise DocumentError(f"it has {len(line):,} bytes; at most {MAX_FILE_BYTES:,} are read")
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"it is not a JSON object in UTF-8: {error}") from None
    if not isinstance(row, dict):
        raise DocumentError("it is not a JSON object")
    values = {field: _string(row, field) for field in ROW_FIELDS}
    for field in ("id", "text"):
        if values[field] is None:
            raise DocumentError(f"it has no {field!r}")
    return document(
        unicodedata.normalize("NFC", values["id"] or ""),
        values["text"] or "",
        file_sha256=hashlib.sha256(line).hexdigest(),
        title=values["title"],
        author=values["author"],
        published=_date(values["date"]),
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


def _check_id(document_id: str) -> None:
    """Raises DocumentError unless the id is a clean relative path of at most 512 bytes."""
    try:
        size = len(document_id.encode("utf-8"))
    except UnicodeEncodeError:
        raise DocumentError("its name is not valid UTF-8") from None
    if size > MAX_ID_BYTES:
        raise DocumentError(f"its id has {size} bytes; at most {MAX_ID_BYTES} are allowed")
    if any(segment in ("", ".", "..") for segment in document_id.split("/")):
        raise DocumentError(f"its id {document_id!r} has an empty, '.' or '..' segment")
    if any(unicodedata.category(character) == "Cc" for character in document_id):
        raise DocumentError("its id holds control characters")

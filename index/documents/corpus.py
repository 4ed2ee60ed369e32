"""Files become Documents. The only place where bytes become text.

Canonical text is the decoded file with a byte-order mark removed and nothing else changed; of files that are not
plain text, what `index.formats` makes of them. A file that cannot become a document is reported as `Skipped`, by name
and with the reason, and never stops the others.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from citeqa.index.documents.metadata import describe
from citeqa.index.errors import DocumentError
from citeqa.index.formats import MODULES, TEXT, Extracted
from citeqa.index.formats import jsonl as rows
from citeqa.index.formats.extraction import Extractor
from citeqa.index.types import Document

log = logging.getLogger(__name__)

TEXT_ENDINGS = frozenset({"", ".txt", ".text", ".md", ".markdown", ".rst"})
MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_ID_BYTES = 512


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a row of one, that did not become a document."""

    name: str
    reason: str


class Listed(NamedTuple):
    """A file of a folder: its path in it (NFC, `/`-separated) and, if it is one document, that document's id."""

    path: Path
    name: str
    id: str


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
    with Extractor() as extractor:
        for name, item in (found for path in paths for found in _load_path(path, extractor)):
            if isinstance(item, Document):
                if item.id in seen:
                    item = Skipped(name, f"its id {item.id!r} was already taken by {seen[item.id]}")
                else:
                    seen[item.id] = name
            yield item


def count(paths: Iterable[Path]) -> int:
    """How many files and rows `load` will give, for showing progress; close, not exact."""
    files = ([file.path for file in listing(path)[0]] if path.is_dir() else [path] for path in paths)
    return sum(_count(file) for some in files for file in some)


def _count(file: Path) -> int:
    if _ending(file) not in rows.ENDINGS:
        return 1
    found = 0
    try:
        for _ in rows.rows(file):
            found += 1
    except (DocumentError, OSError):
        found += 1  # what cannot be read is reported once
    return found


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
    pages: tuple[int, ...] = (),
) -> Document:
    """A Document of a canonical text; what is not given is read off the text (header line, title, boilerplate).

    Raises:
        DocumentError: if the id or the text is not acceptable.
    """
    check_id(document_id)
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
        pages=pages,
    )


def _load_path(path: Path, extractor: Extractor) -> Iterator[tuple[str, Document | Skipped]]:
    if path.is_dir():
        files, unreadable = listing(path)
        yield from ((item.name, item) for item in unreadable)
        for file in files:
            yield from load_file(file.path, file.id, extractor)
    else:
        yield from load_file(path, _ids([_name(Path(path.name))])[0], extractor)


def listing(folder: Path) -> tuple[list[Listed], list[Skipped]]:
    """All files below a folder that are not hidden, in order of their names, and the folders in it that cannot be
    read; links to folders are not followed, folders that hold an index left out."""
    found: list[Path] = []
    unreadable: list[Skipped] = []

    def refused(error: OSError) -> None:
        unreadable.append(Skipped(_printable(error.filename), error.strerror or str(error)))

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".") and not _is_index(Path(parent, name))]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    found.sort(key=lambda file: file.relative_to(folder).parts)
    names = [_name(file.relative_to(folder)) for file in found]
    read = [name for name in names if _ending(Path(name)) in TEXT_ENDINGS | MODULES.keys()]
    ids = dict(zip(read, _ids(read), strict=True))
    return [Listed(file, name, ids.get(name, "")) for file, name in zip(found, names, strict=True)], unreadable


def _is_index(folder: Path) -> bool:
    """Whether a folder is citeqa's own: an index may lie inside the folder it is made of."""
    return (folder / "catalog.sqlite3").exists() and (folder / "generations").exists()


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


def load_file(
    path: Path, document_id: str, extractor: Extractor | None = None
) -> Iterator[tuple[str, Document | Skipped]]:
    """The documents of a file, each with the name it is reported by; `document_id` is that of a file that is one
    document. Whoever loads many files gives one `extractor` for all, which is much faster than one for each."""
    if extractor is None:
        with Extractor() as own:
            yield from load_file(path, document_id, own)
        return
    name = _printable(path)
    try:
        if _ending(path) in rows.ENDINGS:
            for number, row in rows.rows(path):
                yield _guarded(f"{name}, line {number}", row)
        else:
            yield name, _from_file(path, name, document_id, extractor)
    except DocumentError as error:
        yield name, Skipped(name, str(error))
    except OSError as error:
        yield name, Skipped(name, error.strerror or str(error))


def _from_file(path: Path, name: str, document_id: str, extractor: Extractor) -> Document:
    ending = _ending(path)
    if ending not in TEXT_ENDINGS | MODULES.keys():
        raise DocumentError(f"files ending in {path.suffix!r} are not read; known: {_known_endings()}")
    data = _read(path)
    if ending in MODULES:
        if not data:
            raise DocumentError("it is empty")
        found = extractor.extract(MODULES[ending], data)
    else:
        found = _plain(data) or extractor.extract(TEXT, data)
    if found.encoding != "utf-8":
        log.info("%s is not UTF-8; read as %s", name, found.encoding)
    for note in found.notes:
        log.info("%s: %s", name, note)
    return document(
        document_id,
        found.text,
        file_sha256=hashlib.sha256(data).hexdigest(),
        encoding=found.encoding,
        title=found.title,
        author=found.author,
        published=found.date,
        source=found.source,
        url=found.url,
        pages=found.pages,
    )


def _printable(path: Path | str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _plain(data: bytes) -> Extracted | None:
    """The text of bytes that are UTF-8; None if they are not, or hold NULs."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else Extracted(text.removeprefix("\ufeff"))


def _ending(path: Path) -> str:
    """A file's ending in small letters; of what gzip packed with that of the file inside."""
    ending = path.suffix.lower()
    return Path(path.stem).suffix.lower() + ending if ending == ".gz" else ending


def _known_endings() -> str:
    return ", ".join(sorted(ending for ending in TEXT_ENDINGS | MODULES.keys() | rows.ENDINGS if ending))


def _read(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("it is not a regular file")
    if status.st_size > MAX_FILE_BYTES:
        raise DocumentError(f"it has {status.st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
    return path.read_bytes()


def _guarded(name: str, line: bytes) -> tuple[str, Document | Skipped]:
    try:
        return name, _from_row(line)
    except DocumentError as error:
        return name, Skipped(name, str(error))


def _from_row(line: bytes) -> Document:
    row = rows.parsed(line)
    return document(
        row.id,
        row.text,
        file_sha256=hashlib.sha256(line).hexdigest(),
        title=row.title,
        author=row.author,
        published=row.published,
        source=row.source,
        url=row.url,
    )


def check_id(document_id: str) -> None:
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

"""Files become documents. This is the only place where bytes become text.

Canonical text is the decoded file with a byte-order mark removed and nothing else changed; of a file that is not plain
text, it is what the format's module extracts. A file that cannot become a document is reported by name, with the
reason, and never stops the others.
"""

from __future__ import annotations

import hashlib
import logging
import stat
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from citeqa.index.documents.ids import check_id, ids_of, name_of
from citeqa.index.documents.listing import list_files, printable
from citeqa.index.documents.metadata import describe
from citeqa.index.errors import DocumentError
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import Extractor
from citeqa.index.formats.registry import Format, Runs, format_of, known_endings
from citeqa.index.types import Document, Skipped

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 256 * 1024 * 1024


def load(paths: Iterable[Path]) -> Iterator[Document | Skipped]:
    """Read folders (with the folders below them) and files, one document at a time, in order of their names.

    A document's id is its path inside the folder given, without the ending; where two files of a folder would share
    an id, both keep their endings. In a file of many documents each says its own id. Hidden files and folders are left
    out. A second document with the same id is skipped, so that none silently replaces another.

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


def _load_path(path: Path, extractor: Extractor) -> Iterator[tuple[str, Document | Skipped]]:
    if path.is_dir():
        files, unreadable = list_files(path)
        yield from ((item.name, item) for item in unreadable)
        for file in files:
            yield from load_file(file.path, file.id, extractor)
    else:
        yield from load_file(path, ids_of([name_of(Path(path.name))])[0], extractor)


def count(paths: Iterable[Path]) -> int:
    """About how many documents `load` will give or skip, to show progress."""
    files = ([file.path for file in list_files(path)[0]] if path.is_dir() else [path] for path in paths)
    return sum(_count(file) for some in files for file in some)


def _count(file: Path) -> int:
    found = format_of(file)
    if found is None or not found.many:
        return 1
    parts = 0
    try:
        for _ in found.parts(file):
            parts += 1
    except (DocumentError, OSError):
        parts += 1  # what cannot be read is reported once
    return parts


def load_file(
    path: Path, document_id: str, extractor: Extractor | None = None
) -> Iterator[tuple[str, Document | Skipped]]:
    """The documents of a file, each with the name it is reported by: the file's, or "FILE, line 3" for a part of it.

    Args:
        document_id: the document's id, if the file is one document.
        extractor: one for all files of a caller that loads many, which is much faster than one for each.
    """
    if extractor is None:
        with Extractor() as own:
            yield from load_file(path, document_id, own)
        return
    name = printable(path)
    try:
        found = _format_of(path)
        if found.many:
            for part in found.parts(path):
                part_name = f"{name}, {part.name}"
                yield part_name, _document_of(part_name, part.data, found, extractor)
        else:
            yield name, _document_of(name, _read(path), found, extractor, document_id)
    except DocumentError as error:
        yield name, Skipped(name, str(error))
    except OSError as error:
        yield name, Skipped(name, error.strerror or str(error))


def _format_of(path: Path) -> Format:
    found = format_of(path)
    if found is None:
        known = ", ".join(known_endings())
        raise DocumentError(f"files ending in {path.suffix!r} are not read; known: {known}")
    return found


def _read(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("it is not a regular file")
    if status.st_size > MAX_FILE_BYTES:
        raise DocumentError(f"it has {status.st_size:,} bytes; at most {MAX_FILE_BYTES:,} are read")
    return path.read_bytes()


def _document_of(
    name: str, data: bytes, format_: Format, extractor: Extractor, document_id: str | None = None
) -> Document | Skipped:
    """The document in the bytes of a file or of a part of one, which says its id itself; or why there is none."""
    try:
        found = _extracted(data, format_, extractor)
        if found.encoding != "utf-8":
            log.info("%s is not UTF-8; read as %s", name, found.encoding)
        for note in found.notes:
            log.info("%s: %s", name, note)
        return document(
            (found.id or "") if document_id is None else document_id,
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
    except DocumentError as error:
        return Skipped(name, str(error))


def _extracted(data: bytes, format_: Format, extractor: Extractor) -> Extracted:
    """What a format makes of bytes, in the process in which it should run."""
    if not data:
        raise DocumentError("it is empty")
    if format_.runs is Runs.HERE:
        return format_.extract(data)
    if format_.runs is Runs.IN_CHILD_UNLESS_UTF8 and (plain := _utf8(data)):
        return plain
    return extractor.extract(format_.module, data)


def _utf8(data: bytes) -> Extracted | None:
    """The text of bytes that are UTF-8; None if they are not, or hold NULs."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else Extracted(text.removeprefix("\ufeff"))


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
    """A document with this canonical text. Title, author and date that are not given are read from the text, and so is
    the boilerplate (see `metadata`).

    Raises:
        DocumentError: if the id or the text is not acceptable.
    """
    check_id(document_id)
    sha256 = _sha256(text)
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


def _sha256(text: str) -> str:
    """The digest of a document's text. Raises DocumentError if it is blank or holds what no text holds."""
    if not text.strip():
        raise DocumentError("it is empty")
    if "\0" in text:
        raise DocumentError("it holds NUL characters, so it is not text")
    try:
        return hashlib.sha256(text.encode("utf-8")).hexdigest()
    except UnicodeEncodeError as error:
        raise DocumentError(f"it holds a lone surrogate at offset {error.start}") from None

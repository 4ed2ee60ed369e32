"""Files become documents. This is the only place where bytes become text.

Canonical text is the decoded file with a byte-order mark removed and nothing else changed; of a file that is not plain
text, it is what the format's module extracts. A file that cannot become a document is reported by name, with the
reason, and never stops the others.
"""

from __future__ import annotations

import hashlib
import logging
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from citeqa.index.documents.ids import check_id, ids_of, name_of, without_ending
from citeqa.index.documents.layout.apart import structure_shown
from citeqa.index.documents.listing import list_files, printable
from citeqa.index.documents.metadata import describe
from citeqa.index.documents.origins import Origins, root_of, source_of
from citeqa.index.documents.own_date import own_date
from citeqa.index.errors import DocumentError
from citeqa.index.formats.choice import USUAL, Choice, reason
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import SMALL, Extractor
from citeqa.index.formats.registry import Format, Runs
from citeqa.index.structure import NO_STRUCTURE, Structure
from citeqa.index.types import Document, Read, Skipped, SourceFile, Span, Timed

if TYPE_CHECKING:
    from citeqa.index.protocols import Records

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 256 * 1024 * 1024


def load(paths: Iterable[Path], choice: Choice = USUAL) -> Iterator[Document | Skipped]:
    """Read folders (with the folders below them) and files, one document at a time, in order of their names.

    A document's id is its path inside the folder given, without the ending; where two files of a folder would share
    an id, both keep their endings. In a file of many documents each says its own id. Hidden files and folders are left
    out. A document of another folder whose id is taken gets one with its folder before it (see `origins`).

    Raises:
        FileNotFoundError: if one of the paths does not exist; nothing has been read then.
    """
    return (item for item, _ in load_for(paths, None, choice))


def load_for(
    paths: Iterable[Path], records: Records | None, choice: Choice = USUAL
) -> Iterator[tuple[Document | Skipped, SourceFile | None]]:
    """Read as `load` does, for an index: no document gets the id of another file's document there. With each document
    comes the file that it is from.

    Raises:
        FileNotFoundError: if one of the paths does not exist; nothing has been read then.
    """
    paths = list(paths)
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
    return _load(paths, records, choice)


def _load(
    paths: list[Path], records: Records | None, choice: Choice
) -> Iterator[tuple[Document | Skipped, SourceFile | None]]:
    origins = Origins(records, choice=choice)
    with Extractor() as extractor:
        for path in paths:
            whole = path.is_dir()
            for name, item, file in _load_path(path, extractor, choice):
                if file and choice.part and _holds_many(file, choice) and not choice.takes(_named(name, item)):
                    continue
                if isinstance(item, Document) and file:
                    item = origins.place(item, name, file, whole=whole)
                yield item, origins.file_of(item.id) if isinstance(item, Document) else None


def _load_path(
    path: Path, extractor: Extractor, choice: Choice
) -> Iterator[tuple[str, Document | Skipped, SourceFile | None]]:
    if path.is_dir():
        files, unreadable = list_files(path, choice)
        yield from ((item.name, item, None) for item in unreadable)
        root = root_of(path)
        for file in files:
            if not _is_passed_over(file.path, file.name, choice):
                for name, item in load_file(file.path, file.id, extractor, choice, name_in_folder=file.name):
                    yield name, item, SourceFile(root, file.name)
    else:
        source = source_of(path)
        if not _is_passed_over(path, source.name, choice):
            for name, item in load_file(path, ids_of([source.name])[0], extractor, choice):
                yield name, item, source


def _is_passed_over(path: Path, name: str, choice: Choice) -> bool:
    """Whether a file is in another part than the one that is read. Of files of many documents each part reads its own
    documents."""
    return not choice.takes(name) and not _holds_many(SourceFile("", path.name), choice)


def _holds_many(file: SourceFile, choice: Choice) -> bool:
    found = choice.format_of(Path(file.name))
    return found is not None and found.many


def _named(name: str, item: Document | Skipped) -> str:
    """What decides in which part a document of a file of many is."""
    return item.id if isinstance(item, Document) else name


def count(paths: Iterable[Path], choice: Choice = USUAL) -> int:
    """About how many documents `load` will give or skip, to show progress."""
    return sum(_count_folder(path, choice) if path.is_dir() else _count(path, choice) for path in paths)


def _count_folder(folder: Path, choice: Choice) -> int:
    files, unreadable = list_files(folder, choice)
    return len(unreadable) + sum(_count(file.path, choice) for file in files)


def _count(file: Path, choice: Choice) -> int:
    found = choice.format_of(file)
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
    path: Path,
    document_id: str,
    extractor: Extractor | None = None,
    choice: Choice = USUAL,
    *,
    name_in_folder: str | None = None,
) -> Iterator[tuple[str, Document | Skipped]]:
    """The documents of a file, each with the name it is reported by: the file's, or "FILE, line 3" for a part of it.

    Args:
        document_id: the document's id, if the file is one document.
        extractor: one for all files of a caller that loads many, which is much faster than one for each.
        name_in_folder: the file's path inside the folder that was given, which the ids of its parts begin with; by
            default its name.
    """
    if extractor is None:
        with Extractor() as own:
            yield from load_file(path, document_id, own, choice, name_in_folder=name_in_folder)
        return
    name = printable(path)
    try:
        found = choice.format_of(path)
        if found is None:
            raise DocumentError(reason(path))
        if found.many:
            whole = without_ending(name_in_folder or name_of(PurePath(path.name)))
            for part in found.parts(path):
                part_name, part_id = f"{name}, {part.name}", f"{whole}/{part.id}" if part.id else None
                yield part_name, _document_of(part_name, part.data, found, extractor, part_id)
        else:
            yield name, _document_of(name, _read(path), found, extractor, document_id)
    except DocumentError as error:
        yield name, Skipped(name, str(error), choice.format_name(path))
    except OSError as error:
        yield name, Skipped(name, error.strerror or str(error), choice.format_name(path))


def load_one(path: Path) -> Document:
    """The one document of a file, whose id is the file's name.

    Raises:
        DocumentError: if the file cannot be read or holds several documents.
    """
    found = [item for _, item in islice(load_file(path, ids_of([path.name])[0]), 2)]
    if len(found) == 1 and isinstance(found[0], Document):
        return found[0]
    reason = found[0].reason if isinstance(found[0], Skipped) else "it holds several documents"
    raise DocumentError(f"{printable(path)}: {reason}")


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
        guessed = () if found.encoding == "utf-8" else (f"it is not UTF-8; read as {found.encoding}",)
        notes = guessed + found.notes
        for note in notes:
            log.info("%s: %s", name, note)
        made = document(
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
            boilerplate=found.boilerplate,
            structure=found.structure,
            times=found.times,
            recognised=found.recognised,
            extractor=extractor,
        )
        return replace(made, read=Read(name, format_.name, notes))
    except DocumentError as error:
        return Skipped(name, str(error), format_.name)


def _extracted(data: bytes, format_: Format, extractor: Extractor) -> Extracted:
    """What a format makes of bytes, in the process in which it should run."""
    if not data:
        raise DocumentError("it is empty")
    if _runs_here(data, format_.runs):
        return format_.extract(data)
    return extractor.extract(format_.module, data)


def _runs_here(data: bytes, runs: Runs) -> bool:
    """Whether bytes are read in this process."""
    match runs:
        case Runs.IN_CHILD:
            return False
        case Runs.IN_CHILD_UNLESS_UTF8:
            return _is_utf8(data)
        case Runs.IN_CHILD_UNLESS_SMALL:  # the objects in JSON may take 350 times as many bytes
            return len(data) <= SMALL
        case Runs.IN_CHILD_UNLESS_SMALL_UTF8:
            return len(data) <= SMALL and _is_utf8(data)
        case Runs.HERE:
            return True


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are text in UTF-8, without NULs."""
    try:
        return "\0" not in data.decode("utf-8")
    except UnicodeDecodeError:
        return False


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
    boilerplate: tuple[Span, ...] = (),
    structure: Structure = NO_STRUCTURE,
    times: tuple[Timed, ...] = (),
    recognised: tuple[Span, ...] = (),
    extractor: Extractor | None = None,
) -> Document:
    """A document with this canonical text. Title, author and date that are not given are read from the text, and so is
    boilerplate that is not given (see `metadata`, and `own_date` for a date that is not metadata). Where no structure
    is given, lines show it (see `layout`); of a long text, the child of `extractor` looks for it, or one of its own.

    Raises:
        DocumentError: if the id or the text is not acceptable, or finding its structure exceeds the limits.
    """
    check_id(document_id)
    sha256 = _sha256(text)
    found = describe(text, boilerplate)
    metadata = published or found.date
    dated = metadata or own_date(_without(text, found.boilerplate))
    return Document(
        id=document_id,
        title=title or found.title,
        text=text,
        author=author or found.author,
        date=dated,
        source=source,
        url=url,
        sha256=sha256,
        file_sha256=file_sha256,
        encoding=encoding,
        boilerplate=found.boilerplate,
        pages=pages,
        structure=structure or structure_shown(text, found.boilerplate, extractor),
        date_origin="metadata" if metadata else "text" if dated else None,
        times=times,
        recognised=recognised,
    )


def _without(text: str, boilerplate: Sequence[Span]) -> str:
    """A text without its boilerplate, line by line as it was."""
    kept, start = [], 0
    for span in boilerplate:
        kept.append(text[start : span.start])
        start = span.end
    return "".join([*kept, text[start:]])


def _sha256(text: str) -> str:
    """The digest of a document's text. Raises DocumentError if it cannot be one."""
    if not text.strip():
        raise DocumentError("it is empty")
    if "\0" in text:
        raise DocumentError("it holds NUL characters, so it is not text")
    try:
        return hashlib.sha256(text.encode("utf-8")).hexdigest()
    except UnicodeEncodeError as error:
        raise DocumentError(f"it holds a lone surrogate at offset {error.start}") from None

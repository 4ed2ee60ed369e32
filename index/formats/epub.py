"""EPUB (versions 2 and 3): the chapters in the order in which the book is read."""

from __future__ import annotations

import posixpath
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.extracted import Extracted, somebody, tidy, written_on
from citeqa.index.formats.inline import raised_classes, write_inline
from citeqa.index.formats.markup import decoded, local, parse_xhtml, parse_xml
from citeqa.index.formats.markup_lines import laid_out
from citeqa.index.structure import Structure, in_a_row

_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
# Chapters are also listed as these; the words of anything else in the spine (a drawing, say) cannot be read.
_LIKE_PAGES = frozenset({"text/xml", "application/xml", "application/x-dtbook+xml", "text/plain", ""})
_STYLES = frozenset({"text/css", "text/x-oeb1-css"})


def extract(data: bytes) -> Extracted:
    """Canonical text is all the words of the chapters, in the order of the spine and laid out like those of an HTML
    page, with a blank line between chapters. The table of contents is left out. Chapters that are missing, damaged or
    not text are left out too; `notes` name them.

    Raises:
        DocumentError: if it is encrypted, damaged, too large, or no chapter is left that holds text.
    """
    archive = Archive(data)
    path = _package(archive)
    package = parse_xml(archive.read(path))
    chapters, notes = _chapters(package, posixpath.dirname(path), archive)
    if not _encrypted(archive).isdisjoint(chapters):
        raise DocumentError("it is encrypted")
    classes = _classes(package, posixpath.dirname(path), archive)
    read, errors = list[tuple[str, Structure]](), list[DocumentError]()
    for chapter in chapters:
        try:
            read.append(_text(archive.read(chapter), classes))
        except DocumentError as error:
            errors.append(error)
            notes.append(f"its chapter {chapter!r} is not read: {error}")
    text, structure = in_a_row(read)
    if not text:
        raise errors[0] if errors else DocumentError("; ".join(["it holds no text", *notes]))
    return Extracted(
        text,
        title=somebody(next(iter(_metadata(package, "title")), None)),
        author=tidy(", ".join(filter(None, map(somebody, _metadata(package, "creator"))))),
        date=next((found for value in _metadata(package, "date") if (found := written_on(value))), None),
        source=somebody(next(iter(_metadata(package, "publisher")), None)),
        notes=tuple(notes),
        structure=structure,
    )


def _package(archive: Archive) -> str:
    for element in parse_xml(archive.read("META-INF/container.xml")).iter():
        if local(element) == "rootfile" and (path := element.get("full-path")):
            return str(path)
    raise DocumentError("it is damaged: it names no package document")


def _chapters(package: Any, folder: str, archive: Archive) -> tuple[list[str], list[str]]:
    """The names of the chapters in the archive, in the order of the spine, and lines on those that cannot be read."""
    items = {element.get("id"): element for element in package.iter() if local(element) == "item"}
    chapters, notes = list[str](), list[str]()
    for reference in (element.get("idref") for element in package.iter() if local(element) == "itemref"):
        item = items.get(reference)
        if item is None:
            notes.append(f"its chapter {reference!r} is missing: the list of its parts does not have it")
            continue
        name = _name(item, folder)
        kind = item.get("media-type", "").partition(";")[0].strip().lower()
        if "nav" in item.get("properties", "").split():
            continue
        if kind not in _PAGES | _LIKE_PAGES:
            notes.append(f"its chapter {name!r} is not read: it is {kind}")
        elif (found := archive.find(name)) is None:
            notes.append(f"its chapter {name!r} is missing")
        else:
            chapters.append(found)
    return list(dict.fromkeys(chapters)), notes


def _name(item: Any, folder: str) -> str:
    """The name in the archive of a part that the book lists; the place inside the part does not count."""
    href = item.get("href", "").partition("#")[0]
    return posixpath.normpath(posixpath.join(folder, unquote(href)))


def _classes(package: Any, folder: str, archive: Archive) -> dict[str, str]:
    """The classes that the book's style sheets raise or lower."""
    found: dict[str, str] = {}
    for element in package.iter():
        if local(element) == "item" and element.get("media-type") in _STYLES:
            name = archive.find(_name(element, folder))
            with suppress(DocumentError):  # a damaged style sheet costs no chapter
                found |= raised_classes(decoded(archive.read(name))[0]) if name else {}
    return found


def _encrypted(archive: Archive) -> set[str]:
    """The names of encrypted members; fonts often are, in books that are not."""
    if "META-INF/encryption.xml" not in archive:
        return set()
    root = parse_xml(archive.read("META-INF/encryption.xml"))
    return {
        posixpath.normpath(unquote(element.get("URI", "")))
        for element in root.iter()
        if local(element) == "CipherReference"
    }


def _text(chapter: bytes, classes: dict[str, str]) -> tuple[str, Structure]:
    page = parse_xhtml(chapter)
    write_inline(page, classes)
    return laid_out(page)  # the whole page: text may follow a body that was closed too early


def _metadata(package: Any, field: str) -> list[str]:
    """The values of one of the fields of Dublin Core in the book's metadata."""
    metadata = next((element for element in package.iter() if local(element) == "metadata"), ())
    values = ("".join(element.itertext()) for element in metadata if local(element) == field)
    return [value for value in values if value.strip()]

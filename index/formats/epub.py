"""EPUB (versions 2 and 3): the chapters in the order in which the book is read."""

from __future__ import annotations

import posixpath
from typing import Any
from urllib.parse import unquote

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.extracted import Extracted, day, tidy
from citeqa.index.formats.markup import local, parse_xhtml, parse_xml, text_of

_CHAPTERS = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})


def extract(data: bytes) -> Extracted:
    """Canonical text is all the words of the chapters, in the order of the spine and laid out like those of an HTML
    page, with a blank line between chapters. The table of contents is left out.

    Raises:
        DocumentError: if it is encrypted, damaged, too large, or holds no text.
    """
    archive = Archive(data)
    path = _package(archive)
    package = parse_xml(archive.read(path))
    chapters = _chapters(package, posixpath.dirname(path))
    if not _encrypted(archive).isdisjoint(chapters):
        raise DocumentError("it is encrypted")
    texts = [_text(archive.read(chapter)) for chapter in chapters]
    text = "\n\n".join(text for text in texts if text)
    if not text:
        raise DocumentError("it holds no text")
    return Extracted(
        text,
        title=tidy(next(iter(_metadata(package, "title")), None)),
        author=tidy(", ".join(_metadata(package, "creator"))),
        date=next((found for value in _metadata(package, "date") if (found := day(value))), None),
        source=tidy(next(iter(_metadata(package, "publisher")), None)),
    )


def _package(archive: Archive) -> str:
    for element in parse_xml(archive.read("META-INF/container.xml")).iter():
        if local(element) == "rootfile" and (path := element.get("full-path")):
            return str(path)
    raise DocumentError("it is damaged: it names no package document")


def _chapters(package: Any, folder: str) -> list[str]:
    """The names of the chapters in the archive, in the order of the spine."""
    items = {element.get("id"): element for element in package.iter() if local(element) == "item"}
    spine = [items.get(element.get("idref")) for element in package.iter() if local(element) == "itemref"]
    if None in spine:
        raise DocumentError("it is damaged: its spine names a chapter that is not listed")
    return [
        posixpath.normpath(posixpath.join(folder, unquote(item.get("href", ""))))
        for item in spine
        if item is not None and item.get("media-type") in _CHAPTERS and "nav" not in item.get("properties", "").split()
    ]


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


def _text(chapter: bytes) -> str:
    return text_of(parse_xhtml(chapter))  # the whole page: text may follow a body that was closed too early


def _metadata(package: Any, field: str) -> list[str]:
    """The values of one of the fields of Dublin Core in the book's metadata."""
    metadata = next((element for element in package.iter() if local(element) == "metadata"), ())
    values = ("".join(element.itertext()) for element in metadata if local(element) == field)
    return [value for value in values if value.strip()]

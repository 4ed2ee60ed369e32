"""DOCX (Office Open XML, transitional and strict): the words in the order of the document."""

from __future__ import annotations

import posixpath
from typing import Any

from lxml import etree

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.extracted import Extracted, day, tidy
from citeqa.index.formats.markup import Lines, local, parse_xml

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how .doc files begin, and encrypted .docx files
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# These parts follow the body, in this order; what is printed on every page is taken once.
_AFTER = ("footnotes", "endnotes", "header", "footer")
# Left out: deleted and moved text, the formulas of fields, properties, the second form of drawings, ruby readings.
_UNSEEN = {
    "del", "moveFrom", "Fallback", "instrText", "delText", "delInstrText", "pPr", "rPr", "sectPr", "tblPr", "trPr",
    "tcPr", "rt",
}  # fmt: skip
_CHARACTERS = {"tab": "\t", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}


def extract(data: bytes) -> Extracted:
    """In the canonical text each paragraph is a line, and each table row a line with its cells separated by tabs. Text
    boxes stand where they are anchored. Footnotes, endnotes, page headers and page footers follow, each text once.
    Numbers of lists are not in the file; comments and deleted words are left out.

    Raises:
        DocumentError: if it is encrypted, damaged, too large, or holds no text.
    """
    if data.startswith(_OLD_OFFICE):
        raise DocumentError("it is encrypted" if _ENCRYPTED in data else "it is an old .doc file, not a .docx file")
    archive = Archive(data)
    related = _related(archive, "")
    main = next((name for kind, name in related if kind == "officeDocument"), "word/document.xml")
    after = [name for wanted in _AFTER for kind, name in _related(archive, main) if kind == wanted]
    texts = [_text(parse_xml(archive.read(name))) for name in [main, *after]]
    text = "\n".join(dict.fromkeys(text for text in texts if text))
    if not text:
        raise DocumentError("it holds no text; is it scanned?")
    properties = _properties(archive, related)
    return Extracted(
        text,
        title=tidy(properties.get("title")),
        author=tidy(properties.get("creator")),
        date=day(properties.get("modified")) or day(properties.get("created")),
    )


def _related(archive: Archive, part: str) -> list[tuple[str, str]]:
    """The kind and the name of each part of the archive that a part names as related; '' stands for the whole file."""
    folder, name = posixpath.split(part)
    listing = posixpath.join(folder, "_rels", f"{name}.rels")
    if listing not in archive:
        return []
    return [
        (element.get("Type", "").rpartition("/")[2], posixpath.normpath(posixpath.join("/", folder, target))[1:])
        for element in parse_xml(archive.read(listing))
        if (target := element.get("Target")) and element.get("TargetMode") != "External"
    ]


def _text(root: Any) -> str:
    lines = Lines()
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = local(element)
        if event == "end":
            if name in ("p", "tr"):
                lines.line()
        elif name in _UNSEEN:
            walk.skip_subtree()
        else:
            _begin(lines, name, element)
    return str(lines)


def _begin(lines: Lines, name: str, element: Any) -> None:
    if name == "t":
        lines.verbatim(element.text or "")
    elif name in _CHARACTERS:
        lines.verbatim(_CHARACTERS[name])
    elif name == "tr":
        lines.row()
    elif name == "tc":
        previous = element.getprevious()
        lines.cell(first=previous is None or local(previous) != "tc")
    elif name in ("p", "br", "cr"):
        lines.line()


def _properties(archive: Archive, related: list[tuple[str, str]]) -> dict[str, str]:
    """What the file says about itself, by the field's name."""
    name = next((name for kind, name in related if kind == "core-properties"), None)
    if name is None or name not in archive:
        return {}
    properties = {local(element): element.text or "" for element in parse_xml(archive.read(name))}
    # python-docx fills in its own name and a day of 2013 if the program that uses it says nothing.
    return {"title": properties.get("title", "")} if properties.get("creator") == "python-docx" else properties

"""Office Open XML packages (ECMA-376 part 2): what is related to what, and what the file says about itself."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.markup import local, parse_xml

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how files of Office before 2007 begin, and encrypted ones since
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


class Related(NamedTuple):
    """A part of the package that another one names: its kind, and its name."""

    kind: str
    name: str


def opened(data: bytes, old: str, new: str) -> Archive:
    """The package in a file's bytes.

    Args:
        old: the ending of files of the same kind before 2007, `new` the one since.

    Raises:
        DocumentError: if it is encrypted, one of the old files, or no archive.
    """
    if data.startswith(_OLD_OFFICE):
        raise DocumentError("it is encrypted" if _ENCRYPTED in data else f"it is an old {old} file, not a {new} file")
    return Archive(data)


def related(archive: Archive, part: str) -> dict[str, Related]:
    """The parts that a part names as related, by their ids; '' stands for the whole file. What lies outside the file is
    left out."""
    folder, name = posixpath.split(part)
    listing = archive.find(posixpath.join(folder, "_rels", f"{name}.rels"))
    if listing is None:
        return {}
    return {
        element.get("Id", ""): Related(
            element.get("Type", "").rpartition("/")[2], posixpath.normpath(posixpath.join("/", folder, target))[1:]
        )
        for element in parse_xml(archive.read(listing))
        if (target := element.get("Target")) and element.get("TargetMode") != "External"
    }


def main_part(archive: Archive, usual: str) -> str:
    """The name of the part that the file is about."""
    found = (part.name for part in related(archive, "").values() if part.kind == "officeDocument")
    return next(found, usual)


def properties(archive: Archive) -> dict[str, str]:
    """What the file says about itself, by the field's name."""
    for part in related(archive, "").values():
        if part.kind == "core-properties" and part.name in archive:
            return {local(element): element.text or "" for element in parse_xml(archive.read(part.name))}
    return {}


def relation_id(element: object) -> str:
    """The id of the part that an element names, whatever namespace the attribute is in."""
    attributes: dict[str, str] = dict(getattr(element, "attrib", {}))
    return next((value for key, value in attributes.items() if key.rpartition("}")[2] == "id" and "}" in key), "")

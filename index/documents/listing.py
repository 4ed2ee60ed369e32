"""Folders become lists of files, each with the id that its document will have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from citeqa.index.documents.ids import ids_of, name_of
from citeqa.index.formats.registry import format_of
from citeqa.index.types import Skipped


class ListedFile(NamedTuple):
    """A file of a folder: its path, its name (the path inside the folder, see `name_of`), and the id of its document;
    the id is empty for a file of many documents, and for one that cannot be read."""

    path: Path
    name: str
    id: str


def list_files(folder: Path) -> tuple[list[ListedFile], list[Skipped]]:
    """All files in a folder and the folders below it, in order of their names, and the folders that cannot be read.

    Hidden files and folders and folders that hold an index are left out; links to folders are not followed.
    """
    found: list[Path] = []
    unreadable: list[Skipped] = []

    def refused(error: OSError) -> None:
        unreadable.append(Skipped(printable(error.filename), error.strerror or str(error)))

    for parent, folders, names in os.walk(folder, onerror=refused):
        folders[:] = [name for name in folders if not name.startswith(".") and not _is_index(Path(parent, name))]
        found += [Path(parent, name) for name in names if not name.startswith(".")]
    found.sort(key=lambda file: file.relative_to(folder).parts)
    names = [name_of(file.relative_to(folder)) for file in found]
    single = [name for name in names if _is_one_document(name)]
    ids = dict(zip(single, ids_of(single), strict=True))
    return [ListedFile(file, name, ids.get(name, "")) for file, name in zip(found, names, strict=True)], unreadable


def printable(path: Path | str) -> str:
    """A path that can be printed and sent, whatever bytes its name is made of."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _is_one_document(name: str) -> bool:
    found = format_of(Path(name))
    return found is not None and not found.many


def _is_index(folder: Path) -> bool:
    """Whether a folder is citeqa's own: an index may lie inside the folder it is made of."""
    return (folder / "catalog.sqlite3").exists() and (folder / "generations").exists()

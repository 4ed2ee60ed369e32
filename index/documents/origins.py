"""Whose id is whose: two files are two documents, and no file's document ever takes the place of another file's."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from citeqa.index.documents.ids import name_of
from citeqa.index.formats.choice import USUAL, Choice
from citeqa.index.types import Document, Skipped, SourceFile

if TYPE_CHECKING:
    from citeqa.index.protocols import Records

log = logging.getLogger(__name__)

BROUGHT = ""  # the root of documents that a request brought; no folder has this name


def source_of(path: Path) -> SourceFile:
    """A file that was given by itself, as a file of its folder."""
    return SourceFile(root_of(path.parent), name_of(PurePath(path.name)))


def root_of(folder: Path) -> str:
    """What a folder is called as the origin of documents: its real path."""
    return os.fsdecode(os.path.realpath(folder))


def with_folder(document_id: str, root: str) -> Iterator[str]:
    """Ids for a document of another folder: behind the folder's name, behind that of the folder above too, and so
    on."""
    prefix = ""
    for name in reversed(PurePath(root).parts[1:]):
        prefix = f"{name_of(PurePath(name))}/{prefix}"
        yield prefix + document_id


class Origins:
    """Gives the documents of a run their ids.

    A document gets the id that its file has had before, if it had one; else its own, unless that belongs to another
    file: then one with its folder before it, or, where a single file of the same folder has it, one with its ending.
    The log names each such id. A document whose file is gone is adopted by a file that holds the very same.

    Args:
        records: what the index holds; None for none.
        taken: ids that this run has given already, or that are to stay, with the files they belong to.
        choice: how files are read.
    """

    def __init__(
        self, records: Records | None, taken: Mapping[str, SourceFile] | None = None, choice: Choice = USUAL
    ) -> None:
        self._records = records
        self._choice = choice
        self._taken = dict(taken or {})
        self._known: dict[str, dict[str, list[str]]] = {}

    def place(self, document: Document, name: str, file: SourceFile, *, whole: bool) -> Document | Skipped:
        """The document with its id; Skipped if there is none for it.

        Args:
            name: what the document is reported by.
            whole: whether this run reads all files of the folder, so that an id may go from one of them to another.
        """
        known = set(self._ids_of(file))
        ids = [found for found in self._wanted(document.id, file, whole=whole) if found not in self._taken]
        free = (found for found in ids if self._is_free(found, document, file, whole=whole))
        placed = next((found for found in ids if found in known), None) or next(free, None)
        if placed is None:
            reason = f"its id {document.id!r} was already taken by {self._owner(document.id)}"
            return Skipped(name, reason, document.read.format if document.read else None)
        if placed != document.id:
            log.info("%s: its id is %r, as %r belongs to %s", name, placed, document.id, self._owner(document.id))
        holder = self._holder(placed)
        stays = holder and not whole and holder != file and self._holds_many(holder) and _exists(holder)
        self._taken[placed] = holder if holder and stays else file
        return document if placed == document.id else replace(document, id=placed)

    def file_of(self, document_id: str) -> SourceFile:
        """The file that a document which was placed belongs to: of rows that two files of a folder share, the first."""
        return self._taken[document_id]

    def keep(self, ids: Collection[str], file: SourceFile) -> None:
        """Say that ids are to stay with a file."""
        self._taken |= dict.fromkeys(ids, file)

    @property
    def taken(self) -> Collection[str]:
        """The ids that this run has given, or that are to stay."""
        return self._taken.keys()

    def _wanted(self, document_id: str, file: SourceFile, *, whole: bool) -> Iterator[str]:
        """The ids that a document may have, the most wanted first."""
        yield document_id
        holder = self._holder(document_id)
        if holder is None or holder.root != file.root:
            yield from with_folder(document_id, file.root)
        elif not whole and holder != file and not self._holds_many(file):
            yield file.name

    def _is_free(self, document_id: str, document: Document, file: SourceFile, *, whole: bool) -> bool:
        holder = self._holder(document_id)
        if holder is None or holder == file:
            return True
        if whole and holder.root == file.root and (self._holds_many(holder) or not _exists(holder)):
            return True
        if document_id != document.id or not (self._records and self._records.is_unchanged(document)):
            return False
        return holder.root == BROUGHT or not _exists(holder) or (holder.root == file.root and self._holds_many(file))

    def _holds_many(self, file: SourceFile) -> bool:
        found = self._choice.format_of(Path(file.name))
        return found is not None and found.many

    def _holder(self, document_id: str) -> SourceFile | None:
        return self._taken.get(document_id) or (self._records.file_of(document_id) if self._records else None)

    def _owner(self, document_id: str) -> str:
        holder = self._holder(document_id)
        if holder is None:
            return "another file"
        return str(Path(holder.root, holder.name)) if holder.root != BROUGHT else "a document that a request brought"

    def _ids_of(self, file: SourceFile) -> list[str]:
        """The ids that the documents of a file have in the index."""
        if self._records is None:
            return []
        if file.root not in self._known:
            self._known[file.root] = dict(self._records.documents_by_file(file.root))
        return self._known[file.root].get(file.name, [])


def _exists(file: SourceFile) -> bool:
    return Path(file.root, file.name).exists()

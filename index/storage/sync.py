"""Keeping an index in step with a folder: what is new is added, what changed replaced, what is gone removed."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from citeqa.index.documents.corpus import Listed, Skipped, listing, load_file
from citeqa.index.errors import CiteqaError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.writer import Report, Writer
from citeqa.index.types import Document, SourceFile


class EmptyFolderError(CiteqaError):
    """A folder that documents came from holds no file any more; is it mounted?"""


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What differs between a folder and the documents that came from it.

    `changed` are the files to read, each with its digest; `same` counts those that are as they were; `gone` are the
    names of files that are no more; `failed` are files and folders that cannot be read, and files that could not be
    read the last time and have not changed since.
    """

    root: str
    changed: tuple[tuple[Listed, str], ...]
    same: int
    gone: tuple[str, ...]
    failed: tuple[Skipped, ...]


def plan(catalog: Catalog, folder: Path, *, empty: bool = False) -> SyncPlan:
    """Compare a folder with what was read of it, file by file, by the digests of their bytes.

    Raises:
        NotADirectoryError: if it is not a folder.
        EmptyFolderError: if it holds no files but did, and `empty` does not say that this is meant.
    """
    if not folder.is_dir():
        raise NotADirectoryError(20, "not a folder", str(folder))
    root = os.fsdecode(os.path.realpath(folder))
    files, failed = listing(folder)
    known, documents, altered = catalog.files(root), catalog.of_root(root), catalog.altered(root)
    if not files and documents and not empty:
        raise EmptyFolderError(
            f"{folder} holds no files, but {sum(map(len, documents.values()))} documents came from it; nothing was "
            "removed. Is it mounted? To remove them all, say so: --empty"
        )
    changed, same = [], 0
    for file in files:
        try:
            digest = _digest(file.path)
        except OSError as error:
            failed.append(Skipped(str(file.path), error.strerror or str(error)))
            continue
        held, reason = known.get(file.name, ("", None))
        ids = documents.get(file.name, [])
        elsewhere = ids != [file.id] or file.name in altered  # removed or replaced by other means than this
        if held != digest or (file.id and not reason and elsewhere):
            changed.append((file, digest))
        elif reason:
            failed.append(Skipped(str(file.path), reason))
        else:
            same += max(1, len(ids))
    there = {file.name for file in files}
    lost = [_relative(skipped.name, folder) for skipped in failed if Path(skipped.name).is_dir()]
    gone = sorted(name for name in documents.keys() | known.keys() if name not in there and not _below(name, lost))
    return SyncPlan(root, tuple(changed), same, tuple(gone), tuple(failed))


def sync(writer: Writer, given: SyncPlan) -> Report:
    """Do what a plan says; what it leaves alone counts as unchanged.

    A file that cannot be read leaves the documents that came from it before as they are.
    """
    before = writer.catalog.of_root(given.root)
    writer.unchanged += given.same
    for skipped in given.failed:
        writer.skip(skipped)
    seen = _untouched(given, before)
    for listed, digest in given.changed:
        seen |= _read(writer, SourceFile(given.root, listed.name), listed, digest, seen)
    for name in [listed.name for listed, _ in given.changed] + list(given.gone):
        for document_id in before.get(name, []):
            if document_id not in seen:
                writer.remove(document_id)
    for name in given.gone:
        writer.note(SourceFile(given.root, name), None)
    writer.commit()
    writer.settle()
    return writer.report()


def preview(catalog: Catalog, given: SyncPlan) -> Report:
    """What `sync` would report, found out without writing anything or loading a model."""
    before = catalog.of_root(given.root)
    added, replaced, unchanged, skipped = 0, 0, given.same, list(given.failed)
    seen = _untouched(given, before)
    for listed, _ in given.changed:
        file = SourceFile(given.root, listed.name)
        found = [_checked(catalog, name, item, file, seen) for name, item in load_file(listed.path, listed.id)]
        documents = [item for item in found if isinstance(item, Document)]
        skipped += [item for item in found if isinstance(item, Skipped)]
        held = [catalog.holds(item) for item in documents]
        added, replaced = added + held.count(None), replaced + held.count(False)
        unchanged += held.count(True)
        seen |= {item.id for item in documents} or set(before.get(listed.name, []))
    known = {i for ids in before.values() for i in ids}
    removed = len(known - seen)
    documents_now, passages = catalog.counts()
    return Report(added, replaced, unchanged, tuple(skipped), documents_now + added - removed, passages, removed)


def _untouched(given: SyncPlan, before: Mapping[str, list[str]]) -> set[str]:
    """The ids of documents from files that are as they were, or that cannot be read."""
    touched = {listed.name for listed, _ in given.changed} | set(given.gone)
    return {i for name, ids in before.items() if name not in touched for i in ids}


def _read(writer: Writer, file: SourceFile, listed: Listed, digest: str, seen: set[str]) -> set[str]:
    """Put the documents of a changed file; gives the ids that are to stay."""
    reasons, ids = [], set[str]()
    for name, found in load_file(listed.path, listed.id):
        item = _checked(writer.catalog, name, found, file, seen | ids)
        if isinstance(item, Skipped):
            reasons.append(item.reason)
            writer.skip(item)
        else:
            writer.put(item, file)
            ids.add(item.id)
    if reasons and not ids:  # nothing could be read: what it was before stays
        ids = set(writer.catalog.of_root(file.root).get(file.name, []))
    writer.note(file, digest, reasons[0] if reasons else None)
    return ids


def _checked(
    catalog: Catalog, name: str, item: Document | Skipped, file: SourceFile, seen: Collection[str]
) -> Document | Skipped:
    """A document that may take its id, or why it may not: another file of this folder, or another folder, has it."""
    if isinstance(item, Skipped):
        return item
    held = catalog.file_of(item.id)
    if item.id not in seen and (held is None or held.root == file.root):
        return item
    owner = f"{held.root}/{held.name}" if held else "another file"
    return Skipped(name, f"its id {item.id!r} was already taken by {owner}")


def _relative(path: str, folder: Path) -> str:
    """A path below a folder as names of files are written: whatever the system separates and composes with."""
    return unicodedata.normalize("NFC", Path(os.path.relpath(path, folder)).as_posix())


def _below(name: str, folders: Iterable[str]) -> bool:
    return any(name.startswith(f"{folder}/") or folder == "." for folder in folders)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

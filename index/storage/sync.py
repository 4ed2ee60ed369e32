"""Sync: an index follows a folder. New files are added, changed ones replaced, and what is gone is removed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from citeqa.index.documents.corpus import load_file
from citeqa.index.documents.listing import ListedFile, list_files
from citeqa.index.errors import EmptyFolderError
from citeqa.index.formats.extraction import Extractor
from citeqa.index.protocols import Records, Writer
from citeqa.index.types import Document, Report, Skipped, SourceFile


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What differs between a folder and the documents that came from it.

    Args:
        root: the folder's real path.
        changed: the files to read, each with its digest.
        same: how many documents come from files that have not changed.
        gone: the names of files that are not there any more.
        failed: files and folders that cannot be read, and files that could not be read the last time and have not
            changed since.
    """

    root: str
    changed: tuple[tuple[ListedFile, str], ...]
    same: int
    gone: tuple[str, ...]
    failed: tuple[Skipped, ...]


def plan(records: Records, folder: Path, *, empty: bool = False) -> SyncPlan:
    """Compare a folder with what was read of it, file by file, by the digests of their bytes.

    Raises:
        NotADirectoryError: if it is not a folder.
        EmptyFolderError: if it holds no files but did, unless `empty` says that this is meant.
    """
    if not folder.is_dir():
        raise NotADirectoryError(20, "not a folder", str(folder))
    root = os.fsdecode(os.path.realpath(folder))
    files, failed = list_files(folder)
    known, documents, replaced = records.files(root), records.documents_by_file(root), records.replaced_since(root)
    if not files and documents and not empty:
        raise EmptyFolderError(folder, sum(map(len, documents.values())))
    changed, same = [], 0
    for file in files:
        try:
            digest = _digest(file.path)
        except OSError as error:
            failed.append(Skipped(str(file.path), error.strerror or str(error)))
            continue
        held, reason = known.get(file.name, ("", None))
        ids = documents.get(file.name, [])
        changed_otherwise = ids != [file.id] or file.name in replaced  # its document was removed or replaced
        if held != digest or (file.id and not reason and changed_otherwise):
            changed.append((file, digest))
        elif reason:
            failed.append(Skipped(str(file.path), reason))
        else:
            same += max(1, len(ids))
    gone = _gone(folder, files, failed, documents.keys() | known.keys())
    return SyncPlan(root, tuple(changed), same, gone, tuple(failed))


def _gone(folder: Path, files: list[ListedFile], failed: list[Skipped], known: Collection[str]) -> tuple[str, ...]:
    """The known names that are not there any more; what lies in a folder that cannot be read counts as there."""
    there = {file.name for file in files}
    unread = [os.path.relpath(skipped.name, folder) for skipped in failed if Path(skipped.name).is_dir()]
    return tuple(sorted(name for name in known if name not in there and not _is_below(name, unread)))


def sync(writer: Writer, planned: SyncPlan) -> Report:
    """Do what a plan says; what it leaves alone counts as unchanged.

    A file that cannot be read leaves the documents that came from it as they are.
    """
    before = writer.records.documents_by_file(planned.root)
    writer.leave(planned.same)
    for skipped in planned.failed:
        writer.skip(skipped)
    seen = _ids_left_alone(planned, before)
    with Extractor() as extractor:
        for listed, digest in planned.changed:
            found = load_file(listed.path, listed.id, extractor)
            seen |= _put_file(writer, SourceFile(planned.root, listed.name), found, digest, seen)
    for name in [listed.name for listed, _ in planned.changed] + list(planned.gone):
        for document_id in before.get(name, []):
            if document_id not in seen:
                writer.remove(document_id)
    for name in planned.gone:
        writer.record_file(SourceFile(planned.root, name), None)
    writer.commit()
    writer.compact_if_worn()
    return writer.report()


def preview(records: Records, planned: SyncPlan) -> Report:
    """What `sync` would report, found out without writing anything or loading a model."""
    before = records.documents_by_file(planned.root)
    added, replaced, unchanged, skipped = 0, 0, planned.same, list(planned.failed)
    seen = _ids_left_alone(planned, before)
    with Extractor() as extractor:
        for listed, _ in planned.changed:
            file = SourceFile(planned.root, listed.name)
            loaded = load_file(listed.path, listed.id, extractor)
            found = [_checked(records, name, item, file, seen) for name, item in loaded]
            documents = [item for item in found if isinstance(item, Document)]
            skipped += [item for item in found if isinstance(item, Skipped)]
            states = [records.is_unchanged(item) for item in documents]
            added, replaced = added + states.count(None), replaced + states.count(False)
            unchanged += states.count(True)
            seen |= {item.id for item in documents} or set(before.get(listed.name, []))
    known = {i for ids in before.values() for i in ids}
    removed = len(known - seen)
    documents_now, passages = records.counts()
    return Report(added, replaced, unchanged, tuple(skipped), documents_now + added - removed, passages, removed)


def _ids_left_alone(planned: SyncPlan, before: Mapping[str, list[str]]) -> set[str]:
    """The ids of documents from files that have not changed, or that cannot be read."""
    touched = {listed.name for listed, _ in planned.changed} | set(planned.gone)
    return {i for name, ids in before.items() if name not in touched for i in ids}


def _put_file(
    writer: Writer, file: SourceFile, loaded: Iterable[tuple[str, Document | Skipped]], digest: str, seen: set[str]
) -> set[str]:
    """Put the documents of a changed file. Returns the ids that are to stay."""
    reasons, ids = [], set[str]()
    for name, found in loaded:
        item = _checked(writer.records, name, found, file, seen | ids)
        if isinstance(item, Skipped):
            reasons.append(item.reason)
            writer.skip(item)
        else:
            writer.put(item, file)
            ids.add(item.id)
    if reasons and not ids:  # nothing could be read: what came from it before stays
        ids = set(writer.records.documents_by_file(file.root).get(file.name, []))
    writer.record_file(file, digest, reasons[0] if reasons else None)
    return ids


def _checked(
    records: Records, name: str, item: Document | Skipped, file: SourceFile, seen: Collection[str]
) -> Document | Skipped:
    """A document that may take its id, or why it may not: another file of this folder, or another folder, has it."""
    if isinstance(item, Skipped):
        return item
    held = records.file_of(item.id)
    if item.id not in seen and (held is None or held.root == file.root):
        return item
    owner = f"{held.root}/{held.name}" if held else "another file"
    return Skipped(name, f"its id {item.id!r} was already taken by {owner}")


def _is_below(name: str, folders: Iterable[str]) -> bool:
    return any(name.startswith(f"{folder}/") or folder == "." for folder in folders)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

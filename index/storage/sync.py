"""Sync: an index follows a folder. New files are added, changed ones replaced, and what is gone is removed."""

from __future__ import annotations

import hashlib
import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from citeqa.index.documents.corpus import load_file
from citeqa.index.documents.listing import ListedFile, list_files
from citeqa.index.documents.origins import Origins, root_of, with_folder
from citeqa.index.documents.tally import Tally
from citeqa.index.errors import EmptyFolderError
from citeqa.index.formats.choice import USUAL, Choice
from citeqa.index.formats.extraction import Extractor
from citeqa.index.protocols import Records, Writer
from citeqa.index.types import Document, Report, Skipped, SourceFile

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What differs between a folder and the documents that came from it.

    Args:
        root: the folder's real path.
        changed: the files to read, each with its digest.
        same: how many documents come from files that have not changed, by the names of their formats.
        gone: the names of files that are not there any more.
        failed: files and folders that cannot be read, and files that could not be read the last time and have not
            changed since.
        again: how many of `changed` have the same bytes as before, but this version reads their format differently.
        choice: how files are read.
    """

    root: str
    changed: tuple[tuple[ListedFile, str], ...]
    same: Mapping[str, int]
    gone: tuple[str, ...]
    failed: tuple[Skipped, ...]
    again: int = 0
    choice: Choice = USUAL


def plan(records: Records, folder: Path, *, empty: bool = False, choice: Choice = USUAL) -> SyncPlan:
    """Compare a folder with what was read of it, file by file, by the digests of their bytes. What
    only links lead to counts as gone unless they are to be followed.

    Raises:
        NotADirectoryError: if it is not a folder.
        EmptyFolderError: if nothing is left of what was read of it, so that it may not be mounted, unless `empty` says
            that this is meant.
    """
    if not folder.is_dir():
        raise NotADirectoryError(20, "not a folder", str(folder))
    root = root_of(folder)
    listed, failed = list_files(folder, choice)
    files = [file for file in listed if choice.takes(file.name)]
    known = {name: held for name, held in records.files(root).items() if choice.takes(name)}
    documents = {name: ids for name, ids in records.documents_by_file(root).items() if choice.takes(name)}
    replaced, read = records.replaced_since(root), records.versions_read(choice.versions_of(root))
    stale = {name for name, version in choice.versions().items() if read.get(name, 1) != version}
    changed, same, again, digests = [], Counter[str](), 0, dict[str, str]()
    for file in files:
        try:
            digest = _digest(file.path)
        except OSError as error:
            failed.append(Skipped(str(file.path), error.strerror or str(error), choice.format_name(file.path)))
            continue
        digests[file.name] = digest
        held, reason = known.get(file.name, ("", None))
        ids = documents.get(file.name, [])
        its_own = len(ids) == 1 and ids[0] in (file.id, *with_folder(file.id, root))
        changed_otherwise = not its_own or file.name in replaced  # its document was removed or replaced
        if held == digest and (found := choice.format_of(file.path)) and found.name in stale:
            changed.append((file, digest))
            again += 1
        elif held != digest or (file.id and not reason and changed_otherwise):
            changed.append((file, digest))
        elif reason:
            failed.append(Skipped(str(file.path), reason, choice.format_name(file.path)))
        else:
            same[choice.format_name(file.path) or ""] += max(1, len(ids))
    if documents and not empty:
        readable = [file for file in files if choice.format_of(file.path)]
        _check_mounted(folder, files, readable, digests, known, documents)
    gone = _gone(folder, files, failed, documents.keys() | known.keys())
    return SyncPlan(root, tuple(changed), same, gone, tuple(failed), again, choice)


def _check_mounted(
    folder: Path,
    files: Sequence[ListedFile],
    readable: Sequence[ListedFile],
    digests: Mapping[str, str],
    known: Mapping[str, tuple[str, str | None]],
    documents: Mapping[str, list[str]],
) -> None:
    """Raises EmptyFolderError if a folder seems to be another one than that which documents came from: it holds no file
    that can be read, or fewer than before and none of them, neither by name nor by content."""
    count = sum(map(len, documents.values()))
    if not readable:
        raise EmptyFolderError(folder, count, "no files that can be read" if files else "no files")
    contents = {known[name][0] for name in documents if name in known}
    left = any(file.name in documents or digests.get(file.name) in contents for file in readable)
    if not left and len(documents) > len(readable):
        raise EmptyFolderError(folder, count, "none of the files that it held")


def _gone(folder: Path, files: list[ListedFile], failed: list[Skipped], known: Collection[str]) -> tuple[str, ...]:
    """The known names that are not there any more; what lies in a folder that cannot be read counts as there."""
    there = {file.name for file in files}
    unread = [_relative(one.name, folder) for one in failed if Path(one.name).is_dir() and not _is_link(one.name)]
    return tuple(sorted(name for name in known if name not in there and not _is_below(name, unread)))


def sync(writer: Writer, planned: SyncPlan) -> Report:
    """Do what a plan says; what it leaves alone counts as unchanged.

    A file that cannot be read leaves the documents that came from it as they are.
    """
    before = _taken(writer.records, planned)
    if planned.again:
        log.info("%d unchanged files are read again: this version reads their formats differently", planned.again)
    for name, count in planned.same.items():
        writer.leave(count, name)
    for skipped in planned.failed:
        writer.skip(skipped)
    origins = _origins(writer.records, planned, before)
    with Extractor() as extractor:
        for listed, digest in planned.changed:
            found = _loaded(listed, extractor, planned.choice)
            _put_file(writer, SourceFile(planned.root, listed.name), found, digest, origins)
    for name in [listed.name for listed, _ in planned.changed] + list(planned.gone):
        for document_id in before.get(name, []):
            if document_id not in origins.taken:
                writer.remove(document_id)
    for name in planned.gone:
        writer.record_file(SourceFile(planned.root, name), None)
    versions, where = planned.choice.versions(), planned.choice.versions_of(planned.root)
    if writer.records.versions_read(where) != versions:
        writer.record_versions(where, versions)
    writer.commit()
    writer.compact_if_worn()
    return writer.report()


def _taken(records: Records, planned: SyncPlan) -> dict[str, list[str]]:
    """The documents of the folder's files that a plan may touch, by the file's name."""
    found = records.documents_by_file(planned.root)
    return {name: ids for name, ids in found.items() if planned.choice.takes(name)}


def preview(records: Records, planned: SyncPlan) -> Report:
    """What `sync` would report, found out without writing anything or loading a model."""
    before = _taken(records, planned)
    added, replaced, unchanged, skipped = 0, 0, sum(planned.same.values()), list(planned.failed)
    tally = Tally()
    for name, count in planned.same.items():
        tally.leave(count, name)
    origins = _origins(records, planned, before)
    with Extractor() as extractor:
        for listed, _ in planned.changed:
            file = SourceFile(planned.root, listed.name)
            loaded = _loaded(listed, extractor, planned.choice)
            found = [_placed(origins, name, item, file) for name, item in loaded]
            documents = [item for item in found if isinstance(item, Document)]
            skipped += [item for item in found if isinstance(item, Skipped)]
            states = [records.is_unchanged(item) for item in documents]
            added, replaced = added + states.count(None), replaced + states.count(False)
            unchanged += states.count(True)
            for item, state in zip(documents, states, strict=True):
                tally.put(item, unchanged=state is True)
            if not documents:
                origins.keep(before.get(listed.name, []), file)
    removed = len({i for ids in before.values() for i in ids} - set(origins.taken))
    for refused in skipped:
        tally.skip(refused)
    documents_now, passages = records.counts()
    return Report(
        added, replaced, unchanged, tuple(skipped), documents_now + added - removed, passages, removed,
        formats=tally.by_format(), warnings=tuple(tally.warnings),
    )  # fmt: skip


def _origins(records: Records, planned: SyncPlan, before: Mapping[str, list[str]]) -> Origins:
    """The ids of documents from files that have not changed, or that cannot be read, are to stay."""
    touched = {listed.name for listed, _ in planned.changed} | set(planned.gone)
    kept = {i: SourceFile(planned.root, name) for name, ids in before.items() if name not in touched for i in ids}
    return Origins(records, kept, planned.choice)


def _loaded(listed: ListedFile, extractor: Extractor, choice: Choice) -> Iterator[tuple[str, Document | Skipped]]:
    return load_file(listed.path, listed.id, extractor, choice, name_in_folder=listed.name)


def _put_file(
    writer: Writer, file: SourceFile, loaded: Iterable[tuple[str, Document | Skipped]], digest: str, origins: Origins
) -> None:
    """Put the documents of a changed file."""
    reasons, read = [], False
    for name, found in loaded:
        item = _placed(origins, name, found, file)
        if isinstance(item, Skipped):
            reasons.append(item.reason)
            writer.skip(item)
        else:
            writer.put(item, file)
            read = True
    if reasons and not read:  # what came from it before stays
        origins.keep(writer.records.documents_by_file(file.root).get(file.name, []), file)
    writer.record_file(file, digest, reasons[0] if reasons else None)


def _placed(origins: Origins, name: str, item: Document | Skipped, file: SourceFile) -> Document | Skipped:
    """What was read of a file of the folder, a document with the id that it gets."""
    return item if isinstance(item, Skipped) else origins.place(item, name, file, whole=True)


def _is_link(path: str) -> bool:
    return Path(path).is_symlink()


def _relative(path: str, folder: Path) -> str:
    """A path inside a folder, as the names of files are written, however the system separates and composes them."""
    return unicodedata.normalize("NFC", Path(os.path.relpath(path, folder)).as_posix())


def _is_below(name: str, folders: Iterable[str]) -> bool:
    return any(name.startswith(f"{folder}/") or folder == "." for folder in folders)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

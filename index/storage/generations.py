"""The FAISS and tantivy files: derived from the database, published in one step with it, checked at every open.

<data folder>/generations/<name>/    dense-*.faiss and lexical/: never changed once published

Which generation belongs to which state of the database stands in the database: both change in one transaction. A
generation takes the files of the one before it by hard links and adds what changed, so that one change never rewrites
everything: vectors in parts of growing size (as in Bentley & Saxe 1980, the logarithmic method), terms in tantivy's
segments, what went as tombstones. A part too large to be scanned in full has inverted lists in a file of its own.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from citeqa.index.atomic import WINDOWS, sha256, sync, sync_tree
from citeqa.index.errors import CiteqaError, IndexDamagedError, StorageError
from citeqa.index.ranking.dense import EXACT_UP_TO, DenseIndex, DensePart, Lists, Measured
from citeqa.index.ranking.lexical import LexicalIndex
from citeqa.index.storage.catalog import Catalog

IndexSettings = dict[str, str | int]

_WORN = 4  # a part is made again when a fourth of it is dead
_REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
_FEW = 512  # so few passages are indexed anew at every change that takes some away


class DerivedDamagedError(CiteqaError):
    """A derived file is missing or is not what the manifest says; it can be made again from the database."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file of vectors: of the passages from `first` to `last`, `count` of them when it was written. It is searched
    by the lists in the file `lists`, or scanned in full if that is empty; `measured` is how good such lists are, or
    would have been."""

    file: str
    first: int
    last: int
    count: int
    lists: str = ""
    measured: Measured = field(default_factory=Measured)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Part:
        """A part as it stands in a manifest; one from before there were lists has none."""
        return cls(**{**stored, "measured": Measured(**stored.get("measured", {}))})

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.file, self.lists) if self.lists else (self.file,)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A generation: its parts, the passages in them that are no more, and the SHA-256 of each of its files by path.

    `last_passage` is the highest passage number that it may hold, `documents` and `passages` count what is alive,
    `lexical_dead` the passages that are no more but may still count in the statistics of the lexical index.
    """

    generation: str
    documents: int
    passages: int
    last_passage: int
    written: str
    parts: tuple[Part, ...] = ()
    dead: tuple[int, ...] = ()
    lexical_dead: int = 0
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """Both indexes of a generation, and what makes opening the next one fast: the digests of files that were checked,
    by inode, and the parts by their digests."""

    dense: DenseIndex
    lexical: LexicalIndex
    checked: Mapping[int, str]
    parts: Mapping[tuple[str, ...], DensePart]


def manifest_of(catalog: Catalog) -> Manifest:
    """The generation that belongs to the state the catalog shows.

    Raises:
        DerivedDamagedError: if there is none.
    """
    stored = catalog.generation()
    try:
        values = json.loads(stored or "null")
        parts = tuple(Part.of(part) for part in values.pop("parts"))
        return Manifest(parts=parts, dead=tuple(values.pop("dead")), **values)
    except (ValueError, TypeError, AttributeError, KeyError):
        raise DerivedDamagedError("there are none" if stored is None else "their manifest cannot be read") from None


def advance(
    folder: Path, catalog: Catalog, dead: Sequence[int], gone: Sequence[str], *, exact_up_to: int = EXACT_UP_TO
) -> Manifest:
    """The next generation: the last one, less the passages `dead` of the documents `gone`, plus all newer passages.

    To be called in the transaction that changes the database; the files are there when it is committed. Parts of more
    than `exact_up_to` vectors get lists.

    Raises:
        StorageError: if the disk refuses.
    """
    try:
        last = manifest_of(catalog)
        with _storing(folder):
            return _publish(folder, catalog, last, dead, gone, exact_up_to)
    except (DerivedDamagedError, FileNotFoundError, NotADirectoryError):
        return rebuild(folder, catalog, exact_up_to=exact_up_to)


def rebuild(folder: Path, catalog: Catalog, *, exact_up_to: int = EXACT_UP_TO) -> Manifest:
    """A generation made of nothing but the database. To be called in a transaction.

    Raises:
        IndexDamagedError: if the database is not sound.
        StorageError: if the disk refuses.
    """
    if faults := catalog.faults():
        raise IndexDamagedError(
            f"the database in {folder} is damaged: {faults[0]}; put a backup in its place, or move it away and index "
            "the documents again"
        )
    with _storing(folder):
        return _publish(folder, catalog, None, (), (), exact_up_to)


@contextmanager
def _storing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _REFUSED:
            raise StorageError(folder, error.strerror or str(error)) from error
        raise


def check_latest(folder: Path, catalog: Catalog) -> None:
    """Raises IndexDamagedError if the search files belong to a later state than the database shows: then its journal,
    where the latest changes may stand, was lost or damaged."""
    published = {path.name for path in (folder / "generations").glob("[0-9]*-*")}
    with suppress(DerivedDamagedError):
        if manifest_of(catalog).generation in published:
            return
    found, newest = catalog.last_change(), max((int(name.partition("-")[0]) for name in published), default=0)
    if newest > found:
        raise IndexDamagedError(
            f"the database in {folder} is older than its search files: the changes after {found} are lost, up to "
            f"{newest}. Was catalog.sqlite3-wal beside it deleted or damaged? Put a backup in its place, or move it "
            f"away and index the documents again; to go on without those changes, delete {folder / 'generations'}"
        )


def is_worn(manifest: Manifest) -> bool:
    """Whether so much is gone that making everything again pays: what went still counts in BM25's statistics."""
    return manifest.lexical_dead * _WORN > manifest.passages


def sweep(folder: Path, keep: str) -> None:
    """Remove every generation but one, and what interrupted runs left. Needs the writer's lock."""
    for old in (folder / "generations").glob("*"):
        if old.name != keep:
            shutil.rmtree(old, ignore_errors=True)


def open_generation(folder: Path, manifest: Manifest, dimension: int, before: Opened | None = None) -> Opened:
    """Both indexes, with every file's digest checked, but for those that `before` has checked already.

    Raises:
        DerivedDamagedError: if a file is missing, or is not the one that was written.
    """
    generation = folder / "generations" / manifest.generation
    known, checked = before.checked if before else {}, dict[int, str]()
    for name, expected in manifest.files.items():
        path = generation / name
        try:
            inode = path.stat().st_ino
            found = expected if known.get(inode) == expected else sha256(path)
        except OSError as error:
            raise DerivedDamagedError(f"{path} cannot be read: {error.strerror}") from None
        if found != expected:
            raise DerivedDamagedError(f"{path} has SHA-256 {found}, needed {expected}")
        checked[inode] = found
    held = before.parts if before else {}
    try:
        parts = {
            digests: held.get(digests) or DensePart.open(*(generation / name for name in part.files))
            for part in manifest.parts
            for digests in [tuple(manifest.files[name] for name in part.files)]
        }
        lexical = LexicalIndex.open(generation / "lexical")
    except (RuntimeError, ValueError, KeyError) as error:  # written by a disk that lied, or by other versions
        raise DerivedDamagedError(f"{generation} cannot be opened: {error}") from None
    return Opened(DenseIndex(dimension, list(parts.values()), manifest.dead), lexical, checked, parts)


def _publish(
    folder: Path, catalog: Catalog, last: Manifest | None, dead: Sequence[int], gone: Sequence[str], exact_up_to: int
) -> Manifest:
    generations = folder / "generations"
    generations.mkdir(exist_ok=True)
    name = f"{catalog.last_change():08d}-{secrets.token_hex(4)}"
    temporary = generations / f".{name}.tmp"
    tombs = {*last.dead, *dead} if last else set()
    lexical_dead = last.lexical_dead + len(dead) if last else 0
    try:
        (temporary / "lexical").mkdir(parents=True)
        if last:
            _link(generations / last.generation, temporary, last)
        parts = _dense(temporary, catalog, last, tombs, exact_up_to)
        if lexical_dead and (catalog.counts()[1] <= _FEW or lexical_dead > catalog.counts()[1]):
            shutil.rmtree(temporary / "lexical")
            (temporary / "lexical").mkdir()
            LexicalIndex.write(temporary / "lexical", catalog.indexed_rows())
            lexical_dead = 0
        else:
            newest = last.last_passage + 1 if last else 0
            LexicalIndex.write(temporary / "lexical", catalog.indexed_rows(newest), gone)
        files = _digests(temporary, last, generations)
        sync_tree(temporary)
        temporary.rename(generations / name)
        sync(generations)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    documents, passages = catalog.counts()
    manifest = Manifest(
        generation=name,
        documents=documents,
        passages=passages,
        last_passage=catalog.last_passage(),
        written=datetime.now(UTC).isoformat(timespec="seconds"),
        parts=tuple(parts),
        dead=tuple(sorted(i for i in tombs if any(part.first <= i <= part.last for part in parts))),
        lexical_dead=lexical_dead,
        files=files,
    )
    catalog.set_generation(json.dumps(asdict(manifest)))
    return manifest


def _link(source: Path, target: Path, manifest: Manifest) -> None:
    """Take over a generation's files by hard links; copied where the file system has none, and on Windows, where a
    name of a file that is mapped cannot be deleted.

    Raises:
        DerivedDamagedError: if one that is built upon is not what was written. Vectors are not: parts are taken over
            whole, or made from the database.
    """
    for name, expected in manifest.files.items():
        if not name.startswith("dense") and sha256(source / name) != expected:  # merging would hide it for ever
            raise DerivedDamagedError(f"{source / name} is damaged")
        try:
            (shutil.copy2 if WINDOWS else os.link)(source / name, target / name)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(source / name, target / name)


def _dense(folder: Path, catalog: Catalog, last: Manifest | None, dead: set[int], exact_up_to: int) -> list[Part]:
    """Write the parts of vectors that are needed; what they hold of the dead is taken off `dead`."""

    def made(first: int, last: int, *instead_of: Part) -> Part:
        for part in instead_of:
            for name in part.files:
                (folder / name).unlink(missing_ok=True)
            dead.difference_update([i for i in dead if part.first <= i <= part.last])
        return _part(folder, catalog, first, last, exact_up_to)

    parts: list[Part] = []
    for part in last.parts if last else ():
        lost = sum(part.first <= i <= part.last for i in dead)
        untried = part.count > exact_up_to and not part.measured.lists  # by a version that had no lists
        parts.append(made(part.first, part.last, part) if untried or lost * _WORN > part.count else part)
    newest = made(last.last_passage + 1 if last else 0, catalog.last_passage())
    parts = [part for part in [*parts, newest] if part.count]
    while len(parts) > 1 and 2 * parts[-1].count >= parts[-2].count:
        later, earlier = parts.pop(), parts.pop()
        parts.append(made(earlier.first, later.last, earlier, later))
    return parts


def _part(folder: Path, catalog: Catalog, first: int, last: int, exact_up_to: int) -> Part:
    """Write a part of the passages from `first` to `last`, if there are any."""
    dimension = int(catalog.settings()["embedder.dimension"])
    built = DensePart.build(dimension, catalog.vectors(dimension, first, last))
    name = f"dense-{first}-{last}-{catalog.last_change()}"
    part = Part(f"{name}.faiss", first, last, len(built))
    if part.count:
        built.save(folder / part.file)
    if part.count <= exact_up_to:
        return part
    del built  # from here on its vectors are read from the file
    lists, measured = Lists.build(DensePart.open(folder / part.file))
    if not measured.suffices:
        return replace(part, measured=measured)
    lists.save(folder / f"{name}-lists.faiss")
    return replace(part, lists=f"{name}-lists.faiss", measured=measured)


def _digests(folder: Path, last: Manifest | None, generations: Path) -> dict[str, str]:
    """The digest of every file; of those taken over it is known."""
    found = {}
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names if not name.endswith(".lock")):
            name = path.relative_to(folder).as_posix()
            known = last.files.get(name) if last else None
            with suppress(OSError):
                if last and known and path.samefile(generations / last.generation / name):
                    found[name] = known
                    continue
            found[name] = sha256(path)
    return dict(sorted(found.items()))

"""Generations of search files: the FAISS and tantivy files that are made from the database.

<data folder>/generations/<name>/    dense-*.faiss and lexical/: never changed once published

The database says which generation belongs to its state; both change in one transaction. A generation takes the files
of the one before by hard links and adds what changed, so that one change never rewrites everything. Vectors stand in
parts of growing size (Bentley & Saxe 1980, the logarithmic method), terms in tantivy's segments; deleted passages are
marked. A part too large to be scanned in full has inverted lists in a file of its own.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from citeqa.index.atomic import WINDOWS, sha256, sync, sync_tree
from citeqa.index.errors import GenerationDamagedError, IndexDamagedError, StorageError
from citeqa.index.ranking.dense import EXACT_UP_TO, DensePart, InvertedLists
from citeqa.index.ranking.lexical import LexicalIndex
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import GENERATIONS
from citeqa.index.storage.manifest import WORN, Manifest, Part, manifest_of

_REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
_FEW = 512  # with so few passages, each change that deletes some indexes all terms anew


def next_generation(
    folder: Path, catalog: Catalog, dead: Sequence[int], gone: Sequence[str], *, exact_up_to: int = EXACT_UP_TO
) -> Manifest:
    """Publish the next generation: the last one, without the passages `dead` of the documents `gone`, and with all
    newer passages. To be called in the transaction that changes the database; the files are there before its commit.

    Args:
        exact_up_to: parts of more vectors get inverted lists.

    Raises:
        StorageError: if the disk refuses.
    """
    try:
        last = manifest_of(catalog)
        with disk_errors(folder):
            return _publish(folder, catalog, last, dead, gone, exact_up_to)
    except (GenerationDamagedError, FileNotFoundError, NotADirectoryError):
        return rebuild_generation(folder, catalog, exact_up_to=exact_up_to)


def rebuild_generation(folder: Path, catalog: Catalog, *, exact_up_to: int = EXACT_UP_TO) -> Manifest:
    """Publish a generation made of nothing but the database. To be called in a transaction.

    Raises:
        IndexDamagedError: if the database is not sound.
        StorageError: if the disk refuses.
    """
    if faults := catalog.faults():
        raise IndexDamagedError(
            f"the database in {folder} is damaged: {faults[0]}; put a backup in its place, or move it away and index "
            "the documents again"
        )
    with disk_errors(folder):
        return _publish(folder, catalog, None, (), (), exact_up_to)


def delete_generations(folder: Path, but: str) -> None:
    """Delete every generation but one, and what interrupted runs left. The caller holds the writer's lock."""
    for old in (folder / GENERATIONS).glob("*"):
        if old.name != but:
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what a disk refuses into StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in _REFUSED:
            raise StorageError(folder, error.strerror or str(error)) from error
        raise


def _publish(
    folder: Path, catalog: Catalog, last: Manifest | None, dead: Sequence[int], gone: Sequence[str], exact_up_to: int
) -> Manifest:
    generations = folder / GENERATIONS
    generations.mkdir(exist_ok=True)
    name = f"{catalog.last_change():08d}-{secrets.token_hex(4)}"
    temporary = generations / f".{name}.tmp"
    marked = {*last.dead, *dead} if last else set()
    try:
        (temporary / "lexical").mkdir(parents=True)
        if last:
            _link(generations / last.generation, temporary, last)
        parts = _write_dense(temporary, catalog, last, marked, exact_up_to)
        lexical_dead = _write_lexical(temporary / "lexical", catalog, last, len(dead), gone)
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
        dead=tuple(sorted(i for i in marked if any(part.covers(i) for part in parts))),
        lexical_dead=lexical_dead,
        files=files,
    )
    catalog.set_generation(manifest.to_json())
    return manifest


def _link(source: Path, target: Path, manifest: Manifest) -> None:
    """Take over a generation's files by hard links, or copy them: where the file system has none, and on Windows,
    where a file that is mapped cannot be deleted by any of its names.

    Raises:
        GenerationDamagedError: if a lexical file is not what was written: merging would hide it for ever. Vectors need
            no check, since parts are taken over whole or made from the database.
    """
    for name, expected in manifest.files.items():
        if not name.startswith("dense") and sha256(source / name) != expected:
            raise GenerationDamagedError(f"{source / name} is damaged")
        try:
            (shutil.copy2 if WINDOWS else os.link)(source / name, target / name)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copy2(source / name, target / name)


def _write_lexical(folder: Path, catalog: Catalog, last: Manifest | None, dead: int, gone: Sequence[str]) -> int:
    """Bring the lexical index that was taken over up to date, or write it anew. Returns how many deleted passages it
    may still count."""
    lexical_dead = last.lexical_dead + dead if last else 0
    passages = catalog.counts()[1]
    if lexical_dead and (passages <= _FEW or lexical_dead > passages):
        shutil.rmtree(folder)
        folder.mkdir()
        LexicalIndex.write(folder, catalog.lexical_entries())
        return 0
    LexicalIndex.write(folder, catalog.lexical_entries(last.last_passage + 1 if last else 0), gone)
    return lexical_dead


def _write_dense(folder: Path, catalog: Catalog, last: Manifest | None, dead: set[int], exact_up_to: int) -> list[Part]:
    """Write the parts of vectors that are needed; passages that are in no part any more are taken off `dead`."""

    def made(first: int, last: int, *instead_of: Part) -> Part:
        for part in instead_of:
            for name in part.files:
                (folder / name).unlink(missing_ok=True)
            dead.difference_update([i for i in dead if part.covers(i)])
        return _write_part(folder, catalog, first, last, exact_up_to)

    parts: list[Part] = []
    for part in last.parts if last else ():
        lost = sum(map(part.covers, dead))
        untried = part.count > exact_up_to and not part.measured.lists  # by a version that had no lists
        parts.append(made(part.first, part.last, part) if untried or lost * WORN > part.count else part)
    newest = made(last.last_passage + 1 if last else 0, catalog.last_passage())
    parts = [part for part in [*parts, newest] if part.count]
    while len(parts) > 1 and 2 * parts[-1].count >= parts[-2].count:
        later, earlier = parts.pop(), parts.pop()
        parts.append(made(earlier.first, later.last, earlier, later))
    return parts


def _write_part(folder: Path, catalog: Catalog, first: int, last: int, exact_up_to: int) -> Part:
    """Write a part of the passages numbered `first` to `last`, if there are any."""
    dimension = int(catalog.settings()["embedder.dimension"])
    built = DensePart.build(dimension, catalog.vectors(dimension, first, last))
    name = f"dense-{first}-{last}-{catalog.last_change()}"
    part = Part(f"{name}.faiss", first, last, len(built))
    if part.count:
        built.save(folder / part.file)
    if part.count <= exact_up_to:
        return part
    del built  # from here on its vectors are read from the file
    lists, measured = InvertedLists.build(DensePart.open(folder / part.file))
    if not measured.suffices:
        return replace(part, measured=measured)
    lists.save(folder / f"{name}-lists.faiss")
    return replace(part, lists=f"{name}-lists.faiss", measured=measured)


def _digests(folder: Path, last: Manifest | None, generations: Path) -> dict[str, str]:
    """The digest of every file; for a file that was taken over it is known."""
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

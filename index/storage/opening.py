"""Opening a generation of search files: every file's digest is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from citeqa.index.atomic import sha256
from citeqa.index.errors import GenerationDamagedError, IndexDamagedError
from citeqa.index.ranking.dense import DenseIndex, DensePart
from citeqa.index.ranking.lexical import LexicalIndex
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import GENERATIONS
from citeqa.index.storage.manifest import Manifest, manifest_of


@dataclass(frozen=True, slots=True)
class Opened:
    """Both indexes of a generation, and what makes opening the next one fast: the digests of the files that were
    checked, by inode, and the parts by the digests of their files."""

    dense: DenseIndex
    lexical: LexicalIndex
    checked: Mapping[int, str]
    parts: Mapping[tuple[str, ...], DensePart]


def open_generation(folder: Path, manifest: Manifest, dimension: int, before: Opened | None = None) -> Opened:
    """Both indexes of a generation. Files that `before`, an earlier generation, has checked are not read again.

    Raises:
        GenerationDamagedError: if a file is missing, or is not the one that was written.
    """
    generation = folder / GENERATIONS / manifest.generation
    checked = _check_files(generation, manifest, before.checked if before else {})
    held = before.parts if before else {}
    try:
        parts = {
            digests: held.get(digests) or DensePart.open(*(generation / name for name in part.files))
            for part in manifest.parts
            for digests in [tuple(manifest.files[name] for name in part.files)]
        }
        lexical = LexicalIndex.open(generation / "lexical")
    except (RuntimeError, ValueError, KeyError) as error:  # written by a disk that lied, or by other versions
        raise GenerationDamagedError(f"{generation} cannot be opened: {error}") from None
    return Opened(DenseIndex(dimension, list(parts.values()), manifest.dead), lexical, checked, parts)


def _check_files(generation: Path, manifest: Manifest, known: Mapping[int, str]) -> dict[int, str]:
    """The digests of a generation's files by inode; those known from before are not computed again."""
    checked: dict[int, str] = {}
    for name, expected in manifest.files.items():
        path = generation / name
        try:
            inode = path.stat().st_ino
            found = expected if known.get(inode) == expected else sha256(path)
        except OSError as error:
            raise GenerationDamagedError(f"{path} cannot be read: {error.strerror}") from None
        if found != expected:
            raise GenerationDamagedError(f"{path} has SHA-256 {found}, needed {expected}")
        checked[inode] = found
    return checked


def check_no_change_lost(folder: Path, catalog: Catalog) -> None:
    """Raises IndexDamagedError if the search files belong to a later state than the database shows: then its journal,
    which held the latest changes, was lost or damaged."""
    published = {path.name for path in (folder / GENERATIONS).glob("[0-9]*-*")}
    with suppress(GenerationDamagedError):
        if manifest_of(catalog).generation in published:
            return
    found, newest = catalog.last_change(), max((int(name.partition("-")[0]) for name in published), default=0)
    if newest > found:
        raise IndexDamagedError(
            f"the database in {folder} is older than its search files: the changes after {found} are lost, up to "
            f"{newest}. Was catalog.sqlite3-wal beside it deleted or damaged? Put a backup in its place, or move it "
            f"away and index the documents again; to go on without those changes, delete {folder / GENERATIONS}"
        )

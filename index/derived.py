"""The FAISS and tantivy files: made from the catalog, published in one step, checked at every open.

<data folder>/manifest.json             names the generation in use, its digests and what it was made with
<data folder>/generations/<name>/       dense.faiss and lexical/: never changed once published
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from index.catalog import Catalog
from index.dense import DenseIndex
from index.errors import CiteqaError, IndexMismatchError
from index.files import sha256, sync, sync_tree, write_json
from index.lexical import LexicalIndex

FORMAT = 1
Settings = dict[str, str | int]


class DerivedDamagedError(CiteqaError):
    """A derived file is missing or is not what the manifest says; it can be made again from the catalog."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation was made of, and the SHA-256 of each of its files by path."""

    format: int
    settings: Settings
    documents: int
    passages: int
    last_change: int
    generation: str
    files: dict[str, str]
    written: str


_TYPES = {
    "format": int,
    "settings": dict,
    "documents": int,
    "passages": int,
    "last_change": int,
    "generation": str,
    "files": dict,
    "written": str,
}


def publish(folder: Path, catalog: Catalog) -> Manifest:
    """Make both indexes from the catalog and put them in the place of the ones in use. Needs the writer's lock."""
    settings = catalog.settings()
    documents, passages = catalog.counts()
    generations = folder / "generations"
    generations.mkdir(exist_ok=True)
    name = f"{catalog.last_change():08d}-{secrets.token_hex(4)}"
    temporary = generations / f".{name}.tmp"
    try:
        (temporary / "lexical").mkdir(parents=True)
        dimension = int(settings["embedder.dimension"])
        DenseIndex.build(dimension, catalog.vectors(dimension)).save(temporary / "dense.faiss")
        LexicalIndex.build(temporary / "lexical", catalog.indexed_rows())
        files = {str(path.relative_to(temporary)): sha256(path) for path in _files(temporary)}
        sync_tree(temporary)
        temporary.rename(generations / name)
        sync(generations)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    manifest = Manifest(
        format=FORMAT,
        settings=settings,
        documents=documents,
        passages=passages,
        last_change=catalog.last_change(),
        generation=name,
        files=files,
        written=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_json(folder / "manifest.json", asdict(manifest))
    for old in generations.iterdir():
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """What is published in `folder`.

    Raises:
        DerivedDamagedError: if nothing is, or the manifest cannot be read.
        IndexMismatchError: if it was written by another version of the program, in another format.
    """
    path = folder / "manifest.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        found = values["format"]
    except FileNotFoundError:
        raise DerivedDamagedError(f"there is no {path}") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DerivedDamagedError(f"{path} cannot be read: {error!r}") from None
    if found != FORMAT:
        raise IndexMismatchError(
            f"the index in {folder} has format {found}, this program reads format {FORMAT}; "
            "index the documents again into another folder (--index)"
        )
    if values.keys() != _TYPES.keys() or any(type(values[name]) is not kind for name, kind in _TYPES.items()):
        raise DerivedDamagedError(f"{path} is not a manifest")
    return Manifest(**values)


def check_format(folder: Path) -> None:
    """Raises IndexMismatchError if another version of the program wrote the index in a format of its own."""
    with suppress(DerivedDamagedError):
        read_manifest(folder)


def open_generation(folder: Path, manifest: Manifest) -> tuple[DenseIndex, LexicalIndex]:
    """Both indexes, with every file's digest checked.

    Raises:
        DerivedDamagedError: if a file is missing, or is not the one that was written.
    """
    generation = folder / "generations" / manifest.generation
    for name, expected in manifest.files.items():
        try:
            found = sha256(generation / name)
        except OSError as error:
            raise DerivedDamagedError(f"{generation / name} cannot be read: {error.strerror}") from None
        if found != expected:
            raise DerivedDamagedError(f"{generation / name} has SHA-256 {found}, needed {expected}")
    return DenseIndex.open(generation / "dense.faiss"), LexicalIndex.open(generation / "lexical")


def _files(folder: Path) -> list[Path]:
    found = [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]
    return sorted(path for path in found if path.suffix != ".lock")

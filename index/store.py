"""The index as the rest of the program sees it: open one, search it, read its documents."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.analyzer import ANALYZER
from index.catalog import Catalog, Summary
from index.chunker import ChunkerSettings
from index.dense import DenseIndex
from index.derived import DerivedDamagedError, Manifest, Settings, open_generation, publish, read_manifest
from index.embedder import EmbedderInfo
from index.errors import IndexBusyError, IndexMismatchError, IndexNotFoundError, UnknownDocumentError
from index.lexical import LexicalIndex
from index.ranking import Ranked
from index.types import Document, Filters, Hit

log = logging.getLogger(__name__)


class Selection(NamedTuple):
    """What filters leave: ids of documents, and of their passages inside the index."""

    document_ids: list[str]
    passage_ids: NDArray[np.int64]


def settings_of(embedder: EmbedderInfo, chunker: ChunkerSettings) -> Settings:
    """Everything that must be the same for two texts to be in one index, by name."""
    return (
        {f"embedder.{name}": value for name, value in asdict(embedder).items()}
        | {f"chunker.{name}": value for name, value in asdict(chunker).items()}
        | {"analyzer": ANALYZER}
    )


def check_settings(folder: Path, found: Settings, given: Settings) -> None:
    """Raises IndexMismatchError, with both values of everything that differs."""
    differing = [name for name in sorted(found.keys() | given.keys()) if found.get(name) != given.get(name)]
    if differing:
        values = "; ".join(f"{name} is {found.get(name)!r} there, {given.get(name)!r} here" for name in differing)
        raise IndexMismatchError(
            f"the index in {folder} was made with other settings: {values}. Use these settings, name another folder "
            f"(--index), or remove {folder} and run citeqa index again"
        )


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the right to write; one process at a time has it.

    Raises:
        IndexBusyError: if another one has it.
    """
    lock = FileLock(folder / "writer.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise IndexBusyError(f"another process is writing to the index in {folder}; try again after it") from None
    try:
        yield
    finally:
        lock.release()


class Index:
    """An immutable view of the index at the moment it was opened. May be shared between threads."""

    def __init__(self, folder: Path) -> None:
        """Open the index in `folder`; derived files that are damaged or behind the catalog are made again first.

        Raises:
            IndexNotFoundError: if there is none.
            IndexMismatchError: if it was written in a format this program does not read.
            IndexDamagedError: if its database cannot be read.
        """
        if not (folder / "catalog.sqlite3").exists():
            raise IndexNotFoundError(f"there is no index in {folder}; make one with: citeqa index FOLDER")
        self.folder = folder
        self.manifest, self._dense, self._lexical = _open_derived(folder)
        self._catalog = Catalog(folder / "catalog.sqlite3")

    def close(self) -> None:
        self._catalog.close()

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless the index was made with this embedder and this program's analyzer."""
        found = self.manifest.settings
        given = {f"embedder.{name}": value for name, value in asdict(embedder).items()} | {"analyzer": ANALYZER}
        check_settings(self.folder, {name: found[name] for name in found if not name.startswith("chunker.")}, given)

    @property
    def documents(self) -> int:
        return self.manifest.documents

    @property
    def passages(self) -> int:
        return self.manifest.passages

    @property
    def embedder(self) -> str:
        """The name of the model its vectors were made with."""
        return str(self.manifest.settings["embedder.name"])

    @property
    def precision(self) -> str:
        """The precision its vectors were computed in."""
        return str(self.manifest.settings["embedder.precision"])

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are none, so that everything may be searched.

        Raises:
            UnknownDocumentError: if the filters name documents that are not there.
        """
        if not filters:
            return None
        if filters.document_ids is not None and (unknown := self._catalog.unknown(filters.document_ids)):
            raise UnknownDocumentError(unknown)
        return Selection(*self._catalog.matching(filters))

    def search_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Hit]:
        """The `k` passages with the highest cosine, best first, ties by (document id, start)."""
        allowed = None if selection is None else selection.passage_ids
        return self._hits(self._dense.search(vector, k, allowed), k)

    def search_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Hit]:
        """The `k` passages with the highest BM25 score, best first, ties by (document id, start)."""
        allowed = None if selection is None else selection.document_ids
        return self._hits(self._lexical.search(query, k, allowed), k)

    def _hits(self, ranked: list[Ranked], k: int) -> list[Hit]:
        passages = self._catalog.passages([entry.id for entry in ranked])
        hits = [Hit(passages[entry.id], entry.score) for entry in ranked if entry.id in passages]
        return sorted(hits, key=lambda hit: (-hit.score, hit.passage.document_id, hit.passage.span))[:k]

    def terms(self, text: str) -> list[str]:
        """The distinct terms of a text, as the lexical index has them."""
        return self._lexical.terms(text)

    def idf(self, term: str) -> float:
        """How rare a term is among the passages: 0 and up, higher is rarer."""
        return self._lexical.idf(term)

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""
        return self._catalog.document(document_id)

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages when they are indexed: title and date."""
        return self._catalog.headings(document_ids)

    def summaries(self, limit: int, after: str = "", contains: str = "") -> tuple[list[Summary], int]:
        """A page of documents in order of id, and how many there are in all that contain the text given."""
        return self._catalog.summaries(limit, after, contains), self._catalog.count(contains)


def _open_derived(folder: Path) -> tuple[Manifest, DenseIndex, LexicalIndex]:
    """The published files if they are whole and up to date, else new ones; older whole ones while somebody writes."""
    older: tuple[Manifest, DenseIndex, LexicalIndex] | None = None
    try:
        manifest = read_manifest(folder)
        older = (manifest, *open_generation(folder, manifest))
        if manifest.last_change == _last_change(folder):
            return older
        reason = "documents changed since they were written"
    except DerivedDamagedError as error:
        reason = str(error)
    try:
        with writer_lock(folder), closing(Catalog(folder / "catalog.sqlite3", write=True)) as catalog:
            log.warning("making the search files in %s again: %s", folder, reason)
            manifest = publish(folder, catalog)
    except IndexBusyError:
        if older is None:
            raise
        return older
    return (manifest, *open_generation(folder, manifest))


def _last_change(folder: Path) -> int:
    with closing(Catalog(folder / "catalog.sqlite3")) as catalog:
        return catalog.last_change()

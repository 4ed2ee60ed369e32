"""The index in a folder as it is at one moment: search it, and read its documents."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.errors import (
    GenerationDamagedError,
    IndexNotFoundError,
    IndexOutdatedError,
    UnknownDocumentError,
)
from citeqa.index.protocols import Selection
from citeqa.index.ranking.analyzer import ANALYZER
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, rebuild_generation
from citeqa.index.storage.layout import DATABASE, existing_database
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import Manifest, manifest_of
from citeqa.index.storage.opening import Opened, check_no_change_lost, open_generation
from citeqa.index.storage.selection import SelectedPassages, selected
from citeqa.index.storage.settings import check_settings
from citeqa.index.types import Document, Filters, Hit, Passage, Ranked, Summary

log = logging.getLogger(__name__)


class Index:
    """An immutable view of the index in a folder at the moment it was opened. Threads may share it."""

    def __init__(self, folder: Path, before: Index | None = None) -> None:
        """Open the index in `folder`. Damaged search files are made again first. Files that have not changed since
        `before`, an earlier view of the same index, are shared and not read again.

        Raises:
            IndexNotFoundError: if there is none.
            IndexMismatchError: if this program cannot read its format.
            IndexDamagedError: if its database cannot be read.
            IndexBusyError: if its search files must be made again and another process is writing.
        """
        existing_database(folder)
        self.folder = folder
        self._catalog, self.manifest, self._opened = _open(folder, before)
        self.settings = self._catalog.settings()
        self._dense, self._lexical = self._opened.dense, self._opened.lexical
        self._closing = weakref.finalize(self, self._catalog.close)

    def close(self) -> None:
        """Close its files; this also happens when nothing refers to the view any more."""
        self._closing()

    def is_current(self) -> bool:
        """Whether the index is still as this view shows it."""
        with closing(Catalog(self.folder / DATABASE)) as catalog:
            return manifest_of(catalog).generation == self.manifest.generation

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless the index was made with this embedder and this program's analyzer."""
        found = self.settings
        given = {f"embedder.{name}": value for name, value in asdict(embedder).items()} | {"analyzer": ANALYZER}
        check_settings(self.folder, {name: found[name] for name in found if not name.startswith("chunker.")}, given)

    @property
    def document_count(self) -> int:
        """How many documents it holds."""
        return self.manifest.documents

    @property
    def passage_count(self) -> int:
        """How many passages it holds."""
        return self.manifest.passages

    @property
    def embedder_name(self) -> str:
        """The name of the model that made its vectors."""
        return str(self.settings["embedder.name"])

    @property
    def precision(self) -> str:
        """The precision that its vectors were computed in."""
        return str(self.settings["embedder.precision"])

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are no filters, so that everything may be searched.

        Raises:
            UnknownDocumentError: if the filters name documents that it does not hold.
        """
        if not filters:
            return None
        if filters.document_ids is not None and (unknown := self._catalog.unknown(filters.document_ids)):
            raise UnknownDocumentError(unknown)
        return SelectedPassages(*self._catalog.matching(filters))

    def rank_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest cosine, by their numbers; best first, ties by (document id, start)."""
        among = selected(selection)
        return self._in_order(self._dense.search(vector, k, among.passage_ids if among else None), k)

    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest BM25 score, by their numbers; best first, ties by (document id, start)."""
        among = selected(selection)
        return self._in_order(self._lexical.search(query, k, among.document_ids if among else None), k)

    def _in_order(self, ranked: list[Ranked], k: int) -> list[Ranked]:
        spans = self._catalog.spans_of([entry.id for entry in ranked])
        found = [entry for entry in ranked if entry.id in spans]
        return sorted(found, key=lambda entry: (-entry.score, *spans[entry.id]))[:k]

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these numbers."""
        return self._catalog.passages(ids)

    def search_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Hit]:
        """`rank_dense`, with the passages."""
        return self._hits(self.rank_dense(vector, k, selection))

    def search_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Hit]:
        """`rank_lexical`, with the passages."""
        return self._hits(self.rank_lexical(query, k, selection))

    def _hits(self, ranked: list[Ranked]) -> list[Hit]:
        passages = self.fetch([entry.id for entry in ranked])
        return [Hit(passages[entry.id], entry.score) for entry in ranked]

    def highest_lexical(self, query: str) -> float:
        """A bound that no BM25 score for this query exceeds; 0 if the query has no terms."""
        return self._lexical.highest(query)

    def terms(self, text: str) -> list[str]:
        """The distinct terms of a text, as the lexical index has them."""
        return self._lexical.terms(text)

    def idf(self, term: str) -> float:
        """How rare a term is among the passages: 0 and up, higher is rarer."""
        return self._lexical.idf(term)

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""
        return self._catalog.document(document_id)

    def with_text(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, in order."""
        return self._catalog.with_text(sha256)

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages when they are indexed: title and date."""
        return self._catalog.headings(document_ids)

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """By document id, the document's date."""
        return self._catalog.dates(document_ids)

    def summaries(self, limit: int, after: str = "", contains: str = "") -> tuple[list[Summary], int]:
        """A page of documents in order of their ids, and how many there are in all that contain the text given."""
        return self._catalog.summaries(limit, after, contains), self._catalog.count(contains)


def _open(folder: Path, before: Index | None) -> tuple[Catalog, Manifest, Opened]:
    """A snapshot of the database and the search files that belong to it; damaged ones are made again."""
    failed = ""
    while True:
        try:
            catalog = Catalog(folder / DATABASE)
        except IndexOutdatedError as error:
            _repair(folder, str(error))
            continue
        try:
            manifest = manifest_of(catalog)
            dimension = int(catalog.settings()["embedder.dimension"])
            return catalog, manifest, open_generation(folder, manifest, dimension, before._opened if before else None)
        except GenerationDamagedError as error:
            catalog.close()
            if failed == (failed := str(error)):  # the first time, a writer may just have replaced the files
                _repair(folder, failed)
        except BaseException:
            catalog.close()
            raise


def _repair(folder: Path, reason: str) -> None:
    """Make the search files again from the database, unless another process just did."""
    path = folder / DATABASE
    with writer_lock(folder, "making the search files again"), closing(Catalog(path, write=True)) as catalog:
        settings = catalog.settings()
        if not settings:
            raise IndexNotFoundError(folder, unfinished=True)
        with suppress(GenerationDamagedError):
            open_generation(folder, manifest_of(catalog), int(settings["embedder.dimension"]))
            return
        check_no_change_lost(folder, catalog)
        log.warning("making the search files in %s again: %s", folder, reason)
        with catalog.transaction():
            manifest = rebuild_generation(folder, catalog)
        delete_generations(folder, but=manifest.generation)
        (folder / "manifest.json").unlink(missing_ok=True)  # of an index of format 1

"""The index in a folder as it is at one moment: search it, and read its documents."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.errors import (
    GenerationDamagedError,
    IndexDamagedError,
    IndexNotFoundError,
    IndexOutdatedError,
    UnknownDocumentError,
    UnknownFolderError,
)
from citeqa.index.protocols import Selection
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, rebuild_generation
from citeqa.index.storage.layout import DATABASE, existing_database
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import Manifest, manifest_of
from citeqa.index.storage.opening import Opened, check_no_change_lost, open_generation
from citeqa.index.storage.probe import Probe
from citeqa.index.storage.selection import SelectedPassages, selected
from citeqa.index.storage.settings import check_settings, is_outdated, rebuilding, searched_with
from citeqa.index.storage.texts import Texts
from citeqa.index.types import Document, DocumentView, Facets, Filters, Hit, Order, Passage, Ranked, SourceFile, Summary

log = logging.getLogger(__name__)

_MANY = 1000  # passages that tie are looked up one by one; of more, the places of all passages are worked out once
_TRIES = 3  # times that search files are rebuilt for one opening


class Index:
    """An immutable view of the index in a folder at the moment it was opened. Threads may share it."""

    def __init__(self, folder: Path, before: Index | None = None) -> None:
        """Open the index in `folder`. Damaged search files are rebuilt first. Files that have not changed since
        `before`, an earlier view of the same index, are shared and not read again.

        Raises:
            IndexNotFoundError: if there is none.
            IndexMismatchError: if this program cannot read its format.
            IndexDamagedError: if its database cannot be read.
            IndexBusyError: if its search files must be rebuilt and another process is writing.
        """
        existing_database(folder)
        self.folder = folder
        self._probe = Probe(folder / DATABASE)
        self._version = self._probe.version()  # asked first: what changes while the view is opened is noticed
        try:
            self._catalog, self.manifest, self._opened = _open(folder, before)
        except BaseException:
            self._probe.close()
            raise
        self.settings, self.change = self._catalog.settings(), self._catalog.last_change()
        self.calibration = self._catalog.calibration()
        self._dense, self._lexical = self._opened.dense, self._opened.lexical
        self._texts: Texts = Texts(self._catalog, before._texts if before else None)
        self._closing = weakref.finalize(self, _close, self._catalog, self._probe)

    def close(self) -> None:
        """Close its files; this also happens when nothing refers to the view any more."""
        self._closing()

    @property
    def lag(self) -> float:
        """None: it is read from where it is written."""
        return 0.0

    def is_current(self) -> bool:
        """Whether the index is still as this view shows it."""
        version = self._probe.version()
        with closing(Catalog(self.folder / DATABASE)) as catalog:
            current = manifest_of(catalog).generation == self.manifest.generation
            current = current and (catalog.last_change(), catalog.calibration()) == (self.change, self.calibration)
        if current:
            self._version = version
        return current

    def is_surely_current(self) -> bool:
        """Whether the database file is the one that was opened, and nothing was written to it since."""
        return self._version is not None and self._probe.version() == self._version

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless the index was made with this embedder and this program's analyzer."""
        found = self.settings
        there = {name: found[name] for name in found if not name.startswith("chunker.")}
        check_settings(self.folder, there, searched_with(embedder))

    @property
    def document_count(self) -> int:
        """How many documents it holds."""
        return self.manifest.documents

    @property
    def passage_count(self) -> int:
        """How many passages it holds."""
        return self.manifest.passages

    @cached_property
    def advice(self) -> tuple[str, ...]:
        """What would make it better, each with the command that does it."""
        told = [rebuilding(self.folder)] if is_outdated(self.settings) else []
        if count := self._catalog.unstructured_count():
            known = f"{count} documents were read by a version that did not tell tables, lists and headings"
            told.append(f"{known}: citeqa index --rebuild, or citeqa sync FOLDER")
        return tuple(told)

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
            UnknownFolderError: if the filters name folders that none of its documents is in.
        """
        if not filters:
            return None
        if filters.document_ids is not None and (unknown := self._catalog.unknown(filters.document_ids)):
            raise UnknownDocumentError(unknown)
        if filters.folders is not None and (missing := self._catalog.unknown_folders(filters.folders)):
            raise UnknownFolderError(missing)
        return SelectedPassages(*self._catalog.matching(filters))

    def rank_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest cosine, by their numbers; best first, ties by (document id, start)."""
        chosen = selected(selection)
        return self._dense.search(vector, k, chosen.passage_ids if chosen else None, self._places)

    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest BM25 score, by their numbers; best first, ties by (document id, start)."""
        chosen = selected(selection)
        return self._lexical.search(query, k, chosen.document_ids if chosen else None, self._places)

    def _places(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where these passages stand in the order of (document id, start); -1 for those that are not there."""
        if len(ids) > _MANY:
            return self._all_places[np.minimum(ids, len(self._all_places) - 1)]
        spans = self._catalog.spans_of(ids.tolist())
        places = {number: place for place, number in enumerate(sorted(spans, key=spans.__getitem__))}
        return np.array([places.get(number, -1) for number in ids.tolist()], dtype=np.int64)

    @cached_property
    def _all_places(self) -> NDArray[np.int64]:
        """The place of every passage, by its number; the last entry is that of a passage that is not there."""
        ids = self._catalog.in_order()
        places = np.full(int(ids.max(initial=0)) + 2, -1, dtype=np.int64)
        places[ids] = np.arange(len(ids))
        return places

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these numbers."""
        return self._texts.passages(ids)

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

    def holds(self, words: str, selection: Selection | None = None, *, typo: bool = False) -> bool:
        """Whether a passage has all terms of the words, or those of a typing error if `typo`."""
        chosen = selected(selection)
        return self._lexical.holds(words, chosen.document_ids if chosen else None, typo=typo)

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""
        return self._catalog.document(document_id)

    def document_view(self, document_id: str) -> DocumentView:
        """The same, but of a long text only slices are read."""
        return self._texts.view(document_id)

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document came from; None if none is known."""
        return self._catalog.file_of(document_id)

    def with_text(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, in order."""
        return self._catalog.with_text(sha256)

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages when they are indexed: title and date."""
        return self._catalog.headings(document_ids)

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """By document id, the document's date."""
        return self._catalog.dates(document_ids)

    def summaries(
        self, limit: int, after: str = "", contains: str = "", filters: Filters | None = None
    ) -> tuple[list[Summary], int]:
        """A page of documents in order of their ids, and how many there are in all that contain the text given and pass
        the filters."""
        return self._catalog.summaries(limit, after, contains, filters), self._catalog.count(contains, filters)

    def sorted_summaries(
        self,
        order: Order,
        limit: int,
        after: tuple[str | int, str] | None = None,
        contains: str = "",
        filters: Filters | None = None,
    ) -> tuple[list[tuple[str | int, Summary]], int]:
        """A page of documents in another order than that of their ids, each with its key in the order; and how many
        there are in all."""
        found = self._catalog.sorted_summaries(order, limit, after, contains, filters)
        return found, self._catalog.count(contains, filters)

    def facets(self, most: int) -> Facets:
        """How many documents there are by folder, source and year, at most `most` of each."""
        return self._catalog.facets(most)


def _close(catalog: Catalog, probe: Probe) -> None:
    catalog.close()
    probe.close()


def _open(folder: Path, before: Index | None) -> tuple[Catalog, Manifest, Opened]:
    """A snapshot of the database and the search files that belong to it; damaged ones are rebuilt.

    Raises:
        IndexDamagedError: if search files that were just made cannot be opened either.
    """
    failed, made = "", 0
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
            if failed != (failed := str(error)):  # the first time, a writer may just have replaced the files
                continue
            if made == _TRIES:
                raise IndexDamagedError(
                    f"the search files in {folder} were rebuilt and still cannot be opened: {failed}"
                ) from error
            made += 1
            _repair(folder, failed)
        except BaseException:
            catalog.close()
            raise


def _repair(folder: Path, reason: str) -> None:
    """Rebuild the search files from the database, unless another process just did."""
    path = folder / DATABASE
    with writer_lock(folder, "rebuilding the search files"), closing(Catalog(path, write=True)) as catalog:
        settings = catalog.settings()
        if not settings:
            raise IndexNotFoundError(folder, unfinished=True)
        with suppress(GenerationDamagedError):
            open_generation(folder, manifest_of(catalog), int(settings["embedder.dimension"]))
            return
        check_no_change_lost(folder, catalog)
        log.warning("rebuilding the search files in %s: %s", folder, reason)
        with catalog.transaction():
            manifest = rebuild_generation(folder, catalog)
        delete_generations(folder, but=manifest.generation)
        (folder / "manifest.json").unlink(missing_ok=True)  # of an index of format 1

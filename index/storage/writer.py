"""Writing to an index: documents are chunked, embedded, and become durable and searchable together, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import GenerationDamagedError, UnknownDocumentError
from citeqa.index.protocols import LoadEmbedder, Progress
from citeqa.index.storage.adding import add_paths
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, next_generation, rebuild_generation
from citeqa.index.storage.layout import DATABASE, REINDEXING
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.opening import check_no_change_lost
from citeqa.index.storage.settings import check_settings, settings_of
from citeqa.index.storage.sqlite_store import SqliteStore
from citeqa.index.types import Document, Passage, Report, Skipped, SourceFile

BATCH = 1024  # passages embedded and committed together


def stored_settings(folder: Path) -> dict[str, str | int]:
    """What the index in `folder` was made with; empty if there is none."""
    if not (folder / DATABASE).exists():
        return {}
    with closing(Catalog(folder / DATABASE)) as catalog:
        return catalog.settings()


def update(
    folder: Path,
    paths: Iterable[Path],
    embedder: Embedder,
    chunker: ChunkerSettings | None = None,
    progress: Progress | None = None,
) -> Report:
    """Add the documents at `paths` to the index in `folder`, and replace those that changed (see `add_paths`)."""
    return add_paths(SqliteStore(folder), paths, embedder, chunker or ChunkerSettings(), progress)


@contextmanager
def writing(
    folder: Path, load: LoadEmbedder, chunker: ChunkerSettings, doing: str, progress: Progress | None = None
) -> Iterator[IndexWriter]:
    """The one writer of the index in `folder`, which is made if there is none. Changes that are not committed at the
    end of the block are dropped.

    Args:
        load: gives the embedding model; called once, and only for a new index or something to embed.
        doing: what other processes are told that this one does.

    Raises:
        IndexBusyError: if another process is writing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder, doing), closing(Catalog(folder / DATABASE, write=True)) as catalog:
        writer = IndexWriter(folder, catalog, load, chunker, progress)
        check_no_change_lost(folder, catalog)
        _finish_interrupted(folder, catalog)
        if not catalog.settings():
            writer.check_settings()
        elif catalog.generation() is None:  # it had an earlier format, and was upgraded just now
            with catalog.transaction():
                rebuild_generation(folder, catalog)
        yield writer


def _finish_interrupted(folder: Path, catalog: Catalog) -> None:
    """Do what a run that was interrupted after its commit, or a disk that was full, left undone."""
    with suppress(GenerationDamagedError):
        delete_generations(folder, but=manifest_of(catalog).generation)
    catalog.purge()


@dataclass(frozen=True, slots=True)
class _Pending:
    """A document that waits for the next commit; without vectors its passages are embedded then."""

    document: Document
    heading: str
    passages: list[Passage]
    vectors: NDArray[np.float16] | None
    file: SourceFile | None


class IndexWriter:
    """Collects changes to an index in a folder until they are committed (see `Writer`). Its caller holds the lock."""

    def __init__(
        self, folder: Path, catalog: Catalog, load: LoadEmbedder, chunker: ChunkerSettings, progress: Progress | None
    ) -> None:
        self.catalog = catalog
        self._folder, self._load, self._settings, self._progress = folder, load, chunker, progress
        self._model: tuple[Embedder, Chunker] | None = None
        self._pending: dict[str, _Pending] = {}
        self._removed: dict[str, None] = {}
        self._files: list[tuple[SourceFile, str | None, str | None]] = []
        self.added = self.replaced = self.unchanged = self.removed = 0
        self.skipped: list[Skipped] = []

    @property
    def records(self) -> Catalog:
        """What is stored, without the changes that wait for `commit`."""
        return self.catalog

    def report_to(self, progress: Progress) -> None:
        """Report progress to this function from now on."""
        self._progress = progress

    def check_settings(self) -> None:
        """Load the model, and check that the index was made with it and with these settings of the chunker; a new index
        gets them.

        Raises:
            IndexMismatchError: if the index was made with others.
        """
        self._loaded()

    def _loaded(self) -> tuple[Embedder, Chunker]:
        """The model and the chunker, checked when they are loaded."""
        if self._model is None:
            embedder = self._load()
            given, found = settings_of(embedder.info, self._settings), self.catalog.settings()
            if found:
                check_settings(self._folder, found, given)
            else:
                with self.catalog.transaction():
                    self.catalog.set_settings(given)
                    next_generation(self._folder, self.catalog, (), ())
            self._model = embedder, Chunker(embedder.count_tokens, embedder.info.max_tokens, self._settings)
        return self._model

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        """Add a document, or replace the one with its id. `file` says where it comes from; without it, an earlier
        file stays."""
        unchanged = self.catalog.is_unchanged(document)
        if unchanged and document.id not in self._removed and document.id not in self._pending:
            self.unchanged += 1
            if file and file != self.catalog.file_of(document.id):
                self.catalog.set_file(document.id, file)
            self._show(1, 0)
            return
        self.added += unchanged is None
        self.replaced += unchanged is not None
        _, chunker = self._loaded()
        heading = chunker.heading(document)
        passages, vectors = self.catalog.reusable_passages(document, heading) or (chunker.chunk(document), None)
        file = file or self.catalog.file_of(document.id)
        self._pending[document.id] = _Pending(document, heading, passages, vectors, file)
        if sum(len(pending.passages) for pending in self._pending.values()) >= BATCH:
            self.commit()

    def remove(self, document_id: str) -> None:
        """Delete a document.

        Raises:
            UnknownDocumentError: if there is none with that id.
        """
        pending = self._pending.pop(document_id, None)
        if self.catalog.contains(document_id):
            self._removed[document_id] = None
        elif not pending:
            raise UnknownDocumentError([document_id])

    def skip(self, item: Skipped) -> None:
        """Report what did not become a document."""
        self.skipped.append(item)
        self._show(1, 0)

    def leave(self, count: int) -> None:
        """Report documents that stay as they are without being put."""
        self.unchanged += count

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Remember with the next commit what was read of a file; without a digest it is forgotten."""
        self._files.append((file, sha256, reason))

    def commit(self) -> None:
        """Make everything so far durable and searchable, in one step."""
        vectors = self._embedded()
        gone = [i for i in {**self._pending, **self._removed} if self.catalog.contains(i)]
        if gone:  # what an interrupted reindexing left may hold their texts
            shutil.rmtree(self._folder / REINDEXING, ignore_errors=True)
        with self.catalog.transaction():
            for recorded in self._files:
                self.catalog.record_file(*recorded)
            dead = self._apply(vectors)
            if self._pending or self._removed:
                manifest = next_generation(self._folder, self.catalog, dead, gone)
        if self._pending or self._removed:
            delete_generations(self._folder, but=manifest.generation)
        if gone:
            self.catalog.purge()
        self.removed += len(self._removed)
        self._show(len(self._pending), 0)
        self._pending, self._removed, self._files = {}, {}, []

    def _apply(self, vectors: list[NDArray[np.float16]]) -> list[int]:
        """Change the documents in the database. Returns the numbers of the passages that are gone."""
        dead: list[int] = []
        for document_id in self._removed:
            dead += self.catalog.remove(document_id)
        for pending, rows in zip(self._pending.values(), vectors, strict=True):
            dead += self.catalog.put(pending.document, pending.heading, pending.passages, rows, pending.file)
        return dead

    def compact_if_worn(self) -> None:
        """Make the search files and the database anew if so much was deleted that it pays. It takes as long as indexing
        the terms of all passages."""
        if manifest_of(self.catalog).is_worn:
            with self.catalog.transaction():
                manifest = rebuild_generation(self._folder, self.catalog)
            delete_generations(self._folder, but=manifest.generation)
            self.catalog.compact()

    def report(self) -> Report:
        """What was done so far."""
        manifest = manifest_of(self.catalog)
        return Report(
            added=self.added,
            replaced=self.replaced,
            unchanged=self.unchanged,
            skipped=tuple(self.skipped),
            documents=manifest.documents,
            passages=manifest.passages,
            removed=self.removed,
        )

    def _embedded(self) -> list[NDArray[np.float16]]:
        """The vectors of each pending document; only texts that are new are embedded."""
        new = [pending for pending in self._pending.values() if pending.vectors is None]
        texts = [indexed_text(pending.heading, passage) for pending in new for passage in pending.passages]
        if texts:
            embedder, _ = self._loaded()
            vectors = embedder.embed_passages(texts, lambda count: self._show(0, count)).astype(np.float16)
            found = np.split(vectors, np.cumsum([len(pending.passages) for pending in new])[:-1])
        else:
            found = [np.empty((0, 0), dtype=np.float16) for _ in new]
        embedded = iter(found)
        return [next(embedded) if pending.vectors is None else pending.vectors for pending in self._pending.values()]

    def _show(self, documents: int, passages: int) -> None:
        if self._progress:
            self._progress(documents, passages)

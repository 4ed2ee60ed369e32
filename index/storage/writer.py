"""Writing to an index: documents are chunked, embedded, and become durable and searchable together, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import GenerationDamagedError
from citeqa.index.protocols import LoadEmbedder, Progress
from citeqa.index.storage.adding import add_paths
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.collecting import Collector
from citeqa.index.storage.generations import delete_generations, next_generation, rebuild_generation
from citeqa.index.storage.layout import DATABASE, REINDEXING
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.opening import check_no_change_lost
from citeqa.index.storage.originals import forget_originals
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.sqlite_store import SqliteStore
from citeqa.index.storage.traces import forget
from citeqa.index.types import Document, Report, SourceFile


def stored_settings(folder: Path) -> dict[str, str | int]:
    """What the index in `folder` was made with; empty if there is none."""
    if not (folder / DATABASE).exists():
        return {}
    with closing(Catalog(folder / DATABASE, earlier=True)) as catalog:
        return catalog.settings()


def update(
    folder: Path,
    paths: Iterable[Path],
    embedder: Embedder,
    chunker: ChunkerSettings | None = None,
    progress: Progress | None = None,
) -> Report:
    """Add the documents at `paths` to the index in `folder`, and replace those that changed (see `add_paths`)."""
    return add_paths(SqliteStore(folder), paths, embedder, chunker or chunker_of(stored_settings(folder)), progress)


@contextmanager
def writing(
    folder: Path,
    load: LoadEmbedder,
    chunker: ChunkerSettings,
    doing: str,
    progress: Progress | None = None,
    wait: float = 0.0,
) -> Iterator[IndexWriter]:
    """The one writer of the index in `folder`, which is made if there is none. Changes that are not committed at the
    end of the block are dropped.

    Args:
        load: gives the embedding model; called once, and only for a new index or something to embed.
        doing: what other processes are told that this one does.
        wait: seconds to wait for another process that is writing.

    Raises:
        IndexBusyError: if another process is writing, still after the wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder, doing, wait), closing(Catalog(folder / DATABASE, write=True)) as catalog:
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
    forget(folder, catalog.holds)
    forget_originals(folder, catalog.files_needed)
    catalog.purge()


class IndexWriter(Collector):
    """Collects changes to an index in a folder until they are committed (see `Writer`). Its caller holds the lock."""

    def __init__(
        self, folder: Path, catalog: Catalog, load: LoadEmbedder, chunker: ChunkerSettings, progress: Progress | None
    ) -> None:
        super().__init__(folder, catalog, load, chunker, progress)
        self.catalog, self._folder = catalog, folder

    @property
    def records(self) -> Catalog:
        """What is stored, without the changes that wait for `commit`."""
        return self.catalog

    @property
    def change(self) -> int:
        """The number of the latest change that is committed; 0 if there was none."""
        return self.catalog.last_change()

    def expect(self, document_id: str, sha256: str | None) -> None:
        """Nobody else can change the document."""

    def _begin(self, settings: dict[str, str | int]) -> None:
        with self.catalog.transaction():
            self.catalog.set_settings(settings)
            next_generation(self._folder, self.catalog, (), ())

    def _keep(self, document: Document, file: SourceFile | None) -> None:
        if file and file != self.catalog.file_of(document.id):
            self.catalog.set_file(document.id, file)
        self.catalog.confirm_structure(document.id)

    def _store(self) -> None:
        gone = [i for i in {**self._pending, **self._removed} if self.catalog.contains(i)]
        if gone:  # what an interrupted reindexing left may hold their texts
            shutil.rmtree(self._folder / REINDEXING, ignore_errors=True)
        with self.catalog.transaction():
            for recorded in self._files:
                self.catalog.record_file(*recorded)
            for folder_versions in self._versions.items():
                self.catalog.record_versions(*folder_versions)
            dead = self._apply()
            if self._pending or self._removed:
                manifest = next_generation(self._folder, self.catalog, dead, gone)
        if self._pending or self._removed:
            delete_generations(self._folder, but=manifest.generation)
        if gone:
            forget(self._folder, self.catalog.holds)
            forget_originals(self._folder, self.catalog.files_needed)
            self.catalog.purge()
        self.removed += len(self._removed)
        self._clear()

    def _apply(self) -> list[int]:
        """Change the documents in the database. Returns the numbers of the passages that are gone."""
        dead: list[int] = []
        for document_id in self._removed:
            dead += self.catalog.remove(document_id)
        for one in self._pending.values():
            assert one.vectors is not None
            dead += self.catalog.put(one.document, one.heading, one.passages, one.vectors, one.file)
        return dead

    def compact_if_worn(self) -> None:
        """Make the search files and the database anew if so much was deleted that it pays. It takes as long as indexing
        the terms of all passages."""
        if manifest_of(self.catalog).is_worn:
            with self.catalog.transaction():
                manifest = rebuild_generation(self._folder, self.catalog)
            delete_generations(self._folder, but=manifest.generation)
            self.catalog.compact()

"""Writing to an index: documents are chunked, embedded, and become durable and searchable together, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.corpus import Skipped, load
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import (
    DerivedDamagedError,
    IndexSettings,
    advance,
    check_latest,
    is_worn,
    manifest_of,
    rebuild,
    sweep,
)
from citeqa.index.storage.layout import BESIDE, DATABASE
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.settings import check_settings, settings_of
from citeqa.index.types import Document, Passage, SourceFile

BATCH = 1024  # passages embedded and committed together

Progress = Callable[[int, int], None]
Loading = Callable[[], Embedder]


@dataclass(frozen=True, slots=True)
class Report:
    """What was done, and how much the index holds now."""

    added: int
    replaced: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    documents: int
    passages: int
    removed: int = 0


def stored_settings(folder: Path) -> IndexSettings:
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
    """Add the documents at `paths` to the index in `folder`, and replace those that changed.

    Documents are durable in batches: an interrupted run keeps what it committed, and the next one goes on from there.
    `progress` is called with the documents and passages done since the last call.

    Raises:
        FileNotFoundError: if one of the paths does not exist.
        IndexMismatchError: if the index was made with another model, chunker or analyzer.
        IndexBusyError: if another process is writing.
    """
    items = load(paths)
    with writing(folder, lambda: embedder, chunker or ChunkerSettings(), "adding documents", progress) as writer:
        writer.load()
        for item in items:
            if isinstance(item, Skipped):
                writer.skip(item)
            else:
                writer.put(item)
        writer.commit()
        writer.settle()
        return writer.report()


@contextmanager
def writing(
    folder: Path, loading: Loading, chunker: ChunkerSettings, doing: str, progress: Progress | None = None
) -> Iterator[Writer]:
    """The one writer of the index in `folder`, which is made if there is none. What it has not committed at the end is
    dropped. `loading` gives the embedding model; it is called once, and only for a new index or something to embed."""
    folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder, doing), closing(Catalog(folder / DATABASE, write=True)) as catalog:
        writer = Writer(folder, catalog, loading, chunker, progress)
        check_latest(folder, catalog)
        _tidy(folder, catalog)
        if not catalog.settings():
            writer.load()
        elif catalog.generation() is None:  # of an earlier format, upgraded just now
            with catalog.transaction():
                rebuild(folder, catalog)
        yield writer


def _tidy(folder: Path, catalog: Catalog) -> None:
    """Do what a run that was interrupted after its commit, or a disk that was full, left undone."""
    with suppress(DerivedDamagedError):
        sweep(folder, manifest_of(catalog).generation)
    catalog.purge()


class _Cut(NamedTuple):
    document: Document
    heading: str
    passages: list[Passage]
    vectors: NDArray[np.float16] | None
    file: SourceFile | None


class Writer:
    """Collects what changes until it is committed. To be used by one thread, while it holds the lock."""

    def __init__(
        self, folder: Path, catalog: Catalog, loading: Loading, chunker: ChunkerSettings, progress: Progress | None
    ) -> None:
        self.catalog = catalog
        self._folder, self._loading, self._settings, self._progress = folder, loading, chunker, progress
        self._model: tuple[Embedder, Chunker] | None = None
        self._cut: dict[str, _Cut] = {}
        self._removed: dict[str, None] = {}
        self._read: list[tuple[SourceFile, str | None, str | None]] = []
        self.added = self.replaced = self.unchanged = self.removed = 0
        self.skipped: list[Skipped] = []

    def report_to(self, progress: Progress) -> None:
        """Report to another function from now on."""
        self._progress = progress

    def load(self) -> tuple[Embedder, Chunker]:
        """The model and the chunker, which must be those the index was made with; a new index gets their settings.

        Raises:
            IndexMismatchError: if the index was made with others.
        """
        if self._model is None:
            embedder = self._loading()
            given, found = settings_of(embedder.info, self._settings), self.catalog.settings()
            if found:
                check_settings(self._folder, found, given)
            else:
                with self.catalog.transaction():
                    self.catalog.set_settings(given)
                    advance(self._folder, self.catalog, (), ())
            self._model = embedder, Chunker(embedder.count_tokens, embedder.info.max_tokens, self._settings)
        return self._model

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        """Add a document, or replace the one with its id; `file` says where it is from, if that is known anew."""
        held = self.catalog.holds(document)
        if held and document.id not in self._removed and document.id not in self._cut:
            self.unchanged += 1
            if file and file != self.catalog.file_of(document.id):
                self.catalog.assign(document.id, file)
            self._advance(1, 0)
            return
        self.added += held is None
        self.replaced += held is not None
        _, chunker = self.load()
        heading = chunker.heading(document)
        passages, vectors = self.catalog.cut(document, heading) or (chunker.chunk(document), None)
        file = file or self.catalog.file_of(document.id)
        self._cut[document.id] = _Cut(document, heading, passages, vectors, file)
        if sum(len(cut.passages) for cut in self._cut.values()) >= BATCH:
            self.commit()

    def remove(self, document_id: str) -> None:
        """Take a document away.

        Raises:
            UnknownDocumentError: if there is none with that id.
        """
        waiting = self._cut.pop(document_id, None)
        if self.catalog.knows(document_id):
            self._removed[document_id] = None
        elif not waiting:
            raise UnknownDocumentError([document_id])

    def skip(self, item: Skipped) -> None:
        """Report what did not become a document."""
        self.skipped.append(item)
        self._advance(1, 0)

    def note(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Keep, with the next commit, what was read of a file; without a digest it is forgotten."""
        self._read.append((file, sha256, reason))

    def commit(self) -> None:
        """Make everything so far durable and searchable, in one step."""
        vectors = self._embedded()
        dead: list[int] = []
        gone = [i for i in {**self._cut, **self._removed} if self.catalog.knows(i)]
        if gone:  # what an interrupted rebuild left may hold their texts
            shutil.rmtree(self._folder / BESIDE, ignore_errors=True)
        with self.catalog.transaction():
            for file, sha256, reason in self._read:
                self.catalog.note_file(file, sha256, reason)
            for document_id in self._removed:
                dead += self.catalog.remove(document_id)
            for cut, rows in zip(self._cut.values(), vectors, strict=True):
                dead += self.catalog.put(cut.document, cut.heading, cut.passages, rows, cut.file)
            if self._cut or self._removed:
                manifest = advance(self._folder, self.catalog, dead, gone)
        if self._cut or self._removed:
            sweep(self._folder, manifest.generation)
        if gone:
            self.catalog.purge()
        self.removed += len(self._removed)
        self._advance(len(self._cut), 0)
        self._cut, self._removed, self._read = {}, {}, []

    def settle(self) -> None:
        """Make the search files and the database anew if so much is gone that it pays; takes as long as indexing all
        passages' words."""
        if is_worn(manifest_of(self.catalog)):
            with self.catalog.transaction():
                manifest = rebuild(self._folder, self.catalog)
            sweep(self._folder, manifest.generation)
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
        """The vectors of each document that waits; only texts that are new are embedded."""
        new = [cut for cut in self._cut.values() if cut.vectors is None]
        texts = [indexed_text(cut.heading, passage) for cut in new for passage in cut.passages]
        found: list[NDArray[np.float16]] = []
        if texts:
            embedder, _ = self.load()
            vectors = embedder.embed_passages(texts, lambda count: self._advance(0, count)).astype(np.float16)
            found = np.split(vectors, np.cumsum([len(cut.passages) for cut in new])[:-1])
        else:
            found = [np.empty((0, 0), dtype=np.float16) for _ in new]
        given = iter(found)
        return [next(given) if cut.vectors is None else cut.vectors for cut in self._cut.values()]

    def _advance(self, documents: int, passages: int) -> None:
        if self._progress:
            self._progress(documents, passages)

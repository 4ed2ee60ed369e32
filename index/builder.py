"""Bringing an index up to date with files: read, chunk, embed, store, publish."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from index.catalog import Catalog
from index.chunker import Chunker, ChunkerSettings, indexed_text
from index.corpus import Skipped, load
from index.derived import DerivedDamagedError, Manifest, Settings, check_format, publish, read_manifest
from index.embedder import Embedder
from index.store import check_settings, settings_of, writer_lock
from index.types import Document, Passage

log = logging.getLogger(__name__)

_BATCH = 512  # passages embedded and committed together

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What `update` did, and how much the index holds now."""

    added: int
    replaced: int
    unchanged: int
    skipped: tuple[Skipped, ...]
    documents: int
    passages: int


def stored_settings(folder: Path) -> Settings:
    """What the index in `folder` was made with; empty if there is none."""
    path = folder / "catalog.sqlite3"
    if not path.exists():
        return {}
    with closing(Catalog(path)) as catalog:
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
    settings = chunker or ChunkerSettings()
    check_format(folder)
    items = load(paths)
    folder.mkdir(parents=True, exist_ok=True)
    with writer_lock(folder), closing(Catalog(folder / "catalog.sqlite3", write=True)) as catalog:
        _agree_on_settings(folder, catalog, settings_of(embedder.info, settings))
        writer = _Writer(
            catalog, embedder, Chunker(embedder.count_tokens, embedder.info.max_tokens, settings), progress
        )
        for item in items:
            writer.take(item)
        writer.flush()
        manifest = _published(folder, catalog)
        return Report(
            added=writer.added,
            replaced=writer.replaced,
            unchanged=writer.unchanged,
            skipped=tuple(writer.skipped),
            documents=manifest.documents,
            passages=manifest.passages,
        )


def _published(folder: Path, catalog: Catalog) -> Manifest:
    """The search files of the catalog as it is now: those there are, or new ones."""
    try:
        manifest = read_manifest(folder)
        if manifest.last_change == catalog.last_change():
            return manifest
    except DerivedDamagedError:
        pass  # a new index, or one whose manifest was lost
    return publish(folder, catalog)


def _agree_on_settings(folder: Path, catalog: Catalog, given: Settings) -> None:
    found = catalog.settings()
    if found:
        check_settings(folder, found, given)
    else:
        catalog.set_settings(given)


class _Cut(NamedTuple):
    document: Document
    heading: str
    passages: list[Passage]


class _Writer:
    """Collects documents until a batch is worth embedding, then stores it in one transaction."""

    def __init__(self, catalog: Catalog, embedder: Embedder, chunker: Chunker, progress: Progress | None) -> None:
        self._catalog, self._embedder, self._chunker, self._progress = catalog, embedder, chunker, progress
        self._waiting: list[_Cut] = []
        self.added = self.replaced = self.unchanged = 0
        self.skipped: list[Skipped] = []

    def take(self, item: Document | Skipped) -> None:
        if isinstance(item, Skipped):
            self.skipped.append(item)
            self._report(1, 0)
            return
        held = self._catalog.holds(item)
        if held:
            self.unchanged += 1
            self._report(1, 0)
            return
        self.added += held is None
        self.replaced += held is False
        self._waiting.append(_Cut(item, self._chunker.heading(item), self._chunker.chunk(item)))
        if sum(len(cut.passages) for cut in self._waiting) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        texts = [indexed_text(cut.heading, passage) for cut in self._waiting for passage in cut.passages]
        vectors = self._embedder.embed_passages(texts, lambda count: self._report(0, count)).astype(np.float16)
        with self._catalog.transaction():
            start = 0
            for document, heading, passages in self._waiting:
                self._catalog.put(document, heading, passages, vectors[start : start + len(passages)])
                start += len(passages)
        self._report(len(self._waiting), 0)
        self._waiting = []

    def _report(self, documents: int, passages: int) -> None:
        if self._progress:
            self._progress(documents, passages)

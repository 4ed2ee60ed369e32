"""Collecting changes until they are committed: what all writers have in common, whatever they write to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.tally import Tally
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.protocols import IndexSettings, LoadEmbedder, Progress, Records
from citeqa.index.storage.prepared import Prepared
from citeqa.index.storage.settings import check_settings, settings_of
from citeqa.index.types import Document, Passage, Report, Skipped, SourceFile

BATCH = 1024  # passages committed together
SLICE = 64  # passages embedded before progress is reported, which is when work can be interrupted


class Stored(Records, Protocol):
    """What is stored, and what of it saves embedding again."""

    def settings(self) -> IndexSettings:
        """What the index was made with; empty for a new one."""

    def contains(self, document_id: str) -> bool:
        """Whether there is a document with this id."""

    def reusable_passages(self, document: Document, heading: str) -> tuple[list[Passage], NDArray[np.float16]] | None:
        """Passages and vectors for a document, taken from one that has the same text, heading, boilerplate and
        structure, whatever its id; None if there is no such document."""


class Collector(ABC):
    """Collects changes to an index until they are committed (see `Writer`). What it writes to is its subclass's."""

    def __init__(
        self, address: object, stored: Stored, load: LoadEmbedder, chunker: ChunkerSettings, progress: Progress | None
    ) -> None:
        self._address, self._stored, self._load, self._settings = address, stored, load, chunker
        self._progress = progress
        self._model: tuple[Embedder, Chunker] | None = None
        self._clear()
        self.added = self.replaced = self.unchanged = self.removed = 0
        self.skipped: list[Skipped] = []
        self._tally = Tally()

    def _clear(self) -> None:
        self._pending: dict[str, Prepared] = {}
        self._removed: dict[str, None] = {}
        self._files: list[tuple[SourceFile, str | None, str | None]] = []
        self._versions: dict[str, dict[str, int]] = {}

    @property
    @abstractmethod
    def change(self) -> int:
        """The number of the latest change that is committed; 0 if there was none."""

    @abstractmethod
    def _begin(self, settings: dict[str, str | int]) -> None:
        """Give a new index its settings."""

    def _agreed(self, settings: IndexSettings) -> None:
        """Take note of the stored settings that what comes is made with."""
        return

    @abstractmethod
    def _keep(self, document: Document, file: SourceFile | None) -> None:
        """Say from which file a document comes that is stored as it is, if that is given."""

    @abstractmethod
    def _store(self) -> None:
        """Write what is embedded, and what was removed, and forget about it."""

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
            wanted, found = settings_of(embedder.info, self._settings), self._stored.settings()
            if not found:
                self._begin(wanted)
                found = self._stored.settings()
            check_settings(self._address, found, wanted)
            self._agreed(found)
            self._model = embedder, Chunker(embedder.count_tokens, embedder.info.max_tokens, self._settings)
        return self._model

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        """Add a document, or replace the one with its id. `file` says where it comes from; without it, an earlier
        file stays."""
        unchanged = self._stored.is_unchanged(document)
        if unchanged and document.id not in self._removed and document.id not in self._pending:
            self.unchanged += 1
            self._tally.put(document, unchanged=True)
            self._keep(document, file)
            self._show(1, 0)
            return
        self._tally.put(document, unchanged=False)
        self.added += unchanged is None
        self.replaced += unchanged is not None
        _, chunker = self._loaded()
        heading = chunker.heading(document)
        passages, vectors = self._stored.reusable_passages(document, heading) or (chunker.chunk(document), None)
        file = file or self._stored.file_of(document.id)
        self._pending[document.id] = Prepared(document, heading, passages, vectors, file)
        self._show(0, 0)
        if sum(len(pending.passages) for pending in self._pending.values()) >= BATCH:
            self.commit()

    def take(self, one: Prepared) -> None:
        """Add a document with its passages and vectors as another index with the same settings has them, or replace the
        one with its id, unless it is there already."""
        document = one.document
        unchanged = self._stored.is_unchanged(document)
        if unchanged and self._stored.file_of(document.id) == one.file:
            self.unchanged += 1
            self._show(1, 0)
            return
        self.added += unchanged is None
        self.replaced += unchanged is not None
        self._pending[document.id] = one
        if sum(len(pending.passages) for pending in self._pending.values()) >= BATCH:
            self.commit()

    def remove(self, document_id: str) -> None:
        """Delete a document.

        Raises:
            UnknownDocumentError: if there is none with that id.
        """
        pending = self._pending.pop(document_id, None)
        if self._stored.contains(document_id):
            self._removed[document_id] = None
        elif not pending:
            raise UnknownDocumentError([document_id])

    def skip(self, item: Skipped) -> None:
        """Report what did not become a document."""
        self.skipped.append(item)
        self._tally.skip(item)
        self._show(1, 0)

    def leave(self, count: int, format_name: str) -> None:
        """Report documents of a format that stay as they are without being put."""
        self.unchanged += count
        self._tally.leave(count, format_name)

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Remember with the next commit what was read of a file; without a digest it is forgotten."""
        self._files.append((file, sha256, reason))

    def record_versions(self, root: str, versions: Mapping[str, int]) -> None:
        """Remember with the next commit the versions of formats that all files of a folder have been read with."""
        self._versions[root] = dict(versions)

    def commit(self) -> None:
        """Make everything so far durable and searchable, in one step. If it is interrupted while it embeds, the
        documents that are embedded are kept: a document is kept whole or not at all."""
        try:
            self._embed()
        except KeyboardInterrupt:
            self._pending = {i: one for i, one in self._pending.items() if one.vectors is not None}
            self._removed, self._files, self._versions = {}, [], {}  # the next run finds out again what to do of these
            self._store()
            raise
        self._store()

    def report(self) -> Report:
        """What was done so far."""
        documents, passages = self._stored.counts()
        return Report(
            added=self.added,
            replaced=self.replaced,
            unchanged=self.unchanged,
            skipped=tuple(self.skipped),
            documents=documents,
            passages=passages,
            removed=self.removed,
            change=self.change,
            formats=self._tally.by_format(),
            warnings=tuple(self._tally.warnings),
        )

    def _embed(self) -> None:
        """Give each pending document its vectors; only texts that are new are embedded. What the reporting of progress
        raises, such as KeyboardInterrupt, leaves each document with all of its vectors or with none."""
        new = [one for one in self._pending.values() if one.vectors is None]
        self._show(len(self._pending) - len(new), 0)
        group: list[Prepared] = []
        for one in new:
            group.append(one)
            if sum(len(each.passages) for each in group) >= SLICE:
                self._embed_group(group)
                group = []
        self._embed_group(group)

    def _embed_group(self, group: Sequence[Prepared]) -> None:
        texts = [indexed_text(one.heading, passage) for one in group for passage in one.passages]
        dimension = self._loaded()[0].info.dimension if texts else 0
        parts = [np.empty((0, dimension), dtype=np.float16)]
        for start in range(0, len(texts), SLICE):
            self._show(0, len(parts[-1]))
            parts.append(self._loaded()[0].embed_passages(texts[start : start + SLICE]).astype(np.float16))
        ends = np.cumsum([len(one.passages) for one in group])
        for one, rows in zip(group, np.split(np.concatenate(parts), ends[:-1]), strict=False):
            self._pending[one.document.id] = replace(one, vectors=rows)
        self._show(len(group), len(parts[-1]))

    def _show(self, documents: int, passages: int) -> None:
        if self._progress:
            self._progress(documents, passages)

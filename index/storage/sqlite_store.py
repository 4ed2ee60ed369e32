"""An index in a folder: SQLite as the source of truth, FAISS and tantivy files beside it. Heavy modules are loaded when
they are needed, so that a missing index is noticed at once."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from citeqa.index.storage.layout import DATABASE

if TYPE_CHECKING:
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.protocols import IndexSettings, LoadEmbedder, OpenIndex, Progress, Records
    from citeqa.index.storage.writer import IndexWriter
    from citeqa.index.types import Finding, Report


class SqliteStore:
    """The index in a folder (see `Store`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self) -> bool:
        return (self._folder / DATABASE).exists()

    def settings(self) -> IndexSettings:
        from citeqa.index.storage.writer import stored_settings

        return stored_settings(self._folder)

    def open(self, before: OpenIndex | None = None) -> OpenIndex:
        from citeqa.index.storage.snapshot import Index

        return Index(self._folder, before if isinstance(before, Index) else None)

    @contextmanager
    def reading(self) -> Iterator[Records]:
        from citeqa.index.storage.catalog import Catalog

        if self.exists():
            with closing(Catalog(self._folder / DATABASE)) as catalog:
                yield catalog
            return
        with (
            tempfile.TemporaryDirectory(prefix="citeqa-") as nowhere,
            closing(Catalog(Path(nowhere, DATABASE), write=True)) as empty,
        ):
            yield empty

    def writing(
        self, load: LoadEmbedder, chunker: ChunkerSettings, doing: str, progress: Progress | None = None
    ) -> AbstractContextManager[IndexWriter]:
        from citeqa.index.storage.writer import writing

        return writing(self._folder, load, chunker, doing, progress)

    def reindex(self, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
        from citeqa.index.storage.reindex import reindex

        return reindex(self._folder, embedder, chunker, progress)

    def examine(self, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
        from citeqa.index.storage.doctor import examine

        return examine(self._folder, load)

    def backup(self, target: Path) -> int:
        from citeqa.index.storage.backup import backup

        return backup(self._folder, target)

    def purge(self) -> bool:
        from citeqa.index.storage.catalog import Catalog

        with closing(Catalog(self._folder / DATABASE, write=True)) as catalog:
            return catalog.purge()

"""An index in a folder: SQLite as the source of truth, FAISS and tantivy files beside it. Heavy modules are loaded when
they are needed, so that a missing index is noticed at once."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citeqa.index.storage.layout import DATABASE

if TYPE_CHECKING:
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.protocols import IndexSettings, LoadEmbedder, OpenIndex, Progress, Records
    from citeqa.index.storage.writer import IndexWriter
    from citeqa.index.types import Finding, Report


@contextmanager
def nothing() -> Iterator[Records]:
    """What is stored where there is no index."""
    from citeqa.index.storage.catalog import Catalog

    with (
        tempfile.TemporaryDirectory(prefix="citeqa-") as nowhere,
        closing(Catalog(Path(nowhere, DATABASE), write=True)) as empty,
    ):
        yield empty


class SqliteStore:
    """The index in a folder (see `Store`)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def exists(self) -> bool:
        return (self._folder / DATABASE).exists()

    def settings(self) -> IndexSettings:
        from citeqa.index.storage.writer import stored_settings

        return stored_settings(self._folder)

    def open(self, before: OpenIndex | None = None, *, change: int = 0) -> OpenIndex:
        from citeqa.index.storage.snapshot import Index

        return Index(self._folder, before if isinstance(before, Index) else None)

    @contextmanager
    def reading(self) -> Iterator[Records]:
        from citeqa.index.storage.catalog import Catalog

        if self.exists():
            with closing(Catalog(self._folder / DATABASE)) as catalog:
                yield catalog
            return
        with nothing() as empty:
            yield empty

    def writing(
        self,
        load: LoadEmbedder,
        chunker: ChunkerSettings,
        doing: str,
        progress: Progress | None = None,
        wait: float = 0.0,
    ) -> AbstractContextManager[IndexWriter]:
        from citeqa.index.storage.writer import writing

        return writing(self._folder, load, chunker, doing, progress, wait)

    def following(self) -> AbstractContextManager[None]:
        return nullcontext()

    def reindex(self, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
        from citeqa.index.storage.reindex import reindex

        return reindex(self._folder, embedder, chunker, progress)

    def calibration(self) -> str | None:
        from citeqa.index.storage.catalog import Catalog
        from citeqa.index.storage.layout import existing_database

        with closing(Catalog(existing_database(self._folder))) as catalog:
            return catalog.calibration()

    def calibrate(self, calibration: str | None) -> None:
        from citeqa.index.storage.catalog import Catalog
        from citeqa.index.storage.layout import existing_database
        from citeqa.index.storage.lock import writer_lock

        existing_database(self._folder)
        with (
            writer_lock(self._folder, "calibrating the confidence"),
            closing(Catalog(self._folder / DATABASE, write=True)) as catalog,
            catalog.transaction(),
        ):
            catalog.set_calibration(calibration)

    def keep_feedback(self, row: Mapping[str, Any], document_ids: Sequence[str]) -> None:
        from citeqa.index.appending import append_row
        from citeqa.index.storage.traces import FEEDBACK

        append_row(self._folder / FEEDBACK, row)

    def keep_feedback_line(self, line: bytes) -> None:
        self.keep_feedback(json.loads(line), ())

    def feedback(self) -> Iterator[bytes]:
        from citeqa.index.storage.traces import FEEDBACK

        with suppress(FileNotFoundError):
            yield from (self._folder / FEEDBACK).read_bytes().splitlines()

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

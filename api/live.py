"""A service that is kept in step with its index, and that may write to it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from citeqa.api.service import Service
from citeqa.index.documents.origins import BROUGHT
from citeqa.index.errors import ChangedMeanwhileError, CiteqaError, StorageError
from citeqa.index.protocols import IndexSettings, OpenIndex, Progress, Writer
from citeqa.index.storage.originals import keep_original
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import open_store
from citeqa.index.types import Document, SourceFile
from citeqa.rag.options import Look

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between looks at whether the index has changed
_TRIES = 4  # times that a change is decided anew when the document changed meanwhile
_SOON = 0.02  # the same, while a request waits for a change


class Stored(NamedTuple):
    """Whether a document was stored, the sha256 of the text of the one with its id before (None if there was none),
    and the number of the latest change, with which it is there."""

    done: bool
    former: str | None
    change: int


class LiveService:
    """The service to answer from now; replaced by a newer one when the index has changed. May be shared between
    threads; questions never wait for changes."""

    def __init__(
        self,
        address: str | Path,
        models: Path,
        reader: str | None = None,
        cache: int = 0,
        look: Look = "twice",
        *,
        wait: float = 0.0,
    ) -> None:
        """Open the index at an address, as `Service.open_in` does. A change waits for those of others, of this process
        and of other processes, at most `wait` seconds each.

        Raises:
            CiteqaError: if there is no index, or it does not fit the installed model.
        """
        self._store, self._cache, self._wait = open_store(address), cache, wait
        self._open = partial(Service.open_in, self._store, models, reader, cache, look)
        self.now = self._open()
        for line in self.now.index.advice:
            log.warning("%s", line)
        self._refreshing, self._writing = threading.Lock(), threading.Lock()
        self._unpurged = threading.Event()
        self._failed = 0.0  # when a request last failed to open the index as it is

    def refresh(self, change: int = 0) -> None:
        """Answer from the index as it is now, with at least the change of this number, if it is not what `now`
        shows."""
        with self._refreshing:
            if self.now.index.change >= change and self.now.index.is_current():
                return
            self.now = self._view(change)
            self._unpurged.set()
            index = self.now.index
            log.info("the index changed: it has %d documents in %d passages", index.document_count, index.passage_count)

    def is_behind(self) -> bool:
        """Whether the index may have changed, so that `catch_up` is to be called before a request is answered. Takes
        microseconds."""
        return not self.now.index.is_surely_current() and time.monotonic() - self._failed > LOOK

    def catch_up(self) -> None:
        """`refresh`, for a request: if that fails, the index as it was is what there is to answer from, and no other
        request tries before the next regular look, which logs why."""
        try:
            self.refresh()
        except (CiteqaError, OSError):
            self._failed = time.monotonic()

    def with_change(self, change: int, seconds: float) -> Service | None:
        """The service as soon as it shows the change with this number; None if that takes longer than `seconds`."""
        until = time.monotonic() + seconds
        while (service := self.now).index.change < change:
            if time.monotonic() > until:
                return None
            if self.is_behind():
                self.catch_up()
            else:
                time.sleep(_SOON)
        return service

    @contextmanager
    def following(self) -> Iterator[None]:
        """Look for changes twice a second for as long as the block lasts."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._follow, args=(stopped,), name="follow the index", daemon=True)
        with self._store.following():
            thread.start()
            try:
                yield
            finally:
                stopped.set()
                thread.join()

    def _follow(self, stopped: threading.Event) -> None:
        failed = ""
        while not stopped.wait(LOOK):
            try:
                self.refresh()
                self._purge()
                failed = ""
            except Exception as error:  # whatever it is, the next look may find all well
                if failed != (failed := repr(error)):
                    known = isinstance(error, (CiteqaError, OSError))
                    log.warning("answering from the index as it was: %s", error, exc_info=not known)

    def put(self, document: Document) -> bool:
        """Add a document, or replace the one with its id; found by the next question. Whether it is a new one.

        Raises:
            IndexBusyError: if another process is writing for too long.
        """
        return self.store(document).former is None

    def store(
        self,
        document: Document,
        *,
        only_new: bool = False,
        original: IO[bytes] | None = None,
        progress: Progress | None = None,
    ) -> Stored:
        """Add a document, or replace the one with its id, unless only a new one is to be added. A new one belongs to
        nobody's file (see `index.documents.origins`). `original` is the file it was read from, if that is to be kept.
        `progress` is told of documents and passages that are embedded.

        Raises:
            IndexBusyError: if another process is writing for too long.
        """
        former: str | None = None

        def change(writer: Writer) -> None:
            nonlocal former
            if progress:
                writer.report_to(progress)
            former = bring(writer, self.now.index.folder, document, only_new=only_new, original=original)

        number = self._write(change)
        return Stored(former is None or not only_new, former, number)

    def remove(self, document_id: str) -> int:
        """Take a document away. Returns the number of this change.

        Raises:
            UnknownDocumentError: if there is none with that id.
            IndexBusyError: if another process is writing for too long.
        """
        return self._write(lambda writer: writer.remove(document_id))

    def keep_feedback(self, row: dict[str, Any], document_ids: Sequence[str]) -> None:
        """Keep what a user said, with the index; `document_ids` are the documents that it quotes.

        Raises:
            IndexBusyError: if others write for too long.
            StorageError: if it cannot be written.
        """
        self._store.keep_feedback(row, document_ids)

    def _write(self, change: Callable[[Writer], None]) -> int:
        with self._writing:
            self.refresh()  # another process may have made it again with other settings
            for _ in range(_TRIES):
                with suppress(ChangedMeanwhileError):
                    number = self._write_once(change)
                    break
            else:
                number = self._write_once(change)
        self.refresh(number)
        return number

    def _write_once(self, change: Callable[[Writer], None]) -> int:
        chunker, model = chunker_of(self.now.index.settings), self.now.answerer.embedder
        with self._store.writing(lambda: model, chunker, "changing documents over HTTP", wait=self._wait) as writer:
            change(writer)
            writer.commit()
            return writer.change

    def _purge(self) -> None:
        """Empty the journal of texts that were taken away, as soon as no question looks at them any more. Others may
        write meanwhile: it is tried again after them. Who may only read leaves it to those who write."""
        if not self._unpurged.is_set():
            return
        self._unpurged.clear()
        try:
            emptied = self._store.purge()
        except StorageError:
            return
        if not emptied:
            self._unpurged.set()
            with self._refreshing:  # a view opened now needs nothing of the journal: all of it is in the database file
                self.now = self._view()

    def _view(self, change: int = 0) -> Service:
        """The service over the index as it is now, with at least the change of this number."""
        before = self.now.index
        index = self._store.open(before, change=change)
        if _model(index) == _model(before):
            return self.now.over(index, self._cache)
        index.close()
        return self._open()

    def close(self) -> None:
        self.now.index.close()


def bring(
    writer: Writer, folder: Path, document: Document, *, only_new: bool = False, original: IO[bytes] | None = None
) -> str | None:
    """Put a document that was brought to the service, and keep the file it came in, if there is one (see
    `LiveService.store`). Returns the sha256 of the text of the one with its id before; None if there was none."""
    former = writer.records.digest(document.id)
    writer.expect(document.id, former)
    if original and (former is None or not only_new):
        keep_original(folder, document.file_sha256, original)
    if former is None:
        writer.put(document, SourceFile(BROUGHT, document.id))
    elif not only_new:
        writer.put(document)
    return former


def _model(index: OpenIndex) -> IndexSettings:
    """The settings that say which embedding model an index was made with."""
    return {name: value for name, value in index.settings.items() if name.startswith("embedder.")}

"""A service that is kept in step with its index, and that may write to it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from citeqa.api.caching import AnswerCache
from citeqa.api.service import Service
from citeqa.index.errors import CiteqaError
from citeqa.index.protocols import IndexSettings, OpenIndex, Writer
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import open_store
from citeqa.index.types import Document

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between looks at whether the index has changed


class LiveService:
    """The service to answer from now; replaced by a newer one when the index has changed. May be shared between
    threads; questions never wait for changes."""

    def __init__(
        self, address: str | Path, models: Path | None = None, reader: str | None = None, cache: int = 0
    ) -> None:
        """Open the index at an address, as `Service.open_in` does.

        Raises:
            CiteqaError: if there is no index, or it does not fit the installed model.
        """
        self._store, self._cache = open_store(address), cache
        self._open = partial(Service.open_in, self._store, models, reader, cache)
        self.now = self._open()
        self._refreshing, self._writing = threading.Lock(), threading.Lock()
        self._unpurged = threading.Event()

    def refresh(self) -> None:
        """Answer from the index as it is now, if it is not what `now` shows."""
        with self._refreshing:
            if self.now.index.is_current():
                return
            self.now = self._view()
            self._unpurged.set()
            index = self.now.index
            log.info("the index changed: it has %d documents in %d passages", index.document_count, index.passage_count)

    @contextmanager
    def following(self) -> Iterator[None]:
        """Look for changes twice a second for as long as the block lasts."""
        stopped = threading.Event()
        thread = threading.Thread(target=self._follow, args=(stopped,), name="follow the index", daemon=True)
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
            IndexBusyError: if another process is writing.
        """
        writer = self._write(lambda writer: writer.put(document))
        return bool(writer.added)

    def remove(self, document_id: str) -> None:
        """Take a document away.

        Raises:
            UnknownDocumentError: if there is none with that id.
            IndexBusyError: if another process is writing.
        """
        self._write(lambda writer: writer.remove(document_id))

    def _write(self, change: Callable[[Writer], None]) -> Writer:
        with self._writing:
            self.refresh()  # another process may have made it again with other settings
            chunker, model = chunker_of(self.now.index.settings), self.now.answerer.embedder
            with self._store.writing(lambda: model, chunker, "changing documents over HTTP") as writer:
                change(writer)
                writer.commit()
        self.refresh()
        return writer

    def _purge(self) -> None:
        """Empty the journal of texts that were taken away, as soon as no question looks at them any more. Others may
        write meanwhile: it is tried again after them."""
        if not self._unpurged.is_set():
            return
        self._unpurged.clear()
        if not self._store.purge():
            self._unpurged.set()
            with self._refreshing:  # a view opened now needs nothing of the journal: all of it is in the database file
                self.now = self._view()

    def _view(self) -> Service:
        """The service over the index as it is now."""
        before = self.now.index
        index = self._store.open(before)
        if _model(index) == _model(before):
            return Service(index, self.now.answerer.over(index), AnswerCache(self._cache))
        index.close()
        return self._open()

    def close(self) -> None:
        self.now.index.close()


def _model(index: OpenIndex) -> IndexSettings:
    """The settings that say which embedding model an index was made with."""
    return {name: value for name, value in index.settings.items() if name.startswith("embedder.")}

"""A reader that is opened when it is first used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from citeqa.index.context import Context
from citeqa.rag.reader.protocol import Reader, ReaderInfo
from citeqa.rag.types import ScoredSpan


class LazyReader:
    """The reader in a folder, opened with its first question. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Raises ReaderError if the folder holds no reader; its files are checked when it is opened."""
        from citeqa.rag.reader.onnx_reader import described

        self._folder = folder
        self._info = described(folder)
        self._lock = Lock()
        self._opened: Reader | None = None

    @property
    def info(self) -> ReaderInfo:
        return self._info

    @property
    def confidence_file(self) -> Path | None:
        return None  # it is never asked alone

    @property
    def is_open(self) -> bool:
        """Whether it has been used."""
        return self._opened is not None

    def read(
        self, question: str, texts: Sequence[str], headings: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[ScoredSpan]]:
        """See `Reader.read`. Raises ReaderError if it cannot be opened."""
        from citeqa.rag.reader.loading import opened as readers

        with self._lock:
            opened = self._opened = self._opened or readers.open(self._folder)
        return opened.read(question, texts, headings, contexts)

"""Everything that must be loaded before a question can be answered."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from citeqa.api.caching import AnswerCache
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.protocols import OpenIndex, Store
from citeqa.index.storage.stores import open_store
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.reader.loading import load_reader

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """An open index and the answerer over it. Threads may share it."""

    index: OpenIndex
    answerer: Answerer
    cache: AnswerCache = field(default_factory=lambda: AnswerCache(0))

    @property
    def now(self) -> Service:
        """Itself: a service over an index that nobody changes."""
        return self

    @classmethod
    def open(
        cls, address: str | Path, models: Path | None = None, reader: str | None = None, cache: int = 0
    ) -> Service:
        """Open the index at an address (see `open_in`)."""
        return cls.open_in(open_store(address), models, reader, cache)

    @classmethod
    def open_in(cls, store: Store, models: Path | None = None, reader: str | None = None, cache: int = 0) -> Service:
        """Open the index in a store, with the embedding model it was made with.

        Args:
            models: holds exported models; `models` in the index's folder by default.
            reader: the name or path of another reader than the shipped one.
            cache: how many answers are kept for when the same question is asked again.

        Raises:
            CiteqaError: if there is no index, or it does not fit the installed model.
        """
        index = store.open()
        models = models or index.folder / "models"
        embedder = load_embedder(index.embedder_name, models, index.precision)
        reads = load_reader(reader, models)
        fitted, fitted_on = confidence.load()
        for difference in confidence.stale(fitted_on, reads.info, index.settings):
            log.warning("confidences are less reliable than measured: %s", difference)
        return cls(index, Answerer(index, embedder, reads, fitted), AnswerCache(cache))

    def close(self) -> None:
        self.index.close()


def versions() -> dict[str, str]:
    """The versions of what decides about an answer."""
    names = ("citeqa", "sentence-transformers", "onnxruntime", "faiss-cpu", "tantivy", "sentencex")
    return {name: version(name) for name in names}

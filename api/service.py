"""Everything that must be loaded before a question can be answered."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from citeqa.api.caching import AnswerCache
from citeqa.api.schemas import AskResponse, SearchResponse
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.protocols import OpenIndex, SearchIndex, Store
from citeqa.index.storage.stores import open_store
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.options import AskOptions
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
        fitted, fitted_on = confidence.load(reads.confidence_file or confidence.FITTED)
        for difference in confidence.stale(fitted_on, reads.info, index.settings):
            log.warning("confidences are less reliable than measured: %s", difference)
        return cls(index, Answerer(index, embedder, reads, fitted), AnswerCache(cache))

    def ask(self, question: str, options: AskOptions) -> tuple[AskResponse, bool]:
        """The answer in the contract's form, and whether it was kept from when the same was asked before."""
        return self.cache.ask(question, options, lambda asked, dated: ask_over(self.index, self.answerer, asked, dated))

    def search(self, question: str, options: AskOptions) -> SearchResponse:
        """The passages found, in the contract's form."""
        found, milliseconds = self.answerer.search(question, options)
        return SearchResponse.of(question, found, milliseconds, self.index)

    def close(self) -> None:
        self.index.close()


def ask_over(index: SearchIndex, answerer: Answerer, question: str, options: AskOptions) -> AskResponse:
    """The answer in the contract's form; `index` is what `answerer` searches."""
    return AskResponse.of(answerer.ask(question, options), index)


def versions() -> dict[str, str]:
    """The versions of what decides about an answer."""
    names = ("citeqa", "sentence-transformers", "onnxruntime", "faiss-cpu", "tantivy", "sentencex")
    return {name: version(name) for name in names}

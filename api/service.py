"""Everything that must be loaded before a question can be answered."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from citeqa.api.caching import AnswerCache, dated
from citeqa.api.schemas import AskResponse, SearchResponse
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.protocols import OpenIndex, SearchIndex, Store
from citeqa.index.storage.stores import open_store
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.confidence import FITTED, InForce, load
from citeqa.rag.look import load_look
from citeqa.rag.options import AskOptions, Look
from citeqa.rag.reader.loading import load_reader
from citeqa.rag.reader.protocol import ReaderInfo

Answering = Callable[[], tuple[AskResponse, bool]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """An open index and the answerer over it. Threads may share it."""

    index: OpenIndex
    answerer: Answerer
    cache: AnswerCache = field(default_factory=lambda: AnswerCache(0))
    confidence: InForce = field(default_factory=lambda: InForce(*load(FITTED)))
    confidence_file: Path = FITTED

    @property
    def now(self) -> Service:
        """Itself: a service over an index that nobody changes."""
        return self

    @classmethod
    def open(
        cls, address: str | Path, models: Path, reader: str | None = None, cache: int = 0, look: Look = "twice"
    ) -> Service:
        """Open the index at an address (see `open_in`)."""
        return cls.open_in(open_store(address), models, reader, cache, look)

    @classmethod
    def open_in(
        cls, store: Store, models: Path, reader: str | None = None, cache: int = 0, look: Look = "twice"
    ) -> Service:
        """Open the index in a store, with the embedding model it was made with.

        Args:
            models: the folder of exported models.
            reader: the name or path of another reader than the shipped one.
            cache: how many answers are kept for when the same question is asked again.
            look: how often passages are read where a question does not say it; the shipped second reader looks again
                after the shipped reader only.

        Raises:
            CiteqaError: if there is no index, or it does not fit the installed model.
        """
        index = store.open()
        embedder = load_embedder(index.embedder_name, models, index.precision)
        reads = load_reader(reader, models)
        file = reads.confidence_file or confidence.FITTED
        found = _in_force(file, index, reads.info)
        answerer = Answerer(index, embedder, reads, found.confidence, load_look(reads.info), look)
        answerer = answerer.deciding(found.confidence, found.second)
        return cls(index, answerer, AnswerCache(cache), found, file)

    def over(self, index: OpenIndex, cache: int) -> Service:
        """A service with the same models over a later view of the index, with an empty cache."""
        found = _in_force(self.confidence_file, index, self.answerer.reader)
        answerer = self.answerer.over(index).deciding(found.confidence, found.second)
        return Service(index, answerer, AnswerCache(cache), found, self.confidence_file)

    def ask(self, question: str, options: AskOptions) -> tuple[AskResponse, bool]:
        """The answer in the contract's form, and whether it was kept from when the same was asked before."""
        return self.cache.ask(question, options, lambda asked, dated: ask_over(self.index, self.answerer, asked, dated))

    def ask_in_steps(self, question: str, options: AskOptions) -> tuple[SearchResponse | None, Answering]:
        """The passages for a question, as they are found before they are read, and what gives its answer as `ask` does.
        There are no passages if the answer is kept: then it is there at once, with its evidence.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        options = dated(options)
        if self.cache.holds(question, options):
            return None, lambda: self.ask(question, options)
        found = self.answerer.find(question, options)
        milliseconds = (found.retrieved - found.started) * 1000
        passages = SearchResponse.of(question, self.answerer.passages(found), milliseconds, self.index)

        def read(asked: str, on_a_day: AskOptions) -> AskResponse:
            return AskResponse.of(self.answerer.read(found), self.index)

        return passages, lambda: self.cache.ask(question, options, read)

    def search(self, question: str, options: AskOptions) -> SearchResponse:
        """The passages found, in the contract's form."""
        found, milliseconds = self.answerer.search(question, options)
        return SearchResponse.of(question, found, milliseconds, self.index)

    def close(self) -> None:
        self.index.close()


def _in_force(file: Path, index: OpenIndex, reader: ReaderInfo) -> InForce:
    """The confidence for an index; the log says what speaks against it."""
    found = confidence.in_force(file, index.calibration, reader, index.settings)
    if found.unused:
        log.warning("the calibration of this index is not used: %s; make it again: citeqa calibrate", found.unused)
    for difference in confidence.stale(found.fitted_on, reader, index.settings):
        log.warning("confidences are less reliable than measured: %s", difference)
    return found


def ask_over(index: SearchIndex, answerer: Answerer, question: str, options: AskOptions) -> AskResponse:
    """The answer in the contract's form; `index` is what `answerer` searches."""
    return AskResponse.of(answerer.ask(question, options), index)


def versions() -> dict[str, str]:
    """The versions of what decides about an answer."""
    names = ("citeqa", "onnxruntime", "tokenizers", "faiss-cpu", "tantivy", "sentencex")
    return {name: version(name) for name in names}

"""An index in memory, for texts that come with a question: the same passages, vectors and terms as in an index on disk,
kept nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

import numpy as np

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.embedding.embedder import Embedder, EmbedderInfo
from citeqa.index.errors import UnknownDocumentError, UnknownFolderError
from citeqa.index.protocols import Selection
from citeqa.index.ranking.dense import DenseIndex, DensePart
from citeqa.index.ranking.lexical import LexicalEntry, LexicalIndex
from citeqa.index.storage.selection import SelectedPassages, selected
from citeqa.index.types import Document, Filters, Passage, Ranked, Span


class InMemoryIndex:
    """Searches documents as `Index` would if they were all it held. Threads may share it."""

    def __init__(
        self,
        documents: Sequence[Document],
        embedder: Embedder,
        settings: ChunkerSettings,
        *,
        at_once: int = 1024,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Chunk and embed the documents, `at_once` passages at a time; `pause` is called between two such pieces of
        work, and ends the work by raising.

        Raises:
            ValueError: if two documents have the same id.
        """
        self._documents = {document.id: document for document in documents}
        if len(self._documents) != len(documents):
            raise ValueError("two documents have the same id")
        chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, settings)
        self._headings = {document.id: chunker.heading(document) for document in documents}
        self._passages: list[Passage] = [passage for document in documents for passage in chunker.chunk(document)]
        texts = [indexed_text(self._headings[passage.document_id], passage) for passage in self._passages]
        vectors = _embedded(texts, embedder, at_once, pause)
        dimension = embedder.info.dimension
        blocks = [(np.arange(len(texts), dtype=np.int64), vectors)] if texts else []
        self._dense = DenseIndex(dimension, [DensePart.build(dimension, blocks)])
        self._lexical = LexicalIndex.in_memory(
            LexicalEntry(number, passage.document_id, text)
            for number, (passage, text) in enumerate(zip(self._passages, texts, strict=True))
        )
        self.change = 0  # texts that came with a question are not changed
        self.document_count, self.passage_count, self.embedder_name = len(documents), len(texts), embedder.info.name

    @property
    def advice(self) -> tuple[str, ...]:
        """Nothing: it was made a moment ago."""
        return ()

    def check(self, embedder: EmbedderInfo) -> None:
        """Checks nothing: the vectors were made a moment ago."""

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are no filters, so that everything may be searched.

        Raises:
            UnknownDocumentError: if the filters name documents that it does not hold.
            UnknownFolderError: if the filters name folders that none of its documents is in.
        """
        if not filters:
            return None
        if unknown := sorted((filters.document_ids or frozenset()) - self._documents.keys()):
            raise UnknownDocumentError(unknown)
        if missing := [one for one in sorted(filters.folders or ()) if not self._holds_folder(one)]:
            raise UnknownFolderError(missing)
        kept = sorted(document.id for document in self._documents.values() if passes(document, filters))
        held = frozenset(kept)
        numbers = [number for number, passage in enumerate(self._passages) if passage.document_id in held]
        return SelectedPassages(kept, np.array(numbers, dtype=np.int64))

    def _holds_folder(self, folder: str) -> bool:
        return any(document_id.startswith(f"{folder}/") for document_id in self._documents)

    def rank_dense(
        self, vector: np.typing.NDArray[np.float32], k: int, selection: Selection | None = None
    ) -> list[Ranked]:
        """The `k` passages with the highest cosine, by their numbers; best first, ties by (document id, start)."""
        if not self.passage_count:
            return []
        chosen = selected(selection)
        return self._in_order(self._dense.search(vector, k, chosen.passage_ids if chosen else None), k)

    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest BM25 score, by their numbers; best first, ties by (document id, start)."""
        chosen = selected(selection)
        return self._in_order(self._lexical.search(query, k, chosen.document_ids if chosen else None), k)

    def _in_order(self, ranked: list[Ranked], k: int) -> list[Ranked]:
        def order(entry: Ranked) -> tuple[float, str, Span]:
            passage = self._passages[entry.id]
            return -entry.score, passage.document_id, passage.span

        return sorted(ranked, key=order)[:k]

    def highest_lexical(self, query: str) -> float:
        """A bound that no BM25 score for this query exceeds; 0 if the query has no terms."""
        return self._lexical.highest(query)

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these numbers."""
        return {i: self._passages[i] for i in ids}

    def terms(self, text: str) -> list[str]:
        """The distinct terms of a text."""
        return self._lexical.terms(text)

    def idf(self, term: str) -> float:
        """How rare a term is among the passages: 0 and up, higher is rarer."""
        return self._lexical.idf(term)

    def holds(self, words: str, selection: Selection | None = None, *, typo: bool = False) -> bool:
        """Whether a passage has all terms of the words, or those of a typing error if `typo`."""
        chosen = selected(selection)
        return self._lexical.holds(words, chosen.document_ids if chosen else None, typo=typo)

    def document_view(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""
        if document_id not in self._documents:
            raise UnknownDocumentError([document_id])
        return self._documents[document_id]

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages."""
        return {document_id: self._headings[document_id] for document_id in document_ids}

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """By document id, the document's date; None where it is not known."""
        return {document_id: self._documents[document_id].date for document_id in document_ids}


def passes(document: Document, filters: Filters) -> bool:
    """Whether every condition of the filters holds for a document."""
    if filters.document_ids is not None and document.id not in filters.document_ids:
        return False
    if not filters.in_folders(document.id):
        return False
    if filters.source is not None and document.source != filters.source:
        return False
    if filters.date_from is None and filters.date_to is None:
        return True
    if document.date is None:
        return filters.undated
    return (filters.date_from or document.date) <= document.date <= (filters.date_to or document.date)


def _embedded(
    texts: Sequence[str], embedder: Embedder, at_once: int, pause: Callable[[], None]
) -> np.typing.NDArray[np.float16]:
    """A row for each text. The vector of a text does not depend on which others are embedded with it."""
    rows: list[np.typing.NDArray[np.float16]] = []
    for start in range(0, len(texts), at_once):
        if start:
            pause()
        rows.append(embedder.embed_passages(texts[start : start + at_once]).astype(np.float16))
    return np.concatenate(rows) if rows else np.empty((0, 0), np.float16)

"""A question finds its evidence: both rankings, fused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citeqa.index.embedding.embedder import Embedder, EmbedderInfo
from citeqa.index.storage.selection import Selection
from citeqa.index.types import Document, Filters, Passage, Ranked
from citeqa.rag.retrieval.fusion import convex
from citeqa.rag.types import Evidence

DEPTH = 100  # passages taken from each ranking before fusion, however many are asked for


class SearchIndex(Protocol):
    """What questions are asked over: an index, or texts given with the question."""

    @property
    def documents(self) -> int:
        """How many there are."""

    @property
    def passages(self) -> int:
        """How many there are."""

    @property
    def embedder(self) -> str:
        """The name of the model that the vectors were made with."""

    def check(self, embedder: EmbedderInfo) -> None: ...
    def select(self, filters: Filters) -> Selection | None: ...
    def rank_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Ranked]: ...
    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]: ...
    def highest_lexical(self, query: str) -> float: ...
    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]: ...
    def terms(self, text: str) -> list[str]: ...
    def idf(self, term: str) -> float: ...
    def document(self, document_id: str) -> Document: ...
    def headings(self, document_ids: Iterable[str]) -> dict[str, str]: ...
    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]: ...


class Retriever:
    """Searches one index. May be shared between threads."""

    def __init__(self, index: SearchIndex, embedder: Embedder) -> None:
        """Raises IndexMismatchError if the index was not made with this embedder."""
        index.check(embedder.info)
        self._index = index
        self._embedder = embedder

    def retrieve(self, query: str, k: int, selection: Selection | None = None) -> list[Evidence]:
        """The `k` best passages, best first; ties by (document id, start). `k` never changes their order or scores."""
        dense = self._index.rank_dense(self._embedder.embed_query(query), DEPTH, selection)
        lexical = self._index.rank_lexical(query, DEPTH, selection)
        highest = self._index.highest_lexical(query)
        fused = convex(dict(dense), dict(lexical), highest=highest, depth=DEPTH)
        if not fused:
            return []
        last = sorted(fused.values(), reverse=True)[:k][-1]
        passages = self._index.fetch([i for i, score in fused.items() if score >= last])
        ranks = [{entry.id: rank for rank, entry in enumerate(ranked, 1)} for ranked in (dense, lexical)]
        found = [Evidence(passages[i], fused[i], ranks[0].get(i), ranks[1].get(i)) for i in passages]
        return sorted(found, key=lambda e: (-e.score, e.passage.document_id, e.passage.span))[:k]

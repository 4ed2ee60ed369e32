"""A question finds its evidence: both rankings, fused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedder import Embedder, EmbedderInfo
from index.store import Selection
from index.types import Document, Filters, Hit, Passage
from rag.fusion import CONSTANT, reciprocal_rank
from rag.types import Evidence

DEPTH = 50  # passages taken from each ranking before fusion, however many are asked for
HIGHEST = 2 / (CONSTANT + 1)  # the score of a passage that is first in both rankings


class Searched(Protocol):
    """What questions are asked over: an index, or texts that were given; see `index.store.Index` for the words."""

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
    def search_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Hit]: ...
    def search_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Hit]: ...
    def terms(self, text: str) -> list[str]: ...
    def idf(self, term: str) -> float: ...
    def document(self, document_id: str) -> Document: ...
    def headings(self, document_ids: Iterable[str]) -> dict[str, str]: ...


class Retriever:
    """Searches one index. May be shared between threads."""

    def __init__(self, index: Searched, embedder: Embedder) -> None:
        """Raises IndexMismatchError if the index was not made with this embedder."""
        index.check(embedder.info)
        self._index = index
        self._embedder = embedder

    def retrieve(self, query: str, k: int, selection: Selection | None = None) -> list[Evidence]:
        """The `k` best passages, best first; ties by (document id, start). `k` never changes their order or scores."""
        dense = _ranks(self._index.search_dense(self._embedder.embed_query(query), DEPTH, selection))
        lexical = _ranks(self._index.search_lexical(query, DEPTH, selection))
        fused = reciprocal_rank([list(dense), list(lexical)])
        best = sorted(fused, key=lambda passage: (-fused[passage], passage.document_id, passage.span))[:k]
        return [Evidence(p, fused[p], dense.get(p), lexical.get(p)) for p in best]


def _ranks(hits: list[Hit]) -> dict[Passage, int]:
    return {hit.passage: rank for rank, hit in enumerate(hits, 1)}

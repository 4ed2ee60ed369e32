"""A question finds its evidence: both rankings, fused."""

from __future__ import annotations

from index.embedder import Embedder
from index.store import Index, Selection
from index.types import Hit, Passage
from rag.fusion import CONSTANT, reciprocal_rank
from rag.types import Evidence

DEPTH = 50  # passages taken from each ranking before fusion, however many are asked for
HIGHEST = 2 / (CONSTANT + 1)  # the score of a passage that is first in both rankings


class Retriever:
    """Searches one index. May be shared between threads."""

    def __init__(self, index: Index, embedder: Embedder) -> None:
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

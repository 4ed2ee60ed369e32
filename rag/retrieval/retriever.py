"""A question finds its evidence: both rankings, fused."""

from __future__ import annotations

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import SearchIndex, Selection
from citeqa.rag.retrieval.fusion import convex
from citeqa.rag.types import Evidence

DEPTH = 100  # passages taken from each ranking before fusion, however many are asked for


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

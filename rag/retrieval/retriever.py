"""Finds the evidence for a question: runs every ranking signal and fuses them."""

from __future__ import annotations

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import SearchIndex, Selection
from citeqa.rag.retrieval.fusion import Weighted, convex
from citeqa.rag.retrieval.signals import SIGNALS, Query
from citeqa.rag.types import Evidence

DEPTH = 100  # passages taken from each ranking before fusion, whatever `k` is


class Retriever:
    """Searches one index. Safe to share between threads."""

    def __init__(self, index: SearchIndex, embedder: Embedder) -> None:
        """Raises IndexMismatchError if the index was built with another embedder."""
        index.check(embedder.info)
        self._index = index
        self._embedder = embedder

    def retrieve(self, query: str, k: int, selection: Selection | None = None) -> list[Evidence]:
        """The `k` best passages, best first; ties by (document id, start). `k` never changes their order or scores."""
        asked = Query(query, self._embedder.embed_query(query))
        rankings = {signal.name: signal.rank(self._index, asked, DEPTH, selection) for signal in SIGNALS}
        fused = convex(
            [Weighted(dict(rankings[s.name].entries), s.weight, rankings[s.name].highest) for s in SIGNALS], depth=DEPTH
        )
        if not fused:
            return []
        last = sorted(fused.values(), reverse=True)[:k][-1]
        passages = self._index.fetch([i for i, score in fused.items() if score >= last])
        ranks: dict[int, dict[str, int]] = {i: {} for i in fused}
        for name, ranking in rankings.items():
            for rank, entry in enumerate(ranking.entries, 1):
                ranks[entry.id][name] = rank
        found = [Evidence(passages[i], fused[i], ranks[i]) for i in passages]
        return sorted(found, key=lambda e: (-e.score, e.passage.document_id, e.passage.span))[:k]

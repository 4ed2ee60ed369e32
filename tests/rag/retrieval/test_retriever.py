"""What is retrieved, in which order, with which ranks: against hand-made rankings and against the real index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from support.paths import SEEDS

from citeqa.index.documents.chunker import ChunkerSettings, indexed_text
from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.errors import IndexMismatchError
from citeqa.index.protocols import Selection
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Filters, Passage, Ranked, Span
from citeqa.rag.retrieval.retriever import DEPTH, Retriever
from citeqa.rag.retrieval.signals import SIGNALS

DENSE = SIGNALS[0].weight
QUESTION = "How much aid did the US pledge to Cubans?"


def passage(name: str, start: int = 0) -> Passage:
    return Passage(name, Span(start, start + 1), "x")


class Rankings(Index):
    """An index that gives two rankings written down beforehand, cut as the real one cuts them: scores fall by a
    hundredth from 1, BM25 can be 2 at most."""

    def __init__(self, dense: list[Passage], lexical: list[Passage]) -> None:
        self._all = list(dict.fromkeys([*dense, *lexical]))
        self._rankings = dense, lexical

    def check(self, embedder: EmbedderInfo) -> None:
        """Made with every embedder."""

    def _ranking(self, which: int, k: int) -> list[Ranked]:
        given = self._rankings[which][:k]
        return [Ranked(self._all.index(found), 1 - rank / 100) for rank, found in enumerate(given)]

    def rank_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Ranked]:
        return self._ranking(0, k)

    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]:
        return self._ranking(1, k)

    def highest_lexical(self, query: str) -> float:
        return 2.0

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        return {i: self._all[i] for i in ids}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Index:
    """The seed articles in more passages than are taken from a ranking."""
    folder = tmp_path_factory.mktemp("many") / "index"
    update(folder, [SEEDS], embedder, ChunkerSettings(passage_tokens=16))
    index = Index(folder)
    assert index.passage_count > 2 * DEPTH
    return index


def test_ranks_and_scores_by_hand(embedder: SentenceTransformerEmbedder) -> None:
    a, b, c = passage("a"), passage("b"), passage("c")
    found = Retriever(Rankings([a, b], [b, c]), embedder).retrieve("q", 5)
    assert [(e.passage, e.ranks.get("dense"), e.ranks.get("lexical")) for e in found] == [
        (b, 2, 1),
        (a, 1, None),
        (c, None, 2),
    ]
    lexical = (1 - DENSE) / 2
    assert [e.score for e in found] == pytest.approx([DENSE * 0.99 + lexical, DENSE, lexical * 0.99])


def test_equal_scores_are_ordered_by_document_and_then_by_start(embedder: SentenceTransformerEmbedder) -> None:
    late, early, other = passage("b", 100), passage("b", 20), passage("a", 300)

    class Equal(Rankings):
        def _ranking(self, which: int, k: int) -> list[Ranked]:
            return [found._replace(score=1) for found in super()._ranking(which, k)]

    retriever = Retriever(Equal([late, early, other], [other, late, early]), embedder)
    assert [e.passage for e in retriever.retrieve("q", 3)] == [other, early, late]
    assert [e.passage for e in retriever.retrieve("q", 2)] == [other, early]


def test_documents_that_say_the_same_are_ordered_by_id(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> None:
    for name in ("c", "a", "b"):
        (tmp_path / f"{name}.txt").write_text("Ferries\n\nThe ferry leaves at noon.")
    update(tmp_path / ".index", [tmp_path], embedder)
    found = Retriever(Index(tmp_path / ".index"), embedder).retrieve("When does the ferry leave?", 3)
    assert [e.passage.document_id for e in found] == ["a", "b", "c"]
    assert [(e.ranks.get("dense"), e.ranks.get("lexical")) for e in found] == [(1, 1), (2, 2), (3, 3)]


def test_the_real_index_gives_the_ranks_of_both_searches(seeds: Index, embedder: SentenceTransformerEmbedder) -> None:
    found = Retriever(seeds, embedder).retrieve(QUESTION, 10)
    headings = seeds.headings({item.passage.document_id for item in found})
    texts = [indexed_text(headings[item.passage.document_id], item.passage) for item in found]
    vectors = dict(zip([item.passage for item in found], embedder.embed_passages(texts), strict=True))
    dense = [hit.passage for hit in seeds.search_dense(embedder.embed_query(QUESTION), DEPTH)]
    lexical = [hit.passage for hit in seeds.search_lexical(QUESTION, DEPTH)]
    for item in found:
        assert item.ranks.get("dense") == (dense.index(item.passage) + 1 if item.passage in dense else None)
        assert item.ranks.get("lexical") == (lexical.index(item.passage) + 1 if item.passage in lexical else None)
        cosine = float(embedder.embed_query(QUESTION) @ vectors[item.passage])
        bm25 = {hit.passage: hit.score for hit in seeds.search_lexical(QUESTION, DEPTH)}.get(item.passage, 0.0)
        highest = 2.2 * sum(seeds.idf(term) for term in seeds.terms(QUESTION))
        assert item.score == pytest.approx(DENSE * cosine + (1 - DENSE) * bm25 / highest, abs=2e-3)
    assert "$9 million of humanitarian assistance" in found[0].passage.text


def test_words_that_no_passage_holds_leave_the_dense_ranking(
    seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    found = Retriever(seeds, embedder).retrieve("zyzzyva quokkas", 5)
    assert [(e.ranks.get("dense"), e.ranks.get("lexical")) for e in found] == [(rank, None) for rank in range(1, 6)]


@pytest.mark.parametrize("k", [1, 5, DEPTH])
def test_k_only_truncates(many: Index, embedder: SentenceTransformerEmbedder, k: int) -> None:
    retriever = Retriever(many, embedder)
    assert retriever.retrieve(QUESTION, k) == retriever.retrieve(QUESTION, DEPTH)[:k]


def test_k_beyond_the_depth_does_not_change_order_or_scores(embedder: SentenceTransformerEmbedder) -> None:
    dense = [passage("d", start) for start in range(0, 400, 2)]
    lexical = [passage("l", start) for start in range(0, 400, 2)]
    lexical[DEPTH + 5] = dense[10]  # beyond the depth in one ranking, well within it in the other
    retriever = Retriever(Rankings(dense, lexical), embedder)
    assert retriever.retrieve("q", DEPTH + 10)[:DEPTH] == retriever.retrieve("q", DEPTH)


def test_a_filter_leaves_only_its_document_in_the_same_dense_order(
    seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    retriever = Retriever(seeds, embedder)
    for document_id in [summary.id for summary in seeds.summaries(9)[0]]:
        selection = seeds.select(Filters(document_ids=frozenset([document_id])))
        found = retriever.retrieve(QUESTION, 50, selection)
        everything = retriever.retrieve(QUESTION, 50)
        ranked = sorted((e for e in everything if e.ranks.get("dense")), key=lambda e: e.ranks.get("dense") or 0)
        expected = [e.passage for e in ranked if e.passage.document_id == document_id]
        assert [e.passage for e in sorted(found, key=lambda e: e.ranks.get("dense") or 0)] == expected
        assert sorted(e.ranks.get("dense") or 0 for e in found) == list(range(1, len(expected) + 1))


def test_a_filter_that_leaves_nothing_finds_nothing(seeds: Index, embedder: SentenceTransformerEmbedder) -> None:
    selection = seeds.select(Filters(source="nobody"))
    assert Retriever(seeds, embedder).retrieve(QUESTION, 5, selection) == []


class Other:
    """An embedder that differs from the default one in its weights."""

    def __init__(self, embedder: SentenceTransformerEmbedder) -> None:
        self.info = replace(embedder.info, sha256="0" * 64)
        self.count_tokens = embedder.count_tokens
        self.embed_passages = embedder.embed_passages
        self.embed_query = embedder.embed_query


def test_an_index_made_with_another_embedder_is_refused_with_both_values(
    seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    with pytest.raises(IndexMismatchError, match=rf"{embedder.info.sha256}.*{'0' * 64}.*citeqa index"):
        Retriever(seeds, Other(embedder))

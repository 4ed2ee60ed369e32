"""The baselines, against brute force and hand arithmetic over the seed articles."""

from __future__ import annotations

import numpy as np
import pytest

from citeqa.index.documents.sentences import sentences
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Span
from citeqa.rag.evaluation.baselines import READ, NearestSentence, rankers, run, summary
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.relevance import Excerpt
from citeqa.rag.evaluation.retrieval import DEPTH

ASKED = "How much aid did the US pledge to Cubans?"


def ids(excerpts: object) -> list[tuple[str, int]]:
    assert isinstance(excerpts, list)
    return [(excerpt.document_id, excerpt.span.start) for excerpt in excerpts]


def test_each_ranking_alone_is_the_indexs_own(seeds: Index, embedder: Embedder) -> None:
    found = rankers(seeds, embedder)
    dense = [hit.passage for hit in seeds.search_dense(embedder.embed_query(ASKED), 7)]
    lexical = [hit.passage for hit in seeds.search_lexical(ASKED, 7)]
    assert ids(found["dense"](ASKED, 7)) == [(passage.document_id, passage.span.start) for passage in dense]
    assert ids(found["BM25"](ASKED, 7)) == [(passage.document_id, passage.span.start) for passage in lexical]
    excerpt = found["BM25"](ASKED, 1)[0]
    assert seeds.document(excerpt.document_id).quote(excerpt.span) == excerpt.text


def test_fusion_is_the_sum_of_reciprocal_ranks_with_the_constant_of_the_paper(seeds: Index, embedder: Embedder) -> None:
    found = rankers(seeds, embedder)
    scores: dict[tuple[str, int], float] = {}
    for name in ("dense", "BM25"):
        for rank, key in enumerate(ids(found[name](ASKED, DEPTH)), 1):
            scores[key] = scores.get(key, 0) + 1 / (60 + rank)
    expected = sorted(scores, key=lambda key: (-scores[key], key))
    assert ids(found["reciprocal-rank fusion"](ASKED, 12)) == expected[:12]


def test_the_nearest_sentence_is_that_of_brute_force(seeds: Index, embedder: Embedder) -> None:
    excerpts = rankers(seeds, embedder)["reciprocal-rank fusion"](ASKED, READ)
    texts = [excerpt.text[span.start : span.end] for excerpt in excerpts for span in sentences(excerpt.text)]
    cosines = embedder.embed_passages(texts) @ embedder.embed_query(ASKED)
    nearest = NearestSentence(seeds, embedder)
    for _ in range(2):  # the second time of vectors that are kept
        found = nearest.answer(ASKED)
        assert found
        excerpt, cosine = found
        assert excerpt.text == texts[int(np.argmax(cosines))]
        assert cosine == pytest.approx(float(cosines.max()), abs=1e-5)
        assert seeds.document(excerpt.document_id).quote(excerpt.span) == excerpt.text


class Fixed:
    """Always the same sentence."""

    def answer(self, question: str) -> tuple[Excerpt, float] | None:
        return None if question == "nothing?" else (Excerpt("d", Span(0, 15), "The owl sleeps."), len(question) / 100)


def test_the_values_of_a_sentence() -> None:
    """ "owl sleeps" without the article against "owl": precision 1/2, recall 1, F1 2/3."""
    asked = [
        Question("a", "who?", ("owl",), frozenset({"d"}), True, "one", (("d", Span(4, 7)),)),
        Question("b", "where?", ("tree",), frozenset({"e"}), True, "one", ()),
        Question("c", "what does it cost?", (), frozenset(), False, "one", ()),
        Question("d", "nothing?", ("owl",), frozenset({"d"}), True, "one", ()),
    ]
    rows = run(asked, Fixed())  # type: ignore[arg-type]
    assert [(row.right_document, row.in_sentence) for row in rows] == [
        (True, True), (False, False), (False, False), (False, False)
    ]  # fmt: skip
    assert rows[0].f1 == pytest.approx(2 / 3)
    figures = summary(rows)
    assert (figures["answer in sentence"]["hits"], figures["answer in sentence"]["total"]) == (1, 3)
    assert figures["AUROC"]["value"] == 0  # every answerable question is shorter than the other

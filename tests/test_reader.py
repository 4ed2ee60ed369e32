"""The sentence reader against brute force, alone, in company and under threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import rag.reader
from index.embedder import SentenceTransformerEmbedder
from index.sentences import document_sentences
from index.store import Index
from index.types import Passage, Span
from rag.reader import SentenceReader
from rag.types import ScoredSpan

QUESTION = "How much aid did the US pledge to Cubans?"


@pytest.fixture(scope="module")
def passages(seeds: Index) -> list[Passage]:
    """Passages of every seed article, best first."""
    return [hit.passage for hit in seeds.search_dense(np.ones(384, dtype=np.float32), 100)]


def assert_same(found: list[ScoredSpan], expected: list[ScoredSpan]) -> None:
    assert {s.span for s in found} == {s.span for s in expected}
    scores = {s.span: s.score for s in expected}
    assert [s.score for s in found] == pytest.approx([scores[s.span] for s in found], abs=1e-5)


def test_the_scores_are_cosines_of_sentence_and_question(
    passages: list[Passage], embedder: SentenceTransformerEmbedder
) -> None:
    (found,) = SentenceReader(embedder).read(QUESTION, passages[:1])
    asked = embedder.embed_query(QUESTION).astype(np.float64)
    for item in found:
        text = passages[0].text[item.span.start : item.span.end]
        vector = embedder.embed_passages([text])[0].astype(np.float64)
        cosine = vector @ asked / np.linalg.norm(vector) / np.linalg.norm(asked)
        assert item.score == pytest.approx(cosine, abs=1e-5)


def test_the_best_sentence_comes_first(embedder: SentenceTransformerEmbedder) -> None:
    text = "The weather was mild. The ferry leaves at noon. Tickets are blue."
    (found,) = SentenceReader(embedder).read("When does the ferry leave?", [Passage("d", Span(7, 7 + len(text)), text)])
    assert found[0].span == Span(22, 47)
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)


def test_spans_are_the_sentences_of_the_document_as_far_as_the_passage_holds_them(
    passages: list[Passage], seeds: Index, embedder: SentenceTransformerEmbedder
) -> None:
    for passage, found in zip(passages, SentenceReader(embedder).read(QUESTION, passages), strict=True):
        sentences = document_sentences(seeds.document(passage.document_id))
        held = [sentence for sentence in sentences if sentence.overlaps(passage.span)]
        expected = {Span(max(s.start, passage.span.start), min(s.end, passage.span.end)) for s in held}
        assert {s.span.shifted(passage.span.start) for s in found} == expected
        assert len(found) == len(expected)


def test_a_passage_is_read_alike_alone_and_in_company(
    passages: list[Passage], embedder: SentenceTransformerEmbedder
) -> None:
    some = passages[::3]
    together = SentenceReader(embedder).read(QUESTION, some)
    backwards = SentenceReader(embedder).read(QUESTION, some[::-1])[::-1]
    for passage, first, second in list(zip(some, together, backwards, strict=True))[::3]:
        (alone,) = SentenceReader(embedder).read(QUESTION, [passage])
        assert_same(first, alone)
        assert_same(second, alone)


def test_a_long_sentence_beside_a_short_one_changes_nothing(embedder: SentenceTransformerEmbedder) -> None:
    short, long = "He left at noon.", "It rained " + "and rained " * 100 + "on."
    asked = "When did he leave?"
    (alone,) = SentenceReader(embedder).read(asked, [Passage("a", Span(0, len(short)), short)])
    both = SentenceReader(embedder).read(
        asked, [Passage("b", Span(0, len(long)), long), Passage("a", Span(0, len(short)), short)]
    )
    assert_same(both[1], alone)


def test_no_passages_give_no_spans(embedder: SentenceTransformerEmbedder) -> None:
    assert SentenceReader(embedder).read(QUESTION, []) == []


def test_the_same_passage_twice_is_read_twice(passages: list[Passage], embedder: SentenceTransformerEmbedder) -> None:
    first, second = SentenceReader(embedder).read(QUESTION, [passages[0], passages[0]])
    assert first == second


def test_what_was_read_before_changes_nothing(
    passages: list[Passage], embedder: SentenceTransformerEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = SentenceReader(embedder).read(QUESTION, passages[:4])
    monkeypatch.setattr(rag.reader, "_REMEMBERED", 3)
    forgetful = SentenceReader(embedder)
    for asked in ("What is cooked in Jamaica?", QUESTION, QUESTION):
        found = forgetful.read(asked, passages[:4])
    for one, other in zip(found, expected, strict=True):
        assert_same(one, other)


def test_eight_threads_at_once_read_as_one(passages: list[Passage], embedder: SentenceTransformerEmbedder) -> None:
    questions = [
        QUESTION,
        "Who met the leaders of CARICOM?",
        "When was Maduro removed from power?",
        "Why is it so?",
    ] * 3
    alone = SentenceReader(embedder)
    expected = [alone.read(question, passages[:3]) for question in questions]
    shared = SentenceReader(embedder)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda question: shared.read(question, passages[:3]), questions))
    for one, other in zip(found, expected, strict=True):
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)

"""What was returned, measured: the measures of TREC by hand, budgets of characters, and where a question was lost."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.evaluation import metrics, ranking
from citeqa.rag.evaluation.failures import MEANINGS, stage
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.relevance import (
    Excerpt,
    contains_answer,
    documents,
    expected,
    first_characters,
    mentions_answer,
    retrieval_values,
)


def excerpt(document: str, start: int, text: str) -> Excerpt:
    return Excerpt(document, Span(start, start + len(text)), text)


def question(*answers: str, documents: str = "d", spans: tuple[tuple[str, Span], ...] = ()) -> Question:
    return Question("q", "q?", answers, frozenset(documents.split()), True, "all", spans)


def test_the_measures_of_trec_by_hand() -> None:
    """Relevant are b (grade 2), d and e; ranked are a b c d. The discount of rank r is log2(r + 1)."""
    relevant = {"q": {"b": 2, "d": 1, "e": 1}, "r": {"x": 1}, "s": {"y": 1}}
    found = ranking.measured(relevant, {"q": ["a", "b", "c", "d"], "r": [], "other": ["x"]})
    q = found["q"]
    assert (q["Success@1"], q["Success@5"], q["Success@10"]) == (0, 1, 1)
    assert q["R@5"] == q["R@10"] == pytest.approx(2 / 3)
    assert q["RR"] == pytest.approx(1 / 2)
    assert q["AP"] == pytest.approx((1 / 2 + 2 / 4 + 0) / 3)
    gained = 2 / math.log2(2 + 1) + 1 / math.log2(4 + 1)
    assert q["nDCG@10"] == pytest.approx(gained / (2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)))
    assert set(found) == {"q", "r", "s"}
    assert set(found["r"].values()) == set(found["s"].values()) == {0}
    assert tuple(q) == ranking.MEASURES


def ndcg(hits: list[bool], total: int, depth: int) -> float:
    """The gain of the hits among the first `depth`, a hit at rank r counting 1 / log2(r + 1), over that of the best
    order of all `total` (Järvelin & Kekäläinen 2002)."""
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(hits[:depth], 1) if hit)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(total, depth) + 1))


@given(st.lists(st.booleans(), max_size=15), st.integers(0, 3))
def test_binary_rankings_are_measured_as_our_own_formulas_say(hits: list[bool], missing: int) -> None:
    """Documents are named so that an order by name would be another one."""
    total = sum(hits) + missing
    if not total:
        return
    ranked = [f"{99 - number}" for number in range(len(hits))]
    relevant = {name: 1 for name, hit in zip(ranked, hits, strict=True) if hit} | {f"m{i}": 1 for i in range(missing)}
    found = ranking.measured({"q": relevant}, {"q": ranked})["q"]
    assert found["nDCG@10"] == pytest.approx(ndcg(hits, total, 10))
    assert found["RR"] == pytest.approx(metrics.reciprocal_rank(hits))
    assert found["Success@5"] == metrics.success_at(hits, 5)
    assert found["R@10"] == pytest.approx(sum(hits[:10]) / total)


def test_a_place_counts_where_the_set_gives_places_and_a_string_where_it_does_not() -> None:
    placed = question("owl", spans=(("d", Span(4, 7)),))
    assert contains_answer(placed, excerpt("d", 0, "The owl"))
    assert not contains_answer(placed, excerpt("d", 50, "An owl"))
    assert mentions_answer(placed, excerpt("d", 50, "An owl"))
    assert not mentions_answer(placed, excerpt("e", 4, "owl"))
    assert contains_answer(question("owl"), excerpt("d", 50, "An owl"))
    assert contains_answer(question(), excerpt("d", 0, "anything"))  # a set without answers judges documents
    assert not contains_answer(question(), excerpt("e", 0, "anything"))


def test_a_budget_cuts_the_excerpt_in_which_it_ends() -> None:
    excerpts = [excerpt("d", 10, "abcd"), excerpt("e", 0, "efgh"), excerpt("f", 0, "ijkl")]
    assert list(first_characters(excerpts, 6)) == [excerpt("d", 10, "abcd"), excerpt("e", 0, "ef")]
    assert list(first_characters(excerpts, 4)) == [excerpt("d", 10, "abcd")]
    assert list(first_characters(excerpts, 100)) == excerpts


@given(st.lists(st.text(min_size=1, max_size=9), max_size=9), st.integers(1, 40))
def test_a_budget_returns_the_first_characters_and_no_more(texts: list[str], budget: int) -> None:
    cut = list(first_characters([excerpt("d", 0, text) for text in texts], budget))
    assert "".join(one.text for one in cut) == "".join(texts)[:budget]


def test_longer_excerpts_gain_no_advantage() -> None:
    """The answer stands 600 characters into a long slice, and at the start of the second of short ones."""
    long = [excerpt("d", 0, "x" * 598 + "owl" + "x" * 400)]
    short = [excerpt("d", 0, "x" * 300), excerpt("d", 300, "owl")]
    asked = question("owl", spans=(("d", Span(598, 601)),))
    found = retrieval_values(asked, long, deepest=10)
    assert (found["answer_in_600"], found["answer_in_3000"]) == (False, True)
    assert (found["place_in_600"], found["place_in_3000"]) == (False, True)
    assert retrieval_values(asked, short, deepest=10)["answer_in_600"]
    assert retrieval_values(question("owl"), short, deepest=10)["place_in_600"] is None


def test_the_values_of_what_was_returned() -> None:
    excerpts = [excerpt("a", 0, "no"), excerpt("d", 0, "no"), excerpt("d", 9, "an owl" * 100), excerpt("e", 0, "no")]
    found = retrieval_values(question("owl", documents="d e"), excerpts, deepest=3)
    assert (found["success_at_1"], found["success_at_5"], found["reciprocal_rank"]) == (0, 1, pytest.approx(1 / 3))
    assert documents(excerpts) == ["a", "d", "e"]
    assert found["measures"]["AP"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert [(one.document_id, one.start, one.holds) for one in found["returned"]] == [
        ("a", 0, False), ("d", 0, False), ("d", 9, True)
    ]  # fmt: skip
    assert len(found["returned"][2].text) == 400
    assert (
        retrieval_values(Question("q", "q?", (), frozenset(), False, "all", ()), excerpts, deepest=3)["measures"] == {}
    )


def test_what_was_expected_is_shown_with_the_words_around_it() -> None:
    text = "x" * 200 + " the owl " + "y" * 200
    place = (("d", Span(205, 208)),)
    around = f"…{'x' * 115} the owl {'y' * 119}…"
    assert expected(question("owl", spans=place), lambda _: text) == around
    assert expected(question("owl"), lambda _: text) == around
    assert expected(question("bat"), lambda _: text) == ""
    assert expected(question(), lambda _: text) == f"d: {'x' * 200} the owl {'y' * 31}…"


@pytest.mark.parametrize(
    ("answerable", "answered", "right", "retrieved", "read", "lost"),
    [
        (True, True, True, True, True, ""),
        (True, True, False, False, False, "not retrieved"),
        (True, False, False, False, False, "not retrieved"),
        (True, True, False, True, False, "retrieved, not read"),
        (True, False, False, True, False, "retrieved, not read"),
        (True, False, True, True, True, "read, refused"),
        (True, False, False, True, True, "read, refused"),
        (True, True, False, True, True, "answered wrongly"),
        (False, True, False, False, False, "answered, though unanswerable"),
        (False, False, False, False, False, ""),
    ],
)
def test_the_stage_at_which_a_question_failed(
    answerable: bool, answered: bool, right: bool, retrieved: bool, read: bool, lost: str
) -> None:
    found = stage(answerable=answerable, answered=answered, right=right, retrieved=retrieved, read=read)
    assert found == lost
    assert not lost or found in MEANINGS

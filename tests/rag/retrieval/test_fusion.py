"""Fusion against arithmetic done by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.rag.retrieval.fusion import Weighted, convex, reciprocal_rank
from citeqa.rag.retrieval.signals import SIGNALS

RANKINGS = st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=4)


SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(-1, 1), max_size=6)


def fuse(
    dense: dict[str, float], lexical: dict[str, float], *, highest: float, depth: int, weight: float
) -> dict[str, float]:
    """Cosines that count for `weight`, and BM25 that counts for the rest and is at most `highest`."""
    return convex([Weighted(dense, weight, 1.0), Weighted(lexical, 1 - weight, highest)], depth=depth)


def test_the_weights_of_the_signals_add_up_to_one() -> None:
    assert sum(signal.weight for signal in SIGNALS) == 1
    assert len({signal.name for signal in SIGNALS}) == len(SIGNALS)


def test_three_rankings_by_hand() -> None:
    rankings = [
        Weighted({"a": 0.5}, 0.2, 1.0),
        Weighted({"a": 3.0, "b": 6.0}, 0.3, 6.0),
        Weighted({"b": 1.0}, 0.5, 2.0),
    ]
    assert convex(rankings, depth=9) == {
        "a": pytest.approx(0.2 * 0.5 + 0.3 * 3 / 6),
        "b": pytest.approx(0.3 * 6 / 6 + 0.5 * 1 / 2),
    }


def test_a_convex_combination_by_hand() -> None:
    fused = fuse({"a": 0.9, "b": 0.5}, {"b": 6.0, "c": 3.0}, highest=12, depth=3, weight=0.4)
    assert fused == {
        "a": pytest.approx(0.4 * 0.9),
        "b": pytest.approx(0.4 * 0.5 + 0.6 * 6 / 12),
        "c": pytest.approx(0.6 * 3 / 12),
    }


def test_what_a_full_ranking_does_not_hold_counts_with_its_last_score() -> None:
    fused = fuse({"a": 0.9, "b": 0.5}, {"b": 6.0, "c": 3.0}, highest=12, depth=2, weight=0.4)
    assert fused == {
        "a": pytest.approx(0.4 * 0.9 + 0.6 * 3 / 12),
        "b": pytest.approx(0.4 * 0.5 + 0.6 * 6 / 12),
        "c": pytest.approx(0.4 * 0.5 + 0.6 * 3 / 12),
    }


def test_a_query_without_terms_leaves_the_cosine() -> None:
    assert fuse({"a": 1.0}, {}, highest=0, depth=9, weight=0.25) == {"a": 0.25}
    assert fuse({}, {}, highest=0, depth=9, weight=0.25) == {}


@given(SCORES, SCORES, st.integers(1, 7), st.floats(0, 1))
def test_more_in_one_ranking_is_never_less_in_all(
    dense: dict[str, float], lexical: dict[str, float], depth: int, weight: float
) -> None:
    fused = fuse(dense, lexical, highest=1, depth=depth, weight=weight)
    assert fused.keys() == dense.keys() | lexical.keys()
    assert all(score <= 1 + 1e-9 for score in fused.values())
    both = dense.keys() & lexical.keys()
    for one in both:
        for other in both:
            if dense[one] >= dense[other] and lexical[one] >= lexical[other]:
                assert fused[one] >= fused[other] - 1e-9


def test_two_rankings_by_hand() -> None:
    fused = reciprocal_rank([["a", "b", "c"], ["c", "a"]])
    assert fused == {
        "a": pytest.approx(1 / 61 + 1 / 62),
        "b": pytest.approx(1 / 62),
        "c": pytest.approx(1 / 63 + 1 / 61),
    }
    assert sorted(fused, key=lambda item: -fused[item]) == ["a", "c", "b"]


def test_first_in_both_is_the_highest_score_there_can_be() -> None:
    assert reciprocal_rank([["a"], ["a"]]) == {"a": pytest.approx(2 / 61)}


def test_another_constant_by_hand() -> None:
    assert reciprocal_rank([["a", "b"]], constant=1) == {"a": pytest.approx(1 / 2), "b": pytest.approx(1 / 3)}


def test_no_ranking_and_empty_rankings_give_nothing() -> None:
    assert reciprocal_rank([]) == {}
    assert reciprocal_rank([[], []]) == {}


@given(RANKINGS)
def test_every_item_has_the_sum_over_the_rankings_that_hold_it(rankings: list[list[str]]) -> None:
    expected = {
        item: pytest.approx(sum(1 / (61 + ranking.index(item)) for ranking in rankings if item in ranking))
        for item in {item for ranking in rankings for item in ranking}
    }
    assert reciprocal_rank(rankings) == expected


@given(RANKINGS)
def test_the_order_of_the_rankings_does_not_matter(rankings: list[list[str]]) -> None:
    assert reciprocal_rank(rankings[::-1]) == pytest.approx(reciprocal_rank(rankings))

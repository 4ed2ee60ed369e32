"""Reciprocal rank fusion against arithmetic done by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.fusion import reciprocal_rank

RANKINGS = st.lists(st.lists(st.sampled_from("abcdef"), unique=True), max_size=4)


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

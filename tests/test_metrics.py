"""Every measure against arithmetic written out here, and against a second implementation where there is one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from rag.evaluation.metrics import (
    Proportion,
    auroc,
    exact_match,
    mean,
    ndcg_at,
    normalized,
    percentile,
    reciprocal_rank,
    success_at,
    token_f1,
)

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1), min_size=1, max_size=12)
WORDS = st.lists(st.sampled_from(["nine", "million", "dollars", "aid", "cuba"]), max_size=6).map(" ".join)


def test_a_proportion_by_hand() -> None:
    """8 of 10: z² = 3.8415; centre 0.8 + 0.19207 = 0.99207; spread 1.96 √(0.016 + 0.0096036) = 0.31362; / 1.38415."""
    found = Proportion(8, 10)
    assert found.value == 0.8
    assert found.interval == pytest.approx(((0.99207 - 0.31362) / 1.38415, (0.99207 + 0.31362) / 1.38415), abs=1e-4)


@given(st.integers(1, 400).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_the_interval_is_the_wilson_interval_of_scipy(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(method="wilson")
    low, high = Proportion(*counts).interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= low <= high <= 1


def test_a_proportion_of_nothing_is_no_number() -> None:
    assert math.isnan(Proportion(0, 0).value)
    assert all(math.isnan(bound) for bound in Proportion(0, 0).interval)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat!", "cat"),
        ("a an the", ""),
        ("  An   apple\na day ", "apple day"),
        ("U.S.", "us"),
        ("$9 million", "9 million"),
        ("Claver-Carone", "clavercarone"),
        ("another theatre", "another theatre"),
        ("“Curly”", "“curly”"),
        ("", ""),
    ],
)
def test_squad_normalisation(text: str, expected: str) -> None:
    assert normalized(text) == expected


@pytest.mark.parametrize(
    ("answer", "accepted", "expected"),
    [
        ("The $9 million.", ["nine million", "9 Million"], 1.0),
        ("$9 million of aid", ["9 million"], 0.0),
        ("", ["9 million"], 0.0),
        ("9 million", [], 0.0),
        ("the", ["a"], 1.0),
    ],
)
def test_exact_match(answer: str, accepted: list[str], expected: float) -> None:
    assert exact_match(answer, accepted) == expected


@pytest.mark.parametrize(
    ("answer", "accepted", "expected"),
    [
        ("nine million dollars", ["nine million dollars"], 1.0),
        ("nine million dollars", ["million"], 2 * (1 / 3) * 1 / (1 / 3 + 1)),
        ("nine million", ["million dollars", "nine"], max(2 * 1 / 4, 2 * 1 / 3)),
        ("aid aid aid", ["aid cuba"], 2 * (1 / 3) * (1 / 2) / (1 / 3 + 1 / 2)),
        ("nine", ["ten"], 0.0),
        ("the", ["a"], 1.0),
        ("nine", ["the"], 0.0),
        ("", ["nine"], 0.0),
        ("nine", [], 0.0),
    ],
)
def test_token_f1_by_hand(answer: str, accepted: list[str], expected: float) -> None:
    assert token_f1(answer, accepted) == pytest.approx(expected)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(answer: str, accepted: list[str]) -> None:
    def f1(found: list[str], wanted: list[str]) -> float:
        shared = sum(min(found.count(word), wanted.count(word)) for word in set(found))
        if not found or not wanted:
            return float(found == wanted)
        if not shared:
            return 0.0
        precision, recall = shared / len(found), shared / len(wanted)
        return 2 * precision * recall / (precision + recall)

    assert token_f1(answer, accepted) == pytest.approx(max(f1(answer.split(), one.split()) for one in accepted))
    assert token_f1(answer, accepted) >= exact_match(answer, accepted)


def test_success_at_k_by_hand() -> None:
    relevant = [False, False, True, False]
    assert [success_at(relevant, k) for k in (1, 2, 3, 4, 10)] == [0, 0, 1, 1, 1]
    assert success_at([], 5) == 0


def test_reciprocal_rank_by_hand() -> None:
    assert reciprocal_rank([False, False, True, True]) == pytest.approx(1 / 3)
    assert reciprocal_rank([True]) == 1
    assert reciprocal_rank([False, False]) == 0
    assert reciprocal_rank([]) == 0


def test_auroc_by_hand() -> None:
    """Of the six pairs four are in order and one is tied: (4 + 1/2) / 6."""
    assert auroc([0.9, 0.5, 0.3], [0.5, 0.1]) == pytest.approx((3 + 1 + 0.5) / 6)
    assert auroc([1.0], [0.0]) == 1
    assert auroc([0.0], [1.0]) == 0
    assert auroc([0.5, 0.5], [0.5]) == 0.5


@given(SCORES, SCORES)
def test_auroc_is_the_share_of_pairs_in_order(positives: list[float], negatives: list[float]) -> None:
    pairs = [(p > n) + 0.5 * (p == n) for p in positives for n in negatives]
    assert auroc(positives, negatives) == pytest.approx(sum(pairs) / len(pairs))


@given(SCORES, SCORES)
def test_auroc_is_that_of_scikit_learn(positives: list[float], negatives: list[float]) -> None:
    labels = [1] * len(positives) + [0] * len(negatives)
    assert auroc(positives, negatives) == pytest.approx(roc_auc_score(labels, positives + negatives))


def test_auroc_without_one_side_is_no_number() -> None:
    assert math.isnan(auroc([], [0.5]))
    assert math.isnan(auroc([0.5], []))


def test_the_mean_by_hand() -> None:
    assert mean([1, 2, 6]) == 3
    assert math.isnan(mean([]))


def test_percentiles_by_hand() -> None:
    assert percentile([30, 10, 20], 0.5) == 20
    assert percentile([10, 20], 0.95) == pytest.approx(10 + 0.95 * 10)
    assert percentile([7], 0.95) == 7
    assert math.isnan(percentile([], 0.5))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20), st.floats(0, 1))
def test_percentiles_are_those_of_numpy(values: list[float], share: float) -> None:
    assert percentile(values, share) == pytest.approx(np.quantile(values, share), abs=1e-6)


def test_ndcg_by_hand() -> None:
    found = [False, True, True, False]
    ideal = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg_at(found, 3, 10) == pytest.approx((1 / math.log2(3) + 1 / math.log2(4)) / ideal)
    assert ndcg_at(found, 3, 2) == pytest.approx(1 / math.log2(3) / (1 + 1 / math.log2(3)))
    assert ndcg_at([True], 1, 10) == 1
    assert ndcg_at([], 5, 10) == 0
    assert math.isnan(ndcg_at([False], 0, 10))

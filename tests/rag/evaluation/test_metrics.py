"""Every measure against arithmetic written out here, and against a second implementation where there is one."""

from __future__ import annotations

import math
from itertools import permutations
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import bootstrap as scipy_bootstrap
from sklearn.metrics import roc_auc_score

from citeqa.rag.evaluation.metrics import (
    Bin,
    Proportion,
    Selected,
    aurc,
    auroc,
    best_overall,
    equal_mass_bins,
    exact_match,
    expected_calibration_error,
    mean,
    percentile,
    reciprocal_rank,
    risk_coverage,
    squad2,
    success_at,
    token_f1,
)
from citeqa.rag.evaluation.resampling import bootstrap
from citeqa.rag.matching import normalized

SCORES = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1), min_size=1, max_size=12)
JUDGED = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]) | st.floats(0, 1), st.booleans()), min_size=1)
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


def parted(judged: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [confidence for confidence, _ in judged], [right for _, right in judged]


def test_bins_of_equal_mass_by_hand() -> None:
    """Six confidences in two bins: the lower three and the upper three."""
    found = equal_mass_bins([0.9, 0.1, 0.2, 0.5, 0.8, 0.3], [True, False, True, False, True, False], bins=2)
    assert [one.right for one in found] == [Proportion(1, 3), Proportion(2, 3)]
    assert [one.confidence for one in found] == pytest.approx([(0.1 + 0.2 + 0.3) / 3, (0.5 + 0.8 + 0.9) / 3])


def test_equal_confidences_stay_in_one_bin() -> None:
    """Six confidences in three bins: those of 0.5 begin in the first, and all four stay in it; none is left for the
    second."""
    found = equal_mass_bins([0.1, 0.5, 0.5, 0.5, 0.5, 0.9], [False, True, True, False, False, True], bins=3)
    assert [(one.right.hits, one.right.total) for one in found] == [(2, 5), (1, 1)]
    assert equal_mass_bins([0.5] * 7, [True] * 7, bins=15) == [Bin(0.5, Proportion(7, 7))]


@given(JUDGED, st.integers(1, 20), st.randoms())
def test_bins_hold_everything_and_no_order_of_the_input_matters(
    judged: list[tuple[float, bool]], bins: int, random: Random
) -> None:
    found = equal_mass_bins(*parted(judged), bins=bins)
    assert len(found) <= bins
    assert sum(one.right.total for one in found) == len(judged)
    assert sum(one.right.hits for one in found) == sum(right for _, right in judged)
    assert [one.confidence for one in found] == sorted(one.confidence for one in found)
    random.shuffle(judged)
    assert equal_mass_bins(*parted(judged), bins=bins) == found


@given(st.integers(1, 60), st.integers(1, 20))
def test_bins_of_different_confidences_have_the_same_size_but_for_one(count: int, bins: int) -> None:
    sizes = [one.right.total for one in equal_mass_bins([i / count for i in range(count)], [True] * count, bins)]
    assert max(sizes) - min(sizes) <= 1
    assert len(sizes) == min(bins, count)


def test_the_expected_calibration_error_by_hand() -> None:
    """The bins above: |1/3 - 0.2| and |2/3 - 2.2/3|, each of weight 1/2."""
    found = expected_calibration_error([0.9, 0.1, 0.2, 0.5, 0.8, 0.3], [True, False, True, False, True, False], bins=2)
    assert found == pytest.approx((1 / 3 - 0.2) / 2 + (2.2 / 3 - 2 / 3) / 2)
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0
    assert expected_calibration_error([1.0, 0.0], [False, True]) == 1
    assert math.isnan(expected_calibration_error([], []))


@given(JUDGED, st.integers(1, 20))
def test_the_expected_calibration_error_is_the_brute_force_one(judged: list[tuple[float, bool]], bins: int) -> None:
    """Every confidence is compared with every other to find its bin."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in judged:
        below = sum(other < confidence for other, _ in judged)
        held[bins * below // len(judged)].append((confidence, right))
    gaps = [abs(sum(right - confidence for confidence, right in one)) for one in held]
    assert expected_calibration_error(*parted(judged), bins=bins) == pytest.approx(sum(gaps) / len(judged))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=30, max_size=30, unique_by=lambda pair: pair[0]))
def test_fifteen_bins_of_thirty_different_confidences_are_pairs(judged: list[tuple[float, bool]]) -> None:
    ordered = np.array(sorted(judged), dtype=float).reshape(15, 2, 2).mean(axis=1)
    expected = np.abs(ordered[:, 0] - ordered[:, 1]).mean()
    assert expected_calibration_error(*parted(judged)) == pytest.approx(expected)


def test_the_risk_coverage_curve_by_hand() -> None:
    found = risk_coverage([0.2, 0.9, 0.6, 0.4], [True, True, False, True])
    assert found == [Selected(1 / 4, 0), Selected(2 / 4, 1 / 2), Selected(3 / 4, 1 / 3), Selected(1, 1 / 4)]
    assert aurc([0.2, 0.9, 0.6, 0.4], [True, True, False, True]) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert risk_coverage([], []) == []
    assert math.isnan(aurc([], []))


@given(JUDGED)
def test_coverage_rises_to_everything_and_risk_ends_at_the_share_that_is_wrong(
    judged: list[tuple[float, bool]],
) -> None:
    found = risk_coverage(*parted(judged))
    assert [point.coverage for point in found] == [(i + 1) / len(judged) for i in range(len(judged))]
    assert all(0 <= point.risk <= 1 for point in found)
    assert found[-1].risk == pytest.approx(sum(not right for _, right in judged) / len(judged))


@given(st.lists(st.tuples(st.sampled_from([0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=5))
def test_among_equal_confidences_the_area_is_the_mean_over_all_orders(judged: list[tuple[float, bool]]) -> None:
    def area(ordered: list[tuple[float, bool]]) -> float:
        wrong = np.cumsum([not right for _, right in sorted(ordered, key=lambda pair: -pair[0])])
        return float((wrong / np.arange(1, len(ordered) + 1)).mean())

    areas = [area(list(order)) for order in permutations(judged)]
    assert aurc(*parted(judged)) == pytest.approx(sum(areas) / len(areas))


@given(st.integers(1, 30), st.integers(0, 30))
def test_no_order_has_a_smaller_area_than_all_right_ones_first(right: int, wrong: int) -> None:
    """Then only the last `wrong` points bear a risk: 1 / (right + 1), 2 / (right + 2), ..."""
    count = right + wrong
    best = sum(missed / (right + missed) for missed in range(1, wrong + 1)) / count
    worst = (wrong + sum(wrong / answered for answered in range(wrong + 1, count + 1))) / count
    falling = [1 - i / count for i in range(count)]
    judged = [True] * right + [False] * wrong
    assert aurc(falling, judged) == pytest.approx(best)
    assert aurc(falling, judged[::-1]) == pytest.approx(worst)


@pytest.mark.parametrize(
    ("value", "answerable", "answered", "expected"),
    [(0.4, True, True, 0.4), (0.4, True, False, 0), (0, False, True, 0), (0, False, False, 1), (1, False, True, 0)],
)
def test_what_a_question_scores_that_may_be_refused(
    value: float, answerable: bool, answered: bool, expected: float
) -> None:
    assert squad2(value, answerable=answerable, answered=answered) == expected


def test_the_best_threshold_by_hand() -> None:
    """Refusing all gives 2 of 4; from 0.9 up 3; from 0.7 up 2; from 0.5 up 2.5; from 0.1 up 1.5."""
    assert best_overall([1.0, 0.0, 0.5, 0.0], [0.9, 0.7, 0.5, 0.1], [True, False, True, False]) == (3 / 4, 0.9)
    assert best_overall([0.0, 0.0], [0.9, 0.1], [False, True]) == (1 / 2, math.inf)
    assert best_overall([1.0, 0.0], [0.5, 0.5], [True, False]) == (1 / 2, math.inf)
    assert all(math.isnan(value) for value in best_overall([], [], []))


@given(
    st.lists(st.tuples(st.sampled_from([0, 0.5, 1]), st.sampled_from([-1.0, 0.0, 2.0, 3.5]), st.booleans()), min_size=1)
)
def test_no_threshold_is_better_than_the_best(rows: list[tuple[float, float, bool]]) -> None:
    def reached(threshold: float) -> float:
        return mean([squad2(value, answerable=can, answered=score >= threshold) for value, score, can in rows])

    best = best_overall(*(list(column) for column in zip(*rows, strict=True)))
    thresholds = [math.inf, *(score for _, score, _ in rows)]
    assert best.value == pytest.approx(max(map(reached, thresholds)))
    assert best.threshold == max(t for t in thresholds if reached(t) == pytest.approx(best.value))


def test_the_bootstrap_interval_by_hand() -> None:
    """Of 0 and 1 drawn twice the mean is 0, 1/2, 1 in a quarter, a half, a quarter of the cases."""
    assert bootstrap([0.0, 1.0]) == (0, 1)
    assert bootstrap([0.3] * 5) == pytest.approx((0.3, 0.3))
    assert all(math.isnan(bound) for bound in bootstrap([]))


def test_the_bootstrap_interval_is_that_of_scipy_and_the_same_every_time() -> None:
    values = np.random.default_rng(1).beta(0.5, 0.5, 200).tolist()
    expected = scipy_bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=2).confidence_interval
    assert bootstrap(values) == pytest.approx((expected.low, expected.high), abs=0.01)
    assert bootstrap(values) == bootstrap(values)

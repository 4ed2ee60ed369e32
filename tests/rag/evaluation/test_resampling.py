"""Intervals and tests: against hand arithmetic, against scipy, and the same every time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, permutation_test
from scipy.stats import bootstrap as scipy_bootstrap

from citeqa.rag.evaluation.metrics import auroc
from citeqa.rag.evaluation.resampling import bootstrap, interval, mcnemar, permutation


def test_the_interval_of_any_statistic_is_that_of_scipy() -> None:
    values = np.random.default_rng(3).gamma(2, 10, 150)
    expected = scipy_bootstrap((values,), np.median, method="percentile", n_resamples=4000, rng=1).confidence_interval
    low, high = interval(lambda picked: float(np.median(values[picked])), len(values), resamples=4000)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=0.03)


def test_the_interval_of_a_mean_is_the_bootstrap_of_it() -> None:
    values = np.random.default_rng(4).random(40)
    assert interval(lambda picked: float(values[picked].mean()), 40) == pytest.approx(bootstrap(values.tolist()))


def test_draws_without_a_value_are_left_out_and_none_is_nan() -> None:
    scores, positive = np.array([0.9, 0.1]), np.array([True, False])

    def statistic(picked: np.ndarray) -> float:
        return auroc(scores[picked][positive[picked]].tolist(), scores[picked][~positive[picked]].tolist())

    assert interval(statistic, 2) == (1, 1)
    assert all(math.isnan(bound) for bound in interval(lambda picked: math.nan, 5))
    assert all(math.isnan(bound) for bound in interval(lambda picked: 1.0, 0))


def test_many_values_are_drawn_in_pieces_and_the_same_as_in_one() -> None:
    values = np.random.default_rng(5).random(9000).tolist()
    assert bootstrap(values) == bootstrap(values)
    low, high = bootstrap(values)
    spread = 1.96 * np.std(values) / math.sqrt(len(values))
    assert (low, high) == pytest.approx((np.mean(values) - spread, np.mean(values) + spread), abs=spread / 10)


def test_the_permutation_test_by_hand() -> None:
    """Three differences of 1: of 8 ways to sign them, +++ and --- are as far from 0."""
    assert permutation([1.0, 1.0, 1.0]) == 2 / 8
    assert permutation([1.0, 0.0, 1.0, 0.0, 1.0]) == 2 / 8  # what does not differ says nothing
    assert permutation([0.5, -0.5]) == 1
    assert permutation([]) == permutation([0.0]) == 1


def test_the_permutation_test_is_that_of_scipy() -> None:
    for size in (10, 60):
        moved = np.random.default_rng(size).normal(0.3, 1, size)
        expected = permutation_test((moved, np.zeros(size)), lambda a, b, axis: np.mean(a - b, axis=axis),
                                    permutation_type="samples", vectorized=True, n_resamples=20000, rng=1)  # fmt: skip
        assert permutation(moved.tolist()) == pytest.approx(expected.pvalue, abs=0.01)


@given(better=st.integers(0, 200), worse=st.integers(0, 200))
def test_mcnemar_is_the_exact_binomial_test(better: int, worse: int) -> None:
    expected = binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert mcnemar(better, worse) == pytest.approx(expected, rel=1e-9)


def test_mcnemar_by_hand() -> None:
    """5 better, 1 worse: (1 + 6) of 64 partings at either end."""
    assert mcnemar(5, 1) == 2 * (1 + 6) / 64

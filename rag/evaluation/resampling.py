"""Intervals and tests by drawing again from what was measured; vectorised, seeded, and the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[np.float64]

RESAMPLES = 1000
PERMUTATIONS = 10_000
_CELLS = 4_000_000  # numbers drawn at a time, so that memory stays small
_BOUNDS = (0.025, 0.975)


def bootstrap(values: Numbers, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """Lower and upper bound of the 95 % percentile bootstrap interval of the mean (Efron 1979): the 2.5th and 97.5th
    percentile of the means of as many values, drawn with replacement, `resamples` times. NaN of nothing."""
    drawn = np.asarray(values, dtype=np.float64)
    if not drawn.size:
        return math.nan, math.nan
    means = np.concatenate([drawn[picked].mean(axis=1) for picked in _picked(drawn.size, resamples, seed)])
    low, high = np.quantile(means, _BOUNDS)
    return float(low), float(high)


def interval(
    statistic: Callable[[NDArray[np.intp]], float], count: int, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The same of any statistic of `count` questions, which it gets as the positions that were drawn. Draws on which
    it is NaN, as an AUROC of only one kind, are left out; NaN if all are."""
    drawn = [statistic(row) for picked in _picked(count, resamples, seed) for row in picked] if count else []
    known = [value for value in drawn if math.isfinite(value)]
    if not known:
        return math.nan, math.nan
    low, high = np.quantile(known, _BOUNDS)
    return float(low), float(high)


def _picked(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Positions drawn with replacement, a row a resample; all rows together are the same however they are cut."""
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS // count)
    for start in range(0, resamples, step):
        yield generator.integers(0, count, (min(step, resamples - start), count), dtype=np.intp)


def permutation(differences: Sequence[float], permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    """The two-sided p-value of a paired permutation test of the mean difference being 0 (Fisher 1935; as Smucker,
    Allan and Carterette 2007 recommend for retrieval): how often signs put at random give a mean at least as far from
    0, `(1 + count) / (1 + permutations)`. Exact, by all sign changes, where there are no more of those. 1 of nothing.
    """
    moved = np.asarray(differences, dtype=np.float64)
    moved = moved[moved != 0]  # a difference of 0 is the same with either sign
    if not moved.size:
        return 1.0
    observed = abs(moved.sum()) * (1 - 1e-12)
    if 2**moved.size <= permutations:
        every = np.arange(2**moved.size)[:, None] >> np.arange(moved.size) & 1
        return float(np.mean(np.abs((2 * every - 1) @ moved) >= observed))
    generator, far, step = np.random.default_rng(seed), 0, max(1, _CELLS // moved.size)
    for start in range(0, permutations, step):
        signs = generator.integers(0, 2, (min(step, permutations - start), moved.size), dtype=np.int8) * 2 - 1
        far += int(np.sum(np.abs(signs @ moved) >= observed))
    return (1 + far) / (1 + permutations)


def mcnemar(better: int, worse: int) -> float:
    """The two-sided p-value of McNemar's exact test (McNemar 1947): how likely so uneven a parting of `better + worse`
    questions is if each goes either way as easily. 1 of none."""
    total, fewer = better + worse, min(better, worse)
    return min(1.0, 2 * sum(math.comb(total, number) for number in range(fewer + 1)) / (1 << total))

"""Intervals and tests by resampling: vectorised, seeded, and the same every time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = Sequence[float] | NDArray[np.float64]

RESAMPLES = 1000
PERMUTATIONS = 10_000
_CELLS = 4_000_000  # numbers drawn at a time, to limit memory
_BOUNDS = (0.025, 0.975)


def bootstrap(values: Numbers, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """Lower and upper bound of the 95 % percentile bootstrap interval of the mean (Efron 1979): the 2.5th and 97.5th
    percentile of the means of `resamples` samples, drawn with replacement and as large as the original. NaN if there
    are no values."""
    drawn = np.asarray(values, dtype=np.float64)
    if not drawn.size:
        return math.nan, math.nan
    means = np.concatenate([drawn[picked].mean(axis=1) for picked in _picked(drawn.size, resamples, seed)])
    low, high = np.quantile(means, _BOUNDS)
    return float(low), float(high)


def interval(
    statistic: Callable[[NDArray[np.intp]], float], count: int, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """The same for any statistic of `count` questions; it is called with the positions drawn. Samples for which it is
    NaN, such as an AUROC of only one kind, are left out; NaN if all are."""
    drawn = [statistic(row) for picked in _picked(count, resamples, seed) for row in picked] if count else []
    known = [value for value in drawn if math.isfinite(value)]
    if not known:
        return math.nan, math.nan
    low, high = np.quantile(known, _BOUNDS)
    return float(low), float(high)


def _picked(count: int, resamples: int, seed: int) -> Iterator[NDArray[np.intp]]:
    """Positions drawn with replacement, one row for each resample. The rows do not depend on how they are split into
    blocks."""
    generator = np.random.default_rng(seed)
    step = max(1, _CELLS // count)
    for start in range(0, resamples, step):
        yield generator.integers(0, count, (min(step, resamples - start), count), dtype=np.intp)


def permutation(differences: Sequence[float], permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    """The two-sided p-value of a paired permutation test that the mean difference is 0 (Fisher 1935; recommended for
    retrieval by Smucker, Allan and Carterette 2007): how often random signs give a mean at least as far from 0, `(1 +
    count) / (1 + permutations)`. It is exact, over all sign changes, if there are no more of those than `permutations`.
    1 if there are no differences."""
    moved = np.asarray(differences, dtype=np.float64)
    moved = moved[moved != 0]  # the sign of 0 does not matter
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
    """The two-sided p-value of McNemar's exact test (McNemar 1947): the probability of so uneven a split of `better +
    worse` questions if each is equally likely to go either way. 1 if there are none."""
    total, fewer = better + worse, min(better, worse)
    return min(1.0, 2 * sum(math.comb(total, number) for number in range(fewer + 1)) / (1 << total))

"""Measures, as pure functions. Each docstring says what is counted and which paper or tool defines it."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from citeqa.rag import matching
from citeqa.rag.evaluation.resampling import Numbers

Flags = Sequence[bool] | NDArray[np.bool_]

RIGHT = 0.5  # an answer is right from this token F1 with an accepted answer


class Proportion(NamedTuple):
    """`hits` of `total`, with the 95 % Wilson score interval (Wilson 1927) around their ratio."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The ratio; NaN if `total` is 0."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound: `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)` with z = 1.96; NaN if `total` is
        0."""
        if not self.total:
            return math.nan, math.nan
        z, n, p = 1.959963984540054, self.total, self.value
        centre = p + z * z / (2 * n)
        spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1 if the answer is one of the accepted ones after normalisation, else 0 (SQuAD's EM)."""
    return float(any(matching.normalized(answer) == matching.normalized(one) for one in accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """The best F1 between the answer's tokens and those of an accepted answer, normalised and taken as bags (SQuAD's
    F1); 0 if none is accepted."""
    return max((matching.token_f1(answer, one) for one in accepted), default=0.0)


def success_at(relevant: Sequence[bool], k: int) -> float:
    """1 if one of the first `k` results is relevant, else 0 (Success@k as in TREC)."""
    return float(any(relevant[:k]))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 / rank of the first relevant result, ranks from 1; 0 if there is none (TREC's recip_rank)."""
    return next((1 / rank for rank, hit in enumerate(relevant, 1) if hit), 0.0)


def auroc(positives: Numbers, negatives: Numbers) -> float:
    """The probability that a positive scores above a negative, with ties counting half (Mann-Whitney U / (m n)).

    NaN if either side is empty.
    """
    m, n = len(positives), len(negatives)
    if not m or not n:
        return math.nan
    values, place = np.unique(np.concatenate([positives, negatives]), return_inverse=True)
    above = np.bincount(place[:m], minlength=values.size)
    equal = np.bincount(place[m:], minlength=values.size)
    below = np.cumsum(equal) - equal
    return float(above @ (below + equal / 2)) / (m * n)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; NaN if there are no values."""
    return sum(values) / len(values) if values else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, by linear interpolation; NaN if there are no values."""
    if not values:
        return math.nan
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


class Bin(NamedTuple):
    """Answers with similar confidences: their mean confidence, and how many of them are right."""

    confidence: float
    right: Proportion


def equal_mass_bins(confidences: Sequence[float], right: Sequence[bool], bins: int = 15) -> list[Bin]:
    """The answers by rising confidence, in at most `bins` groups of the same size, as nearly as ties allow.

    If `below` of all `n` confidences are strictly lower, a confidence belongs to group ⌊bins · below / n⌋. So equal
    confidences stay together, and the order of the input does not matter. Empty groups are left out.
    """
    ordered = sorted(zip(confidences, right, strict=True))
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, hit in ordered:
        groups[bins * bisect_left(ordered, (confidence,)) // len(ordered)].append((confidence, hit))
    return [
        Bin(mean([confidence for confidence, _ in group]), Proportion(sum(hit for _, hit in group), len(group)))
        for group in groups.values()
    ]


def expected_calibration_error(confidences: Numbers, right: Flags, bins: int = 15) -> float:
    """The distance between confidence and accuracy: `Σ n_b / n · |accuracy_b - mean confidence_b|` (ECE, Naeini et al.
    2015), over the bins of `equal_mass_bins` (Nguyen & O'Connor 2015).

    NaN if there are no values.
    """
    if not len(confidences):
        return math.nan
    rising = np.argsort(confidences, kind="stable")
    ordered, hits = np.asarray(confidences, dtype=np.float64)[rising], np.asarray(right, dtype=np.float64)[rising]
    group = bins * np.searchsorted(ordered, ordered) // len(ordered)
    gaps = np.bincount(group, weights=hits) - np.bincount(group, weights=ordered)
    return float(np.abs(gaps).sum()) / len(ordered)


class Selected(NamedTuple):
    """A point of the risk-coverage curve: the share of questions answered, and the share of these answers that is
    wrong."""

    coverage: float
    risk: float


def risk_coverage(confidences: Numbers, right: Flags) -> list[Selected]:
    """The risk-coverage curve (El-Yaniv & Wiener 2010): a point for each number of questions answered, from one to all,
    in order of falling confidence.

    Equal confidences have no order: the risk is the mean over all their orders.
    """
    coverage, risk = _selective(confidences, right)
    return [Selected(*point) for point in zip(coverage.tolist(), risk.tolist(), strict=True)]


def aurc(confidences: Numbers, right: Flags) -> float:
    """The area under the risk-coverage curve: the mean risk over its points; lower is better (the selective risk of
    Geifman & El-Yaniv 2017; as AURC in Geifman, Uziel & El-Yaniv 2019). NaN if there are no values."""
    return float(_selective(confidences, right)[1].mean()) if len(confidences) else math.nan


def _selective(confidences: Numbers, right: Flags) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    _, group, sizes = np.unique(-np.asarray(confidences, dtype=np.float64), return_inverse=True, return_counts=True)
    missed = np.bincount(group, weights=1 - np.asarray(right, dtype=np.float64))
    answered = np.arange(1, len(confidences) + 1)
    of = np.repeat(np.arange(sizes.size), sizes)  # the group in which each number of answers ends
    before, wrong = (np.cumsum(sizes) - sizes)[of], (np.cumsum(missed) - missed)[of]
    return answered / len(confidences), (wrong + missed[of] * (answered - before) / sizes[of]) / answered


def squad2(value: float, *, answerable: bool, answered: bool) -> float:
    """The SQuAD 2.0 score of a question that may be refused (Rajpurkar et al. 2018): `value`, its EM or F1, if it is
    answerable and was answered; 1 if it is unanswerable and was refused; otherwise 0."""
    if answerable and answered:
        return value
    return float(not answerable and not answered)


class Best(NamedTuple):
    """The best mean that any threshold reaches, and that threshold: questions with at least this score are answered."""

    value: float
    threshold: float


def best_overall(values: Numbers, scores: Numbers, answerable: Flags) -> Best:
    """The best mean of `squad2` that any threshold on the scores reaches, and the highest such threshold (the `best_f1`
    and `best_f1_thresh` of SQuAD 2.0's script, Rajpurkar et al. 2018).

    The threshold is infinite if refusing everything is best. NaN if there are no values.
    """
    if not len(scores):
        return Best(math.nan, math.nan)
    can = np.asarray(answerable, dtype=bool)
    falling, group = np.unique(-np.asarray(scores, dtype=np.float64), return_inverse=True)
    gains = np.bincount(group, weights=np.where(can, np.asarray(values, dtype=np.float64), -1.0))
    reached = np.concatenate([[0.0], np.cumsum(gains)]) + (~can).sum()
    best = int(np.argmax(reached))
    return Best(float(reached[best]) / len(can), -float(falling[best - 1]) if best else math.inf)

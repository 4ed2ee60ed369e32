"""Measures, as pure functions. Each docstring says what is counted and where the definition comes from."""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


class Proportion(NamedTuple):
    """`hits` of `total`, with the 95 % Wilson score interval (Wilson 1927) around their ratio."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The ratio; NaN of none."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper bound: `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)` with z = 1.96."""
        if not self.total:
            return math.nan, math.nan
        z, n, p = 1.959963984540054, self.total, self.value
        centre = p + z * z / (2 * n)
        spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        scale = 1 + z * z / n
        return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def normalized(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al. 2016): lower case, no ASCII punctuation, no articles, single blanks."""
    text = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", text).split())


def exact_match(answer: str, accepted: Sequence[str]) -> float:
    """1 if the answer is one of the accepted ones after normalisation, else 0 (SQuAD's EM)."""
    return float(any(normalized(answer) == normalized(one) for one in accepted))


def token_f1(answer: str, accepted: Sequence[str]) -> float:
    """The best F1 between the answer's tokens and those of one accepted answer, as bags, normalised (SQuAD's F1)."""
    return max((_f1(normalized(answer).split(), normalized(one).split()) for one in accepted), default=0.0)


def _f1(found: list[str], wanted: list[str]) -> float:
    if not found or not wanted:
        return float(found == wanted)
    shared = sum((Counter(found) & Counter(wanted)).values())
    return 2 * shared / (len(found) + len(wanted))


def success_at(relevant: Sequence[bool], k: int) -> float:
    """1 if one of the first `k` results is relevant, else 0 (Success@k as in TREC)."""
    return float(any(relevant[:k]))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 / rank of the first relevant result, ranks from 1; 0 if there is none (TREC's recip_rank)."""
    return next((1 / rank for rank, hit in enumerate(relevant, 1) if hit), 0.0)


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float:
    """The probability that a positive scores above a negative, ties counting half (Mann-Whitney U / (m n)).

    NaN if either side is empty.
    """
    if not positives or not negatives:
        return math.nan
    ordered = sorted([(score, 1) for score in positives] + [(score, 0) for score in negatives])
    ranks, start = 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        ranks += (start + 1 + end) / 2 * sum(label for _, label in ordered[start:end])
        start = end
    m, n = len(positives), len(negatives)
    return (ranks - m * (m + 1) / 2) / (m * n)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean; NaN of nothing."""
    return sum(values) / len(values) if values else math.nan


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, by linear interpolation; NaN of nothing."""
    if not values:
        return math.nan
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def ndcg_at(relevant: Sequence[bool], total: int, k: int) -> float:
    """nDCG@k with binary gains: the discounted gain `Σ 1 / log2(rank + 1)` of the relevant results among the first
    `k`, over that of a ranking with all `total` relevant ones first (Järvelin & Kekäläinen 2002; as trec_eval).

    NaN if nothing is relevant.
    """
    if not total:
        return math.nan
    gain = sum(1 / math.log2(rank + 1) for rank, hit in enumerate(relevant[:k], 1) if hit)
    return gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(total, k) + 1))

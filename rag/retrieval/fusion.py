"""Rankings become one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

CONSTANT = 60  # the value of the paper


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """The scores of one ranking, its share in the whole, and a bound that none of its scores can exceed."""

    scores: Mapping[T, float]
    weight: float
    highest: float


def convex(rankings: Sequence[Weighted[T]], *, depth: int) -> dict[T, float]:
    """A convex combination of scores: the sum of `weight * score / highest`, at most 1 if the weights add up to 1.

    Scores are divided by what no passage could exceed for this query (Bruch, Gai and Ingber, ACM TOIS 2023, theoretical
    normalisation), so that BM25 says how much of the question a passage holds. A ranking whose `highest` is 0 counts
    for nothing. A ranking cut at `depth` says nothing of the scores behind its last: items that it does not hold count
    with that last score, and with 0 where the ranking ended by itself.
    """
    terms = [
        (ranking.scores, ranking.weight / ranking.highest if ranking.highest > 0 else 0.0, _behind(ranking, depth))
        for ranking in rankings
    ]
    items = {item: None for ranking in rankings for item in ranking.scores}
    return {item: sum(scale * scores.get(item, behind) for scores, scale, behind in terms) for item in items}


def _behind(ranking: Weighted[T], depth: int) -> float:
    """What an item counts with that the ranking does not hold."""
    return min(ranking.scores.values()) if len(ranking.scores) >= depth else 0.0


def reciprocal_rank(rankings: Iterable[Sequence[T]], constant: int = CONSTANT) -> dict[T, float]:
    """Reciprocal rank fusion, the baseline: the score of an item is the sum of `1 / (constant + rank)` over the
    rankings that hold it, ranks counted from 1 (Cormack, Clarke and Büttcher, SIGIR 2009). Items are in no particular
    order."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (constant + rank)
    return scores

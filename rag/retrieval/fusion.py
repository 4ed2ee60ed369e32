"""Fuses several rankings into one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

CONSTANT = 60  # the value of the paper


@dataclass(frozen=True, slots=True)
class Weighted(Generic[T]):
    """The scores of one ranking, its weight, and an upper bound of its scores."""

    scores: Mapping[T, float]
    weight: float
    highest: float


def convex(rankings: Sequence[Weighted[T]], *, depth: int) -> dict[T, float]:
    """A convex combination of scores: the sum of `weight * score / highest`, at most 1 if the weights add up to 1.

    Each score is divided by the highest that any passage could reach for this query (Bruch, Gai and Ingber, ACM TOIS
    2023, theoretical normalisation), so that BM25 measures how much of the question a passage contains. A ranking whose
    `highest` is 0 contributes nothing. If a ranking was cut at `depth`, items missing from it count with its last
    score; if it ended by itself, they count with 0.
    """
    terms = [
        (ranking.scores, ranking.weight / ranking.highest if ranking.highest > 0 else 0.0, _behind(ranking, depth))
        for ranking in rankings
    ]
    items = {item: None for ranking in rankings for item in ranking.scores}
    return {item: sum(scale * scores.get(item, behind) for scores, scale, behind in terms) for item in items}


def _behind(ranking: Weighted[T], depth: int) -> float:
    """The score of an item that is missing from the ranking."""
    return min(ranking.scores.values()) if len(ranking.scores) >= depth else 0.0


def reciprocal_rank(rankings: Iterable[Sequence[T]], constant: int = CONSTANT) -> dict[T, float]:
    """Reciprocal rank fusion, the baseline: the score of an item is the sum of `1 / (constant + rank)` over the
    rankings that contain it, with ranks counted from 1 (Cormack, Clarke and Büttcher, SIGIR 2009). The items are
    unordered."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (constant + rank)
    return scores

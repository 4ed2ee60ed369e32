"""Rankings become one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

CONSTANT = 60  # the value of the paper


def reciprocal_rank(rankings: Iterable[Sequence[T]], constant: int = CONSTANT) -> dict[T, float]:
    """Reciprocal rank fusion: the score of an item is the sum of `1 / (constant + rank)` over the rankings that hold
    it, ranks counted from 1 (Cormack, Clarke and Büttcher, SIGIR 2009). Items are in no particular order."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (constant + rank)
    return scores

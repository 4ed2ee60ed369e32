"""Rankings become one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

CONSTANT = 60  # the value of the paper
DENSE = 0.375  # what the cosine counts for; the rest is BM25's


def convex(
    dense: Mapping[T, float], lexical: Mapping[T, float], *, highest: float, depth: int, weight: float = DENSE
) -> dict[T, float]:
    """A convex combination of scores: `weight * cosine + (1 - weight) * BM25 / highest`, at most 1, best with 1.

    BM25 is divided by what no passage could exceed for this query (Bruch, Gai and Ingber, ACM TOIS 2023, theoretical
    normalisation), so that it says how much of the question a passage holds. A ranking cut at `depth` says nothing of
    the scores behind its last: items that only the other one holds count with that last score, and with 0 where the
    ranking ended by itself.

    `weight` was chosen on the fitting halves of SQuAD 2.0 dev and SciFact, where everything from 0.33 to 0.41 is as
    good.
    """
    lowest_dense, lowest_lexical = _behind(dense, depth), _behind(lexical, depth)
    scale = (1 - weight) / highest if highest > 0 else 0.0
    return {
        item: weight * dense.get(item, lowest_dense) + scale * lexical.get(item, lowest_lexical)
        for item in {**dense, **lexical}
    }


def _behind(scores: Mapping[T, float], depth: int) -> float:
    return min(scores.values()) if len(scores) >= depth else 0.0


def reciprocal_rank(rankings: Iterable[Sequence[T]], constant: int = CONSTANT) -> dict[T, float]:
    """Reciprocal rank fusion, the baseline: the score of an item is the sum of `1 / (constant + rank)` over the
    rankings that hold it, ranks counted from 1 (Cormack, Clarke and Büttcher, SIGIR 2009). Items are in no particular
    order."""
    scores: dict[T, float] = {}
    for ranking in rankings:
        for rank, item in enumerate(ranking, 1):
            scores[item] = scores.get(item, 0.0) + 1 / (constant + rank)
    return scores

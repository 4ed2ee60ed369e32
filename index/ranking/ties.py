"""What both rankers share: the best `k` entries, in an order that does not depend on how a ranker orders ties."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from citeqa.index.types import Ranked

_FURTHER = 8  # times as many entries are looked at while all that were found last tie

Scored = tuple[NDArray[np.int64], NDArray[np.float32]]  # ids and their scores, both of shape (n,), best first
Places = Callable[[NDArray[np.int64]], NDArray[np.int64]]  # of ids: by what ties are ordered; -1 leaves an id out


def with_ties(best: Callable[[int], Scored], k: int, reachable: int, places: Places | None = None) -> list[Ranked]:
    """The `k` best entries, ties by `places`; without it, in any order and with all that tie with the last of them, so
    that the caller can order ties itself. A ranker orders ties in its own way, and cutting a tie at `k` would make the
    result depend on that.

    However many tie, they stay arrays: an object is made only of what is returned.

    Args:
        best: gives at most as many entries as it is asked for, best first.
        reachable: how many entries there are.

    Raises:
        ValueError: if `k` is less than 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; needed at least 1")
    ids, scores = _all_that_tie(best, k, reachable) if reachable else (np.empty(0, np.int64), np.empty(0, np.float32))
    if places is not None:
        at = places(ids)
        (known,) = np.nonzero(at >= 0)
        chosen = known[np.lexsort((at[known], -scores[known]))[:k]]
        ids, scores = ids[chosen], scores[chosen]
    return [Ranked(number, score) for number, score in zip(ids.tolist(), scores.tolist(), strict=True)]


def _all_that_tie(best: Callable[[int], Scored], k: int, reachable: int) -> Scored:
    """The `k` best and all that tie with the last of them."""
    limit = k + 1
    while True:
        ids, scores = best(min(limit, reachable))
        if len(ids) <= k:
            return ids, scores
        if limit >= reachable or scores[-1] < scores[k - 1]:
            count = int(np.count_nonzero(scores >= scores[k - 1]))
            return ids[:count], scores[:count]
        limit *= _FURTHER

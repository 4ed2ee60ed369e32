"""What both rankers share: ranked ids, and a cut that never splits a tie."""

from __future__ import annotations

from collections.abc import Callable

from citeqa.index.types import Ranked


def widening(best: Callable[[int], list[Ranked]], k: int, reachable: int) -> list[Ranked]:
    """The `k` best and everything that ties with the last of them, so that the caller can order ties itself.

    `best(limit)` gives at most `limit` entries, best first, of the `reachable` ones there are. A ranker breaks ties by
    its own inner order; cutting a tie at `k` would make the result depend on it.
    """
    if k < 1:
        raise ValueError(f"k is {k}; needed at least 1")
    limit = k + 1
    while True:
        found = best(min(limit, reachable)) if reachable else []
        if len(found) <= k or limit >= reachable or found[-1].score < found[k - 1].score:
            return [entry for entry in found if len(found) <= k or entry.score >= found[k - 1].score]
        limit *= 2

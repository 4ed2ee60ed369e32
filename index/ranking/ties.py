"""What both rankers share: the best `k` entries, cut so that no tie is split."""

from __future__ import annotations

from collections.abc import Callable

from citeqa.index.types import Ranked


def with_ties(best: Callable[[int], list[Ranked]], k: int, reachable: int) -> list[Ranked]:
    """The `k` best entries and all that tie with the last of them, so that the caller can order ties itself. A ranker
    orders ties in its own way, and cutting a tie at `k` would make the result depend on that.

    Args:
        best: gives at most as many entries as it is asked for, best first.
        reachable: how many entries there are.

    Raises:
        ValueError: if `k` is less than 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; needed at least 1")
    limit = k + 1
    while True:
        found = best(min(limit, reachable)) if reachable else []
        if len(found) <= k or limit >= reachable or found[-1].score < found[k - 1].score:
            return [entry for entry in found if len(found) <= k or entry.score >= found[k - 1].score]
        limit *= 2

"""How the times of a question filter the search and reorder what it found.

- A filter excludes documents of other days. Undated ones stay, because their day is unknown.
- A preference raises documents published in its period, or after it within the same length of time again (at least a
  week), because events are reported afterwards. "latest" raises newer documents above older ones.
- The effect is bounded: no passage overtakes another whose score is better by more than `SHARE` of the best score.
  Undated documents are neither raised nor lowered, and nothing moves if no document is from the period.
- If the filters of the request name days, those apply, and the times in the question are only reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from citeqa.index.types import Filters
from citeqa.rag.timing.expressions import Timing, find_times
from citeqa.rag.types import Evidence

SHARE = 0.2  # of the best score; the lowest possible score is 0
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TimingPlan:
    """What a question's times will do. `understood` are all the times found; `timings` are those that apply, none if
    they are ignored; `filters` are the filters to search with."""

    understood: tuple[Timing, ...]
    timings: tuple[Timing, ...]
    filters: Filters


def plan_times(question: str, filters: Filters, today: date, *, apply: bool = True) -> TimingPlan:
    """Plan what the times in a question will do, if `apply`. Filters that contradict each other become preferences."""
    found = find_times(question, today)
    if not found or not apply or filters.date_from or filters.date_to:
        return TimingPlan(found, (), filters)
    strict = [timing for timing in found if timing.use == "filter"]
    if not strict:
        return TimingPlan(found, found, filters)
    first = max((timing.date_from for timing in strict if timing.date_from), default=None)
    last = min((timing.date_to for timing in strict if timing.date_to), default=None)
    if first and last and first > last:
        return TimingPlan(found, tuple(replace(t, use="prefer") if t in strict else t for t in found), filters)
    return TimingPlan(found, found, replace(filters, date_from=first, date_to=last, undated=True))


def reorder_by_dates(
    evidence: Sequence[Evidence], published: Mapping[str, date | None], timings: Sequence[Timing]
) -> list[Evidence]:
    """The evidence in the order that the timings prefer. Scores move by at most half of `SHARE` of the best score; ties
    by (document id, start)."""
    if not evidence or not timings:
        return list(evidence)
    scores = [item.score for item in evidence]
    reach = SHARE * max(scores)
    days = [published.get(item.passage.document_id) for item in evidence]
    moves = _sum(_preferred(days, timings), _newest(days, timings))
    moved = [replace(item, score=item.score + reach * move) for item, move in zip(evidence, moves, strict=True)]
    return sorted(moved, key=lambda item: (-item.score, item.passage.document_id, item.passage.span))


def _preferred(days: Sequence[date | None], timings: Sequence[Timing]) -> list[float]:
    """For each day 0.5 if it is in the period, -0.5 if it is not, and 0 if it is unknown or no day is in the period."""
    wanted = [timing for timing in timings if timing.use != "newest"]
    of_the_time = [day is not None and any(_reported(day, timing) for timing in wanted) for day in days]
    if not any(of_the_time):
        return [0.0] * len(days)
    return [0.0 if day is None else 0.5 if of else -0.5 for day, of in zip(days, of_the_time, strict=True)]


def _reported(day: date, timing: Timing) -> bool:
    first, last = timing.date_from, timing.date_to
    if first and day < first:
        return False
    if not last or day <= last:
        return True
    return first is not None and day - last <= max(WEEK, last - first)


def _newest(days: Sequence[date | None], timings: Sequence[Timing]) -> list[float]:
    """For each day a value from 0.5 (the newest) to -0.5 (the oldest) in equal steps; 0 if it is unknown."""
    known = sorted({day for day in days if day is not None})
    if len(known) < 2 or all(timing.use != "newest" for timing in timings):
        return [0.0] * len(days)
    place = {day: number / (len(known) - 1) - 0.5 for number, day in enumerate(known)}
    return [0.0 if day is None else place[day] for day in days]


def _sum(one: list[float], other: list[float]) -> list[float]:
    """The sums, clipped to between -0.5 and 0.5."""
    return [max(-0.5, min(0.5, a + b)) for a, b in zip(one, other, strict=True)]

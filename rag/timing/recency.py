"""What the times of a question do to what is searched and to the order of what was found.

- A filter leaves documents of other days out. Undated ones stay: nobody knows that they are of another day.
- A preference lifts what was published in its time, or after it within as long again (a week at least), since what
  happened is reported afterwards. "latest" lifts the newer before the older.
- A lift is bounded: no passage passes another whose score is better by more than `SHARE` of the best one's.
  Undated documents are neither lifted nor lowered, and nothing moves where no candidate is of the time.
- Where the request's own filters name days, those count, and the question's times are only told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from citeqa.index.types import Filters
from citeqa.rag.timing.expressions import Timing, find_times
from citeqa.rag.types import Evidence

SHARE = 0.2  # of the best score; scores go down to 0
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class TimingPlan:
    """What was understood, and the filters that hold; `timings` are those that act, none where they do not apply."""

    understood: tuple[Timing, ...]
    timings: tuple[Timing, ...]
    filters: Filters


def plan_times(question: str, filters: Filters, today: date, *, apply: bool = True) -> TimingPlan:
    """What the times in a question will do, if `apply`; filters that contradict each other are preferences."""
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
    """The evidence in the order that the timings prefer, with scores moved by at most half of `SHARE` of the best;
    ties by (document id, start)."""
    if not evidence or not timings:
        return list(evidence)
    scores = [item.score for item in evidence]
    reach = SHARE * max(scores)
    days = [published.get(item.passage.document_id) for item in evidence]
    moves = _sum(_preferred(days, timings), _newest(days, timings))
    moved = [replace(item, score=item.score + reach * move) for item, move in zip(evidence, moves, strict=True)]
    return sorted(moved, key=lambda item: (-item.score, item.passage.document_id, item.passage.span))


def _preferred(days: Sequence[date | None], timings: Sequence[Timing]) -> list[float]:
    """For each day 0.5 where it is of the time, -0.5 where it is not, 0 where it is unknown or no day is of it."""
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
    """For each day from 0.5, the newest, to -0.5, the oldest, in equal steps; 0 where it is unknown."""
    known = sorted({day for day in days if day is not None})
    if len(known) < 2 or all(timing.use != "newest" for timing in timings):
        return [0.0] * len(days)
    place = {day: number / (len(known) - 1) - 0.5 for number, day in enumerate(known)}
    return [0.0 if day is None else place[day] for day in days]


def _sum(one: list[float], other: list[float]) -> list[float]:
    """Added, and brought back between -0.5 and 0.5."""
    return [max(-0.5, min(0.5, a + b)) for a, b in zip(one, other, strict=True)]

"""Lays a quotation beside the words of a source, with as few differences as there can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from citeqa.rag.manuscript.quotations import Gap, Pattern

MOST_OMITTED = 600  # words that one mark of omission may stand for
MOST_REPLACED = 12  # words that one pair of brackets may stand for

Change = Literal["same", "replaced", "added", "removed", "omitted", "inserted"]


class Step(NamedTuple):
    """A run of words of the quotation and the run of the source's words beside it, as half-open ranges of word numbers.

    "added" stands in the quotation alone, "removed" in the source alone; "omitted" and "inserted" are words of the
    source for which the quotation has a mark of omission, or brackets.
    """

    change: Change
    quoted: tuple[int, int]
    source: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Alignment:
    """A quotation beside a source. `likeness` is the share of words that are the same on both sides, 0 to 1."""

    steps: tuple[Step, ...]
    likeness: float

    @property
    def exact(self) -> bool:
        """Whether nothing differs that the quotation does not declare."""
        return all(step.change in ("same", "omitted", "inserted") for step in self.steps)


def align(pattern: Pattern, source: Sequence[str]) -> Alignment | None:
    """The best alignment of all of the pattern with a part of the source; None if they share no word.

    The distance counts words that are replaced, added or removed (Levenshtein 1966); what stands before and behind the
    part is free, and so is what a declared gap passes over (Sellers 1980). It takes as many steps as the product of
    both lengths, row by row. Of equally good parts the first is taken, but so that the quotation's last words stand
    beside as many of the source where they differ ("in 2024" beside "in 2023", not beside "in").
    """
    quoted = pattern.words.plain
    numbers: dict[str, int] = {}
    ours = np.array([numbers.setdefault(word, len(numbers)) for word in quoted], dtype=np.int32)
    theirs = np.array([numbers.get(word, -1) for word in source], dtype=np.int32)
    if not len(ours) or not (theirs >= 0).any():
        return None
    distances = _distances(ours, theirs, pattern.gaps)
    end = int(distances[-1].argmin())
    pairs = _traced(distances, ours, theirs, pattern.gaps, end)
    longer = end + len(list(takewhile(lambda pair: pair.change == "added", reversed(pairs))))
    if end < longer <= len(theirs) and distances[-1, longer] == distances[-1, end]:
        pairs = _traced(distances, ours, theirs, pattern.gaps, longer)
    steps = tuple(_joined(_steps(pairs), quoted, source))
    same = sum(end - start for change, (start, end), _ in steps if change == "same")
    differing = sum(
        max(one.quoted[1] - one.quoted[0], one.source[1] - one.source[0])
        for one in steps
        if one.change in ("replaced", "added", "removed")
    )
    return Alignment(steps, same / (same + differing)) if same else None


def _distances(ours: NDArray[np.int32], theirs: NDArray[np.int32], gaps: Mapping[int, Gap]) -> NDArray[np.int16]:
    """`[i, j]` is the least distance of the first `i` quoted words from a part of the source that ends before `j`."""
    places = np.arange(len(theirs) + 1, dtype=np.int16)
    rows = np.zeros((len(ours) + 1, len(theirs) + 1), dtype=np.int16)
    for number, word in enumerate(ours):
        before = _over_gap(rows[number], gaps.get(number))
        row = before + 1
        np.minimum(row[1:], before[:-1] + (theirs != word), out=row[1:])
        rows[number + 1] = np.minimum.accumulate(row - places) + places
    return rows


def _over_gap(row: NDArray[np.int16], gap: Gap | None) -> NDArray[np.int16]:
    """The row, where a declared gap may pass over words of the source for nothing."""
    if gap is None:
        return row
    reach = MOST_OMITTED if gap == "omission" else MOST_REPLACED
    found, covered = row.copy(), 1
    while covered <= reach:  # the minimum over a sliding window, doubled until it is as wide as needed
        step = min(covered, reach + 1 - covered)
        np.minimum(found[step:], found[:-step].copy(), out=found[step:])
        covered += step
    return found


class _Pair(NamedTuple):
    change: Change
    quoted: int
    source: int


def _traced(
    distances: NDArray[np.int16],
    ours: NDArray[np.int32],
    theirs: NDArray[np.int32],
    gaps: Mapping[int, Gap],
    end: int,
) -> list[_Pair]:
    """One way that has the least distance from a part of the source that ends at `end`, word by word."""
    i, j = len(ours), end
    pairs: list[_Pair] = []
    while i:
        here = distances[i, j]
        before = _over_gap(distances[i - 1], gaps.get(i - 1)) if i - 1 in gaps else distances[i - 1]
        if j and before[j - 1] + (theirs[j - 1] != ours[i - 1]) == here:
            pairs.append(_Pair("same" if theirs[j - 1] == ours[i - 1] else "replaced", i - 1, j - 1))
            i, j = i - 1, j - 1
        elif before[j] + 1 == here:
            pairs.append(_Pair("added", i - 1, j))
            i -= 1
        else:
            pairs.append(_Pair("removed", i, j - 1))
            j -= 1
            continue
        if gap := gaps.get(i):
            least = before[j]
            while distances[i, j] != least:
                j -= 1
                pairs.append(_Pair("omitted" if gap == "omission" else "inserted", i, j))
    return pairs[::-1]


def _steps(pairs: Sequence[_Pair]) -> list[Step]:
    """Runs of one kind; words that differ side by side are one difference."""
    steps = []
    for change, run in groupby(pairs, key=lambda pair: "" if pair.change in _DIFFERING else pair.change):
        found = list(run)
        ours = [pair.quoted for pair in found if pair.change in ("same", "replaced", "added")]
        theirs = [pair.source for pair in found if pair.change != "added"]
        quoted = (ours[0], ours[-1] + 1) if ours else (found[0].quoted,) * 2
        source = (theirs[0], theirs[-1] + 1) if theirs else (found[0].source,) * 2
        kind: Change = change or ("replaced" if ours and theirs else "added" if ours else "removed")  # type: ignore[assignment]
        steps.append(Step(kind, quoted, source))
    return steps


_DIFFERING = ("replaced", "added", "removed")


def _joined(steps: Sequence[Step], quoted: Sequence[str], source: Sequence[str]) -> list[Step]:
    """The steps, where words that differ only in where they are cut ("well-known", "wellknown") are the same."""
    return [
        Step("same", one.quoted, one.source)
        if one.change == "replaced" and "".join(quoted[slice(*one.quoted)]) == "".join(source[slice(*one.source)])
        else one
        for one in steps
    ]

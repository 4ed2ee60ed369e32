"""Finds the times that a question names, by rules and without a model.

A time is a preference ("Who won the 2018 election?"), unless the words say when the source was published ("articles
from March 2025", "what was reported last week"): then it is a filter. "latest" and the like ask for the newest sources.
Not guessed are dates without a year ("on 4 May"), dates in numbers that can be read in two ways, and anything in
quotation marks. Relative words ("last week") count from `today`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, NamedTuple

from citeqa.index.types import Span
from citeqa.rag.folding import folded
from citeqa.rag.timing.absolute import UNITS as ABSOLUTE
from citeqa.rag.timing.periods import Days, Period, part
from citeqa.rag.timing.relative import UNITS as RELATIVE

Use = Literal["prefer", "filter", "newest"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Words of a question that name a time.

    `span` counts in the question. `date_from` and `date_to` are the first and last day; None means that the time is
    open on that side. Both are None for "newest".
    """

    text: str
    span: Span
    date_from: date | None
    date_to: date | None
    use: Use


class _Unit(NamedTuple):
    start: int
    end: int
    days: Days
    adjective: bool = False


_CUE = re.compile(
    r"\d|century|ies\b|day|week|month|year|quarter|decade|last|past|this|next|latest|newest|recent|current|nowadays"
    r"|at the moment|these days|tonight|tomorrow",
    re.IGNORECASE,
)
_NOUN = re.compile(r" [^\W\d_]")  # "the 2018 election"
_QUOTED = re.compile(r'“[^”]*”|"[^"]*"|«[^»]*»')
_JOINED = re.compile(r"\s*(?:(?P<and>and)|to|until|till|through|[-–—])\s*(?:the\s+)?\Z", re.IGNORECASE)
_OPENED = re.compile(r"\b(?:between|from)\s+(?:the\s+)?\Z", re.IGNORECASE)
_OPENING = re.compile(r"(?:between|from)\s", re.IGNORECASE)
_PART = re.compile(
    r"(?<!\w)(?:the\s+)?(?P<part>early|beginning|start|first half|mid|middle|second half|late|end)"
    r"(?:\s+(?:of|in)(?:\s+the)?)?[\s-]\s*\Z",
    re.IGNORECASE,
)
_PARTS = {"early": (0, 3), "beginning": (0, 3), "start": (0, 3), "mid": (1, 3), "middle": (1, 3), "late": (2, 3)}
_PARTS |= {"end": (2, 3), "first half": (0, 2), "second half": (1, 2)}
_BEFORE = re.compile(
    r"(?<!\w)(?P<word>(?:ever\s+)?since|after|following|later than|before|prior to|earlier than|until|till|up to"
    r"|up until|by|as of|from|in|on|during|throughout|within|over|at|around|between)\s+(?P<the>(?:the\s+)?)\Z",
    re.IGNORECASE,
)
_ONWARDS = re.compile(r"\s+(?:on|onwards?)\b", re.IGNORECASE)
_FROM_START, _FROM_END = {"since"}, {"after", "following", "later than"}
_TO_START, _TO_END = {"before", "prior to", "earlier than"}, {"until", "till", "up to", "up until", "by", "as of"}
_NEWEST = re.compile(
    r"\b(?:the\s+)?(?:latest|newest|most recent(?:ly)?|recent(?:ly)?|current(?:ly)?|nowadays|these days|at the moment"
    r"|right now)\b",
    re.IGNORECASE,
)
_PRESS = r"(?:articles?|news|headlines?|coverage|reports)"
_PUBLISHED = re.compile(
    rf"\b(?:{_PRESS}|sources?|documents?|stories|posts?|texts?)\s+(?:(?:that|which)\s+(?:was|were)\s+)?"
    r"(?:published|written|posted|printed|dated|issued)\s+(?:\w+\s+){0,2}\Z"
    r"|\bwhat\s+(?:was|were|has been|have been|is)\s+(?:published|reported|written|printed)\b"
    r"(?:(?!\bto\b)[^.?!;]){0,80}\Z",
    re.IGNORECASE,
)
_DURING = re.compile(r"(?:in|on|during|throughout|within|over|at|around)\b", re.IGNORECASE)
_FROM_THE_PRESS = re.compile(rf"\b{_PRESS}\s+\Z", re.IGNORECASE)
_OF_THE_PRESS = re.compile(rf"(?:['’]s?)?\s+{_PRESS}\b", re.IGNORECASE)


def find_times(question: str, today: date) -> tuple[Timing, ...]:
    """The times that a question names, in order, without overlaps. What would lie outside the calendar (the years 1 to
    9999) is no time."""
    plain = folded(question)
    found = _found(plain, today) if _CUE.search(plain) else []
    named = (replace(timing, text=question[timing.span.start : timing.span.end]) for timing in found)
    return tuple(sorted(named, key=lambda timing: timing.span))


def _found(question: str, today: date) -> list[Timing]:
    """The times in a question whose letters are folded, without overlaps."""
    quoted = [found.span() for found in _QUOTED.finditer(question)]
    units = [unit for unit in _units(question, today) if not any(a <= unit.start < b for a, b in quoted)]
    found = [timing for unit in _ranges(question, units) if (timing := _timing(question, unit))]
    taken = [timing.span for timing in found]
    for match in _NEWEST.finditer(question):
        span = Span(*match.span())
        if not any(span.overlaps(other) for other in taken) and not any(a <= span.start < b for a, b in quoted):
            found.append(Timing(match.group(), span, None, None, "newest"))
    return found


def _units(question: str, today: date) -> list[_Unit]:
    """Every time that is named; of overlapping ones the leftmost, and there the longest."""
    found: list[tuple[tuple[int, int], Days | None, bool]] = []
    for patterns, relative in ((ABSOLUTE, False), (RELATIVE, True)):
        for pattern, days in patterns:
            for match in pattern.finditer(question):
                try:
                    named = days(match, today)
                except (
                    ValueError,
                    OverflowError,
                ):  # the day does not exist, or is outside the calendar: ignore the whole match
                    named = None
                bare = not relative and match.group().isdecimal()
                adjective = bare and bool(_NOUN.match(question, match.end()))
                found.append((match.span(), named, adjective))
    kept: list[_Unit] = []
    end = 0
    for (start, stop), named, adjective in sorted(found, key=lambda one: (one[0][0], -one[0][1], one[1] is None)):
        if start >= end:
            end = stop
            if named and named.first <= named.last:
                kept.append(_Unit(start, stop, named, adjective))
    return kept


def _ranges(question: str, units: list[_Unit]) -> list[_Unit]:
    """The units, with two joined into one if the words between them say so ("between 2019 and 2021", "May to July
    2024")."""
    joined: list[_Unit] = []
    for unit in units:
        before = joined[-1] if joined else None
        gap = _JOINED.match(question, before.end, unit.start) if before else None
        if before and gap and before.days.first <= unit.days.last:
            between = _OPENED.search(question, 0, before.start)
            if between or not gap["and"]:
                start = between.start() if between else before.start
                joined[-1] = _Unit(start, unit.end, Days(before.days.first, unit.days.last))
                continue
        joined.append(unit)
    return joined


def _timing(question: str, unit: _Unit) -> Timing | None:
    """The time that a unit and the words around it name; None if it lies outside the calendar."""
    start, end, days, adjective = unit
    if found := _PART.search(question, 0, start):
        start, days = found.start("part"), part(days, *_PARTS[found["part"].lower()])
        adjective = False
    first: date | None = days.first
    last: date | None = days.last
    if (found := _BEFORE.search(question, 0, start)) and not _OPENING.match(question, start, end):
        word = " ".join(found["word"].lower().split()).removeprefix("ever ")
        adjective = adjective and bool(found["the"])
        try:
            period = _bounded(word, days, adjective, bool(_ONWARDS.match(question, end)))
        except OverflowError:
            return None
        if word == "from" and period.last is None:
            end = _ONWARDS.match(question, end).end()  # type: ignore[union-attr]
        if not adjective or (period.first, period.last) != days:
            start, (first, last) = found.start(), period
    use: Use = "filter" if _about_the_source(question, start, end) else "prefer"
    return Timing(question[start:end], Span(start, end), first, last, use)


def _bounded(word: str, days: Days, adjective: bool, onwards: bool) -> Period:
    """The period that a word and the days after it mean. What comes after "the 2018 election" may still be in 2018.

    Raises:
        OverflowError: if the calendar has no such day.
    """
    if word in _FROM_START or (word == "from" and onwards):
        return Period(days.first, None)
    if word in _FROM_END:
        return Period(days.first if adjective else days.last + timedelta(days=1), None)
    if word in _TO_START:
        return Period(None, days.last if adjective else days.first - timedelta(days=1))
    return Period(None, days.last) if word in _TO_END else Period(*days)


def _about_the_source(question: str, start: int, end: int) -> bool:
    """Whether the words around a time say that it is the date of publication."""
    if _FROM_THE_PRESS.search(question, 0, start):
        return not _DURING.match(question, start)  # "reports in March 2020 said" may be about March
    return bool(_PUBLISHED.search(question, 0, start) or _OF_THE_PRESS.match(question, end))

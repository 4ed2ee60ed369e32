"""What a sentence says of when a value in it holds: no longer, from now on, or nothing. Rules for English, no model.

- A change names both values: "changed from 40 to 34", "34, not 40", "the words "40" are replaced by "34"". The one is
  past, the other in force.
- A limit makes what it governs past: "until 31 March 2025 the fee was 5", "formerly 5", "used to be 5".
- "now", "with effect from", "from today" and the like say that a value is in force; a day to come, not yet.
"""

from __future__ import annotations

import re
from datetime import date
from enum import Enum
from typing import NamedTuple

from citeqa.index.types import Span
from citeqa.rag.timing.expressions import find_times

LONGEST = 1000  # code points of a sentence; a longer one says nothing that can be told by rules


class Standing(Enum):
    """When a value holds, as its own sentence says it."""

    PAST = "past"
    MIXED = "mixed"  # a past value together with the one in force
    UNSAID = "unsaid"
    IN_FORCE = "in force"
    TO_COME = "to come"


class Change(NamedTuple):
    """Two values in a sentence: the one that held, and the one that holds."""

    old: Span
    new: Span


class _Start(NamedTuple):
    """A beginning; None where the words do not say the year."""

    date_from: date | None


_LAZY = r"[^,;:()\"“”.\s](?:[^,;:()\"“”.]|[.,:](?=\d)){0,60}?"
_GREEDY = r"[^,;:()\"“”.\s](?:[^,;:()\"“”.]|[.,:](?=\d)){0,60}"
_CHANGED = (
    r"(?:chang|revis|correct|rais|increas|reduc|lower|cut|extend|amend|mov|postpon|shorten|lengthen|adjust|rose|risen|rise"
    r"|fell|fall|went|gone|grew|grown|drop|switch|upgrad|downgrad|brought|put|push|shift|rewrit|alter|halv|doubl)\w*"
)
_NOT = r"(?:,\s*(?:and |but )?not|\band not|\(not|,?\s*\b(?:instead of|rather than|in place of|up from|down from))"
_CHANGES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b{_CHANGED}\b[^;:.]{{0,120}}?\bfrom\s+(?P<old>{_LAZY})\s+to\s+(?P<new>{_GREEDY})",
        r"\bfor\s+(?:the\s+\w+\s+)?[\"“](?P<old>[^\"“”]{1,80})[\"”]\s*,?\s*(?:read|substitute|put)\s*:?\s+"
        r"[\"“](?P<new>[^\"“”]{1,80})",
        rf"[\"“]?(?P<old>{_LAZY})[\"”]?\s+(?:is|are|was|were|has been|have been|shall be)\s+"
        rf"(?:replaced|superseded|substituted)\s+(?:by|with)\s+[\"“]?(?P<new>{_GREEDY})",
        rf"\b(?:not|no longer)\s+(?P<old>{_LAZY})\s*,?\s+but\s+(?P<new>{_GREEDY})",
        rf"\binstead\s+of\s+(?P<old>{_LAZY})\s*,\s*(?P<new>{_GREEDY})",
        rf"(?P<new>{_LAZY})\s*{_NOT}\s+(?:the\s+)?(?P<old>{_GREEDY})",
    )
)
_QUOTED_WORDS = re.compile(r"^(?:the\s+)?(?:words?|figures?|numbers?|phrases?|sums?|amounts?|rates?)\s+", re.IGNORECASE)

_EARLIER = re.compile(
    r"\b(?:previously|formerly|originally|hitherto|in the past|used to|at first|initially|before that|beforehand"
    r"|until (?:now|then|recently|lately)|no longer|(?:an?|the|our)?\s*(?:earlier|previous|first|original|old|former)"
    r"\s+(?:version|edition|report|figure|statement|estimate|text|price|fee|rate|rule|article)s?\b)",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"\b(?:until|till|up to|through|before|prior to)\s+(?:and including\s+)?(?:the\s+)?(?:end of\s+)?(?=\w)",
    re.IGNORECASE,
)
_DAY = re.compile(
    r"(?:the\s+)?\d{0,2}(?:st|nd|rd|th)?\s*(?:of\s+)?(?:january|february|march|april|may|june|july|august|september"
    r"|october|november|december)\b(?:\s+\d{1,2}\b)?(?:,?\s+\d{4})?|\d{4}\b",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"\b(?:(?:with )?effect(?:ive)?(?: from| as of| on)?|as (?:from|of)|starting(?: from| on)?|beginning|since|from"
    r"|on and after)\s+(?=\w)",
    re.IGNORECASE,
)
_NOW = re.compile(
    r"\b(?:now|nowadays|currently|at present|from (?:today|now|tomorrow|this \w+|next \w+)|with (?:immediate )?effect"
    r"|effective immediately|as (?:from|of)|henceforth|from now on|since then|new(?:ly)?|has been|have been"
    r"|correct(?:ed|ion|ly)?|amended|revised|replaces?|supersedes?|instead|will (?:now|henceforth))\b",
    re.IGNORECASE,
)
_PAST_TENSE = re.compile(r"\b(?:was|were|had|used|did|cost|stood|applied|paid|held|ran)\b", re.IGNORECASE)
# Where a limit ends: behind it the sentence goes on with what holds instead.
_BREAK = re.compile(
    r"[;()]|,\s+(?=(?:is|are|has|have|now|but|and|it|they|the|since|from|then)\b)|\b(?:but|now|since|while|whereas|then|today)\b"
    r"|[.!?]\s+(?=[A-Z\"“])",
    re.IGNORECASE,
)
_OPENS = re.compile(r"[;(]|,\s+(?:but|and|while|whereas)\b|[.!?]\s+(?=[A-Z\"“])")


def standing(text: str, span: Span, today: date) -> Standing:
    """When the value at `span` of a sentence (or of a few) holds, as these words say it."""
    if len(text) > LONGEST:
        return Standing.UNSAID
    changes = changes_in(text)
    past = [change.old for change in changes] + _limited(text, today)
    inside = [found for found in past if found.overlaps(span)]
    if inside:
        whole = any(found.contains(span) or _mostly(span, found) for found in inside)
        return Standing.PAST if whole else Standing.MIXED
    if any(change.new.overlaps(span) for change in changes):
        return Standing.IN_FORCE
    begins = max((found.end() for found in _OPENS.finditer(text, 0, span.start)), default=0)
    if any(found.date_from and found.date_from > today for found in _from_times(text[begins : span.start], today)):
        return Standing.TO_COME
    clause = text[begins : span.start]
    return Standing.IN_FORCE if _NOW.search(clause) or _from_times(clause, today) else Standing.UNSAID


def says_changed(text: str) -> bool:
    """Whether words such as "now" or "corrected" say that something is no longer as it was."""
    return bool(_NOW.search(text) or _EARLIER.search(text) or changes_in(text))


def changes_in(text: str) -> list[Change]:
    """The changes that a text names, each with the value before and after it. Where nothing in the words tells which
    value is meant, there is none."""
    found = []
    for pattern in _CHANGES:
        for match in pattern.finditer(text[:LONGEST]):
            old = _QUOTED_WORDS.sub("", match["old"])
            start = match.end("old") - len(old)
            first = old.lstrip('"“ ')
            start += len(old) - len(first)
            if first.strip():
                found.append(Change(Span(start, match.end("old")), Span(*match.span("new"))))
    return found


def _limited(text: str, today: date) -> list[Span]:
    """The parts of a text that its own words limit to a time that is over."""
    found = []
    for match in _EARLIER.finditer(text):
        found.append(_governed(text, match.end()))
    for match in _UNTIL.finditer(text):
        day = _DAY.match(text, match.end())
        if not day or not _is_over(text, match, day, today):
            continue
        begins = max((one.end() for one in _OPENS.finditer(text, 0, match.start())), default=0)
        before = text[begins : match.start()].strip()
        if before:
            found.append(Span(begins, match.start()))
        if not before or before.endswith(","):
            found.append(_governed(text, day.end()))
    return [span for span in found if span is not None]


def _is_over(text: str, until: re.Match[str], day: re.Match[str], today: date) -> bool:
    """Whether the day behind "until" has passed; one without a year has where the words are in the past tense."""
    named = find_times(text[until.start() : day.end()], today)
    if named and named[0].date_to:
        return named[0].date_to < today
    if named and named[0].date_from:
        return named[0].date_from <= today
    return bool(_PAST_TENSE.search(text))


def _governed(text: str, start: int) -> Span | None:
    """From behind a limit to where the sentence goes on with something else."""
    while start < len(text) and text[start] in " ,:":
        start += 1
    stop = _BREAK.search(text, start)
    end = stop.start() if stop else len(text)
    return Span(start, end) if start < end else None


def _from_times(clause: str, today: date) -> list[_Start]:
    """The beginnings that a clause names: "with effect from 1 January 2025"."""
    found = []
    for match in _FROM.finditer(clause):
        day = _DAY.match(clause, match.end())
        if day:
            named = find_times(day.group(), today)
            found.append(_Start(named[0].date_from if named else None))
    return found


def _mostly(span: Span, part: Span) -> bool:
    """Whether most of a span lies in a part of its sentence."""
    return 2 * (min(span.end, part.end) - max(span.start, part.start)) > len(span)

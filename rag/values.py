"""What sort of value an answer is, finely enough to say whether two answers can contradict each other."""

from __future__ import annotations

import re
from typing import NamedTuple

from citeqa.rag.matching import kind, numbers, quantities

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DAY = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}(?!\w)|\b{_MONTH}\s+\d{{1,2}}\b(?!\d)|\d{{4}}-\d\d-\d\d", re.I
)
_MONTH_NAMED = re.compile(rf"\b{_MONTH}(?!\w)", re.IGNORECASE)
_CLOCK = re.compile(r"\b\d{1,2}(?:[:.]\d\d)?\s?[ap]\.?m\b|\b\d{1,2}:\d\d\b|\bo['’]clock\b", re.IGNORECASE)
_MONEY = re.compile(
    r"[$€£¥]|\b(?:euros?|dollars?|pounds?|pence|cents?|francs?|yen|crowns?|USD|EUR|GBP|CHF)\b", re.IGNORECASE
)
_CURRENCIES = {"euro": "€", "eur": "€", "dollar": "$", "usd": "$", "pound": "£", "gbp": "£", "yen": "¥"}
_PERCENT = re.compile(r"%|\bper\s?cent\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"(?:\d[\d.,]*|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen"
    r"|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million"
    r"|billion|dozen|half))[\s\u00a0-]*(?:(?:hundred|thousand|million|billion|dozen|and|a|half|of)\s+)*(?P<unit>[^\W\d_]+(?:/[^\W\d_]+)?)?",
    re.IGNORECASE,
)
_EVERY = re.compile(
    r"(?:every|each|per)\s+(?:\w+\s+)?(?:\w*day|night|morning|afternoon|evening|week|weekend|month|quarter|year|hour)s?\b|(?:dai|week|month|quarter|year|hour)ly\b",
    re.IGNORECASE,
)
_MAGNITUDES = {
    "hundred",
    "thousand",
    "million",
    "billion",
    "dozen",
    "half",
    "and",
    "to",
    "or",
    "a",
    "of",
    "until",
    "in",
}


_AMOUNT = re.compile(
    r"^\W*(?:and\s+|please\s+)?(?:how\s+(?:much|many|long|old|far|heavy|high|deep|wide|tall|big|large|often|fast|hot|cold)\b"
    r"|what(?:['’]s|\s+(?:is|was|are|were|will\s+be))\s+(?:the|its|their)\s+(?:\w+\s+){0,2}?(?:price|cost|fee|rent|fare|weight"
    r"|length|height|width|depth|temperature|speed|capacity|voltage|power|age|distance|duration|budget|salary|revenue)s?\b"
    r"|what\s+(?:does|do|did|would|will)\b.*\b(?:cost|weigh|measure)\W*$)",
    re.IGNORECASE,
)


class Sort(NamedTuple):
    """A kind of value, and what it is measured in or how fine it is; `unit` is None where the words do not say it."""

    kind: str
    unit: str | None


def sort_of(text: str) -> Sort:
    """The sort of an answer, judged by its form."""
    if _CLOCK.search(text):
        return Sort("clock", None)
    if _EVERY.match(text):
        return Sort("rate", None)
    if _DAY.search(text):
        return Sort("date", "day")
    form = kind(text)
    if form == "date":
        return Sort("date", "month" if _MONTH_NAMED.search(text) else "year")
    if form != "number" and not quantities(text):
        return Sort(form, None)
    if money := _MONEY.search(text):
        name = money[0].lower().rstrip("s")
        return Sort("money", _CURRENCIES.get(name, name))
    if _PERCENT.search(text):
        return Sort("percent", None)
    return Sort("number", _unit(text))


def asks_amount(question: str) -> bool:
    """Whether a question asks for an amount, so that a code ("4410-640") is no answer."""
    return bool(_AMOUNT.search(question))


def comparable(one: str, other: str) -> bool:
    """Whether two answers are values of one sort, so that only one of them can hold: a year is none with a day, metres
    are none with euros; but what happens at an hour and every so often is."""
    ours, theirs = sort_of(one), sort_of(other)
    if ours.kind != theirs.kind:
        if {ours.kind, theirs.kind} == {"clock", "rate"}:
            return True
        return {ours.kind, theirs.kind} == {"number", "clock"} and not (ours.unit or theirs.unit)
    if ours.kind == "date":
        return ours.unit == theirs.unit
    return ours.unit is None or theirs.unit is None or ours.unit == theirs.unit


def _unit(text: str) -> str | None:
    """What a number counts, in the singular."""
    if not numbers(text) and not quantities(text):
        return None
    found = _COUNTED.search(text)
    word = found["unit"].lower() if found and found["unit"] else None
    if word is None or word in _MAGNITUDES:
        return None
    return word.removesuffix("s") if len(word) > 3 else word

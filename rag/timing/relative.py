"""Times counted from today: "yesterday", "last week", "two months ago", "last Monday"."""

from __future__ import annotations

import re
from datetime import date, timedelta

from citeqa.rag.timing.absolute import ToDays
from citeqa.rag.timing.periods import MONTHS, SEASONS, WEEKDAYS, Days, months, part, season, week, years

_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_COUNTS = {word: number for number, word in enumerate(_WORDS, 1)}
_COUNTS |= {"a": 1, "an": 1, "couple of": 2, "few": 5, "several": 5, "": 1}
_HOW_MANY = rf"(?:(?:the|a)\s+)?(?P<count>\d{{1,3}}|{'|'.join(word for word in _COUNTS if word)})"
_UNIT = r"(?P<unit>day|week|month|quarter|year|decade)"
_STEP = {"last": -1, "past": -1, "previous": -1, "this": 0, "current": 0, "next": 1, "coming": 1}
_WHICH = r"(?P<which>last|previous|this|current|next|coming)"
_SINGLE = {"yesterday": -1, "last night": -1, "today": 0, "tonight": 0, "tomorrow": 1}


def _around(today: date, unit: str, by: int) -> Days:
    """The whole calendar unit `by` units after the one that contains today."""
    if unit == "day":
        found = today + timedelta(days=by)
        return Days(found, found)
    if unit == "week":
        return week(today, by)
    if unit == "month":
        return months(today.year, today.month + by)
    if unit == "quarter":
        return months(today.year, 3 * ((today.month - 1) // 3 + by) + 1, 3)
    return years(today.year + by) if unit == "year" else years(10 * (today.year // 10 + by), 10)


def _back(today: date, unit: str, count: int) -> date:
    """The day `count` units before today; if the month is too short, its last day."""
    if unit in ("day", "week"):
        return today - timedelta(days=count * (7 if unit == "week" else 1))
    by = count * {"month": 1, "quarter": 3, "year": 12, "decade": 120}[unit]
    then = months(today.year, today.month - by)
    return then.last if today.day > then.last.day else then.first.replace(day=today.day)


def _count(m: re.Match[str]) -> int:
    words = " ".join((m["count"] or "").lower().split())
    return int(words) if words.isdecimal() else _COUNTS[words]


def _day(m: re.Match[str], today: date) -> Days | None:
    """Ignores a capitalised word inside a question, which is part of a name: "USA Today"."""
    if m.group()[0].isupper() and m.start():
        return None
    words = " ".join(m.group().lower().split())
    by = {"day before yesterday": -2, "day after tomorrow": 2}.get(words) or _SINGLE[words]
    return _around(today, "day", by)


def _unit(m: re.Match[str], today: date) -> Days | None:
    if m["which"][0].isupper() and m.start():
        return None
    return _around(today, m["unit"].lower(), _STEP[m["which"].lower()])


def _rolling(m: re.Match[str], today: date) -> Days:
    """Periods up to today: "in the past year", "the last ten days"."""
    count = _count(m)
    return Days(_back(today, m["unit"].lower(), count), today) if count else Days(today, today)


def _ago(m: re.Match[str], today: date) -> Days:
    """The day, or the whole week, month or year, that long ago."""
    return _around(today, m["unit"].lower(), -_count(m))


def _weekend(m: re.Match[str], today: date) -> Days:
    monday = week(today, _STEP[m["which"].lower()]).first
    return Days(monday + timedelta(days=5), monday + timedelta(days=6))


def _weekday(m: re.Match[str], today: date) -> Days:
    """The nearest such weekday before today, or after it for "next"."""
    wanted = WEEKDAYS.index(m["day"].lower())
    if m["which"].lower() in ("next", "coming"):
        return _around(today, "day", (wanted - today.weekday() - 1) % 7 + 1)
    return _around(today, "day", -((today.weekday() - wanted - 1) % 7 + 1))


def _month(m: re.Match[str], today: date) -> Days | None:
    """The last such month that is over, this year's, or the next to begin. Only with a capital: "this may" is none."""
    if not m["month"][0].isupper():
        return None
    number, which = MONTHS.index(m["month"].lower()) + 1, m["which"].lower()
    if which in ("this", "current"):
        return months(today.year, number)
    if which in ("next", "coming"):
        return months(today.year + (number <= today.month), number)
    return months(today.year - (number >= today.month), number)


def _season(m: re.Match[str], today: date) -> Days:
    """The last such season that is over, this year's, or the next to begin."""
    name, which = " ".join(m["season"].lower().split()), m["which"].lower()
    if which in ("this", "current"):
        return season(name, today.year)
    if which in ("next", "coming"):
        return season(name, today.year + (season(name, today.year).first <= today))
    years_back = next(by for by in (0, 1, 2) if season(name, today.year - by).last < today)
    return season(name, today.year - years_back)


def _part(m: re.Match[str], today: date) -> Days:
    """Part of the current unit: "earlier this year" is from its first day to today."""
    whole = _around(today, m["unit"].lower(), 0)
    return Days(whole.first, today) if m["part"].lower() == "earlier" else part(whole, 2, 3)


def _units() -> tuple[tuple[str, ToDays], ...]:
    season_names = "|".join(name.replace(" ", r"\s+") for name in SEASONS)
    return (
        (r"\b(?:day before yesterday|day after tomorrow|yesterday|last night|today|tonight|tomorrow)\b", _day),
        (r"\bthis (?=morning|afternoon|evening)\w+\b", lambda m, today: Days(today, today)),
        (rf"\b{_WHICH}\s+{_UNIT}\b", _unit),
        (rf"\b(?P<part>earlier|later)\s+this\s+{_UNIT}\b", _part),
        (rf"\b(?:past|last|previous)\s+{_HOW_MANY}\s+{_UNIT}s\b", _rolling),
        (rf"\bpast\s+(?P<count>){_UNIT}\b", _rolling),
        (rf"\b{_HOW_MANY}\s+{_UNIT}s?\s+ago\b", _ago),
        (rf"\b{_WHICH}\s+weekend\b", _weekend),
        (rf"\b(?P<which>last|past|next|coming)\s+(?P<day>{'|'.join(WEEKDAYS)})\b", _weekday),
        (rf"\b{_WHICH}\s+(?P<month>{'|'.join(MONTHS)})\b(?!\s+\d)", _month),
        (rf"\b{_WHICH}\s+(?P<season>{season_names})\b(?!\s+\d{{4}})", _season),
    )


UNITS = tuple((re.compile(pattern, re.IGNORECASE), reading) for pattern, reading in _units())

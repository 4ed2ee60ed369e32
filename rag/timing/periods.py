"""Periods of time as first and last day: pure calendar arithmetic (proleptic Gregorian, weeks from Monday)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import NamedTuple

_FIRST_HALF = ("january", "february", "march", "april", "may", "june")
MONTHS = (*_FIRST_HALF, "july", "august", "september", "october", "november", "december")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SEASONS = {  # meteorological seasons of the northern hemisphere: first month, number of months
    "spring": (3, 3),
    "summer": (6, 3),
    "autumn": (9, 3),
    "fall": (9, 3),
    "winter": (12, 3),
    "hurricane season": (6, 6),  # the Atlantic's
}


class Period(NamedTuple):
    """From `first` to `last`, both included; None means open on that side."""

    first: date | None
    last: date | None


class Days(NamedTuple):
    """A period with a first and a last day."""

    first: date
    last: date


def month_number(name: str) -> int:
    """The number of a month, 1 to 12, from its name or the beginning of it ("Sept.")."""
    beginning = name.lower().rstrip(".")[:3]
    return next(number for number, month in enumerate(MONTHS, 1) if month.startswith(beginning))


def day(year: int, month: int, number: int) -> Days:
    """Raises ValueError if the day does not exist."""
    found = date(year, month, number)
    return Days(found, found)


def months(year: int, first: int, count: int = 1) -> Days:
    """`count` months from the month `first`, which may be below 1 or above 12: it then counts into other years."""
    year, first = year + (first - 1) // 12, (first - 1) % 12 + 1
    end_year, end = year + (first + count - 2) // 12, (first + count - 2) % 12 + 1
    return Days(date(year, first, 1), date(end_year, end, monthrange(end_year, end)[1]))


def years(first: int, count: int = 1) -> Days:
    return Days(date(first, 1, 1), date(first + count - 1, 12, 31))


def season(name: str, year: int) -> Days:
    """The season that begins in a year; winter 2024 ends in February 2025."""
    first, count = SEASONS[name]
    return months(year, first, count)


def week(of: date, by: int = 0) -> Days:
    """The week (Monday to Sunday) `by` weeks after the week of a day."""
    monday = of - timedelta(days=of.weekday()) + timedelta(weeks=by)
    return Days(monday, monday + timedelta(days=6))


def part(whole: Days, number: int, of: int) -> Days:
    """Part `number` (from 0) of a period cut into `of` parts: several years are cut into whole years, one year into
    whole months, anything else into days. The last part takes what is left over."""
    first, last = whole
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31):
        count = last.year - first.year + 1
        if count == 1:
            start, end = 12 * number // of, 12 * (number + 1) // of
            return months(first.year, 1 + start, end - start)
        start, end = count * number // of, count * (number + 1) // of
        return years(first.year + start, max(1, end - start))
    count = (last - first).days + 1
    start, end = count * number // of, count * (number + 1) // of
    return Days(first + timedelta(days=start), first + timedelta(days=max(start, end - 1)))

"""Times given by the calendar: days, months, seasons, quarters, years, decades, centuries."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from citeqa.rag.timing.periods import SEASONS, Days, day, month_number, months, part, season, years

ToDays = Callable[[re.Match[str], date], Days | None]

# Four digits that may be a year, but not an amount of money, part of a longer number, a count or a measure.
_YEAR = r"(?<![\w$€£¥#.,/])(?P<year>1[5-9]\d\d|20\d\d)(?![\w%°€£¥]|[.,/:]\d)"
_AND = r"\s*(?:-|–|—|\bto\b|\band\b|\bthrough\b|\buntil\b)\s*"
_NAMES = r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
_NAMES += r"|nov(?:ember)?|dec(?:ember)?"
_ORDINAL = r"(?:st|nd|rd|th)?"
_OF_YEAR = rf",?\s+(?:of\s+)?{_YEAR}"
_SEASON = "|".join(name.replace(" ", r"\s+") for name in SEASONS)
_COUNTED = re.compile(  # "1500 people", but "in 1987 people fled"
    r"[ \u00a0](?:[a-z]{2,}[^\W\d_sui]s|people|men|women|children|feet|km|kg|hundred|thousand|million|billion)\b"
)
_DATING = re.compile(
    r"\b(?:in|since|until|till|by|before|after|during|from|between|and|early|mid|late|year|the|of)[ \u00a0-]\Z",
    re.IGNORECASE,
)
_CENTURIES = {"sixteenth": 16, "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20}
_CENTURIES |= {"twenty-first": 21}
_DECADES = {
    "thirties": 30,
    "forties": 40,
    "fifties": 50,
    "sixties": 60,
    "seventies": 70,
    "eighties": 80,
    "nineties": 90,
}
_NUMBERED = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


def _month(name: str = "month") -> str:
    return rf"(?P<{name}>{_NAMES})\b\.?"


def _number(name: str = "day") -> str:
    return rf"(?<![\w.,$€£¥])(?P<{name}>\d{{1,2}}){_ORDINAL}"


def _day(m: re.Match[str], today: date) -> Days:
    return day(int(m["year"]), month_number(m["month"]), int(m["day"]))


def _iso_day(m: re.Match[str], today: date) -> Days:
    return day(int(m["year"]), int(m["month"]), int(m["day"]))


def _numeric_day(m: re.Match[str], today: date) -> Days | None:
    """A day in numbers, if only one reading is a date. With full stops, the day comes first."""
    one, other, year = int(m["one"]), int(m["other"]), int(m["year"])
    if m["mark"] == "." or one > 12 or one == other:
        return day(year, other, one)
    return day(year, one, other) if other > 12 else None


def _days(m: re.Match[str], today: date) -> Days:
    """A range of days in one month, or from a day of one month to a day of another."""
    named = m.groupdict()
    month = month_number(m["month"])
    first = month_number(named["from_month"]) if named.get("from_month") else month
    return Days(day(int(m["year"]), first, int(m["from_day"])).first, day(int(m["year"]), month, int(m["day"])).last)


def _one_month(m: re.Match[str], today: date) -> Days:
    return months(int(m["year"]), month_number(m["month"]))


def _several_months(m: re.Match[str], today: date) -> Days | None:
    first, last = month_number(m["from_month"]), month_number(m["month"])
    return months(int(m["year"]), first, last - first + 1) if first < last else None


def _season(m: re.Match[str], today: date) -> Days:
    return season(" ".join(m["season"].lower().split()), int(m["year"]))


def _quarter(m: re.Match[str], today: date) -> Days:
    number = _NUMBERED[m["number"].lower()] if not m["number"].isdecimal() else int(m["number"])
    return part(years(int(m["year"])), number - 1, 4)


def _two_years(m: re.Match[str], today: date) -> Days | None:
    """ "2019/20" or "2019-21": years whose century is written once. "2019-11" is a month."""
    first = int(m["year"])
    last = first // 100 * 100 + int(m["last"])
    last += 100 if last < first else 0
    if last - first == 1 or (m["mark"] == "–" and last > first) or int(m["last"]) > 12:
        return years(first, last - first + 1)
    return months(first, int(m["last"])) if m["mark"] == "-" and int(m["last"]) else None


def _year(m: re.Match[str], today: date) -> Days | None:
    if _COUNTED.match(m.string, m.end()) and not _DATING.search(m.string, 0, m.start()):
        return None
    return years(int(m["year"]))


def _decade(m: re.Match[str], today: date) -> Days:
    return years(int(m["decade"]), 10)


def _short_decade(m: re.Match[str], today: date) -> Days:
    """The thirties to the nineties are those of the 20th century. "The 20s" is ambiguous and not guessed."""
    return years(1900 + (int(m["decade"]) if m["decade"].isdecimal() else _DECADES[m["decade"].lower()]), 10)


def _century(m: re.Match[str], today: date) -> Days | None:
    number = _CENTURIES[m["number"].lower()] if m["number"].lower() in _CENTURIES else int(m["number"][:-2])
    return years(100 * number - 99, 100) if number else None


def _units() -> tuple[tuple[str, ToDays], ...]:
    return (
        (r"(?<![\w-])(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?![\w-])", _iso_day),
        (
            r"(?<![\w./])(?P<one>\d{1,2})(?P<mark>[./])(?P<other>\d{1,2})(?P=mark)(?P<year>(?:1[5-9]|20)\d\d)(?![\w/])",
            _numeric_day,
        ),
        (rf"{_number()}\s+(?:day\s+)?(?:of\s+)?{_month()}{_OF_YEAR}", _day),
        (rf"\b{_month()}\s+{_number()}{_OF_YEAR}", _day),
        (rf"{_number('from_day')}{_AND}{_number()}\s+(?:of\s+)?{_month()}{_OF_YEAR}", _days),
        (rf"\b{_month()}\s+{_number('from_day')}{_AND}{_number()}{_OF_YEAR}", _days),
        (rf"{_number('from_day')}\s+{_month('from_month')}{_AND}{_number()}\s+{_month()}{_OF_YEAR}", _days),
        (rf"\b{_month('from_month')}\s+{_number('from_day')}{_AND}{_month()}\s+{_number()}{_OF_YEAR}", _days),
        (rf"\b{_month()}{_OF_YEAR}", _one_month),
        (rf"\b{_month('from_month')}{_AND}{_month()}{_OF_YEAR}", _several_months),
        (rf"\b(?:Atlantic\s+)?(?P<season>{_SEASON})\s+(?:of\s+)?{_YEAR}", _season),
        (rf"{_YEAR}\s+(?:Atlantic\s+)?(?P<season>{_SEASON})\b", _season),
        (rf"\bQ(?P<number>[1-4])\s?(?:of\s|/|-)?\s?{_YEAR.replace('./])', '.])')}", _quarter),
        (rf"\b(?P<number>{'|'.join(_NUMBERED)})\s+quarter{_OF_YEAR}", _quarter),
        (r"(?<![\w$€£¥#.,/-])(?P<year>1[5-9]\d\d|20\d\d)(?P<mark>[-–/])(?P<last>\d\d)(?![\w–/-]|[.,]\d)", _two_years),
        (_YEAR, _year),
        (r"(?<![\w$€£¥#.,])(?P<decade>1[5-9]\d0|20\d0)['’]?s\b", _decade),
        (rf"(?<=\bthe )['’]?(?P<decade>[3-9]0['’]?(?=s\b)|{'|'.join(_DECADES)})s?\b", _short_decade),
        (rf"(?<!\w)(?P<number>\d{{1,2}}(?:st|nd|rd|th)|{'|'.join(_CENTURIES)})[\s-]century\b", _century),
    )


UNITS = tuple((re.compile(pattern, re.IGNORECASE), reading) for pattern, reading in _units())

"""The date that a text says of itself, in English: "Press release, 29 October 2026", "Date: 3 March 2025".

It stands on one of the first lines, or on one of the last ones where a letter is signed. A date that the text only
talks about is none ("Report on the flood of 3 March 2011"), nor is one that can be read in two ways (03/04/2025), nor a
month without a day. A text of many entries, each with its date, has no date of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

_BEGINNING = 12  # lines with words, at most
_ENDING = 4
_LOOKED_AT = 3000  # code points at either end
_LONGEST = 160  # code points; a longer line is prose

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:1[5-9]|20)\d\d"
_DAY_NAME = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?[ \u00a0]+)?(?:the[ ]+)?"
_DATE = (
    rf"(?i:{_DAY_NAME}(?:\d{{1,2}}(?:st|nd|rd|th)?[ \u00a0]+(?:day[ ]+)?(?:of[ ]+)?{_MONTH},?[ \u00a0]+{_YEAR}"
    rf"|{_MONTH}[ \u00a0]+\d{{1,2}}(?:st|nd|rd|th)?,?[ \u00a0]+{_YEAR}"
    rf"|{_YEAR}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}[./]{_YEAR}))"
)
_ANY_DATE = re.compile(rf"(?<![\w./-]){_DATE}(?![\w/-]|\.\d)", re.IGNORECASE)

_D = rf"(?P<date>{_DATE})(?![\w/-]|\.\d)"
_NO_RANGE = rf"(?!\s*(?:to\b|until\b|till\b|and\b|-|–|—)\s*(?i:\d|{_MONTH}\b))"
_END = r"[ \u00a0.)\]]*$"
_LABELLED = re.compile(
    r"(?:^|[|·•;,(—–]\s*|\s-\s)"
    r"(?P<label>(?:date(?: of (?:issue|publication|this \w+|report|the meeting))?|dated(?: this)?|stand|as of|sent"
    r"|(?:first |originally )?(?:issued|published|posted|released|signed|adopted|approved)(?: on)?"
    r"|(?:issue|publication|release|posting|report|meeting) date"
    r"|(?:page |text )?(?:last )?(?:updated|modified|changed|reviewed|revised|amended|edited)(?: on)?"
    r"|(?:last )?(?:update|revision|review)))"
    rf"\s*:?\s+{_D}{_NO_RANGE}",
    re.IGNORECASE,
)
_UPDATED = re.compile(r"update|modif|chang|review|revis|amend|edit", re.IGNORECASE)
_EVENT = re.compile(r"\W*(?:time|venue|location|place|where|doors|entry|admission|tickets|rsvp)\b\W*:", re.IGNORECASE)

# What a text may call itself, in front of its date.
_KIND = (
    r"(?:press release|news release|media release|press statement|press notice|minutes|report|letter|circular|memo"
    r"|memorandum|newsletter|bulletin|notice|statement|announcement|correction|clarification|erratum|corrigendum"
    r"|amendment|addendum|leaflet|brochure|communiqu[eé]|advisory|decree|order|resolution|directive|edition|version"
    r"|issue|revision|release|transcript|protocol|note|notes|record|agreement|contract|lease|survey|price list|guide"
    r"|briefing|bulletin|review|opinion|judg(?:e)?ment|decision|AGM|meeting|session|hearing|diary|update|policy|rules"
    r"|summary|handbook|manual|schedule|statutes|bylaws|office|department|secretariat|ministry|bureau|council"
    r"|committee)"
)
_NAMED_BY_KIND = re.compile(
    rf"(?P<before>.*?)\b{_KIND}(?P<between>[^.!?]{{0,60}}?)"
    rf"(?P<mark>\s*[,:–—|·(]\s*(?:held on |dated |of |on |published |issued |adopted )?|\s+-\s+"
    rf"|\s+(?:of|dated|from|held on|on|held)\s+){_D}{_NO_RANGE}",
    re.IGNORECASE,
)
_TOPIC = re.compile(r"\b(?:on|about|into|regarding|concerning|after|before|since|until|against|for|by|in|at)\b|:", re.I)
_ELSEWHERE = re.compile(
    r"\b(?:next|last|previous|earlier|after|before|since|until|invitation|agenda|to|for|on|see|replaces?|supersedes?"
    r"|amends?|our|your|his|her|their|this|that|these|an?|is|was|were|are|has|had|in|under|by|with)\b",
    re.IGNORECASE,
)
_PLACE = r"(?:(?:[A-Z][\w'’.-]*|of|upon|on|de|la|am|an|der)[ ]?){1,4}"
_PLACED = re.compile(rf"{_PLACE},\s+{_D}{_END}")
_ALONE = re.compile(rf"[(\[]?{_D}{_END}", re.IGNORECASE)
_DATELINE = re.compile(
    rf"(?:[A-Z][\w .'’-]{{1,30}},\s+)?{_D}(?:\s*\([^)]{{1,40}}\))?(?:\.|:|\s+[-–—]|\s*[–—])\s+(?=[\"“'‘A-Z])"
)
_SALUTATION = re.compile(r"(?:dear|to|subject|re|attn|for the attention)\b", re.IGNORECASE)
_MINUTES = re.compile(r"\b(?:minutes|notes|protocol|record|report|transcript)\b", re.IGNORECASE)
_MARKS = re.compile(r"^[#*_=\s]+|[#*_=\s]+$|\*\*|__")
_OTHERS = re.compile(r"[>|\t]")  # quoted lines and rows of tables say nothing about the text itself


def own_date(text: str) -> date | None:
    """The date that a text says of itself; None if it says none."""
    first = _lines(text[:_LOOKED_AT])[:_BEGINNING]
    if _is_log(_lines(text[: 4 * _LOOKED_AT])):
        return None
    last = _lines(text[-_LOOKED_AT:])[1:][-_ENDING:]
    return _labelled(first) or _named(first) or _labelled(last) or _signed(last)


def _lines(text: str) -> list[str]:
    """The lines with words, without Markdown's marks around them."""
    lines = (line for line in text.splitlines() if not _OTHERS.match(line.lstrip(" ")) and "\t" not in line.strip())
    return [bare for line in lines if (bare := _MARKS.sub("", line))]


def _is_log(lines: Sequence[str]) -> bool:
    """Whether the text has entries of different days."""
    starts = (_ALONE.match(line) or _DATELINE.match(line) for line in lines)
    return len({day for found in starts if found and (day := _day(found["date"]))}) > 1


def _labelled(lines: Sequence[str]) -> date | None:
    """The date that a label such as "Date:" names; of several the one of the last change."""
    published: date | None = None
    for number, line in enumerate(lines):
        if len(line) > _LONGEST:
            continue
        for found in _LABELLED.finditer(line):
            near = lines[max(0, number - 3) : number + 4]
            if any(map(_EVENT.match, near)) and not any(map(_MINUTES.search, lines)):
                continue
            day = _day(found["date"])
            if day and _UPDATED.search(found["label"]):
                return day
            published = published or day
    return published


def _named(lines: Sequence[str]) -> date | None:
    """The date of a line that names the kind of text it heads, of a letterhead, a line of its own or a dateline."""
    for number, line in enumerate(lines):
        if found := _DATELINE.match(line):
            return _day(found["date"])
        if len(line) > _LONGEST or len(_ANY_DATE.findall(line)) != 1:
            continue
        placed = _PLACED.match(line)
        if placed and (number or any(map(_SALUTATION.match, lines[1:8]))):
            return _day(placed["date"])
        found = (_ALONE.match(line) if number < 5 else None) or _by_kind(line)
        if found:
            return _day(found["date"])
    return None


def _by_kind(line: str) -> re.Match[str] | None:
    """A line such as "Minutes of the board, 3 March 2025": no sentence, and its date is not that of its topic."""
    if line.endswith((".", "!", "?", ":")):
        return None
    found = _NAMED_BY_KIND.match(line)
    if not found or _ELSEWHERE.search(found["before"]) or _TOPIC.search(found["between"]):
        return None
    apart = not found["mark"].strip().isalpha() or "held" in found["mark"]
    directly = not found["between"].strip() or found["between"].lower().endswith(("meeting", "session", "hearing"))
    return found if apart or directly else None


def _signed(lines: Sequence[str]) -> date | None:
    """The date beside a signature: "London, 3 March 2025", or a last line that is only a date."""
    for line in reversed(lines):
        if found := _PLACED.match(line):
            return _day(found["date"])
    alone = _ALONE.match(lines[-1]) if len(lines) > 1 and not _ANY_DATE.search(lines[-2]) else None
    return _day(alone["date"]) if alone else None


def _day(words: str) -> date | None:
    """The day that a date in words or numbers names; None if there is none such, or it can be read in two ways."""
    digits = [int(number) for number in re.findall(r"\d+", words)]
    month = next((name for name in re.findall(r"[a-z]+", words.lower()) if name[:3] in _MONTHS and _is_month(name)), "")
    try:
        if month:
            number, year = digits
            return date(year, _MONTHS.index(month[:3]) + 1, number)
        one, other, third = digits
        if "-" in words:
            return date(one, other, third)
        if "." in words or one > 12 or one == other:
            return date(third, other, one)
        return date(third, one, other) if other > 12 else None
    except ValueError:
        return None


def _is_month(name: str) -> bool:
    return re.fullmatch(_MONTH, name, re.IGNORECASE) is not None

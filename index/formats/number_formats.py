"""Numbers as spreadsheets show them: what a format code (ECMA-376 part 1, 18.8.31) makes of a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from fractions import Fraction
from functools import lru_cache

# The codes that are not written in files (18.8.30). Days are shown as the reader's country has them; here as ISO 8601.
BUILT_IN = {
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??",
    14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
    21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 37: "#,##0 ;(#,##0)", 38: "#,##0 ;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LAST_DAY = 2958466  # 1 January 10000
_TOKEN = re.compile(
    r"""(?P<literal>"[^"]*"?|\\.|_.)|(?P<fill>\*.)|\[(?P<elapsed>h+|m+|s+)\]|\[\$(?P<currency>[^\]-]*)[^\]]*\]
    |\[(?P<condition>[<>=]+-?[\d.]+)\]|(?P<bracket>\[[^\]]*\])|(?P<general>General|@)|(?P<noon>AM/PM|A/P)
    |(?P<exponent>E[+-])|(?P<date>y+|m+|d+|h+|s+|e+)|(?P<digit>[0#?])|(?P<percent>%)|(?P<other>.)""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the up to four parts of a code: its tokens as kind and text, and the condition that it has."""

    tokens: tuple[tuple[str, str], ...]
    condition: tuple[str, Decimal] | None

    @property
    def is_date(self) -> bool:
        return any(kind in ("date", "elapsed", "noon") for kind, _ in self.tokens)


def show(value: float, code: str, *, since_1904: bool = False) -> str:
    """A number as the format with this code shows it; names of months and days are English.

    Args:
        since_1904: whether days count from 1904, as those of old Macintosh files do, not from 1900.
    """
    sections = _sections(code)
    numeric = sections[:3]
    section, negative = _chosen(numeric, value)
    if not section.tokens:
        return "" if len(numeric) > 1 else general(value)
    if section.is_date:
        shown = _date(section, value, since_1904)
        return general(value) if shown is None else shown
    shown = _number(section, abs(value))
    return f"-{shown}" if negative and re.search("[1-9]", shown) else shown


def general(value: float) -> str:
    """A number without a format: all that is stored of it, to 15 digits, as spreadsheets count them."""
    try:
        if value == int(value) and abs(value) < 1e15:
            return str(int(value))
    except (OverflowError, ValueError):
        return str(value)
    shown = f"{value:.15g}"
    if "e" in shown and 1e-10 < abs(value) < 1:
        return f"{Decimal(shown):f}"
    return shown.replace("e", "E")


@lru_cache(maxsize=1000)
def _sections(code: str) -> tuple[_Section, ...]:
    sections, tokens, condition = list[_Section](), list[tuple[str, str]](), None
    for found in _TOKEN.finditer(code[:500]):
        kind, text = found.lastgroup or "other", found[found.lastgroup or 0]
        if kind == "other" and text == ";":
            sections.append(_Section(tuple(tokens), condition))
            tokens, condition = [], None
        elif kind == "condition":
            operator = text.rstrip("-.0123456789")
            condition = (operator, _decimal(text[len(operator) :]))
        elif kind == "literal":
            tokens.append(("text", " " if text[0] == "_" else text.strip('"') if text[0] == '"' else text[1:]))
        elif kind == "currency":
            tokens.append(("text", text))
        elif kind not in ("fill", "bracket"):
            tokens.append((kind if kind != "other" else "text" if text not in ".,/" else text, text))
    sections.append(_Section(tuple(tokens), condition))
    return tuple(sections)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal(0)


def _chosen(sections: tuple[_Section, ...], value: float) -> tuple[_Section, bool]:
    """The section for a value, and whether a minus sign stands before what it shows."""
    if any(section.condition for section in sections):
        for section in sections:
            if section.condition is None or _holds(section.condition, value):
                return section, value < 0
        return sections[-1], value < 0
    if value < 0 and len(sections) > 1:
        return sections[1], False
    if value == 0 and len(sections) > 2:
        return sections[2], False
    return sections[0], value < 0


def _holds(condition: tuple[str, Decimal], value: float) -> bool:
    operator, limit = condition
    number = Decimal(repr(value))
    equal = number == limit
    return (("=" in operator and operator != "<>") and equal) or (">" in operator and number > limit) or (
        "<" in operator and number < limit
    )  # fmt: skip


def _number(section: _Section, value: float) -> str:
    """What a section shows of a number that is not negative."""
    tokens = section.tokens
    kinds = [kind for kind, _ in tokens]
    if "general" in kinds:
        return "".join(general(value) if kind == "general" else text for kind, text in tokens).strip()
    if "digit" not in kinds:
        return "".join(text for _, text in tokens).strip()
    with localcontext(prec=400):
        number = Decimal(f"{value:.15g}").scaleb(2 * kinds.count("percent"))
        if "/" in kinds:
            return _fraction(tokens, number)
        last = len(kinds) - 1 - kinds[::-1].index("digit")
        scaled = 0
        while last + 1 + scaled < len(kinds) and kinds[last + 1 + scaled] == ",":
            scaled += 1
        number = number.scaleb(-3 * scaled)
        exponent = kinds.index("exponent") if "exponent" in kinds else None
        if exponent is None:
            return _placed(tokens, number).strip()
        return _scientific(tokens, exponent, number).strip()


def _placed(tokens: tuple[tuple[str, str], ...], number: Decimal) -> str:
    """A number in its places: the digits of a format with their literals between them."""
    kinds = [kind for kind, _ in tokens]
    point = kinds.index(".") if "." in kinds else len(kinds)
    whole_places = [at for at in range(point) if kinds[at] == "digit"]
    part_places = [at for at in range(point, len(kinds)) if kinds[at] == "digit"]
    grouped = any(kinds[at] == "," and whole_places and whole_places[0] < at < whole_places[-1] for at in range(point))
    rounded = number.quantize(Decimal(1).scaleb(-len(part_places)), ROUND_HALF_UP)
    whole, _, part = f"{rounded:f}".partition(".")
    least = sum(tokens[at][1] == "0" for at in whole_places)
    whole = whole.lstrip("0").rjust(least, "0")
    if grouped:
        whole = _grouped(whole)
    keep = max((n + 1 for n, at in enumerate(part_places) if tokens[at][1] == "0"), default=0)
    part = part[:keep] + part[keep:].rstrip("0")
    shown = list[str]()
    digits = dict[int, str]()
    for at in reversed(whole_places):
        digits[at] = whole if at == whole_places[0] else whole[-1:]
        whole = "" if at == whole_places[0] else whole[:-1]
        if grouped:
            while whole.endswith(","):
                digits[at], whole = "," + digits[at], whole[:-1]
    digits |= {at: part[n : n + 1] for n, at in enumerate(part_places)}
    for at, (kind, text) in enumerate(tokens):
        if kind == "digit":
            shown.append(digits[at])
        elif kind == ".":
            shown.append(".")
        elif kind != ",":
            shown.append(text)
    return "".join(shown)


def _grouped(digits: str) -> str:
    head = len(digits) % 3
    return ",".join(filter(None, [digits[:head], *(digits[at : at + 3] for at in range(head, len(digits), 3))]))


def _scientific(tokens: tuple[tuple[str, str], ...], at: int, number: Decimal) -> str:
    kinds = [kind for kind, _ in tokens]
    point = kinds.index(".") if "." in kinds[:at] else at
    before = max(1, kinds[:point].count("digit"))
    power = 0 if not number else number.adjusted() - (number.adjusted() % before if before > 1 else 0)
    mantissa = _placed(tokens[:at], number.scaleb(-power))
    places = sum(kind == "digit" for kind in kinds[at:])
    sign = "-" if power < 0 else "+" if tokens[at][1][1] == "+" else ""
    return f"{mantissa}E{sign}{str(abs(power)).rjust(places, '0')}"


def _fraction(tokens: tuple[tuple[str, str], ...], number: Decimal) -> str:
    text = "".join(text for _, text in tokens)
    below = re.search(r"/\s*([0#?]+|\d+)", text)
    most = 10 ** min(len(below[1]) if below else 1, 5) - 1
    whole = int(number) if re.search(r"[0#?]\s+[0#?]+\s*/", text) else 0
    part = Fraction(number - whole).limit_denominator(most)
    if part == 1 and whole:
        whole, part = whole + 1, Fraction(0)
    shown = f"{part.numerator}/{part.denominator}" if part else ""
    return " ".join(filter(None, [str(whole) if whole or not part else "", shown]))


def _date(section: _Section, value: float, since_1904: bool) -> str | None:
    """A day and time as a section shows it; None if the number is none."""
    if not 0 <= value < _LAST_DAY - (1462 if since_1904 else 0):
        return None
    decimals = next((len(t) for t in re.findall(r"s\.(0+)", "".join(t for _, t in section.tokens))), 0)
    unit = 10 ** min(decimals, 3)
    ticks = round(value * 86400 * unit)  # seconds, or parts of them, that are shown
    epoch = datetime(1904, 1, 1) if since_1904 else datetime(1899, 12, 31 if value < 60 else 30)
    try:
        moment = epoch + timedelta(microseconds=ticks * 1_000_000 // unit)
    except OverflowError:
        return None
    return _moment(section, moment, Decimal(ticks) / unit)


def _moment(section: _Section, moment: datetime, seconds: Decimal) -> str:
    tokens = section.tokens
    half = any(kind == "noon" for kind, _ in tokens)
    timely = [(at, text[0].lower()) for at, (kind, text) in enumerate(tokens) if kind in ("date", "elapsed")]
    order = [letter for _, letter in timely]
    shown, after_second = list[str](), False
    for at, (kind, text) in enumerate(tokens):
        if kind == "elapsed":
            whole = int(seconds // {"h": 3600, "m": 60, "s": 1}[text[0].lower()])
            shown.append(str(whole).rjust(len(text), "0"))
        elif kind == "date":
            position = [place for place, _ in timely].index(at)
            minutes = text[0].lower() == "m" and len(text) < 3 and _beside_hours(order, position)
            shown.append(_dated("n" * len(text) if minutes else text.lower(), moment, half=half))
        elif kind == "noon":
            morning = moment.hour < 12
            shown.append(("AM" if morning else "PM") if len(text) > 3 else ("A" if morning else "P"))
        elif kind == "digit":
            if after_second or (at and tokens[at - 1][1] == "."):
                fraction = str(moment.microsecond).rjust(6, "0")
                shown.append(fraction[sum(k == "digit" for k, _ in tokens[:at]) :][:1])
            after_second = True
        else:
            shown.append(text)
    return "".join(shown).strip()


def _beside_hours(order: list[str], at: int) -> bool:
    """Whether an `m` stands for minutes: behind hours, or before seconds."""
    return (at > 0 and order[at - 1] == "h") or (at + 1 < len(order) and order[at + 1] == "s")


def _dated(text: str, moment: datetime, *, half: bool) -> str:
    letter, length = text[0], len(text)
    if letter in "ye":
        return f"{moment.year % 100:02}" if length < 3 and letter == "y" else f"{moment.year:04}"
    if letter == "m" and length > 2:
        name = _MONTHS[moment.month - 1]
        return name[:3] if length == 3 else name[:1] if length == 5 else name
    if letter == "d" and length > 2:
        return _DAYS[moment.weekday()][: 3 if length == 3 else None]
    hour = (moment.hour % 12 or 12) if half else moment.hour
    value = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute, "s": moment.second}[letter]
    return str(value).rjust(min(length, 2), "0")

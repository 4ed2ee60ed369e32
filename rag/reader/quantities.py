"""What belongs to an answer although a reader may leave it out: currency, size and unit, and a negation."""

from __future__ import annotations

import re
from typing import NamedTuple

from citeqa.rag.reader.boundaries import MONEY, SIGNABLE, sign

_BLANK = "[ \u00a0\u202f]"
_SIZE = r"(?i:hundred|thousand|million|billion|bn|trillion|dozen)s?\b"
# symbols of the SI and others that are common in running text; words for units ("hours") count what is asked for
_SYMBOL = (
    "(?:[kMGTmµμncd]?(?:m[²³]?|g|Wh|Wp|W|VA|V|Ah|A|J|Hz|Pa|Nm|N|Ω|eV|bar|l|L|s)|[kMGT]i?B|[kMG]bit|[kMG]bps|dB|ha|ft"
    "|lbs?|oz|mi|mph|rpm|ppm|ppb|dpi|psi|hp|t|h|min|hrs?|kn|K|mol|cal|kcal|lm|lx|px)"
)
_QUANTITY = re.compile(
    rf"(?=[A-Z\d.+−–-]|{MONEY})"  # fails fast where no quantity begins
    # in "5$ 9" the sign belongs to the first number, in "5 €9" to the second
    rf"(?:(?P<money>(?:(?<![^\W_])[A-Z]{{1,3}})?(?:{MONEY}|(?<!\d){MONEY}(?={_BLANK}))){_BLANK}?(?=[-−–+]?\.?\d))?"
    rf"(?P<number>(?:{SIGNABLE}(?:[-−–+]\.?|\.))?\d+(?:[.,]\d+)*\w*)"
    rf"(?:[ \u00a0-](?P<size>{_SIZE}))?(?:[ \u00a0-](?P<more>{_SIZE}))?"
    rf"(?:{_BLANK}?(?P<share>[%‰‱])(?!\w)|(?P<coin>{MONEY})(?![-−–.]?\d)"
    rf"|{_BLANK}(?P<coins>{MONEY})(?!{_BLANK}?[-−–.]?\d)|{_BLANK}?(?P<degree>°(?:[CFK]\b)?)"
    rf"|{_BLANK}?(?P<noon>[AaPp]\.m\.|[AaPp]\.M\.|(?:am|pm|AM|PM)\b)|{_BLANK}(?P<unit>{_SYMBOL})(?!['’]?\w))?"
    r"(?:(?<=[^\W\d])(?P<weighed>\([A-C]\)))?"  # dB(A)
    r"(?:(?<=[^\s.,/_-])/(?P<per>[A-Za-zµμ]{1,4}[²³]?)(?!\w))?"
)
_NEGATION = re.compile(
    rf"\b(?:not|no|never|nor|neither|cannot|without|[a-z]{{2,6}}n['’]t)\b(?<!\bno(?=\.))"
    rf"(?P<article>[ \u00a0](?:a|an|the|any)\b)?[ \u00a0](?!only\b)(?=[-−–+.]?(?:\w|{MONEY}))",
    re.IGNORECASE,
)


class Bounds(NamedTuple):
    """Where a span must begin or end instead; the keys are the positions that would leave out what belongs to it."""

    starts: dict[int, int]
    ends: dict[int, int]


def whole_bounds(text: str) -> Bounds:
    """For every quantity in a text, moves the ends of its parts to the ends of the whole; and moves the start of what a
    negation precedes to the negation ("not the pump house").

    A span that begins with the article or the word behind it is what a negation precedes.
    """
    starts, ends = quantity_bounds(text)
    first: dict[int, list[int]] = {}
    for inside, start in starts.items():
        first.setdefault(start, []).append(inside)
    for found in _NEGATION.finditer(text):
        start = starts.get(found.start(), found.start())
        behind = [found.end(), *first.get(found.end(), ())]
        if found["article"]:
            behind.append(found.start("article") + 1)
        starts.update(dict.fromkeys(behind, start))
    return Bounds(starts, ends)


def quantity_bounds(text: str) -> Bounds:
    """For every quantity in a text, moves the ends of its parts to the ends of the whole.

    A quantity is a number with its currency sign ("$9", "US$9", "5€"), its percent, per-mille or degree sign ("50%",
    "-20 °C"), its unit ("34 kg", "150 m³/h", "47 dB(A)"), its half of the day ("8 a.m.") and the word for its size
    ("1.5 million"). Without these it is a different quantity.
    """
    found = Bounds({}, {})
    for quantity in _QUANTITY.finditer(text):
        start, end = quantity.span()
        if start > 0 and sign(text, start - 1):
            start -= 1
        parts = [quantity.span(name) for name in quantity.groupdict() if quantity[name]]
        digit = next(at for at in range(quantity.start("number"), end) if text[at].isdigit())  # behind a sign
        found.starts.update(dict.fromkeys([digit, *(at for at, _ in parts)], start))
        found.ends.update({at: end for _, at in parts})
    return found

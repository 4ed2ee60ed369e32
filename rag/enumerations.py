"""Enumerations in a sentence, "the county, the harbour trust and six hundred donors": a part of one is completed.

The reader often stops after the first items. No rule can tell where an enumeration begins and ends ("the steam tip
would tarnish"), but the reader can: of its own candidates around the answer, the likeliest that is not cut off is
taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol

from citeqa.index.types import Span

LEAST = 3  # items; "and" between two often joins sentences, or things of which one is asked for
LOSS = 2.0  # how much lower the margin of the whole may be than that of a part that has several items
LOSS_OF_SEVERAL = 4.0  # the same where the question asks for several things
_NEAR = 80  # code points on each side that tell whether a span is cut off

_AND = r"(?:and|or|&|as well as)"
_DETERMINER = r"(?:(?:the|a|an|its|his|her|their|our|your|some|any)\s+)?"
_ASIDE = r"\s*(?:\([^()\n]{1,60}\)\s*)?"
_NO_ITEM = r"(?!(?:which|who|whom|whose|where|when|while|but|because|although|though|however|so|then|if|as|not)\b)"
_SEPARATED = re.compile(rf"[\w)][,;]\s+(?:{_AND}\s+)?(?=\w)|\s{_AND}\s+(?=\w)", re.IGNORECASE)
_JOINED = re.compile(rf"\s{_AND}\s+\S", re.IGNORECASE)
_AND_BEHIND = re.compile(rf"{_ASIDE}[,;]?\s+{_AND}\s+\w", re.IGNORECASE)
_COMMA_BEHIND = re.compile(rf"{_ASIDE}[,;]\s+{_NO_ITEM}\w", re.IGNORECASE)
_AND_BEFORE = re.compile(rf"[\w)]\s*,?\s+{_AND}\s+{_DETERMINER}\Z", re.IGNORECASE)
_COMMA_BEFORE = re.compile(rf"[\w)][,;]\s+{_DETERMINER}\Z", re.IGNORECASE)
# How the words before an item begin where they are none: "In 2019, the council and the trust".
_NO_FIRST_ITEM = re.compile(
    r"(?:in|on|at|by|after|before|during|since|from|for|with|under|according|if|when|while|as|although|however|then"
    r"|also|and|but|or|so|yes|no|today|yesterday)\b",
    re.IGNORECASE,
)


class Scored(Protocol):
    """A span that the reader found, with its margin over "no answer"."""

    @property
    def span(self) -> Span: ...

    @property
    def margin(self) -> float: ...


def whole_enumeration(text: str, best: Scored, candidates: Iterable[Scored], *, several: bool) -> Span | None:
    """The enumeration that the best candidate is a part of; None if it is whole, or is none.

    Args:
        text: the sentence that the best candidate stands in; an enumeration does not leave it.
        candidates: those in this sentence.
        several: whether the question asks for several things, so that one item is a part too.
    """
    if not _cut_off(text, best.span) or not (several or _items(text, best.span) > 1):
        return None
    lowest = best.margin - (LOSS_OF_SEVERAL if several else LOSS)
    around = [
        one for one in candidates
        if one.margin >= lowest and one.span != best.span and one.span.contains(best.span)
        and _items(text, one.span) >= LEAST
        and not _cut_off(text, one.span) and _begins_with_an_item(text, one.span, best.span)
    ]  # fmt: skip
    found = max(around, key=lambda one: (one.margin, -len(one.span)), default=None)
    return found.span if found else None


def _items(text: str, span: Span) -> int:
    """How many items a span has, if it is an enumeration."""
    return 1 + sum(1 for _ in _SEPARATED.finditer(text, span.start, span.end))


def _cut_off(text: str, span: Span) -> bool:
    """Whether an enumeration that a span is in goes on before or behind it."""
    before = text[max(0, span.start - _NEAR) : span.start]
    behind = text[span.end : span.end + _NEAR]
    if _AND_BEFORE.search(before):
        return True
    if _JOINED.search(text, span.start, span.end):  # its last item is there
        return bool(_COMMA_BEFORE.search(before))
    return bool(_AND_BEHIND.match(behind) or _COMMA_BEHIND.match(behind))


def _begins_with_an_item(text: str, whole: Span, part: Span) -> bool:
    """Whether what the whole has before the part may be items."""
    if whole.start == part.start:
        return True
    first = _NO_FIRST_ITEM.match(text, whole.start, part.start)
    return first is None or text[part.start : part.end].lower().startswith(first.group().lower())

"""To whom a text ascribes a quotation, and when it says the words were said: a name and a date beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from citeqa.index.types import DocumentView, Span
from citeqa.rag.manuscript.marks import quoted
from citeqa.rag.timing.expressions import find_times

BESIDE = 200  # code points on each side that are looked at
_AROUND = 3000  # code points of a source around a place, in which its own quotation marks are looked for

_SAID = (
    r"(?:said|says|say|saying|told|tells|wrote|writes|added|adds|stated|states|explained|explains|noted|notes|argued|"
    r"argues|replied|asked|asks|announced|claimed|claims|commented|remarked|tweeted|insisted|warned|declared|recalled|"
    r"concluded|continued|testified|observed|observes|admitted|promised|quoted|called|described|reported|reports)"
)
_PARTICLE = r"(?:of|de|del|della|da|di|du|van|von|der|den|bin|ibn|al|el|la|le|the|and|&)"
_NAME = rf"(?:[A-Z][\w'’.-]*|[A-Z]\.)(?:[ \u00a0](?:(?:{_PARTICLE}[ \u00a0]){{0,2}}(?:[A-Z][\w'’-]*|[A-Z]\.))){{0,5}}"
_ROLE = r"(?:(?:the|its|his|her|their|a|an)[ \u00a0])?(?:[a-z][\w-]*[ \u00a0]){0,4}"
_AFTER = (
    re.compile(rf"\W*(?:{_SAID})[ \u00a0]{_ROLE}(?P<name>{_NAME})"),  # ," said the minister Ingrid Solheim
    re.compile(
        rf"\W*(?P<name>{_NAME})(?:,[^,.]{{1,80}},)?[ \u00a0](?:\w+ly[ \u00a0]|has[ \u00a0]|had[ \u00a0])?{_SAID}\b"
    ),
    re.compile(rf"\W{{0,4}}[—–―-]{{1,2}}\s?(?P<name>{_NAME})"),
    re.compile(rf"\W{{0,3}}\((?P<name>{_NAME})[^()]*\)"),
    re.compile(rf"\W*according[ \u00a0]to[ \u00a0]{_ROLE}(?P<name>{_NAME})"),
)
_BEFORE = (
    re.compile(rf"\b[Aa]ccording to {_ROLE}(?P<name>{_NAME})\b[^.!?]{{0,60}}\Z"),
    re.compile(
        rf"\b(?P<name>{_NAME})(?:,[^,.]{{1,80}},|[ \u00a0]\([^()]*\))?[ \u00a0](?:[\w’']+[ \u00a0]){{0,3}}?"
        rf"{_SAID}\b[^.!?]{{0,80}}\Z"
    ),
    re.compile(rf"\b{_SAID}[ \u00a0]{_ROLE}(?P<name>{_NAME})[^.!?]{{0,40}}[:,]\s*\Z"),
    re.compile(rf"\b(?P<name>{_NAME})\s*:\s*\Z"),
)
_BEGINNINGS = frozenset(
    """
the a an in on at by for to of and but or as if it he she they we you i this that these those there when while after
before since because although though however then also yet so his her its their our my your who what where how why not
no with from about asked according meanwhile later earlier yesterday today monday tuesday wednesday thursday friday
saturday sunday january february march april may june july august september october november december
""".split()  # noqa: SIM905
)
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n|[\"“”„«»]")


@dataclass(frozen=True, slots=True)
class Attribution:
    """What stands beside a quotation: a name, and a time with its first and last day; None where there is none."""

    name: str | None = None
    time: str | None = None
    date_from: date | None = None
    date_to: date | None = None


def beside(text: str, span: Span, block: Span | None = None) -> Attribution:
    """The name and the time beside a quotation: in its paragraph and outside other quotation marks, the name of whom a
    verb of saying, a dash, a colon or brackets tie to it.

    Args:
        block: the words of a block quotation, whose last line may name whom it is of.
    """
    before = text[max(0, span.start - BESIDE) : span.start]
    before = before[max((found.end() for found in _PARAGRAPH.finditer(before.rstrip())), default=0) :]
    after = text[(block or span).end : span.end + BESIDE]
    cut = _PARAGRAPH.search(after, len(after) - len(after.lstrip("\n >")) if block else 0)
    after = after[: cut.start()] if cut else after
    name = _named(before, after)
    day = date(2000, 1, 1)
    for part in (after, before):
        for timing in find_times(part, day):
            if any(letter.isdecimal() for letter in timing.text) and timing.use != "newest":
                return Attribution(name, timing.text, timing.date_from, timing.date_to)
    return Attribution(name)


def speaker(document: DocumentView, span: Span) -> str | None:
    """Who says the words at a place of a document, where that can be told: whose turn it is in a conversation, or to
    whom the document ascribes the quotation that holds them."""
    for turn in document.structure.turns:
        if turn.span.overlaps(span):
            return document.quote(turn.speaker).strip(" :\t") or None
    start = max(0, span.start - _AROUND)
    near = document.text[start : span.end + _AROUND]
    for found in quoted(near):
        if found.shifted(start).overlaps(span):
            return beside(near, found).name
    return None


def fits_name(name: str, document: DocumentView, span: Span, said_by: str | None) -> bool:
    """Whether the last word of a name stands where the document says who speaks or who wrote it, in its title, or
    nearby."""
    last = re.findall(r"\w+", name)[-1].casefold()
    near = document.text[max(0, span.start - 400) : span.end + 400]
    known = " ".join([said_by or "", document.author or "", document.source or "", document.title, near])
    return last in {word.casefold() for word in re.findall(r"\w+", known)}


def fits_date(attribution: Attribution, document: DocumentView) -> bool | None:
    """Whether the document's date lies in the time beside a quotation; None if one of them is not known."""
    first, last, day = attribution.date_from, attribution.date_to, document.date
    if day is None or (first is None and last is None):
        return None
    return (first is None or first <= day) and (last is None or day <= last)


def _named(before: str, after: str) -> str | None:
    for patterns, part in ((_AFTER, after), (_BEFORE, before)):
        for pattern in patterns:
            found = pattern.match(part) if patterns is _AFTER else pattern.search(part)
            if found and (name := _name(found["name"])):
                return name
    return None


def _name(found: str) -> str | None:
    """The name without what only begins a sentence; None if nothing is left."""
    words = found.split()
    while words and words[0].strip(".,").casefold() in _BEGINNINGS:
        words.pop(0)
    while words and (words[-1].casefold() in _BEGINNINGS or words[-1] == "&"):
        words.pop()
    return " ".join(words).rstrip(".,'’-") or None

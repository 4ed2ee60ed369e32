"""What a text quotes: its quotations in quotation marks and its block quotations, each with what its writer left out or
put in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from citeqa.index.types import Span
from citeqa.rag.manuscript.marks import quoted
from citeqa.rag.manuscript.words import Words, words_of

Kind = Literal["marks", "block"]
Gap = Literal["omission", "insertion"]

_ARROWED = re.compile(r"(?m)^ {0,3}>[^\n]*(?:\n {0,3}>[^\n]*)*")
_INDENTED = re.compile(r"(?m)^(?: {4}|\t)[^\n]*\S[^\n]*(?:\n(?: {4}|\t)[^\n]*\S[^\n]*)*")
_LEAST_INDENTED = 8  # words; shorter lines are indented for many reasons
_BYLINE = re.compile(r"\n[\s>]*(?:[—–―]|--|- )[^\n]{1,120}\Z")
_GAP = re.compile(
    r"(?P<omission>[\[(]\s*(?:\.\s?\.\s?\.|…)\s*[\])]|\.\s?\.\s?\.(?:\s?\.)?|…)"
    r"|(?P<case>(?<!\w)\[(?P<letter>\w)\](?=\w))"
    r"|(?P<insertion>\w*\[[^\[\]]{0,200}\]\w*)"
)
_SAYS_NOTHING = re.compile(r"\[\s*(?:sic|[!?]+|emphasis added|emphasis mine|\d{1,3})\s*[.!]?\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quotation:
    """Words that a text quotes. `span` is where they stand in it, with their marks; `inner` is the same without."""

    span: Span
    inner: Span
    kind: Kind


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a quotation claims to stand in a source.

    Args:
        words: those that are quoted.
        gaps: by the number of a word, what its writer says stands before it: that words were left out, or replaced.
        free: the numbers of words whose first letter may be of either case: those that begin a part.
        omissions: how often words were left out, at the ends included.
        insertions: how often words were put in.
    """

    words: Words
    gaps: dict[int, Gap]
    free: frozenset[int]
    omissions: int
    insertions: int


def quotations_in(text: str, blocks: Sequence[Span] = ()) -> list[Quotation]:
    """The quotations of a text in order, never overlapping; of those inside others the outermost.

    Args:
        blocks: block quotations that the text's format knows; lines that begin with ">" are such as well, and indented
            lines behind a colon.
    """
    found = [_without_byline(text, span) for span in _disjoint([*blocks, *_arrowed(text), *_indented(text)])]
    found += [Quotation(span, Span(span.start + 1, span.end - 1), "marks") for span in quoted(text)]
    kept: list[Quotation] = []
    for one in sorted(found, key=lambda one: (one.span.start, one.kind != "block")):
        if kept and one.span.start < kept[-1].span.end:
            if one.kind == "block":  # a mark that stands before it is closed inside it, or behind it: a stray one
                kept[-1] = one
            continue
        kept.append(one)
    return kept


def pattern_of(text: str, quotation: Quotation) -> Pattern:
    """The words of a quotation, with what its marks of omission and its brackets say."""
    inner = quotation.inner
    spans: list[tuple[int, int]] = []
    plain: list[str] = []
    cased: list[str] = []
    gaps: dict[int, Gap] = {}
    free = {0}
    counted = {"omission": 0, "insertion": 0}
    at = inner.start
    joined = ""
    for found in [*_GAP.finditer(text, inner.start, inner.end), None]:
        end = found.start() if found else inner.end
        words = words_of(text, at, end)
        first = len(plain)
        spans += words.spans
        plain += words.plain
        cased += words.cased
        if joined and len(plain) > first:  # "[t]he": the bracket only changes the letter's case
            plain[first], free = joined.casefold() + plain[first], free | {first}
            cased[first], spans[first] = joined + cased[first], (spans[first][0] - 3, spans[first][1])
        joined = ""
        if found is None:
            break
        at, kind = found.end(), found.lastgroup
        if found["case"]:
            joined = found["letter"]
        elif not _SAYS_NOTHING.fullmatch(found.group()):
            gap: Gap = "omission" if kind == "omission" else "insertion"
            counted[gap] += 1
            free.add(len(plain))
            if gaps.get(len(plain)) != "omission":
                gaps[len(plain)] = gap
    words = Words(tuple(spans), tuple(plain), tuple(cased))
    inside = {number: gap for number, gap in gaps.items() if 0 < number < len(plain)}
    return Pattern(words, inside, frozenset(free), counted["omission"], counted["insertion"])


def _disjoint(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or kept[-1].end <= span.start:
            kept.append(span)
    return kept


def _arrowed(text: str) -> Iterator[Span]:
    """Blocks of lines that begin with ">"."""
    return (Span(*found.span()) for found in _ARROWED.finditer(text) if re.search(r"\w", found.group()))


def _indented(text: str) -> Iterator[Span]:
    """Blocks of indented lines between blank lines, behind a paragraph that ends in a colon."""
    for found in _INDENTED.finditer(text):
        before = text[max(0, found.start() - 40) : found.start()]
        after = text[found.end() : found.end() + 2]
        clear = re.search(r":[\"”]?[^\S\n]*\n\s*\n?\Z", before) and (not after.strip() or after[0] == "\n")
        if clear and len(words_of(text, *found.span()).plain) >= _LEAST_INDENTED:
            yield Span(*found.span())


def _without_byline(text: str, span: Span) -> Quotation:
    """A block quotation; the line at its end that names whom it is of does not belong to its words."""
    byline = _BYLINE.search(text, max(span.start, span.end - 200), span.end)
    return Quotation(span, Span(span.start, byline.start()) if byline else span, "block")

"""Finds the quotations of a text by their quotation marks.

Known are “curly”, "straight", «guillemets», »inverted ones«, „German” or „German“ ones, 「」 and 『』, and ‘single’ and
'single' ones where they are no apostrophes. Of quotations inside others the outermost counts. A quotation ends in its
paragraph, unless the next one begins with the same mark again, as is the custom where a quotation has several
paragraphs. A mark without its counterpart is no quotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from citeqa.index.types import Span

_CLOSERS = {
    "“": "”", "„": "“”", "‟": "”", "«": "»", "»": "«»", "‹": "›", "›": "‹›", "‘": "’", "‚": "‘’", "”": "”",
    '"': '"', "'": "'", "「": "」", "『": "』", "’": "’",
}  # fmt: skip
_SURE = frozenset("“„‟«‹‘‚「『")  # what opens a quotation wherever it stands, unless it closes one
_SINGLE = frozenset("‘‚'’‹›")
_MARK = re.compile(r"[\"“”„‟«»‘’‚‹›'「」『』]|\n[^\S\n]*(?:>[^\S\n]*)*\n")
_BETWEEN = re.compile(r"(?:\s|>)*")
_ELISION = re.compile(
    r"['’‘](?:\d0s|\d\ds?\b|tis\b|twas\b|em\b|til\b|cause\b|bout\b|n['’]?(?=\s)|n\b|cos\b|round\b|neath\b)",
    re.IGNORECASE,
)
_DEEPEST = 12  # marks that are open at a time; of more, the outermost is taken for a stray one
LONGEST = 50_000  # code points; what is longer between two marks is no quotation


@dataclass(slots=True)
class _Open:
    mark: str
    start: int
    perhaps: int | None = None  # where a single quotation ends, unless a surer end follows


def quoted(text: str) -> list[Span]:
    """The quotations of a text with their marks, in order; they never overlap. Reads the text once."""
    found: list[Span] = []
    for span in _paired(text):
        while found and found[-1].start >= span.start:
            found.pop()
        if not found or found[-1].end <= span.start:
            found.append(span)
    return [span for span in found if text[span.start + 1 : span.end - 1].strip()]


def _paired(text: str) -> Iterator[Span]:
    """Pairs of marks in the order of their ends."""
    opened: list[_Open] = []
    done = 0  # marks before it are dealt with
    for found in _MARK.finditer(text):
        mark, at = found.group(), found.start()
        if at < done:
            continue
        if mark[0] == "\n":
            done = _BETWEEN.match(text, found.end()).end()  # type: ignore[union-attr]
            yield from _ends(opened)
            first = next((one for one in opened if one.perhaps is None), None)
            opened = [first] if first and _reopens(text, done, first.mark) else []
            done += 1 if opened else 0
            continue
        if closing := _closed(text, at, mark, opened):
            del opened[opened.index(closing) + 1 :]
            if mark in _SINGLE and _possessive(text, at):
                closing.perhaps = at + 1
                continue
            opened.pop()
            if at + 1 - closing.start <= LONGEST:
                yield Span(closing.start, at + 1)
        elif _opens(text, at, mark):
            if any(one.mark == mark and one.perhaps is None for one in opened):
                if _begins_line(text, at):  # the quotation goes on in another paragraph
                    continue
                if mark == '"':  # the one before was a stray mark
                    opened = opened[: next(n for n, one in enumerate(opened) if one.mark == mark)]
            if mark in _SINGLE:
                yield from _ends(opened, mark)
            opened.append(_Open(mark, at))
            del opened[: max(0, len(opened) - _DEEPEST)]
    yield from _ends(opened)


def _ends(opened: list[_Open], mark: str = "") -> Iterator[Span]:
    """The single quotations whose likely end has been passed, innermost first; they are not open any more."""
    for one in [one for one in reversed(opened) if one.perhaps and (not mark or one.mark == mark)]:
        opened.remove(one)
        assert one.perhaps
        yield Span(one.start, one.perhaps)


def _closed(text: str, at: int, mark: str, opened: list[_Open]) -> _Open | None:
    """The open quotation that the mark closes."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if mark in _SINGLE and (
        after.isalnum() or (before.isspace() and mark in "'’") or text[at - 2 : at] in ("'n", "’n")
    ):
        return None  # an apostrophe
    if (
        mark in "\"'"
        and not before.isalnum()
        and (after.isalnum() and (not before or before.isspace() or before in "([—–"))
    ):
        return None  # it can only open one
    for one in reversed(opened):
        if mark in _CLOSERS[one.mark]:
            return one
    return None


def _opens(text: str, at: int, mark: str) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if not after:
        return False
    if mark in _SURE and mark not in _SINGLE:
        return True
    if before and (before.isalnum() or before in "%)]°"):
        return False
    if mark in _SINGLE:
        return not after.isspace() and not _ELISION.match(text, at) and mark not in "›’"
    if mark in "”»":
        return not after.isspace() and after.isalnum()
    return mark == '"'


def _possessive(text: str, at: int) -> bool:
    """Whether a single mark may be an apostrophe behind a plural: "the boys’ club"."""
    return text[at - 1 : at] in ("s", "z", "x") and text[at + 1 : at + 2] == " " and text[at + 2 : at + 3].islower()


def _reopens(text: str, at: int, mark: str) -> bool:
    return text[at : at + 1] == mark or (mark == "«" and text[at : at + 1] == "»")


def _begins_line(text: str, at: int) -> bool:
    while at and text[at - 1] in " \t>":
        at -= 1
    return at > 0 and text[at - 1] == "\n"

"""Headings in the lines of a plain text: marked, underlined, numbered, in capitals, or short lines over paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from citeqa.index.documents.layout.lines import Line, bare, trimmed
from citeqa.index.structure import MAX_PARTS, Heading
from citeqa.index.types import Span

_MARKED = re.compile(r"(?P<marks>#{1,6})[ \t]+(?P<words>[^\n\r]*?\S)(?:[ \t]+#+)?")
_UNDERLINE = re.compile(r"(?P<sign>[=\-~^])(?P=sign){2,}")
_NUMBERED = re.compile(
    r"(?:(?P<number>\d{1,2}(?:\.\d{1,3}){0,4})\.?|(?P<kind>Chapter|Part|Section|Article|Appendix|Annex|Clause|§)"
    r"\s*(?:\d{1,3}(?:\.\d{1,3})*|[IVXLC]{1,6}|[A-Z])\b[.:]?)\s*(?P<words>[^\n\r]*)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]")
_LONG = 80  # code points; a longer line is prose
_SHORT = 60  # code points; a line over a paragraph without any mark is shorter
_PROSE = 60  # code points; so long is a line that a paragraph begins with
_WORDS = 8
_ENDS_LIKE_PROSE = re.compile(r"[.,;:!…][\"'”’)\]]*$")
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’)\]]*$")
_SIGNS = {"=": 1, "-": 2, "~": 3, "^": 4}


def headings_in(text: str, lines: Sequence[Line], taken: bytearray) -> Iterator[Heading]:
    """The headings, in order, at most `MAX_PARTS`.

    Only what is clear is one: marked with `#`, underlined, numbered and alone, in capitals, or a short line without a
    full stop right over a paragraph, where a text has two of them or more.

    Args:
        taken: for each line, whether it is part of something else.
    """
    marked, bare_ones = dict[int, Heading](), dict[int, Heading]()
    for number in range(len(lines)):
        if taken[number] or lines[number].blank:
            continue
        if found := _marked(text, lines, taken, number) or _spelled(text, lines, taken, number):
            marked[number] = found
        elif found := _over_paragraph(text, lines, taken, number):
            bare_ones[number] = found
    if len(bare_ones) > 1:
        marked |= bare_ones
    if marked and (title := _title(text, lines, taken)):
        marked.setdefault(*title)
    return islice((marked[number] for number in sorted(marked)), MAX_PARTS)


def _marked(text: str, lines: Sequence[Line], taken: bytearray, number: int) -> Heading | None:
    """A heading with `#` before it, or a line of signs below it."""
    line = lines[number]
    if line.indent <= 3 and (found := _MARKED.fullmatch(text, line.start, line.end)):
        words = trimmed(text, *found.span("words"))
        return Heading(bare(text, words), len(found["marks"])) if words else None
    if line.end - line.start > _LONG or number + 1 >= len(lines) or taken[number + 1]:
        return None
    below = _UNDERLINE.fullmatch(text, lines[number + 1].start, lines[number + 1].end)
    if not below or not _alone_above(lines, number) or not _LETTER.search(text, line.start, line.end):
        return None
    long_enough = 2 * len(below[0]) >= line.end - line.start
    return Heading(bare(text, Span(line.start, line.end)), _SIGNS[below["sign"]]) if long_enough else None


def _spelled(text: str, lines: Sequence[Line], taken: bytearray, number: int) -> Heading | None:
    """A heading that its number or its capitals tell."""
    line = lines[number]
    if line.end - line.start > _LONG or line.indent > 3 or not _alone_above(lines, number):
        return None
    words = text[line.start : line.end]
    if _ENDS_LIKE_PROSE.search(words) or not _is_followed(lines, taken, number):
        return None
    if found := _NUMBERED.fullmatch(words):
        title = found["words"]
        named = found["kind"] is not None and not title[:1].islower()
        if named or (title[:1].isupper() and len(title.split()) <= _WORDS and _stands_apart(text, lines, number)):
            return Heading(Span(line.start, line.end), 2 + (found["number"] or "").count("."))
    letters = [letter for letter in words if _LETTER.match(letter)]
    capitals = len(letters) >= 4 and all(letter == letter.upper() != letter.lower() for letter in letters)
    if capitals and _stands_apart(text, lines, number):
        return Heading(Span(line.start, line.end), 1 if _is_first(lines, number) else 2)
    return None


def _over_paragraph(text: str, lines: Sequence[Line], taken: bytearray, number: int) -> Heading | None:
    """A short line right over a paragraph."""
    line = lines[number]
    if number + 1 >= len(lines) or taken[number + 1] or not _alone_above(lines, number) or line.indent > 3:
        return None
    following = lines[number + 1]
    words = text[line.start : line.end]
    short = len(words) <= _SHORT and len(words.split()) <= _WORDS and words[0].isupper()
    if not short or _ENDS_LIKE_PROSE.search(words) or following.end - following.start < _PROSE:
        return None
    return Heading(Span(line.start, line.end), 2) if _stands_apart(text, lines, number) else None


def _title(text: str, lines: Sequence[Line], taken: bytearray) -> tuple[int, Heading] | None:
    """The first line of a text, where it reads as a title and stands alone."""
    number = next((number for number, line in enumerate(lines) if not line.blank and not taken[number]), len(lines))
    if number >= len(lines):
        return None
    line = lines[number]
    words = text[line.start : line.end]
    alone = number + 1 < len(lines) and lines[number + 1].blank
    if not alone or len(words) > _LONG or _ENDS_LIKE_PROSE.search(words) or not _LETTER.search(words):
        return None
    span = trimmed(text, line.start, line.end)
    return (number, Heading(span, 1)) if span else None


def _alone_above(lines: Sequence[Line], number: int) -> bool:
    return number == 0 or lines[number - 1].blank


def _is_first(lines: Sequence[Line], number: int) -> bool:
    return all(line.blank for line in lines[max(0, number - 20) : number]) and number <= 20


def _is_followed(lines: Sequence[Line], taken: bytearray, number: int) -> bool:
    """Whether something stands below that the line can be the heading of."""
    return any(not lines[near].blank for near in range(number + 1, min(len(lines), number + 4)))


def _stands_apart(text: str, lines: Sequence[Line], number: int) -> bool:
    """Whether what follows is no further line of the same kind: nothing, a blank line, or a paragraph that begins like
    a sentence and ends one."""
    if number + 1 >= len(lines) or lines[number + 1].blank:
        return True
    following = lines[number + 1]
    if following.end - following.start < _PROSE or text[following.start].islower():
        return False
    last = number + 1
    while last + 1 < len(lines) and not lines[last + 1].blank and last - number < 40:
        last += 1
    return bool(_ENDS_SENTENCE.search(text, max(following.start, lines[last].end - 5), lines[last].end))

"""Lines of a PDF become paragraphs: a line is joined to the one before it where that one was full, and words that were
broken at the end of a line are whole again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from statistics import median

from citeqa.index.formats.pdf_lines import Kind, Line
from citeqa.index.formats.pdf_structure import Sized
from citeqa.index.types import Span

_WIDE = 0.9  # this quantile of the widths of lines is taken as the width of their block
_FULL = 0.95  # of that width: so long a line was broken for lack of room; lines at one side may be ragged
_FULL_LETTERS = 0.85  # the same where a width is a number of letters, which differ
_SHORT = 0.5  # of that width: a shorter line was not broken for lack of room
_NARROW = 30  # code points; prose is wider, unless it stands in a column
_FEW_WORDS = 2.0  # in the lines of a list
_APART = 1.5  # times the usual distance of lines: then a paragraph begins
_RAISED_APART = 2.0  # the same inside a sentence, as raised characters move lines apart
_OTHER_SIZE = 1.2  # times the height of a font: then something else begins
_SENTENCE_END = re.compile(r"[.!?:;…]['\"”’»)\]⁰¹²³⁴⁵⁶⁷⁸⁹]*$")
_ITEM = re.compile(r"(?:[•◦▪‣●○■–—*\x95-]|\(?(?:\d{1,3}|[A-Za-z])[.)])\s")
_HYPHENATED = re.compile(r"[^\W\d_][-\u2010\u00ad]$")
_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*")
_LAST_WORD = re.compile(r"[^\W\d_]+(?:[-\u2010][^\W\d_]+)*[-\u2010]?$")
_AND = {"and", "or", "to", "und", "oder", "bis", "et", "ou", "y", "o", "e", "og", "och", "en", "of"}
_WHOLE = (Kind.ROW, Kind.TURNED, Kind.FURNITURE)  # lines that are joined to no other


@dataclass(frozen=True, slots=True)
class _Block:
    """The lines of a page that are of a kind and begin at about the same place: their width, in points or (without
    places) in letters, their usual length in code points and words, and the usual distance between them."""

    width: float
    length: int
    words: float
    pitch: float


class Words:
    """How often a file holds each word, with the hyphens of compounds; it tells how a broken word is written."""

    def __init__(self, pages: Sequence[Sequence[Line]]) -> None:
        self._counts: Counter[str] = Counter()
        for lines in pages:
            for line in lines:
                words = _WORD.findall(line.text)
                self._counts.update(word.casefold() for word in (words[:-1] if line.broken else words))

    def joined(self, before: str, after: str) -> str:
        """What stands between two pieces of a broken word: nothing or a hyphen."""
        last, first = _LAST_WORD.search(before), _WORD.match(after)
        if not last or not first or not after[0].islower():
            return "-"
        head, tail = last[0].casefold(), first[0].casefold()
        if "-" in head:
            return "-"
        whole, compound = self._counts[head + tail], self._counts[f"{head}-{tail}"]
        if whole or compound:
            return "-" if compound > whole else ""
        return "-" if "-" in tail else ""


def paragraphs(lines: Sequence[Line], words: Words) -> tuple[str, list[Span], list[Sized]]:
    """The text of a page with a paragraph, a heading or a row of a table on each line, where in it lines stand that are
    printed on most pages, and the paragraphs with the heights of their letters."""
    pieces: list[str] = []
    furniture: list[Span] = []
    sized: list[Sized] = []
    start, height = 0, inf
    blocks = _blocks(lines)
    at = 0
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else None
        text, joint = _ended(line, following, blocks[number], words)
        if line.kind is Kind.FURNITURE:
            furniture.append(Span(at, at + len(text)))
        height = min(height, line.height)
        ends = following is None or joint == "\n"
        if ends and line.kind in (Kind.TEXT, Kind.PROSE) and at + len(text) > start:
            sized.append(Sized(Span(start, at + len(text)), height))
        pieces += [text, joint]
        at += len(text) + len(joint)
        if joint == "\n":
            start, height = at, inf
    return "".join(pieces), furniture, sized


def _ended(line: Line, following: Line | None, block: _Block, words: Words) -> tuple[str, str]:
    """A line's text without the hyphen of a broken word, and what stands between it and the line that follows."""
    text = line.text
    hyphenated = line.broken or bool(_HYPHENATED.search(text))
    if following is None:
        return (f"{text}-" if line.broken else text), ""
    if line.kind in _WHOLE or following.kind in _WHOLE:
        return (f"{text}-" if line.broken else text), "\n"
    if hyphenated and following.text[:1].isalnum():
        head = text if line.broken else text[:-1]
        if _WORD.match(following.text) and _WORD.match(following.text)[0] in _AND:  # type: ignore[index]
            return f"{head}-", " "
        return head + words.joined(head, following.text), ""
    return (f"{text}-" if line.broken else text), " " if _continues(line, following, block) else "\n"


def _blocks(lines: Sequence[Line]) -> list[_Block]:
    """The block of each line."""
    order = sorted(range(len(lines)), key=lambda number: (lines[number].kind.name, lines[number].left))
    groups: list[list[int]] = []
    for number in order:
        line, before = lines[number], lines[groups[-1][-1]] if groups else None
        if before and line.kind is before.kind and line.left - before.left <= 3 * line.height:
            groups[-1].append(number)
        else:
            groups.append([number])
    found: dict[int, _Block] = {}
    for group in groups:
        block = _block([lines[number] for number in sorted(group)])
        found |= dict.fromkeys(group, block)
    return [found[number] for number in range(len(lines))]


def _block(lines: Sequence[Line]) -> _Block:
    counted = [line for line in lines if line.kind not in _WHOLE] or list(lines)
    at = round(_WIDE * (len(counted) - 1))
    pitches = [a.base - b.base for a, b in pairwise(counted) if 0 < a.base - b.base < 3 * a.height]
    return _Block(
        width=sorted(map(_extent, counted))[at],
        length=sorted(len(line.text) for line in counted)[at],
        words=median(len(line.text.split()) for line in counted),
        pitch=median(pitches) if pitches else 0.0,
    )


def _extent(line: Line) -> float:
    return line.right - line.left if line.height else float(len(line.text))


def _continues(line: Line, following: Line, block: _Block) -> bool:
    """Whether the paragraph goes on in the following line: it does if this line had no room for that line's first
    word."""
    text, after = line.text, following.text
    if _ITEM.match(after) or _differ(line, following):
        return False
    ended = bool(_SENTENCE_END.search(text))
    width = _extent(line)
    if after[0].islower() and not ended:
        is_list = line.kind is not Kind.PROSE and block.length < _NARROW and block.words <= _FEW_WORDS
        return not is_list and (line.kind is Kind.PROSE or width >= _SHORT * block.width)
    if block.length < _NARROW and line.kind is not Kind.PROSE:  # a list or a table
        return False
    if block.pitch and line.base - following.base > (_APART if ended else _RAISED_APART) * block.pitch:
        return False
    first = len(after.split(maxsplit=1)[0]) + 1
    room = width + first * _extent(following) / len(after)
    heading = ended and _extent(following) < block.width / 2 and not _SENTENCE_END.search(after)
    return room > (_FULL if line.height else _FULL_LETTERS) * block.width and not heading


def _differ(line: Line, following: Line) -> bool:
    """Whether two lines are written in sizes that no paragraph mixes."""
    if not (line.height and following.height):
        return False
    return max(line.height, following.height) > _OTHER_SIZE * min(line.height, following.height)

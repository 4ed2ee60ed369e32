"""Hard-wrapped text: which lines are one paragraph, broken to fit a width as e-mails, RFCs and Gutenberg's books are.

Lines are joined where each was full, so that the next word had no room, and where they read on: prose goes on in lower
case. Verse, addresses, lists, headings, tables and code stay lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

_WIDEST = 100  # code points of a line that was broken by hand or by a program
_NARROWEST = 50  # of the widest line of a paragraph that is not broken exactly
_SLACK = 10  # code points that the next word may have had room for: people break lines early
_FULL = 0.6  # of the widest line, how long a line is that goes on

_ITEM = re.compile(r"(?:[-–—*+•▪◦·‣▸■□●○✓]|[(\[]?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,5})[.)\]]|#{1,6}|>|\|)(?:\s|$)|[|>]")
_RULE = re.compile(r"[\W_]+$")
_CELLS = re.compile(r"\t|\S {4,}\S|\S\s*\|\s*\S")
_LABEL = re.compile(r"[A-Z][\w -]{0,24}:\s")
_CODE = re.compile(
    r"[;{}\\]\s*$|^\s*(?:def|class|import|from|if|for|while|else|elif)\b.*[:({]\s*$|^\s*(?:#include|//|/\*|\$ )"
    r"|\w\[\w|\w\(\)|\w\([\"']|==|->|=>"
)
_ENDED = re.compile(r"[.!?:…][\"”’')\]]*$")
_OPENING = "\"“‘'(["


def paragraphs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The first and the last line of each paragraph of a block of lines, both included; a line that stands for itself
    is a paragraph.

    Args:
        lines: consecutive lines that are not blank, with their indents.
    """
    if _is_broken_exactly([line.strip() for line in lines]):
        yield 0, len(lines) - 1
        return
    width = max((len(line.rstrip()) for line in lines if len(line) <= _WIDEST), default=0)
    start = 0
    for number in range(1, len(lines) + 1):
        if number < len(lines) and _may_go_on(lines, start, number, width):
            continue
        yield from _settled(lines, start, number - 1, width)
        start = number


def _is_broken_exactly(lines: Sequence[str]) -> bool:
    """Whether these lines fit a width, of any size: then no line had room for the first word of the next."""
    width = max(len(line) for line in lines)
    if len(lines) < 2 or width > 120:
        return False
    full = all(len(a) + 1 + len(b.split(maxsplit=1)[0]) > width for a, b in pairwise(lines))
    return full and any(line[0].islower() for line in lines[1:])


def _may_go_on(lines: Sequence[str], start: int, number: int, width: int) -> bool:
    """Whether a line may continue the paragraph that began at `start`."""
    before, line = lines[number - 1], lines[number]
    if (
        max(len(before), len(line)) > _WIDEST
        or _stands_alone(line)
        or _RULE.match(before)
        or _CELLS.search(before.strip())
    ):
        return False
    if before.lstrip().startswith(("#", "|", ">")):
        return False
    indent, first = _indent(line), _indent(lines[start])
    if number - start > 1 and indent != _indent(before):
        return False
    item = _ITEM.match(lines[start].lstrip())
    if number - start == 1 and indent > first + (0 if not item else 6):
        return False
    word = line.split(maxsplit=1)[0]
    length = len(before.rstrip())
    return length >= _FULL * width and length + 1 + len(word) > width - _SLACK


def _stands_alone(line: str) -> bool:
    """Whether a line begins something of its own: an item, a heading, a label, or a row."""
    bare = line.strip()
    return bool(_ITEM.match(bare) or _RULE.match(bare) or _CELLS.search(bare) or _LABEL.match(bare))


def _settled(lines: Sequence[str], first: int, last: int, width: int) -> Iterator[tuple[int, int]]:
    """The lines as one paragraph if they are prose, else each for itself."""
    if first < last and width >= _NARROWEST and _is_prose([line.strip() for line in lines[first : last + 1]]):
        yield first, last
    else:
        yield from ((number, number) for number in range(first, last + 1))


def _is_prose(lines: Sequence[str]) -> bool:
    """Whether the lines read on: where one ends inside a sentence, the next mostly begins in lower case."""
    if 3 * sum(bool(_CODE.search(line)) for line in lines) > len(lines):
        return False
    inside = [b.lstrip(_OPENING)[:1] for a, b in pairwise(lines) if not _ENDED.search(a)]
    lower = sum(not letter.isupper() for letter in inside)
    return lower > 0 and 2 * lower >= len(inside)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())

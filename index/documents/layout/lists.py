"""Lists in the lines of a text: bullets and numbers, nested by their indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from citeqa.index.documents.layout.lines import Line, bare, trimmed
from citeqa.index.documents.sentences import sentences
from citeqa.index.structure import MAX_PARTS, Item, List
from citeqa.index.types import Span

_MARK = re.compile(
    r"(?:(?P<bullet>[-*+•◦▪‣●○■□–—·➢✓✔\x95])|(?:step|Step|STEP)[ \t\u00a0]+(?P<step>\d{1,3})[.):]"
    r"|(?P<open>\()?(?P<value>\d{1,3}|[A-Za-z]|[ivxlc]{2,5}|[IVXLC]{2,5})(?P<close>[.)]))"
    r"(?:[ \t\u00a0]+\[[ xX]\](?=\s))?[ \t\u00a0]+(?=\S)"
)
_WORD = re.compile(r"\w")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
_WRAPPED = 40  # code points; so long a line may have been broken for lack of room
_LONG_BLOCK = 2000  # code points before a list that are looked at
_ANNOUNCES = re.compile(r"\b(?:following|below|these|as follows|steps)\b", re.IGNORECASE)
_ENDS = re.compile(r"[.!?][\"'”’)\]]*$")


class Found(NamedTuple):
    """A list and its lines, `[first, last)`."""

    list: List
    first: int
    last: int


class _Mark(NamedTuple):
    """A bullet or number: its kind, its possible values (none for a bullet), and where it and the words begin."""

    kind: str
    values: tuple[int, ...]
    span: Span
    words: int


class _Frame(NamedTuple):
    """A level of nesting: its indentation, the kind of its marks, and the possible values of its last mark."""

    indent: int
    kind: str
    values: tuple[int, ...]


def lists_in(text: str, lines: Sequence[Line], taken: bytearray) -> Iterator[Found]:
    """The lists of two items and more, in order; together they have at most `MAX_PARTS` items.

    Args:
        taken: for each line, whether it is part of something else.
    """
    room, number = MAX_PARTS, 0
    while number < len(lines) and room:
        if taken[number] or lines[number].blank or _mark(text, lines[number]) is None:
            number += 1
            continue
        reading = _Reading(text, lines, taken)
        last = reading.read(number, room)
        if len(reading.items) > 1:
            room -= len(reading.items)
            yield _found(text, lines, reading, number, last)
        number = max(last, number + 1)


def _found(text: str, lines: Sequence[Line], reading: _Reading, first: int, last: int) -> Found:
    items = tuple(reading.items)
    begin = items[0].mark.start if items[0].mark else items[0].span.start
    before = introducing(text, lines, first)
    return Found(List(Span(begin, items[-1].span.end), items, reading.ordered, before), first, last)


class _Reading:
    """Reads one list. `items` are those found; `ordered` says whether the outermost are numbered."""

    def __init__(self, text: str, lines: Sequence[Line], taken: bytearray) -> None:
        self._text, self._lines, self._taken = text, lines, taken
        self._frames: list[_Frame] = []
        self.items: list[Item] = []
        self.ordered = False

    def read(self, number: int, room: int) -> int:
        """Read from a line on, at most so many items, and give the number of the line behind the last one."""
        last, blanks, ends_item = number, 0, False
        while number < len(self._lines) and not self._taken[number]:
            line = self._lines[number]
            if line.blank:
                blanks += 1
                if blanks > 1 and not self._numbered_on(number + 1):
                    break
            elif mark := _mark(self._text, line):
                if len(self.items) >= room or not self._place(line, mark, blanks):
                    break
                self.items.append(Item(Span(mark.words, line.end), len(self._frames) - 1, mark.span))
                last, blanks, ends_item = number + 1, 0, False
            elif self._goes_on(number, blanks):
                ends_item = ends_item or (line.indent <= self._frames[-1].indent and bool(line.indent))
                if not ends_item:
                    self.items[-1] = _longer(self.items[-1], line.end)
                last, blanks = number + 1, 0
            else:
                break
            number += 1
        return last

    def _numbered_on(self, number: int) -> bool:
        """Whether a list with numbers goes on behind two blank lines."""
        if number >= len(self._lines) or self._lines[number].blank:
            return False
        mark = _mark(self._text, self._lines[number])
        return bool(mark and mark.values and any(_follows(frame, mark) for frame in self._frames))

    def _place(self, line: Line, mark: _Mark, blanks: int) -> bool:
        """Find the level of an item; False if it is no part of this list."""
        if not self._frames:
            self.ordered = bool(mark.values)
            self._frames.append(_Frame(line.indent, mark.kind, mark.values))
            return True
        for depth in range(len(self._frames) - 1, -1, -1):
            frame = self._frames[depth]
            if abs(line.indent - frame.indent) <= 1 and _follows(frame, mark):
                del self._frames[depth:]
                values = tuple(value for value in mark.values if value - 1 in frame.values) or mark.values
                self._frames.append(_Frame(frame.indent, mark.kind, values))
                return True
        top = self._frames[-1]
        begins = not mark.values or 1 in mark.values
        deeper = line.indent > top.indent + 1 or (not blanks and abs(line.indent - top.indent) <= 1)
        if begins and deeper and (mark.kind != top.kind or line.indent > top.indent + 1):
            self._frames.append(_Frame(line.indent, mark.kind, mark.values))
            return True
        return False

    def _goes_on(self, number: int, blanks: int) -> bool:
        """Whether a line without a mark belongs to the item before it."""
        line, before = self._lines[number], self._lines[number - 1]
        if line.indent > self._frames[-1].indent + (1 if blanks else 0):
            return True
        wrapped = not blanks and before.end - before.start >= _WRAPPED
        return wrapped and self._text[line.start].islower()


def _longer(item: Item, end: int) -> Item:
    return Item(Span(item.span.start, end), item.level, item.mark)


def _follows(frame: _Frame, mark: _Mark) -> bool:
    """Whether a mark is the next one of a level; where all numbers are 1, the count is left to the reader."""
    if mark.kind != frame.kind:
        return False
    all_ones = mark.values == frame.values == (1,)
    return not mark.values or all_ones or any(value - 1 in frame.values for value in mark.values)


def _mark(text: str, line: Line) -> _Mark | None:
    found = _MARK.match(text, line.start, line.end)
    if not found or not _WORD.search(text, found.end(), min(line.end, found.end() + 200)):
        return None
    span = trimmed(text, *found.span()) or Span(*found.span())
    if found["bullet"]:
        return _Mark(found["bullet"], (), span, found.end())
    if found["step"]:
        return _Mark("step", (int(found["step"]),), span, found.end())
    value = found["value"]
    kind = f"{found['open'] or ''}{'1' if value.isdigit() else 'a' if value.islower() else 'A'}{found['close']}"
    return _Mark(kind, tuple(_values(value)), span, found.end())


def _values(value: str) -> Iterator[int]:
    """What a number, a letter or a Roman number may count; "i" is the ninth letter and the first number."""
    if value.isdigit():
        yield int(value)
        return
    value = value.lower()
    if len(value) == 1:
        yield ord(value) - ord("a") + 1
    if all(letter in _ROMAN for letter in value):
        digits = [_ROMAN[letter] for letter in value]
        yield sum(-one if one < after else one for one, after in zip(digits, [*digits[1:], 0], strict=True))


def introducing(text: str, lines: Sequence[Line], first: int) -> Span | None:
    """The sentence that introduces what begins at a line: the last one before it that ends in a colon, or that stands
    right before it or announces something."""
    last = first - 1
    if last >= 0 and lines[last].blank:
        last -= 1
    if last < 0 or lines[last].blank:
        return None
    begin = last
    while begin > 0 and not lines[begin - 1].blank and lines[last].end - lines[begin - 1].start <= _LONG_BLOCK:
        begin -= 1
    return introduction(text, Span(lines[begin].start, lines[last].end), near=last == first - 1)


def introduction(text: str, block: Span, *, near: bool) -> Span | None:
    """The last sentence of the block of lines before a list, if it introduces that list.

    Args:
        near: whether no blank line stands between the two.
    """
    start = max(block.start, block.end - _LONG_BLOCK)
    before = text[start : block.end]
    colon = before.rstrip("*_ ").endswith(":")
    if not colon and (not _ENDS.search(before) or before.startswith("#")):
        return None
    found = sentences(before)
    last = found[-1].shifted(start)
    if not colon and not near and not _ANNOUNCES.search(text, last.start, last.end):
        return None
    if (mark := _MARK.match(text, last.start, last.end)) and mark.end() < last.end:
        last = Span(mark.end(), last.end)
    return bare(text, last)

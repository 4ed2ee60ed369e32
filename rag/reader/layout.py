"""The layout of a text as far as it is no part of any answer: list numbers, labels, headings and the bars of tables."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import trimmed

_LINE = re.compile(r"[^\n\r\x85\u2028\u2029]*[^\s][^\n\r\x85\u2028\u2029]*")
_BLANKS = re.compile(r"\s{2,}")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
# what stands before the words of a line; an upper-case letter with a full stop may be an initial
_MARK = re.compile(
    r"[^\S\n]*(?:#{1,6}[ \t]+|>[ \t]*|[-–—•*+·][ \t]+)*(?:\(?(?:\d{1,3}|[a-z])[.)][ \t]+|[A-Z]\)[ \t]+)?"
)
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]\Z|[A-Z]\)\Z")
_LABEL = re.compile(r"\*\*[^*\n]{1,40}(?::\*\*|\*\*:)[ \t]*")
_HASHES = re.compile(r"[^\S\n]*#{1,6}[ \t]")
_BOLD = re.compile(r"\*\*[^*\n]+\*\*\Z")
_UNDERLINE = re.compile(r"(?:=+|-{3,})\Z")
_ENDED = re.compile(r"[.!?:;,][\"'”’)\]*_]*\Z")
_SENTENCE = re.compile(r"[.!?][\"'”’)\]*_]*\Z")
_HEADING_WORDS, _HEADING_LENGTH = 8, 60  # most words and code points of a heading that nothing marks as one
_SHORT = 30  # code points; a shorter line was not broken to fit a width
_BRACKETS = {"(": ")", "[": "]"}
_REACH = 40  # code points within which the other bracket of a pair is looked for


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank: where its words begin (behind hashes, bullet, number and label) and end, and whether
    a blank line stands before and after it."""

    start: int
    words: int
    end: int
    alone_before: bool
    alone_after: bool

    def text(self, text: str) -> str:
        return text[self.words : self.end].strip()


@dataclass(frozen=True, slots=True)
class Layout:
    """What of a text is layout; made once for a text, in time proportional to its length.

    `marks` stand before the words of a line, ascending. `headings` are whole headings, without marks. `parting` are
    the runs that no span crosses, ascending: blank lines, the bars of a table, the end of a marked heading, the
    line break before a label.
    """

    marks: tuple[Span, ...]
    headings: frozenset[Span]
    parting: tuple[Span, ...]

    @classmethod
    def of(cls, text: str, known_marks: Sequence[Span] = (), known_headings: Sequence[Span] = ()) -> Layout:
        """The layout that lines show, with the marks of lists and the headings that are known otherwise."""
        lines = list(_lines(text))
        parting = [run.span() for run in _BLANKS.finditer(text) if len(_LINE_BREAK.findall(run.group())) > 1]
        marks, headings = [], []
        for number, line in enumerate(lines):
            after = lines[number + 1] if number + 1 < len(lines) else None
            if line.words > line.start:
                marks.append(Span(line.start, line.words))
            if _heads(text, line, after) and (span := _trimmed(text, line.words, line.end)):
                headings.append(span)
            if number and not line.alone_before and _LABEL.search(text, line.start, line.words):
                parting.append((lines[number - 1].end, line.start))
            if after and not line.alone_after and _HASHES.match(text, line.start):
                parting.append((line.end, after.start))
            cells = text[line.start : line.end].strip()
            if len(cells) > 1 and cells[0] == cells[-1] == "|":
                parting += [(at, at + 1) for at in range(line.start, line.end) if text[at] == "|"]
        headings += [span for one in known_headings if (span := trimmed(text, one))]
        all_marks = sorted({*marks, *known_marks})
        return cls(tuple(all_marks), frozenset(headings), tuple(Span(*run) for run in sorted(set(parting))))

    def parts(self, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The numbers of the parts (paragraphs, cells) in which spans begin (by `starts`) and end (by `ends`), as if
        the spans were trimmed."""
        first, last = np.array([(run.start, run.end) for run in self.parting], dtype=np.int64).reshape(-1, 2).T
        # white space at the start of a span counts to the next paragraph, at its end to the previous one
        return np.searchsorted(first, starts, side="right"), np.searchsorted(last, ends, side="left")

    def cleared(self, text: str, span: Span) -> Span | None:
        """The span without marks, spaces and punctuation at its ends, its brackets in pairs; None if nothing is left,
        or only a whole heading.

        A bracket without its partner is given it, where that is near; where it is not, the span ends before it.
        """
        found = trimmed(text, span)
        while found:
            before = found
            found = self._without_marks(text, found)
            found = _paired(text, found) if found else None
            found = trimmed(text, found) if found else None
            if found == before:
                return None if found in self.headings else found
        return None

    def _without_marks(self, text: str, span: Span) -> Span | None:
        """Only a mark on the line where the span begins or ends can be at its ends."""
        start, end = span.start, span.end
        at = self._mark(end - 1)
        if at and at.start > start and end <= at.end:
            end = at.start
        at = self._mark(start)
        if at and start < at.end:
            start = at.end
        return _trimmed(text, start, end)

    def _mark(self, position: int) -> Span | None:
        """The last mark that begins at the position or before."""
        number = bisect_right(self.marks, position, key=lambda mark: mark.start)
        return self.marks[number - 1] if number else None


def _lines(text: str) -> Iterator[_Line]:
    found = list(_LINE.finditer(text))
    breaks = [0, *(len(_LINE_BREAK.findall(text[a.end() : b.start()])) for a, b in pairwise(found)), 2]
    wrapped = False  # whether the line before may go on in this one
    for number, line in enumerate(found):
        start, end = line.span()
        marked = _MARK.match(text, start)
        words = marked.end() if marked else start
        mark = text[start:words].strip()
        listed = bool(_NUMBER.search(mark))
        if listed and breaks[number] == 1 and wrapped:  # a number in hard-wrapped prose
            words, listed = start, False
        if label := _LABEL.match(text, words, end):
            words = label.end()
        yield _Line(start, min(words, end), end, number == 0 or breaks[number] > 1, breaks[number + 1] > 1)
        wrapped = end - start > _SHORT and not listed and not _ENDED.search(text[start:end].rstrip()[-8:])


def _heads(text: str, line: _Line, after: _Line | None) -> bool:
    """Whether a line is a heading: marked as one, in capitals alone between blank lines, or short, without a full stop
    and directly before a longer line of prose."""
    words = line.text(text)
    if not words:
        return False
    if _HASHES.match(text, line.start) or (line.alone_before and _BOLD.match(words)):
        return True
    if after and not line.alone_after and _UNDERLINE.match(text[after.start : after.end].strip()):
        return True
    if not line.alone_before or _ENDED.search(words[-8:]):
        return False
    if line.alone_after:
        return words.isupper() and sum(map(str.isalpha, words)) > 3 and after is not None
    if not after or after.words > after.start or len(words) > _HEADING_LENGTH or not words[0].isupper():
        return False
    prose = after.text(text)
    longer = len(prose) > len(words) and prose[:1].isupper() and bool(_SENTENCE.search(prose[-8:]))
    return longer and len(words.split()) <= _HEADING_WORDS and "|" not in words and "\t" not in words


def _paired(text: str, span: Span) -> Span | None:
    """The span with the brackets that pair with those inside it, if they are near and on the same line; else without
    what is behind a bracket that is not closed, or before one that is not opened."""
    opened: list[int] = []
    start, end = span.start, span.end
    for at in range(start, end):
        if text[at] in _BRACKETS:
            opened.append(at)
        elif text[at] in _BRACKETS.values():
            if opened and text[at] == _BRACKETS[text[opened[-1]]]:
                opened.pop()
            elif not opened:
                partner = _opening(text, start, text[at])
                start = at + 1 if partner is None else partner
    if opened:
        at = text.find(_BRACKETS[text[opened[0]]], end, end + _REACH)
        near = at >= 0 and not _LINE_BREAK.search(text, end, at) and not any(text[end:at].count(c) for c in "()[]|")
        end = at + 1 if near and len(opened) == 1 else opened[0]
    return Span(start, end) if start < end else None


def _opening(text: str, before: int, closing: str) -> int | None:
    """Where a bracket is opened on the same line, near and before a position."""
    around = text[max(0, before - _REACH) : before]
    at = max(around.rfind(mark) for mark in "()[]|")
    fits = at >= 0 and _BRACKETS.get(around[at]) == closing and not _LINE_BREAK.search(around, at)
    return before - len(around) + at if fits else None


def _trimmed(text: str, start: int, end: int) -> Span | None:
    return trimmed(text, Span(start, end)) if start < end else None

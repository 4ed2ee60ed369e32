"""Texts become sentences with their spans.

The library `sentencex` (Wikimedia) finds the boundaries; its offsets count code points. It gets one block of lines at a
time, with each quotation mark masked by a blank, because it never ends a sentence inside a quotation. Its mistakes on
names, numbers and quotations are mended by joining pieces. Nothing is ever searched for, so no offset can drift.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import sentencex

from citeqa.index.documents.matches import PIECE, matches
from citeqa.index.documents.wrapping import paragraphs
from citeqa.index.types import Document, Span

_QUOTES = '"“”„«»'
_MASK = {ord(mark): " " for mark in _QUOTES}
_CLOSING = _QUOTES + "'’)]"

_BLOCK = re.compile(r"\S(?:[^\n\r]++|\r?\n(?=[^\S\n\r]*\S))*+")  # consecutive lines that are not blank
_LINE = re.compile(r"[^\n\r]*\S[^\n\r]*")

_TITLE = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Hon|Rev|Fr|Sen|Rep|Gov|Gen|Col|Lt|Sgt|Capt|Sec|Amb|St|Ste|Mt|Ft)\.$")
_NUMBERED = re.compile(
    r"\b(?:approx|vol|no|nos|fig|figs|eq|art|ch|sec|p|pp|para|c|ca|vs|v|jan|feb|mar|apr|jun|jul|aug|"
    r"sep|sept|oct|nov|dec)\.$",
    re.IGNORECASE,
)
_NOON = re.compile(r"\b[ap]\.m\.$")
_AFTER_NOON = re.compile(r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b|[ECMP][SD]?T\b|GMT\b|UTC\b|local\b")
_ENUMERATOR = re.compile(r"^\(?(?:\d{1,3}|[A-Za-z])[.)]$")
# Where the library sees an abbreviation and no end: behind the unit of a number, and behind a single letter that names
# a kind or a part. What follows begins like a sentence.
_MISSED = re.compile(
    r"(?:(?<![^\s(])[-−–+]?\d[\d.,]*[ \u00a0]?"
    r"(?:[kcmµμnd]?m|[km]?g|t|[mcdh]?l|L|[kM]?W|[km]?V|m?A|[kMG]?Hz|N|Nm|K|in|ft|s|ms|h|min)"
    r"|\b(?:type|class|grade|plan|code|letter|vitamin|group|section|category|zone|point|option|version|model|size|"
    r"appendix|annex|gate|hall|room|terminal|track|button|key|hepatitis)[ \u00a0][A-Z])"
    r"\.(?=\s+[\"“‘«(]?[A-Z])"
)
_WINDOW = 2000  # code points that sentencex gets at once
_CONTEXT = 80  # code points looked at on each side of a boundary


def sentences(text: str) -> list[Span]:
    """The sentences of `text` in order, without surrounding white space.

    Spans never overlap, and every character outside them is white space, so spans and gaps re-join to the text. A line
    break ends a sentence unless the lines around it are hard-wrapped prose.
    """
    return [span for block in _blocks(text) for span in _in_block(text, block)]


def document_sentences(document: Document) -> tuple[Span, ...]:
    """The sentences of a document; boilerplate is in no sentence, and no sentence crosses it."""
    return _document_sentences(document.text, document.boilerplate)


def content_sentences(text: str, boilerplate: tuple[Span, ...]) -> tuple[Span, ...]:
    """The sentences of a text that lie outside its boilerplate."""
    starts = [0, *(span.end for span in boilerplate)]
    ends = [*(span.start for span in boilerplate), len(text)]
    return tuple(
        span.shifted(start) for start, end in zip(starts, ends, strict=True) for span in sentences(text[start:end])
    )


_document_sentences = lru_cache(maxsize=16)(content_sentences)


def _blocks(text: str) -> Iterator[Span]:
    """The lines that may share a sentence: single lines, or the lines of a hard-wrapped paragraph."""
    for block in _BLOCK.finditer(text):
        start = block.start()
        while start > 0 and text[start - 1] in " \t":  # the first line's indent
            start -= 1
        lines = [Span(*line.span()) for line in _LINE.finditer(text, start, block.end())]
        for first, last in paragraphs([text[line.start : line.end] for line in lines]):
            yield Span(lines[first].start, lines[last].end)


def _in_block(text: str, block: Span) -> Iterator[Span]:
    piece = text[block.start : block.end]
    masked = "".join(piece[at : at + PIECE].translate(_MASK) for at in range(0, len(piece), PIECE))
    start = 0
    for boundary in _boundaries(masked):
        if boundary <= start:  # behind the closing marks of the one before
            continue
        end = _with_closing_marks(piece, masked, boundary)
        context = slice(max(start, end - _CONTEXT), end), slice(end, end + _CONTEXT)
        if end <= start or not _ends_sentence(piece[context[0]], piece[context[1]]):
            continue
        yield from _trimmed(piece, start, end, block.start)
        start = end
    yield from _trimmed(piece, start, len(piece), block.start)


def _boundaries(masked: str) -> list[int]:
    """Where sentences may end, ascending."""
    return sorted({*_library_boundaries(masked), *(missed.end() for missed in matches(_MISSED, masked))})


def _library_boundaries(masked: str) -> Iterator[int]:
    """Where `sentencex` ends sentences, in ascending order. Its time grows with the square of a text without blanks, so
    it never gets more than a window; the next one begins at the last sentence that surely ended in it."""
    start = 0
    while True:
        ends = [
            start + found["end_index"]
            for found in sentencex.get_sentence_boundaries("en", masked[start : start + _WINDOW])
        ]
        if start + _WINDOW >= len(masked):
            yield from ends
            return
        sure = [end for end in ends if end <= start + _WINDOW - _CONTEXT]  # what follows a boundary decides about it
        yield from sure
        start = sure[-1] if sure and sure[-1] > start else start + _WINDOW - _CONTEXT


def _with_closing_marks(piece: str, masked: str, end: int) -> int:
    """The boundary, moved to just behind the marks that close the sentence: in `He left." “Go.` before the blank."""
    while end > 0 and masked[end - 1].isspace():
        end -= 1
    while end < len(piece) and piece[end] in _CLOSING:
        end += 1
    return end


def _ends_sentence(before: str, after: str) -> bool:
    """Whether a sentence ends between two pieces: not inside a word, behind a title such as `Dr.`, or inside a list
    number."""
    before, following = before.strip(), after.lstrip()
    if not following:
        return True
    if len(following) == len(after) and after[0].isascii() and after[0].isalnum():
        return False
    if _TITLE.search(before) or _ENUMERATOR.match(before):
        return False
    if _NUMBERED.search(before) and following[0].isdigit():
        return False
    if _NOON.search(before) and _AFTER_NOON.match(following):
        return False
    return not (before[-1] in _CLOSING and following[0].islower())


def _trimmed(piece: str, start: int, end: int, offset: int) -> Iterator[Span]:
    while start < end and piece[start].isspace():
        start += 1
    while end > start and piece[end - 1].isspace():
        end -= 1
    if start < end:
        yield Span(start + offset, end + offset)

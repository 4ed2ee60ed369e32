"""Sentences inside a quotation are shown with the whole of it, and so with its speaker where one stands beside it."""

from __future__ import annotations

from collections.abc import Sequence

from citeqa.index.types import Span

LONGEST = 1000  # code points; a longer quotation is not shown whole

_OPENING, _CLOSING, _EITHER = "“„«", "”»", '"'


def whole(text: str, sentences: Sequence[Span], first: int, last: int) -> tuple[int, int]:
    """The run of sentences `first` to `last` (both included), made longer where it cuts a quotation of its paragraph.

    A quotation that is not closed in its paragraph, or that is longer than LONGEST with what surrounds it, leaves the
    run as it is.
    """
    start, end = first, last
    while start > 0 and not _breaks(text, sentences, start):
        start -= 1
    while end + 1 < len(sentences) and not _breaks(text, sentences, end + 1):
        end += 1
    inside = False
    quoted = []  # for each sentence of the paragraph, whether its start and its end are inside a quotation
    for sentence in sentences[start : end + 1]:
        before = inside
        inside = _after(text[sentence.start : sentence.end], inside)
        quoted.append((before, inside))
    if inside:
        return first, last
    low, high = first - start, last - start
    while quoted[low][0]:
        low -= 1
    while quoted[high][1]:
        high += 1
    if sentences[start + high].end - sentences[start + low].start > LONGEST:
        return first, last
    return start + low, start + high


def _breaks(text: str, sentences: Sequence[Span], position: int) -> bool:
    """Whether a line ends before this sentence."""
    between = text[sentences[position - 1].end : sentences[position].start]
    return "\n" in between or "\r" in between


def _after(text: str, inside: bool) -> bool:
    """Whether the end of a text is inside a quotation, if its start is `inside` one or not."""
    for character in text:
        if character in _OPENING:
            inside = True
        elif character in _CLOSING:
            inside = False
        elif character in _EITHER:
            inside = not inside
    return inside

"""Shows a sentence inside a quotation together with the whole quotation, and so with its speaker if named beside it."""

from __future__ import annotations

from collections.abc import Sequence

from citeqa.index.types import Span, Text

PARAGRAPH = 50_000  # code points; in a longer one no quotation is looked for
LONGEST = 400  # code points; a run of sentences is not extended beyond this, for a longer one is not shown whole

_OPENING, _CLOSING, _EITHER = "“„«", "”»", '"'


def whole(text: Text, sentences: Sequence[Span], first: int, last: int) -> tuple[int, int]:
    """Extend the run of sentences `first` to `last` (both included) so that it does not cut a quotation of its
    paragraph.

    The run stays as it is if the quotation is not closed in its paragraph, if the paragraph is longer than PARAGRAPH,
    or if the extended run is longer than LONGEST.
    """
    start, end = first, last
    while start > 0 and not _breaks(text, sentences, start):
        start -= 1
        if sentences[last].end - sentences[start].start > PARAGRAPH:
            return first, last
    while end + 1 < len(sentences) and not _breaks(text, sentences, end + 1):
        end += 1
        if sentences[end].end - sentences[start].start > PARAGRAPH:
            return first, last
    inside = False
    quoted = []  # for each sentence of the paragraph: is its start, is its end inside a quotation?
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


def _breaks(text: Text, sentences: Sequence[Span], position: int) -> bool:
    """Whether a line break precedes this sentence."""
    between = text[sentences[position - 1].end : sentences[position].start]
    return "\n" in between or "\r" in between


def _after(text: str, inside: bool) -> bool:
    """Whether the end of a text is inside a quotation, given whether its start is."""
    for character in text:
        if character in _OPENING:
            inside = True
        elif character in _CLOSING:
            inside = False
        elif character in _EITHER:
            inside = not inside
    return inside

"""A readable slice around a quote, where its sentence is too long to read: transcripts without full stops, long lines.

It is cut where the text breaks by itself: at a line or a speaker, else at a clause, else before a word that goes on
("and", "because"), else between words. Only the text near the quote is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from citeqa.index.types import Span, Text

LONGEST = 400  # code points of a sentence that is shown whole

# Strongest first; a slice may begin behind such a place, or end before it.
_BREAKS = (
    re.compile(r"\s*[\n\r]\s*"),
    re.compile(r"(?<=[.!?…])[\"”’')\]]*\s+"),
    re.compile(r"(?<=[;:])\s+|\s+[-–—]\s+|\s*—\s*"),
    re.compile(r"(?<=,)[\"”’]?\s+"),
    re.compile(
        r"\s+(?=(?:and|but|so|because|then|okay|well|when|while|which|where|who|although|since|if|or|as|you know)\b)",
        re.I,
    ),
    re.compile(r"\s+"),
)
_LEAST = 40  # code points beside the quote that a stronger break must leave, so that a weaker one is not taken instead


def readable(text: Text, sentence: Span, quote: Span, starts: Sequence[int] = ()) -> Span:
    """The slice of a sentence around a quote: the sentence itself if it is not longer than `LONGEST`, else at most so
    many code points of it, or as many as the quote has.

    Args:
        starts: where speakers' turns and the like begin, ascending; a slice crosses none of them needlessly.
    """
    if len(sentence) <= LONGEST:
        return sentence
    room = max(0, LONGEST - len(quote))
    before, after = quote.start - sentence.start, sentence.end - quote.end
    left = min(before, max(room // 2, room - after))
    right = min(after, room - left)
    return Span(
        _start(text, quote.start - left, quote.start, sentence.start, starts),
        _end(text, quote.end, quote.end + right, sentence.end, starts),
    )


def _start(text: Text, lowest: int, quote: int, begins: int, starts: Sequence[int]) -> int:
    """Where the slice begins, from `lowest` to the quote."""
    turn = max((start for start in starts if lowest <= start <= quote), default=None)
    if turn is not None:
        return turn
    if lowest <= begins:
        return begins
    window = text[lowest:quote]
    found = [[lowest + place.end() for place in pattern.finditer(window)] for pattern in _BREAKS]
    firsts = [places[0] for places in found if places]  # the farthest of each strength
    return next((first for first in firsts if quote - first >= _LEAST), min(firsts, default=lowest))


def _end(text: Text, quote: int, highest: int, ends: int, starts: Sequence[int]) -> int:
    """Where the slice ends, from the quote to `highest`."""
    turn = min((start for start in starts if quote < start <= highest), default=None)
    if turn is not None:
        while turn > quote and text[turn - 1].isspace():
            turn -= 1
        return turn
    if highest >= ends:
        return ends
    window = text[quote : highest + 1]
    found = [[quote + place.start() for place in pattern.finditer(window)] for pattern in _BREAKS]
    lasts = [places[-1] for places in found if places]
    return next((last for last in lasts if last - quote >= _LEAST), max(lasts, default=highest))

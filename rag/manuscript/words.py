"""Words as quotations are compared by: letters and digits, without what typesetting makes of them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

_INSIDE = "\u00ad\u200b-\u200d\u2060\ufeff\u0300-\u036f"  # hyphens nobody sees, widths of zero, combining accents
_WORD = re.compile(
    r"(?:(?<![\w.,)\]%])[-−](?=\d))?\d+(?:[.,]\d+)+"  # a number with its sign: "-5", but not of "1990-95"
    rf"|(?:(?<![\w.,)\]%])[-−](?=\d))?\w[\w{_INSIDE}]*(?:['’ʼ][\w{_INSIDE}]*\w)*"
    r"|[$€£¥%‰°]"
)
_FOOTNOTE = re.compile(r"\[(?:\d{1,3}|[a-z]|note \d{1,2}|citation needed)\]")
_UNSEEN = re.compile(f"[{_INSIDE}]")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a slice of a text, in order.

    `spans` count in the text, from start to end. `plain` are the words as they are compared, `cased` the same with
    their capitals.
    """

    spans: tuple[tuple[int, int], ...]
    plain: tuple[str, ...]
    cased: tuple[str, ...]

    def shifted(self, by: int) -> Words:
        """The same words, `by` code points further on: where the slice was taken from a longer text."""
        return replace(self, spans=tuple([(start + by, end + by) for start, end in self.spans]))


def words_of(text: str, start: int = 0, end: int | None = None) -> Words:
    """The words of `text[start:end]`: runs of letters and digits, signs of money and percent. Punctuation, hyphens,
    quotation marks and white space stand between words and do not count; nor do the numbers of footnotes."""
    end = len(text) if end is None else end
    spans = [found.span() for found in _WORD.finditer(text, start, end)]
    if "[" in text[start:end]:
        spans = _without_notes(spans, [found.span() for found in _FOOTNOTE.finditer(text, start, end)])
    shown = tuple([_cased(text[first:last]) for first, last in spans])
    return Words(tuple(spans), tuple([_plain(word) for word in shown]), shown)


def _without_notes(spans: list[tuple[int, int]], notes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    kept, note = [], 0
    for span in spans:
        while note < len(notes) and notes[note][1] <= span[0]:
            note += 1
        if note == len(notes) or span[0] < notes[note][0]:
            kept.append(span)
    return kept


@lru_cache(maxsize=1 << 16)
def _cased(word: str) -> str:
    if word.isascii():
        form = word
    else:
        form = _UNSEEN.sub("", unicodedata.normalize("NFKC", word)).replace("’", "'").replace("ʼ", "'")
        form = form.replace("−", "-")
    return form.replace(",", "") if _THOUSANDS.fullmatch(form) else form


@lru_cache(maxsize=1 << 16)
def _plain(word: str) -> str:
    return word.casefold()

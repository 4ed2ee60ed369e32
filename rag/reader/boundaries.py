"""Where an answer may start and end: never inside a word or a number, and without surrounding punctuation."""

from __future__ import annotations

import re
import unicodedata

from citeqa.index.types import Span

# opening marks, each with the marks that may close it
_PAIRS = {
    "(": ")", "[": "]", "{": "}", "<": ">", '"': '"', "“": "”", "„": "“”", "‘": "’", "«": "»", "‹": "›",
    "（": "）", "「": "」", "『": "』", "《": "》",
}  # fmt: skip
_SURROUNDING = {*_PAIRS, *"".join(_PAIRS.values()), *"'‚‛`´.,;:!?…¿¡*_|–—-•·。、，．！？；："}
_APOSTROPHES = "'’"

_POSSESSIVE = re.compile(r"['’]s(?!\w)", re.IGNORECASE)
MONEY = "[$¢£¤¥฿\u20a0-\u20cf]"
SIGNABLE = rf"(?:(?<![^\s(\[{{<=~≈\"'“„‘«‹])|(?<={MONEY}))"  # where the sign or decimal point of a number may stand
_SIGNS = "-−–+."  # the first characters of signed numbers
_SIGNED = re.compile(rf"{SIGNABLE}(?:[-−–+]{MONEY}?\.?\d|\.\d)")
_ABBREVIATION = re.compile(r"(?<![^\W\d_])(?:[^\W\d_]{1,2}\.){2,8}")
_ABBREVIATED = 24  # the longest of these, in code points
_REACH = 400  # code points within which the partner of a mark is looked for
_JOINERS = set("\u00ad\u200c\u200d\u2060")  # soft hyphen, zero-width non-joiner and joiner, word joiner


def inside_word(text: str, position: int) -> bool:
    """Whether a cut between `text[position - 1]` and `text[position]` splits a word or a number.

    An apostrophe between letters belongs to the word ("don't", "O'Brien"), but a possessive may be cut off ("Cuba's").
    A sign or a decimal point belongs to the number after it ("-4", ".5"), and an abbreviation with several full stops
    is one word with them ("U.S."). In scripts without spaces between words, every character is a possible boundary.
    """
    if not 0 < position < len(text):
        return False
    after = text[position]
    if _joins(after) or text[position - 1] == "\u200d":
        return True
    if after == " " or text[position - 1] == " ":  # most cuts
        return False
    last = position - 1
    while last > 0 and _joins(text[last]):
        last -= 1
    if "." in (after, text[last]) and _abbreviates(text, position):
        return True
    before, earlier, later = text[last], text[last - 1 : last], text[position + 1 : position + 2]
    if before.isalnum() and after.isalnum():
        return not (_unspaced(before) or _unspaced(after))
    if _indicates_region(before) and _indicates_region(after):
        return True
    if before in ".,:/" and earlier.isdigit() and after.isdigit():
        return True
    if after in ".,:/" and before.isdigit() and later.isdigit():
        return True
    if before in _APOSTROPHES and earlier.isalnum() and after.isalnum():
        return True
    if after in _APOSTROPHES and before.isalnum() and later.isalnum():
        return not _POSSESSIVE.match(text, position)
    return any(
        text[start] in _SIGNS and (end := sign(text, start)) and position < end
        for start in range(max(0, position - 3), position)
    )


def after_marks(text: str, position: int) -> int:
    """The position after the combining marks that belong to the character before `position`."""
    while 0 < position < len(text) and _joins(text[position]):
        position += 1
    return position


def trimmed(text: str, span: Span) -> Span | None:
    """The span without the spaces, quotation marks and punctuation around it; None if nothing else is left.

    Kept are a bracket or quotation mark whose partner is inside the span, unless the pair encloses all of it, and the
    full stop of an abbreviation with other full stops ("U.S.").
    """
    start, end = span.start, span.end
    while start < end and _surrounds(text[start]):
        if (digit := sign(text, start)) and digit <= end:
            break
        closing = _closing(text, start, end)
        if closing is not None:
            if not all(map(_surrounds, text[closing:end])):
                break
            end = closing
        start += 1
    while start < end and _surrounds(text[end - 1]):
        if _opened(text, start, end) or (text[end - 1] == "." and _abbreviated(text, start, end)):
            break
        end -= 1
    return Span(start, end) if start < end else None


def _abbreviates(text: str, position: int) -> bool:
    """Whether a position is inside an abbreviation with several full stops."""
    around = _ABBREVIATION.finditer(text, max(0, position - _ABBREVIATED), position + _ABBREVIATED)
    return any(found.start() < position < found.end() for found in around)


def _abbreviated(text: str, start: int, end: int) -> bool:
    """Whether such an abbreviation, begun at `start` or later, ends at `end`."""
    around = _ABBREVIATION.finditer(text, max(start, end - _ABBREVIATED), end)
    return any(found.end() == end for found in around)


def _surrounds(character: str) -> bool:
    return character.isspace() or character in _SURROUNDING


def _joins(character: str) -> bool:
    """Whether the character belongs to the one before it: accents, variation selectors, joiners, skin tones, tags."""
    return not character.isascii() and (
        unicodedata.category(character) in ("Mn", "Mc", "Me")
        or character in _JOINERS
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _indicates_region(character: str) -> bool:
    """Whether the character is one half of a flag."""
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _unspaced(character: str) -> bool:
    """Whether the character belongs to a script written without spaces: Han, kana, Thai, Lao, Khmer, Burmese."""
    point = ord(character)
    return (
        0x2E80 <= point <= 0x9FFF or 0xF900 <= point <= 0xFAFF or 0x20000 <= point <= 0x3FFFF
        or 0x0E00 <= point <= 0x0EFF or 0x1000 <= point <= 0x109F or 0x1780 <= point <= 0x17FF
    )  # fmt: skip


def sign(text: str, start: int) -> int | None:
    """Where the first digit ends of a number that begins with a sign or a decimal point at `start`; None if there is
    none."""
    found = _SIGNED.match(text, start)
    return found.end() if found else None


def _closing(text: str, start: int, end: int) -> int | None:
    """Where the mark that opens at `start` is closed before `end`; None if it is not closed, or opens nothing. Looks
    `_REACH` code points far."""
    opening = text[start]
    depth = 0
    for position in range(start + 1, min(end, start + _REACH)):
        if text[position] in _PAIRS.get(opening, "") and not _apostrophe(text, position):
            if depth == 0:
                return position
            depth -= 1
        elif text[position] == opening:
            depth += 1
    return None


def _opened(text: str, start: int, end: int) -> bool:
    """Whether the last character before `end` closes a mark that opens after `start`, at most `_REACH` code points
    before it."""
    mark = text[end - 1]
    start = max(start, end - _REACH)
    if mark == '"':
        return text[start:end].count(mark) % 2 == 0
    opening = {one for one, closing in _PAIRS.items() if mark in closing}
    depth = 0
    for position in range(end - 2, start - 1, -1):
        if text[position] in opening:
            if depth == 0:
                return True
            depth -= 1
        elif text[position] == mark and not _apostrophe(text, position):
            depth += 1
    return False


def _apostrophe(text: str, position: int) -> bool:
    """Whether a mark stands between letters, and so closes nothing."""
    before, after = text[position - 1 : position], text[position + 1 : position + 2]
    return text[position] in _APOSTROPHES and before.isalnum() and after.isalnum()

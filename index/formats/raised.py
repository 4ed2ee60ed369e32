"""Raised and lowered characters in plain text, the same in every format: `10⁶`, `CO₂`, `x^(a,b)`, never `106`.

What Unicode has superscripts (or subscripts) for in full is written with them; anything else behind a caret (or an
underscore), in brackets if it is longer than a character.
"""

from __future__ import annotations

import re
import unicodedata

MAX_RAISED = 40  # code points; longer raised text is small print, not an exponent or a mark

_LETTERS = "abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ"
_RAISED_LETTERS = "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ"
_SUPERSCRIPTS = dict(zip("0123456789+-−–=()" + _LETTERS, "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾" + _RAISED_LETTERS, strict=True))
_SUBSCRIPTS = dict(
    zip("0123456789+-−–=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ", strict=True)
)
STROKES = "/⁄∕"  # FRACTION SLASH, DIVISION SLASH
_DIGITS_ABOVE, _DIGITS_BELOW = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"
_FRACTION = re.compile(rf"(?<![^\W\d_])([{_DIGITS_ABOVE}]+)[{STROKES}]([{_DIGITS_BELOW}]+)")
_PLAIN = str.maketrans(_DIGITS_ABOVE + _DIGITS_BELOW, "0123456789" * 2)
_ORDINAL = re.compile(r"(?i:st|nd|rd|th)")
_BRACKETED = re.compile(r"\[[^\]]*\](?:\s*,?\s*\[[^\]]*\])*")


def superscript(text: str) -> str:
    """Raised text: an exponent, a note's mark. The endings of ordinals (1st), marks without a letter or a digit (* or
    ®), marks in square brackets and text of more than 40 code points stay as they are. White space around it stays."""
    return _written(text, _SUPERSCRIPTS, "^", _ORDINAL)


def subscript(text: str) -> str:
    """Lowered text, written in the same way."""
    return _written(text, _SUBSCRIPTS, "_", None)


def fraction(above: str, below: str, *, between: str = "/") -> str:
    """A fraction in one line; a numerator or denominator of several terms is put in brackets."""
    return f"{bracketed(above)}{between}{bracketed(below)}"


def with_fractions(line: str) -> str:
    """A line in which a raised number, a stroke and a lowered number are written as a fraction: `3¹/₂` is `3 1/2`.
    Behind a letter they are an exponent or a mark, and stay."""
    return _FRACTION.sub(
        lambda found: beside(line[found.start() - 1 : found.start()], fraction(found[1], found[2]).translate(_PLAIN)),
        line,
    )


def is_fraction(before: str, above: str, between: str, below: str) -> bool:
    """Whether the raised `above` and the lowered `below`, with `between` them and `before` them, make one: the same
    where the parts of a line are not written yet."""
    numbers = all(part.isascii() and part.isdecimal() and len(part) <= MAX_RAISED for part in (above, below))
    return numbers and between in tuple(STROKES) and not before.isalpha()


def root(radicand: str, degree: str = "") -> str:
    """A root: its degree raised, the sign, and what it is taken of."""
    return f"{superscript(degree)}√{bracketed(radicand)}"


def bracketed(text: str) -> str:
    """A part of a formula, in brackets unless it is one number or name."""
    text = text.strip()
    single = all(character.isalnum() or character in ".,'′" for character in text) or len(text) == 1
    return text if single or _encloses(text) else f"({text})"


def beside(before: str, formula: str) -> str:
    """What is written of a formula behind the character `before`: a blank is put between two digits, so that 2 and 1/2
    never become 21/2."""
    return f" {formula}" if before.isdigit() and formula[:1].isdigit() and before.isascii() else formula


def _written(text: str, known: dict[str, str], sign: str, stays: re.Pattern[str] | None) -> str:
    inner = text.strip()
    kept = not any(map(str.isalnum, inner)) or len(inner) > MAX_RAISED or bool(_BRACKETED.fullmatch(inner))
    if kept or _is_written(inner) or (stays and stays.fullmatch(inner)):
        return text
    start = text.index(inner)
    before, after = text[:start], text[start + len(inner) :]
    if all(character in known for character in inner):
        return before + "".join(known[character] for character in inner) + after
    return before + (f"{sign}{inner}" if len(inner) == 1 or _encloses(inner) else f"{sign}({inner})") + after


def _is_written(text: str) -> bool:
    """Whether a text consists of Unicode's raised or lowered characters already."""
    return all(unicodedata.decomposition(character).startswith(("<super>", "<sub>")) for character in text)


def _encloses(text: str) -> bool:
    """Whether the bracket that opens a text is closed at its very end."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return character == ")" and position == len(text) - 1
    return False

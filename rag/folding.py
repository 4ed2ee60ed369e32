"""Letters that rules see when they ignore case."""

from __future__ import annotations

# Python's `re` takes these for ASCII letters under IGNORECASE, but `str.lower` does not give those letters for them.
_ASCII = str.maketrans({"ſ": "s", "ı": "i", "İ": "I", "\u212a": "K"})


def folded(text: str) -> str:
    """The text with the four characters that are ASCII letters only where case is ignored (ſ, ı, İ, the Kelvin sign)
    replaced by those letters. Every other character, and so every position, stays.

    What a rule finds in it without regard to case can be looked up in lower case.
    """
    return text.translate(_ASCII)

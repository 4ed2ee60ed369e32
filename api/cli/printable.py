"""Words for a terminal: without the power to steer it, on one line, counted."""

from __future__ import annotations

import re

# Control characters (C0 without tab and line feed, DEL, C1), bidi embeddings, overrides and isolates, surrogates.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LINE_ENDS = str.maketrans("\r\v\f\x85", "\n\n\n\n")


def printable(text: str) -> str:
    """The text without the power to steer a terminal, of the same length: line ends of all kinds become line feeds,
    other steering characters visible replacement marks."""
    return _STEERING.sub("\ufffd", text.replace("\r\n", " \n").translate(_LINE_ENDS))


def on_one_line(text: str) -> str:
    """The same with spaces instead of line ends, for words that are wrapped to the width of the terminal."""
    return printable(text.replace("\r\n", "\n")).replace("\n", " ")


def escaped(json: str) -> str:
    """The same JSON without the power to steer a terminal: steering characters can only be inside strings, and are
    escaped."""
    return _STEERING.sub(lambda found: f"\\u{ord(found.group()):04x}", json)


def counted(number: int, name: str) -> str:
    """A number with its noun, in the plural unless it is 1."""
    return f"{number} {name}" if number == 1 else f"{number} {name}s"


def size(documents: int, passages: int) -> str:
    """The size of an index in words."""
    return f"{counted(documents, 'document')} in {counted(passages, 'passage')}"

"""Looking for a pattern in a text that may be very long, without keeping all other threads from their turns."""

from __future__ import annotations

import re
from collections.abc import Iterator

PIECE = 65_536  # code points that one call of the library looks at: it holds the interpreter until it returns
REACH = 4_096  # code points behind a piece that a match which begins in it may take


def matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches of a pattern in a text, as `finditer` gives them, as long as none is longer than `REACH`; none may be
    empty."""
    following = 0
    while (start := following) < len(text):
        following = stop = start + PIECE
        end = stop + REACH
        for match in pattern.finditer(text, start, end):
            if match.start() >= stop:
                break
            if match.end() == end < len(text):  # the text goes on, though the pattern saw an end here
                continue
            yield match
            following = max(stop, match.end())

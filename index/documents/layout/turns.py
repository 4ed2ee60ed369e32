"""Speakers' turns in the lines of a text, and block quotations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from citeqa.index.documents.layout.lines import Line, bare, trimmed
from citeqa.index.structure import MAX_PARTS, Turn
from citeqa.index.types import Span

# "Aksel Rude: ...", "THE CHAIR (10:42): ...", "**Q:** ...", "[00:01:02] Gwen: ...".
_TURN = re.compile(
    r"(?:\[[\d:.,]{4,12}\][ \t]*|\(?\d{1,2}:\d{2}(?::\d{2})?\)?[ \t]+)?(?P<bold>\*\*|__)?"
    r"(?P<name>[^\W\d_a-z][\w.'’-]*(?:[ \t]+(?:[^\W\d_a-z][\w.'’-]*|van|von|de|der|den|la|du|of|the)){0,4}"
    r"(?:[ \t]+\d{1,2})?)"
    r"(?:[ \t]*[(\[][^()\[\]\n\r]{1,40}[)\]])?(?:\*\*|__)?[ \t]*:(?(bold)(?:\*\*|__)?)(?=[ \t]|$)"
)
_NOBODY = {
    "note", "notes", "action", "actions", "decision", "decisions", "warning", "caution", "important", "tip", "example",
    "date", "time", "place", "location", "subject", "re", "from", "to", "cc", "present", "apologies", "guest", "guests",
    "summary", "source", "update", "hint", "todo", "step", "error", "price", "name", "address", "phone", "tel", "email",
    "e-mail", "web", "website", "status", "owner", "deadline", "figure", "table", "http", "https", "ps", "resolved",
    "background", "result", "results", "motion", "vote", "agenda", "title", "author", "type", "description", "reason",
}  # fmt: skip
_LEAST = 4  # turns
_QUOTED = re.compile(r">[> \t]*")


def turns_in(text: str, lines: Sequence[Line], taken: bytearray) -> list[Turn]:
    """What each speaker says, in order, at most `MAX_PARTS`; empty unless two or more speak by turns.

    Args:
        taken: for each line, whether it is part of something else, a heading, say: a turn ends before it.
    """
    found = list(islice(_begun(text, lines, taken), MAX_PARTS))
    names = [text[name.start : name.end].casefold() for _, name in found]
    counts = Counter(names)
    speakers = {name for name, count in counts.items() if count > 1}
    changes = sum(one != other for one, other in pairwise(names))
    if len(found) < _LEAST or len(speakers) < 2 or 2 * changes < len(found) - 1 or 3 * len(counts) > 2 * len(found):
        return []
    ends = [number for number, _ in found[1:]] + [len(lines)]
    turns = []
    for (number, name), following in zip(found, ends, strict=True):
        last = _last_line(lines, taken, number, following, whole=following < len(lines))
        turns.append(Turn(Span(name.start, lines[last].end), name))
    return turns


def _begun(text: str, lines: Sequence[Line], taken: bytearray) -> Iterator[tuple[int, Span]]:
    """The lines that turns begin with, and the names in them."""
    for number, line in enumerate(lines):
        if taken[number] or line.blank:
            continue
        matched = _TURN.match(text, line.start, min(line.end, line.start + 200))
        if matched and matched["name"].casefold() not in _NOBODY:
            yield number, bare(text, Span(*matched.span("name")))


def _last_line(lines: Sequence[Line], taken: bytearray, number: int, following: int, *, whole: bool) -> int:
    """The last line of a turn that begins at a line: before the following turn or what is no turn; the last of all ends
    with its paragraph."""
    last = number
    for near in range(number + 1, following):
        if taken[near] or (lines[near].blank and not whole):
            break
        if not lines[near].blank:
            last = near
    return last


def quotations_in(text: str, lines: Sequence[Line], taken: bytearray) -> list[tuple[Span, int, int]]:
    """Block quotations, each line with a `>` before it, at most `MAX_PARTS`, and the lines of each, `[first, last)`."""
    found, number = list[tuple[Span, int, int]](), 0
    while number < len(lines) and len(found) < MAX_PARTS:
        if taken[number] or not text.startswith(">", lines[number].start):
            number += 1
            continue
        first = number
        while number < len(lines) and not taken[number] and text.startswith(">", lines[number].start):
            number += 1
        begun = (
            matched.end() for line in lines[first:number] if (matched := _QUOTED.match(text, line.start, line.end))
        )
        words = [
            span
            for start, line in zip(begun, lines[first:number], strict=True)
            if (span := trimmed(text, start, line.end))
        ]
        if words:
            found.append((Span(words[0].start, words[-1].end), first, number))
    return found

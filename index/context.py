"""What belongs to a passage and stands elsewhere in its document: the headings above it, the labels of its table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from citeqa.index.span import Span


class Piece(NamedTuple):
    """A slice of a passage as it is shown to a reader: behind `lead`, which says labels again and is no part of it.

    `span` counts from the start of the passage.
    """

    lead: str
    span: Span


@dataclass(frozen=True, slots=True)
class Context:
    """The context of a passage.

    Args:
        above: the headings above it, the outermost first, and the caption of its table, one a line; without those that
            the document's title repeats.
        columns: the labels of its table's columns, if their row is not in the passage.
        pieces: the passage as a reader is shown it, ascending: each row of a table with the labels of row and columns.
            Empty if it is shown as it stands.
        marks: the bullets and numbers of the list items in the passage, and the headings in it; both count from the
            start of the passage, ascending.
        headings: see `marks`.
    """

    above: str = ""
    columns: str = ""
    pieces: tuple[Piece, ...] = ()
    marks: tuple[Span, ...] = ()
    headings: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return self != NO_CONTEXT

    def before(self, heading: str) -> str:
        """What is embedded and indexed before the passage, given the heading of its document."""
        return "\n".join(part for part in (heading, self.above, self.columns) if part)

    def shown_before(self, heading: str) -> str:
        """What a reader is shown before the passage: its rows have the labels of the columns."""
        return "\n".join(part for part in (heading, self.above) if part)

    def shown(self, text: str) -> str:
        """The passage with this text as a reader is shown it."""
        return "".join(f"{lead}{text[span.start : span.end]}" for lead, span in self.pieces) if self.pieces else text


NO_CONTEXT = Context()


def to_json(context: Context) -> str:
    """A context as JSON, short because an index holds many; nothing for none. `of_json` reads it."""
    if not context:
        return ""
    leads = {lead: number for number, lead in enumerate(dict.fromkeys(piece.lead for piece in context.pieces))}
    starts = [0, *(piece.span.end for piece in context.pieces)]
    flat = [
        value
        for start, (lead, span) in zip(starts, context.pieces, strict=False)
        for value in (leads[lead], span.start - start, len(span))
    ]
    values = [context.above, context.columns, list(leads), flat, _flat(context.marks), _flat(context.headings)]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def of_json(stored: str) -> Context:
    """The context that `to_json` made this of."""
    if not stored:
        return NO_CONTEXT
    above, columns, leads, flat, marks, headings = json.loads(stored)
    pieces, end = [], 0
    for lead, gap, length in _in_groups(flat, 3):
        pieces.append(Piece(leads[lead], Span(end + gap, end + gap + length)))
        end += gap + length
    return Context(above, columns, tuple(pieces), _spans(marks), _spans(headings))


def _flat(spans: Sequence[Span]) -> list[int]:
    return [end for span in spans for end in (span.start, span.end)]


def _spans(flat: Sequence[int]) -> tuple[Span, ...]:
    return tuple(Span(start, end) for start, end in _in_groups(flat, 2))


def _in_groups(values: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (values[at : at + size] for at in range(0, len(values), size))

"""A document's structure: where its tables, lists, headings, speakers' turns and block quotations stand in its text.

Structure lies beside the canonical text and never changes it: everything here is a span of that text. Each format says
what it knows (`Extracted.structure`); for text without markup `index.documents` finds what lines show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import pairwise
from typing import Any

from citeqa.index.span import Span

MAX_CELLS = 50_000  # of all tables of a document; what follows them is plain text
MAX_PARTS = 50_000  # items of lists, headings, turns and block quotations of a document, of each kind

_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Cell:
    """A filled cell of a table. `span` is what stands in it, without white space, bars and marks around it.

    Args:
        row: counted from 0, from the top of the table.
        column: counted from 0, from the left.
        rows: how many rows it spans.
        columns: how many columns it spans.
    """

    span: Span
    row: int
    column: int
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table. Cells without text are left out.

    Args:
        span: from the first cell to the last one, with what stands between them.
        cells: ordered by row, then column.
        header_rows: how many rows at the top name the columns; 0 if none does.
        header_columns: how many columns at the left name the rows; 0 if none does.
        caption: where the text says what the table is about; it stands outside `span`.
    """

    span: Span
    cells: tuple[Cell, ...]
    header_rows: int = 0
    header_columns: int = 0
    caption: Span | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list.

    Args:
        span: what the item says, without its bullet or number, and without the items nested in it.
        level: how deep it is nested, the outermost items 0.
        mark: its bullet or number, where the text has one.
    """

    span: Span
    level: int = 0
    mark: Span | None = None


@dataclass(frozen=True, slots=True)
class List:
    """A list, nested ones included.

    Args:
        span: from the first item (its mark included) to the end of the last one.
        items: in the order of the text.
        ordered: whether its outermost items are numbered.
        introduction: the sentence that introduces it, where there is one; it stands before `span`.
    """

    span: Span
    items: tuple[Item, ...]
    ordered: bool = False
    introduction: Span | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading without its marks. `level` counts from 1, the title of a page."""

    span: Span
    level: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says without a break; `speaker` is the name, which stands inside `span`."""

    span: Span
    speaker: Span


@dataclass(frozen=True, slots=True)
class Structure:
    """What is known of one document's structure; each part in the order of the text, tables never overlapping.

    Args:
        quotations: block quotations.
    """

    tables: tuple[Table, ...] = ()
    lists: tuple[List, ...] = ()
    headings: tuple[Heading, ...] = ()
    turns: tuple[Turn, ...] = ()
    quotations: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self))

    def path(self, offset: int) -> tuple[Heading, ...]:
        """The headings that the code point at `offset` stands under, the outermost first; a heading is not under
        itself."""
        under: list[Heading] = []
        for heading in self.headings:
            if heading.span.start > offset:
                break
            while under and under[-1].level >= heading.level:
                under.pop()
            if heading.span.end <= offset:
                under.append(heading)
        return tuple(under)

    def shifted(self, by: int) -> Structure:
        """The same structure, `by` code points further on: for a text that becomes a part of a longer one."""
        return Structure(
            tuple(
                replace(
                    table,
                    span=table.span.shifted(by),
                    caption=_shifted(table.caption, by),
                    cells=tuple(replace(cell, span=cell.span.shifted(by)) for cell in table.cells),
                )
                for table in self.tables
            ),
            tuple(
                replace(
                    one,
                    span=one.span.shifted(by),
                    introduction=_shifted(one.introduction, by),
                    items=tuple(
                        replace(item, span=item.span.shifted(by), mark=_shifted(item.mark, by)) for item in one.items
                    ),
                )
                for one in self.lists
            ),
            tuple(replace(heading, span=heading.span.shifted(by)) for heading in self.headings),
            tuple(Turn(turn.span.shifted(by), turn.speaker.shifted(by)) for turn in self.turns),
            tuple(span.shifted(by) for span in self.quotations),
        )

    def table_at(self, span: Span) -> Table | None:
        """The table that overlaps a span, if there is one."""
        return next((table for table in self.tables if table.span.overlaps(span)), None)

    def list_at(self, span: Span) -> List | None:
        """The list that overlaps a span, if there is one."""
        return next((found for found in self.lists if found.span.overlaps(span)), None)


NO_STRUCTURE = Structure()


def joined(parts: Iterable[Structure]) -> Structure:
    """The structures of parts of one text, in their order, as one; each counts in the whole text."""
    found = [part for part in parts if part]
    names = [field.name for field in fields(Structure)]
    return Structure(**{name: tuple(one for part in found for one in getattr(part, name)) for name in names})


def in_order(parts: Iterable[Structure]) -> Structure:
    """Structures that are spread over one text as one."""
    whole = joined(parts)
    return Structure(
        tuple(sorted(whole.tables, key=lambda table: table.span)),
        tuple(sorted(whole.lists, key=lambda found: found.span)),
        tuple(sorted(whole.headings, key=lambda heading: heading.span)),
        tuple(sorted(whole.turns, key=lambda turn: turn.span)),
        tuple(sorted(whole.quotations)),
    )


def in_a_row(parts: Iterable[tuple[str, Structure]]) -> tuple[str, Structure]:
    """Texts with a blank line between them as one text, and their structures as one; empty texts are left out."""
    texts, structures, at = list[str](), list[Structure](), 0
    for text, structure in parts:
        if text:
            texts.append(text)
            structures.append(structure.shifted(at) if structure else structure)
            at += len(text) + len(_BETWEEN)
    return _BETWEEN.join(texts), joined(structures)


def values_of(structure: Structure) -> dict[str, Any]:
    """A structure as values for JSON, short because a large index holds many; `structure_of` reads them.

    A span is `[start, end]`, or null; empty parts are left out.
    """
    found: dict[str, list[Any]] = {
        "tables": [
            [
                _pair(table.span), table.header_rows, table.header_columns, _pair(table.caption),
                [[one.span.start, one.span.end, one.row, one.column, one.rows, one.columns] for one in table.cells],
            ]
            for table in structure.tables
        ],
        "lists": [
            [
                _pair(one.span), int(one.ordered), _pair(one.introduction),
                [[_pair(item.span), item.level, _pair(item.mark)] for item in one.items],
            ]
            for one in structure.lists
        ],
        "headings": [[_pair(heading.span), heading.level] for heading in structure.headings],
        "turns": [[_pair(turn.span), _pair(turn.speaker)] for turn in structure.turns],
        "quotations": [_pair(span) for span in structure.quotations],
    }  # fmt: skip
    return {name: values for name, values in found.items() if values}


def structure_of(values: Mapping[str, Any]) -> Structure:
    """The structure that `values_of` made these values of.

    Raises:
        ValueError: if they are not such values.
    """
    try:
        return Structure(
            tuple(
                Table(
                    Span(*span),
                    tuple(Cell(Span(start, end), *place) for start, end, *place in cells),
                    header_rows,
                    header_columns,
                    _span(caption),
                )
                for span, header_rows, header_columns, caption, cells in values.get("tables", ())
            ),
            tuple(
                List(
                    Span(*span),
                    tuple(Item(Span(*item), level, _span(mark)) for item, level, mark in items),
                    bool(ordered),
                    _span(introduction),
                )
                for span, ordered, introduction, items in values.get("lists", ())
            ),
            tuple(Heading(Span(*span), level) for span, level in values.get("headings", ())),
            tuple(Turn(Span(*span), Span(*speaker)) for span, speaker in values.get("turns", ())),
            tuple(Span(*span) for span in values.get("quotations", ())),
        )
    except (TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not a structure: {error}") from None


def fits(structure: Structure, length: int) -> bool:
    """Whether a structure from elsewhere is one of a text of so many code points: all numbers are whole, all spans lie
    in it, and tables lie apart, in order, and hold their cells."""
    numbers: list[Any] = []
    spans: list[Span | None] = list(structure.quotations)
    for table in structure.tables:
        spans += [table.span, table.caption, *(cell.span for cell in table.cells)]
        numbers += [table.header_rows, table.header_columns]
        numbers += [
            number for cell in table.cells for number in (cell.row, cell.column, cell.rows - 1, cell.columns - 1)
        ]
    for found in structure.lists:
        spans += [found.span, found.introduction, *(span for item in found.items for span in (item.span, item.mark))]
        numbers += [item.level for item in found.items]
    spans += [heading.span for heading in structure.headings]
    numbers += [heading.level - 1 for heading in structure.headings]
    spans += [span for turn in structure.turns for span in (turn.span, turn.speaker)]
    numbers += [number for span in spans if span is not None for number in (span.start, length - span.end)]
    whole = all(isinstance(number, int) and number >= 0 for number in numbers)
    apart = all(one.span.end <= other.span.start for one, other in pairwise(structure.tables))
    return whole and apart and all(table.span.contains(c.span) for table in structure.tables for c in table.cells)


def _pair(span: Span | None) -> list[int] | None:
    return [span.start, span.end] if span else None


def _span(pair: Sequence[int] | None) -> Span | None:
    return Span(*pair) if pair else None


def _shifted(span: Span | None, by: int) -> Span | None:
    return span.shifted(by) if span else None

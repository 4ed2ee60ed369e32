"""Structure: what a document's headings mean, and that storing or moving it loses nothing."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.structure import Cell, Heading, Item, List, Structure, Table, Turn, joined, structure_of, values_of
from citeqa.index.types import Span

NUMBERS = st.integers(0, 10_000)
SPANS = st.builds(lambda start, length: Span(start, start + length), NUMBERS, st.integers(1, 500))
MAYBE = st.none() | SPANS
SMALL = st.integers(0, 9)
CELLS = st.builds(Cell, SPANS, SMALL, SMALL, st.integers(1, 3), st.integers(1, 3))
TABLES = st.builds(Table, SPANS, st.lists(CELLS, max_size=4).map(tuple), SMALL, SMALL, MAYBE)
ITEMS = st.lists(st.builds(Item, SPANS, SMALL, MAYBE), max_size=4).map(tuple)
LISTS = st.builds(List, SPANS, ITEMS, st.booleans(), MAYBE)
STRUCTURES = st.builds(
    Structure,
    st.lists(TABLES, max_size=3).map(tuple),
    st.lists(LISTS, max_size=3).map(tuple),
    st.lists(st.builds(Heading, SPANS, st.integers(1, 6)), max_size=3).map(tuple),
    st.lists(st.builds(Turn, SPANS, SPANS), max_size=3).map(tuple),
    st.lists(SPANS, max_size=3).map(tuple),
)


@given(STRUCTURES)
def test_what_is_stored_comes_back(structure: Structure) -> None:
    assert structure_of(json.loads(json.dumps(values_of(structure)))) == structure


@given(STRUCTURES, st.integers(0, 1000))
def test_moving_there_and_back_changes_nothing_and_moves_every_span(structure: Structure, by: int) -> None:
    moved = structure.shifted(by)
    assert moved.shifted(-by) == structure
    assert _numbers(moved) == [number + by for number in _numbers(structure)]


@given(st.lists(STRUCTURES, max_size=4))
def test_joining_keeps_the_parts_in_order(parts: list[Structure]) -> None:
    assert joined(parts).headings == tuple(heading for part in parts for heading in part.headings)
    assert joined(parts).tables == tuple(table for part in parts for table in part.tables)


def test_the_headings_that_a_place_stands_under() -> None:
    chapter, first, second = Heading(Span(0, 5), 1), Heading(Span(10, 15), 2), Heading(Span(20, 25), 2)
    deep, last = Heading(Span(30, 35), 4), Heading(Span(40, 45), 1)
    structure = Structure(headings=(chapter, first, second, deep, last))
    assert structure.path(0) == ()
    assert structure.path(5) == (chapter,)
    assert structure.path(17) == (chapter, first)
    assert structure.path(22) == (chapter,), "a heading is not under itself, nor under the one beside it"
    assert structure.path(38) == (chapter, second, deep)
    assert structure.path(50) == (last,)


def _numbers(structure: Structure) -> list[int]:
    """The beginnings and ends of all spans."""
    spans = [*structure.quotations]
    for table in structure.tables:
        spans += [table.span, *([table.caption] if table.caption else []), *(cell.span for cell in table.cells)]
    for one in structure.lists:
        spans += [one.span, *([one.introduction] if one.introduction else [])]
        spans += [span for item in one.items for span in (item.span, item.mark) if span]
    spans += [heading.span for heading in structure.headings]
    spans += [span for turn in structure.turns for span in (turn.span, turn.speaker)]
    return [number for span in spans for number in (span.start, span.end)]

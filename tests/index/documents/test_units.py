"""Rows of tables stay whole, and passages know the headings and labels that stand elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.context import Context, Piece, of_json, to_json
from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.corpus import document
from citeqa.index.documents.units import units_of
from citeqa.index.structure import Cell, Structure, Table
from citeqa.index.types import Document, Passage, Span

PLANS = """# Plans

What the plans cost.

| Plan | Monthly | Yearly |
|---|---|---|
| Solo | €9 | €90 |
| Crew | €17 | €170 |
| Fleet | €29 | €290 |

## Terms

All plans may be cancelled at any time.
"""


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def chunked(text: str, tokens: int = 16, most: int = 80, title: str = "") -> tuple[Document, list[Passage]]:
    made = document("d", text, file_sha256="", title=title or "Untold")
    return made, Chunker(count_words, most, ChunkerSettings(tokens)).chunk(made)


def table_of(rows: list[list[str]], between: str = "\t") -> tuple[str, Table]:
    """A text that is a table, its first row the header; empty cells are left out."""
    text, cells = "", []
    for number, row in enumerate(rows):
        for column, words in enumerate(row):
            if words:
                cells.append(Cell(Span(len(text), len(text) + len(words)), number, column))
            text += words + (between if column + 1 < len(row) else "\n")
    return text, Table(Span(cells[0].span.start, cells[-1].span.end), tuple(cells), 1, 1)


def test_a_passage_below_the_first_rows_carries_the_headings_and_the_labels_of_columns() -> None:
    _, passages = chunked(PLANS)
    fleet = next(passage for passage in passages if "Fleet" in passage.text)
    assert "Monthly" not in fleet.text
    assert fleet.context.above == "Plans"
    assert fleet.context.columns == "Plan | Monthly | Yearly"
    assert indexed_text("Untold", fleet).splitlines()[:3] == ["Untold", "Plans", "Plan | Monthly | Yearly"]


def test_a_heading_that_the_passage_or_the_title_has_is_not_repeated() -> None:
    _, passages = chunked(PLANS)
    assert passages[0].context.above == ""
    assert passages[0].text.startswith("# Plans")
    terms = next(passage for passage in passages if "cancelled" in passage.text)
    assert "Terms" in terms.text
    assert terms.context.above == "Plans"
    _, titled = chunked(PLANS, title="Plans")
    assert all(passage.context.above == "" for passage in titled if "Terms" not in passage.context.above)


def test_a_reader_is_shown_each_row_with_its_labels() -> None:
    _, passages = chunked(PLANS, tokens=64)
    assert "Plan: Crew; Monthly: €17; Yearly: €170\nPlan: Fleet;" in passages[0].context.shown(passages[0].text)
    assert "|" not in passages[0].context.shown(passages[0].text)


words = st.text("ab1€ ", min_size=1, max_size=30).map(str.strip)


@given(st.integers(2, 6).flatmap(lambda width: st.lists(st.lists(words, min_size=width, max_size=width), min_size=2)))
def test_rows_are_whole_or_cut_between_cells_and_nothing_is_left_out(rows: list[list[str]]) -> None:
    rows = [[f"h{number}" for number in range(len(rows[0]))], *([cell or "x" for cell in row] for row in rows)]
    text, table = table_of(rows)
    made = Document("d", "t", text, None, None, None, None, "", "", structure=Structure((table,)))
    passages = Chunker(count_words, 64, ChunkerSettings(16)).chunk(made)
    covered = {place for p in passages for place in range(p.span.start, p.span.end)}
    assert all(place in covered for place, character in enumerate(text) if not character.isspace())
    for passage in passages:
        assert made.quote(passage.span) == passage.text
        for cell in table.cells:
            assert passage.span.contains(cell.span) or not passage.span.overlaps(cell.span)
        for _, span in passage.context.pieces:
            assert span.shifted(passage.span.start) in [cell.span for cell in table.cells]
    units = [unit.span for unit in units_of(made, structured=True)]
    assert all(any(unit.contains(p.span) for unit in units) or _ends_with_rows(p.span, units) for p in passages)


def _ends_with_rows(span: Span, units: list[Span]) -> bool:
    return span.start in [unit.start for unit in units] and span.end in [unit.end for unit in units]


def test_the_label_of_a_row_that_is_cut_is_shown_again() -> None:
    rows = [["Model", *(f"Property {n}" for n in range(9))], ["HK-210", *(f"value {n}" for n in range(9))]]
    text, table = table_of(rows)
    made = Document("d", "t", text, None, None, None, None, "", "", structure=Structure((table,)))
    passages = Chunker(count_words, 64, ChunkerSettings(16)).chunk(made)
    last = passages[-1]
    assert "HK-210" not in last.text
    assert last.context.shown(last.text).startswith("Model: HK-210; Property ")


def test_without_the_setting_passages_are_those_of_earlier_versions() -> None:
    made = document("d", PLANS, file_sha256="", title="Untold")
    passages = Chunker(count_words, 80, ChunkerSettings(16, structure=0)).chunk(made)
    assert all(not passage.context for passage in passages)


@pytest.mark.parametrize("most", [20, 40, 80])
def test_heading_context_and_passage_are_never_more_than_the_model_reads(most: int) -> None:
    made = document("d", PLANS * 3, file_sha256="", title="Untold")
    chunker = Chunker(count_words, most, ChunkerSettings(16))
    heading = chunker.heading(made)
    assert all(len(indexed_text(heading, passage).split()) <= most for passage in chunker.chunk(made))


pieces = st.lists(st.tuples(st.sampled_from(["", "\n", "; a: "]), st.integers(0, 3), st.integers(1, 5)), max_size=4)


@given(st.text(max_size=5), st.text(max_size=5), pieces)
def test_a_context_is_stored_without_loss(above: str, columns: str, drawn: list[tuple[str, int, int]]) -> None:
    made, end = [], 0
    for lead, gap, length in drawn:
        made.append(Piece(lead, Span(end + gap, end + gap + length)))
        end += gap + length
    context = Context(above, columns, tuple(made), (Span(0, 2),), (Span(3, 9), Span(10, 12)))
    assert of_json(to_json(context)) == context
    assert to_json(Context()) == ""
    assert of_json("") == Context()

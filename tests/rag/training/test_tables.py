"""Tables of bars become rows that carry their labels, and answers stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.training.tables import columns, with_labels

GOLDEN = [
    ("Year | Team\n2001 | Reds\n2002 | Blues", "Year: 2001; Team: Reds\nYear: 2002; Team: Blues"),
    (
        "In millions:\n | 2019 | 2018\n | £m | £m\nPensions | 0.2 | –\nTotal |  | 7.8\nAll of it.",
        "In millions:\nPensions; 2019 £m: 0.2; 2018 £m: –\nTotal; 2018 £m: 7.8\nAll of it.",
    ),
    ("No table.\n\nNone: here; either.", "No table.\n\nNone: here; either."),
    ("A | B\n1 | 2 | 3", "A: 1; B: 2; 3"),
    ("A | B\n1", "1"),
]


@pytest.mark.parametrize(("text", "expected"), GOLDEN[:4], ids=["labels", "two rows of labels", "none", "a cell more"])
def test_a_row_carries_the_labels_of_its_columns(text: str, expected: str) -> None:
    assert with_labels(text, [])[0] == expected


cells = st.text("abc 12é🦊", min_size=1, max_size=6).filter(lambda cell: cell == " ".join(cell.split()) and cell)


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=2, max_size=5), st.booleans(), st.data())
def test_every_cell_stands_once_under_its_label_and_its_span_moves_with_it(
    rows: list[list[str]], led: bool, data: st.DataObject
) -> None:
    width = min(map(len, rows))
    rows = [row[:width] for row in rows]
    text = ("Before.\n" if led else "") + "\n".join(" | ".join(row) for row in rows) + "\nAfter."
    number, column = data.draw(st.integers(1, len(rows) - 1)), data.draw(st.integers(0, width - 1))
    start = len("Before.\n") * led + sum(len(" | ".join(row)) + 1 for row in rows[:number])
    start += sum(len(cell) + 3 for cell in rows[number][:column])
    span = Span(start, start + len(rows[number][column]))
    assert text[span.start : span.end] == rows[number][column]
    written, (moved,) = with_labels(text, [span])
    assert written[moved.start : moved.end] == rows[number][column]
    labelled = ["; ".join(f"{label}: {cell}" for label, cell in zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert written.split("\n") == ["Before."] * led + labelled + ["After."]
    assert written[: moved.start].count("\n") == number - 1 + led


def test_a_span_that_crosses_cells_or_is_a_label_is_dropped() -> None:
    text = "Year | Team\n2001 | Reds\n2002 | Blues"
    spans = [Span(0, 4), Span(12, 23), Span(19, 23), Span(19, 20)]
    written, moved = with_labels(text, spans)
    assert [written[span.start : span.end] for span in moved] == ["Reds", "R"]


def test_a_table_has_the_same_columns_in_both_forms() -> None:
    assert columns("Year | Team\n2001 | Reds") == columns("Year: 2001; Team: Reds\nYear: 2002; Team: Blues")
    assert columns("Year | Team\n2001 | Reds") != columns("Year | City\n2001 | Reds")

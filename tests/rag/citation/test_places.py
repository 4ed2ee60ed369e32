"""A citation in a table names its cell, and shows its row."""

from __future__ import annotations

import pytest

from citeqa.index.documents.corpus import document
from citeqa.index.types import Span
from citeqa.rag.types import CellLabels, Citation

TEXT = """Hire per day.

| Hall | Weekday | Weekend |
|---|---|---|
| Great hall | €210 | €320. Ask us. |
| Studio | €80 | €120 |
"""


@pytest.mark.parametrize(
    ("quote", "labels"),
    [
        ("€320", CellLabels("Great hall", "Weekend", None)),
        ("€80", CellLabels("Studio", "Weekday", None)),
        ("Great hall", CellLabels("Great hall", "Hall", None)),
        ("Weekend", CellLabels(None, None, None)),
    ],
)
def test_a_citation_in_a_cell_has_its_labels(quote: str, labels: CellLabels) -> None:
    made = document("d", TEXT, file_sha256="", title="Halls")
    start = TEXT.index(quote)
    assert Citation.of(made, Span(start, start + len(quote))).table == labels


def test_its_sentence_is_the_whole_row() -> None:
    made = document("d", TEXT, file_sha256="", title="Halls")
    start = TEXT.index("€210")
    assert Citation.of(made, Span(start, start + 4)).sentence.text == "Great hall | €210 | €320. Ask us."


def test_a_citation_elsewhere_has_none() -> None:
    made = document("d", TEXT, file_sha256="", title="Halls")
    assert Citation.of(made, Span(0, 4)).table is None
    start = TEXT.index("Great hall | €210")
    assert Citation.of(made, Span(start, start + 17)).table is None

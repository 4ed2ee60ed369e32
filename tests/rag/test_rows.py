"""Which cells of a table a question asks for: those whose row and column it names, codes whole."""

from __future__ import annotations

import re

import pytest

from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.types import Passage
from citeqa.rag.names import codes_in
from citeqa.rag.rows import losses, named_cells

PARTS = """Spare parts of the HK-210

| Part no. | Part | Price |
|---|---|---|
| 4410-300 | Filter set | 29.90 |
| 4410-301 | Filter set | 46.00 |
| 4410-415 | Condensate pump | 89.00 |
| 4415-017 | Mounting rail | 24.00 |
"""
PRICES = ("29.90", "46.00", "89.00", "24.00")


def terms(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


@pytest.fixture(scope="module")
def passage() -> Passage:
    made = document("parts", PARTS, file_sha256="", title="Parts")
    (found,) = Chunker(lambda texts: [len(t.split()) for t in texts], 256, ChunkerSettings()).chunk(made)
    return found


def lost(passage: Passage, question: str, heading: str = "") -> dict[str, float]:
    """How much the margin of each price is lowered."""
    rarity = dict.fromkeys(terms(question), 1.0)
    cells = {0: named_cells(passage, terms, rarity, codes_in(question), heading)}
    return {passage.text[span.start : span.end].strip(): loss for span, loss in losses(cells)[0].items()}


@pytest.mark.parametrize("written", ["4410-415", "4410 415", "part 4410-415"])
def test_the_row_of_a_code_is_asked_for_and_not_those_that_have_a_part_of_it(passage: Passage, written: str) -> None:
    found = lost(passage, f"What is the price of {written}?")
    assert found["89.00"] == 0
    assert all(found[price] > 0 for price in PRICES if price != "89.00")
    if "-" in written:
        assert min(found[price] for price in PRICES if price != "89.00") > 8


def test_a_code_of_the_heading_belongs_to_every_row(passage: Passage) -> None:
    question = "What does the condensate pump of the HK-210 cost?"
    plain = lost(passage, question.replace(" of the HK-210", ""))
    assert lost(passage, question, "Spare parts of the HK-210")["29.90"] <= plain["29.90"]
    assert lost(passage, question)["89.00"] == 0


def test_codes_are_told_from_dates_and_amounts() -> None:
    assert codes_in("Is E07 on the HK-210's display like 4410-415?") == {"e07", "hk210", "4410415"}
    assert codes_in("On 2025-03-04 at 10:30, 150 m for 20% of 3rd parties in 2024/25") == frozenset()

"""Cursors are opaque marks that come back as they went, and documents show all that is known of them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.api.schemas import DocumentOut, decode_cursor, encode_cursor
from citeqa.index.documents import document


@given(st.text(min_size=1))
def test_a_cursor_gives_its_document_back_and_needs_no_escaping(document_id: str) -> None:
    mark = encode_cursor(document_id)
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", mark)
    assert decode_cursor(mark) == document_id


@pytest.mark.parametrize("mark", ["a", "====", "a b", "\n", "é", "/w==", "_w==", "YQ==YQ==", "😀"])
def test_what_is_no_cursor_is_refused(mark: str) -> None:
    with pytest.raises(ValueError, match="next_cursor"):
        decode_cursor(mark)


def test_a_document_shows_its_structure_with_each_place_in_code_points() -> None:
    text = "😀 You need:\n- a tent\n- a stove\n\nItem\tPrice\nFan\t5\nSiphon\t7\n"
    shown = DocumentOut.of(document("a", text, file_sha256="0")).model_dump()["structure"]
    (table,), (found,) = shown["tables"], shown["lists"]
    assert [text[item["start"] : item["end"]] for item in found["items"]] == ["a tent", "a stove"]
    assert text[found["introduction"]["start"] : found["introduction"]["end"]] == "😀 You need:"
    assert [(cell["row"], cell["column"], text[cell["start"] : cell["end"]]) for cell in table["cells"][2:4]] == [
        (1, 0, "Fan"), (1, 1, "5"),
    ]  # fmt: skip
    assert DocumentOut.of(document("b", "Only words.", file_sha256="0")).structure is None

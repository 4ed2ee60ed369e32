"""Cursors are opaque marks that come back as they went."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.api.schemas import decode_cursor, encode_cursor


@given(st.text(min_size=1))
def test_a_cursor_gives_its_document_back_and_needs_no_escaping(document_id: str) -> None:
    mark = encode_cursor(document_id)
    assert re.fullmatch(r"[A-Za-z0-9_=-]+", mark)
    assert decode_cursor(mark) == document_id


@pytest.mark.parametrize("mark", ["a", "====", "a b", "\n", "é", "/w==", "_w==", "YQ==YQ==", "😀"])
def test_what_is_no_cursor_is_refused(mark: str) -> None:
    with pytest.raises(ValueError, match="next_cursor"):
        decode_cursor(mark)

"""What a request brings is looked at in bounded pieces: hostile bodies cost little before they are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from citeqa.api.http import uploads
from citeqa.api.http.limits import FIELDS
from citeqa.api.http.problems import problem_of
from citeqa.api.schemas import AskRequest, DocumentIn, ReadRequest
from citeqa.api.schemas.base import FAULTS
from citeqa.index.documents import corpus
from citeqa.index.documents.layout import finding
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.extraction import SMALL, Extractor
from citeqa.index.formats.registry import format_of
from citeqa.index.types import Skipped

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('a"\\{[ü🦊\n')),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.sampled_from('a"\\{[')), inner, max_size=4),
    max_leaves=20,
)


def parts(value: Any) -> int:
    """The strings (keys too), lists and objects of a value."""
    if isinstance(value, dict):
        return 1 + len(value) + sum(map(parts, value.values()))
    return 1 + sum(map(parts, value)) if isinstance(value, list) else int(isinstance(value, str))


@given(JSON, st.booleans())
def test_the_parts_of_json_are_counted_before_anything_is_made_of_it(value: Any, ascii_only: bool) -> None:
    assert uploads._parts(json.dumps(value, ensure_ascii=ascii_only).encode()) == min(parts(value), FIELDS + 1)


@pytest.mark.parametrize("body", [b'{"a":' + b"[]," * 100_000, b"[" * 100_000, b'{"x":1,' * 50_000, b'"a\\"' * 100_000])
def test_what_is_no_document_is_refused_before_it_is_parsed(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    if not body.startswith(b'"'):
        monkeypatch.setattr(DocumentIn, "model_validate_json", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(RequestValidationError):
        uploads._from_json(body)


@pytest.mark.parametrize("model", [AskRequest, DocumentIn, ReadRequest])
def test_of_many_unknown_fields_a_few_become_faults(model: type[AskRequest]) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({f"x{number}": number for number in range(50_000)} | {"question": "Who?", "id": "a"})
    faults = refused.value.errors()
    assert len(faults) <= FAULTS + 1 + len(model.model_fields)
    shown = problem_of(RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]))
    assert len(shown.errors) == FAULTS
    assert "more" in shown.detail


def test_a_few_unknown_fields_are_all_named() -> None:
    with pytest.raises(ValidationError) as refused:
        AskRequest.model_validate({"question": "Who?", "x": 1, "y": 2})
    assert [fault["loc"] for fault in refused.value.errors()] == [("x",), ("y",)]


def test_nothing_is_read_after_a_second_document() -> None:
    def rows() -> Iterator[tuple[str, Skipped]]:
        yield "a", Skipped("a", "first")
        yield "b", Skipped("b", "second")
        pytest.fail("a third row was read")

    found = uploads._only(rows())
    assert isinstance(found, Skipped)
    assert "several" in found.reason


class Noted(Extractor):
    """Notes what would be read in the child process."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def extract(self, module: str, data: bytes) -> Extracted:
        self.sizes.append(len(data))
        return Extracted("text", id="a")


def test_a_long_line_of_json_is_read_in_the_child_with_its_limits() -> None:
    extractor, jsonl = Noted(), format_of(Path("a.jsonl"))
    assert jsonl
    small = json.dumps({"id": "a", "text": "x"}).encode()
    assert corpus._extracted(small, jsonl, extractor).text == "x"
    assert extractor.sizes == []
    large = json.dumps({"id": "a", "text": "x" * SMALL}).encode()
    assert corpus._extracted(large, jsonl, extractor).text == "text"
    assert extractor.sizes == [len(large)]


def test_the_child_gives_the_text_of_a_long_line_to_the_character() -> None:
    jsonl = format_of(Path("a.jsonl"))
    assert jsonl
    text = '🦊 ü\u2028\r\n\x00\\"' * 20_000
    with Extractor() as extractor:
        found = corpus._extracted(
            json.dumps({"id": "a", "text": text, "date": "2024-02-29"}).encode(), jsonl, extractor
        )
    assert (found.id, found.text) == ("a", text)


def test_a_long_text_is_looked_at_in_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "markdown_structure", lambda *_: pytest.fail("it was looked at here"))
    text = "# Prices\n\n| boat | fare |\n|------|------|\n" + "| Ane  | 12   |\n" * (SMALL // 16)
    found = uploads._from_json(json.dumps({"id": "a", "text": text}).encode())
    assert found.structure.tables[0].header_rows == 1

"""Spans, documents, passages and filters: what their constructors refuse and their methods promise."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Document, Filters, Passage, Span, parse_passage_id

spans = st.builds(lambda start, length: Span(start, start + length), st.integers(0, 50), st.integers(1, 50))
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


def _document(text: str) -> Document:
    return Document("a/b", "Title", text, None, None, None, None, "0", "0")


@pytest.mark.parametrize(("start", "end"), [(3, 3), (0, 0), (5, 4), (-1, 2), (-3, -1)])
def test_an_empty_reversed_or_negative_span_is_refused_with_its_numbers(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=f"start {start}, end {end};"):
        Span(start, end)


def test_the_length_of_a_span_is_what_it_slices() -> None:
    assert len(Span(2, 7)) == len("0123456789"[2:7]) == 5


def test_a_span_is_shifted_both_ways_but_not_below_zero() -> None:
    assert Span(2, 7).shifted(10) == Span(12, 17)
    assert Span(12, 17).shifted(-10) == Span(2, 7)
    with pytest.raises(ValueError, match="start -1, end 4"):
        Span(2, 7).shifted(-3)


@given(spans, spans)
def test_overlap_and_containment_agree_with_sets_of_offsets(a: Span, b: Span) -> None:
    left, right = set(range(a.start, a.end)), set(range(b.start, b.end))
    assert a.overlaps(b) == b.overlaps(a) == bool(left & right)
    assert a.contains(b) == (right <= left)


def test_spans_are_ordered_by_start_and_then_end() -> None:
    assert sorted([Span(3, 4), Span(1, 9), Span(1, 2)]) == [Span(1, 2), Span(1, 9), Span(3, 4)]


@given(st.text(min_size=1), st.data())
def test_a_quote_is_the_slice_at_its_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert _document(text).quote(Span(start, end)) == text[start:end]


@pytest.mark.parametrize("span", [Span(0, 6), Span(4, 9), Span(7, 8)])
def test_a_quote_past_the_end_is_refused_with_the_numbers(span: Span) -> None:
    with pytest.raises(ValueError, match=rf"\[{span.start}, {span.end}\) is outside document 'a/b' of 5 code points"):
        _document("01234").quote(span)


def test_offsets_count_code_points_not_bytes_or_utf16_units() -> None:
    assert _document("é😀x").quote(Span(2, 3)) == "x"


def test_a_passage_must_be_as_long_as_its_span() -> None:
    with pytest.raises(ValueError, match="passage text has 3 code points, its span 4"):
        Passage("a", Span(0, 4), "abc")


@given(ids, spans)
def test_a_passage_id_parses_back(document_id: str, span: Span) -> None:
    assert parse_passage_id(Passage(document_id, span, "x" * len(span)).id) == (document_id, span)


@pytest.mark.parametrize("document_id", ["a:b", "urn:x:3-5", ":", "3-5", "a:1-2:", "報告/第1章", "naïve 😀", "e\u0301"])
def test_ids_with_colons_and_any_script_parse_back(document_id: str) -> None:
    assert parse_passage_id(f"{document_id}:10-25") == (document_id, Span(10, 25))


@pytest.mark.parametrize("text", ["", "a", "a:", "a:1", "a:1-", "a:-2", "a:x-y", ":1-2", "a:1-2-3", "a:-1-2", "a: 1-2"])
def test_what_is_no_passage_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="not a passage id"):
        parse_passage_id(text)


@pytest.mark.parametrize("text", ["a:2-2", "a:5-3"])
def test_a_passage_id_with_an_impossible_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a span"):
        parse_passage_id(text)


def test_reversed_dates_are_refused_with_both() -> None:
    with pytest.raises(ValueError, match="2024-03-02 is after date_to 2024-03-01"):
        Filters(date_from=date(2024, 3, 2), date_to=date(2024, 3, 1))


def test_one_day_is_a_range_of_dates() -> None:
    assert Filters(date_from=date(2024, 3, 1), date_to=date(2024, 3, 1))


@pytest.mark.parametrize(
    "filters",
    [
        Filters(document_ids=frozenset({"a"})),
        Filters(document_ids=frozenset()),
        Filters(source=""),
        Filters(date_from=date(2024, 1, 1)),
        Filters(date_to=date(2024, 1, 1)),
    ],
)
def test_filters_are_true_as_soon_as_one_condition_is_given(filters: Filters) -> None:
    assert filters


def test_filters_without_a_condition_are_false() -> None:
    assert not Filters()

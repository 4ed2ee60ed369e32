"""Citations count as Python does and as JavaScript does, and nothing but the document's own words becomes an answer."""

from __future__ import annotations

from datetime import date
from itertools import combinations_with_replacement

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from citeqa.index.documents.corpus import document
from citeqa.index.documents.sentences import document_sentences
from citeqa.index.types import Document, Span
from citeqa.rag.types import Answer, Citation, Guess, Reason, Response, Slice, Source

PIECES = st.sampled_from(
    ["He left.", "It rained 🌧️ all day!", "“Go now,” she said.", "𝒳 costs $1.5 million.", "Ça va?", "漢字。", "👩‍👩‍👧"]
)
GAPS = st.sampled_from([" ", "  ", "\n", "\n\n", "\r\n", " — "])
TEXTS = st.lists(st.tuples(PIECES, GAPS), min_size=1, max_size=8).map(lambda parts: "".join(a + b for a, b in parts))


def made(text: str) -> Document:
    return document("d", text, file_sha256="f")


@st.composite
def places(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> tuple[Document, Span]:
    text = draw(texts)
    start = draw(st.integers(0, len(text) - 1))
    return made(text), Span(start, draw(st.integers(start + 1, len(text))))


def javascript_slice(text: str, start: int, end: int) -> str:
    """`text.slice(start, end)` of a JavaScript string, which is a row of UTF-16 units."""
    return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")


@given(places())
def test_a_citation_is_a_slice_in_python_and_in_javascript(place: tuple[Document, Span]) -> None:
    doc, span = place
    citation = Citation.of(doc, span)
    for piece in (citation.quote, citation.sentence):
        assert doc.text[piece.span.start : piece.span.end] == piece.text
        assert javascript_slice(doc.text, piece.span_utf16.start, piece.span_utf16.end) == piece.text
    assert citation.quote.span == span


@given(places(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)))
def test_utf16_offsets_count_every_astral_character_twice(place: tuple[Document, Span]) -> None:
    text, span = place[0].text, place[1]
    units = [2 if ord(character) > 0xFFFF else 1 for character in text]
    found = Slice.of(place[0], span)
    assert found.span_utf16 == Span(sum(units[: span.start]), sum(units[: span.end]))


def test_offsets_behind_an_emoji_by_hand() -> None:
    doc = made("Go 🦊🦊! The fox ran.")
    citation = Citation.of(doc, Span(11, 14))
    assert citation.quote.text == "fox"
    assert citation.quote.span_utf16 == Span(13, 16)
    assert (citation.sentence.text, citation.sentence.span) == ("The fox ran.", Span(7, 19))
    assert citation.sentence.span_utf16 == Span(9, 21)


@given(places())
def test_the_sentence_is_the_smallest_run_of_whole_sentences_that_contains_the_span(
    place: tuple[Document, Span],
) -> None:
    doc, span = place
    assume(doc.quote(span).strip() == doc.quote(span))  # white space at an end may stand between two sentences
    sentences = document_sentences(doc)
    runs = [Span(first.start, last.end) for first, last in combinations_with_replacement(sentences, 2)]
    assert Citation.of(doc, span).sentence.span == min((run for run in runs if run.contains(span)), key=len)


def test_a_span_over_two_sentences_is_shown_in_both() -> None:
    citation = Citation.of(made("One is here. Two is there. Three is gone."), Span(4, 16))
    assert citation.quote.text == "is here. Two"
    assert citation.sentence.text == "One is here. Two is there."


def test_a_citation_outside_the_document_is_refused_with_the_numbers() -> None:
    with pytest.raises(ValueError, match=r"\[3, 99\).*4 code points"):
        Citation.of(made("Four"), Span(3, 99))


def test_a_citation_carries_all_that_is_known_of_its_document() -> None:
    doc = document(
        "a/b",
        "Words.",
        file_sha256="f",
        title="T",
        author="A",
        published=date(2026, 2, 26),
        source="S",
        url="https://example.org/",
    )
    expected = Source("a/b", "T", "A", date(2026, 2, 26), "S", "https://example.org/", doc.sha256, "metadata")
    assert Citation.of(doc, Span(0, 5)).source == expected


def test_an_answer_that_is_not_its_quote_is_refused() -> None:
    citation = Citation.of(made("He left."), Span(0, 8))
    assert Answer("He left.", 0.5, citation).text == citation.quote.text
    with pytest.raises(ValueError, match="quote"):
        Answer("He left", 0.5, citation)


def test_a_response_holds_an_answer_or_a_reason() -> None:
    answer = Answer("He left.", 0.5, Citation.of(made("He left."), Span(0, 8)))
    reason = Reason("no_evidence", "Nothing.", None, 0.5)
    assert Response("q", answer, None).answered
    assert not Response("q", None, reason).answered
    with pytest.raises(ValueError, match="both"):
        Response("q", answer, reason)
    with pytest.raises(ValueError, match="neither"):
        Response("q", None, None)


def test_only_a_response_without_an_answer_has_guesses_and_each_is_its_quote() -> None:
    citation = Citation.of(made("He left."), Span(0, 8))
    guess = Guess("He left.", 1.0, 0.125, citation)
    assert Response("q", None, Reason("not_in_the_sources", "No.", 0.125, 0.5), guesses=(guess,)).guesses == (guess,)
    with pytest.raises(ValueError, match="guesses"):
        Response("q", Answer("He left.", 0.5, citation), None, guesses=(guess,))
    with pytest.raises(ValueError, match="quote"):
        Guess("He left", 1.0, 0.125, citation)

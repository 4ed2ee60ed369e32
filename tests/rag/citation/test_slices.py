"""A citation's sentence stays readable, whatever the text: an exact slice around the quote, cut at natural breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.corpus import document
from citeqa.index.structure import NO_STRUCTURE, Item, List, Structure, Turn
from citeqa.index.types import Document, Span
from citeqa.rag.citation.slices import LONGEST, readable
from citeqa.rag.types import Citation

TALK = "and then the teacher painted the market hall that winter okay so the miller sold the boat you know "
CLAUSES = "the pump runs at night, the valve stays shut; the operator reads the gauge, and the log is signed, "


def cited(text: str, quote: str, structure: Structure = NO_STRUCTURE) -> tuple[Document, Citation]:
    found = document("a", text, file_sha256="0", structure=structure)
    start = text.index(quote)
    return found, Citation.of(found, Span(start, start + len(quote)))


@pytest.mark.parametrize("filler", [TALK, CLAUSES, "漢字", "x", "x ", "word " * 3 + "\n", "e\u0301 "])
@pytest.mark.parametrize("times", [10, 2000])
def test_a_long_sentence_is_cited_by_a_slice_around_the_quote(filler: str, times: int) -> None:
    text = filler * times + " the captain was Aksel Rude " + filler * times
    found, citation = cited(text, "Aksel Rude")
    shown = citation.sentence
    assert shown.text == found.quote(shown.span)
    assert shown.span.contains(citation.quote.span)
    assert len(shown.text) <= LONGEST
    assert shown.text == shown.text.strip()


def test_it_begins_and_ends_at_words_that_go_on_where_nothing_is_punctuated() -> None:
    shown = cited(TALK * 20 + "and the captain was Aksel Rude " + TALK * 20, "Aksel Rude")[1].sentence.text
    assert shown.startswith(("and ", "okay ", "so ", "you know "))
    assert len(shown) > LONGEST // 2


def test_it_begins_and_ends_at_clauses_where_there_are_some() -> None:
    shown = cited(CLAUSES * 20 + "the limit is 40 bar; " + CLAUSES * 20 + "end.", "40 bar")[1].sentence.text
    assert shown.startswith("the operator")
    assert shown.endswith(";")


def test_it_does_not_cross_into_what_others_say() -> None:
    ann, bob = "Ann: " + TALK * 6, "Bob: the captain was Aksel Rude and " + TALK * 6
    text = f"{ann}{bob}"
    turns = (Turn(Span(0, len(ann)), Span(0, 3)), Turn(Span(len(ann), len(text)), Span(len(ann), len(ann) + 3)))
    shown = cited(text, "Aksel Rude", Structure(turns=turns))[1].sentence.text
    assert shown.startswith("Bob: the captain")


def test_lists_are_shown_whole() -> None:
    item = (CLAUSES * 5).strip(" ,")
    text = f"- {item}\n- {item}"
    second = len(item) + 5
    items = (
        Item(Span(2, 2 + len(item)), mark=Span(0, 1)),
        Item(Span(second, len(text)), mark=Span(second - 2, second - 1)),
    )
    structure = Structure(lists=(List(Span(0, len(text)), items),))
    assert cited(text, text[2:], structure)[1].sentence.text == text
    assert len(cited(text, "the gauge", structure)[1].sentence.text) <= 400


def test_a_sentence_that_is_short_enough_is_shown_whole() -> None:
    text = "He said a lot. " + "word " * 75 + "ends. He left."
    shown = cited(text, "ends")[1].sentence.text
    assert shown == ("word " * 75 + "ends.").strip()


def test_a_quote_longer_than_that_is_shown_as_it_is() -> None:
    quote = ("word " * 100).strip()
    shown = cited("well " * 100 + quote + " well" * 100, quote)[1].sentence
    assert shown.text == quote


PIECES = st.lists(
    st.sampled_from(["a", "and ", " ", ", ", "; ", "\n", "é", "👩‍👩‍👧", "word " * 20, "." * 3]), max_size=60
)


@given(PIECES, st.text("ab .\n", min_size=1, max_size=500), PIECES, st.lists(st.integers(0, 3000), max_size=3))
def test_any_slice_holds_the_quote_and_lies_in_the_sentence(
    before: list[str], quote: str, after: list[str], starts: list[int]
) -> None:
    front, text = "".join(before), "".join(before) + quote + "".join(after)
    sentence, place = Span(0, len(text)), Span(len(front), len(front) + len(quote))
    shown = readable(text, sentence, place, sorted(starts))
    assert sentence.contains(shown)
    assert shown.contains(place)
    assert shown == sentence or len(shown) <= max(LONGEST, len(place))

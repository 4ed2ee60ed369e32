"""Sentences around a place: the same as those of the whole document, and bounded work where no line ends."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.corpus import document
from citeqa.index.documents.nearby import _GRID, NEAR, sentences_near
from citeqa.index.documents.sentences import document_sentences
from citeqa.index.types import Document, Span

PIECES = ["He left. ", "“Go,” she said. ", "Dr. Miller came ", "at 5 p.m. ", "it rains ", "\n", "\r\n", "\r", "\n\n"]
PIECES += ["\n \t\n", "\r\n\r\n", "  ", "a line of prose that goes on and on until it is as wide as a page is,\n"]
written = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("".join).filter(str.strip)


def _document(text: str, *boilerplate: Span) -> Document:
    return replace(document("d", text, file_sha256="0"), boilerplate=boilerplate)


@given(written, st.data())
def test_they_are_those_of_the_whole_document(text: str, data: st.DataObject) -> None:
    ends = data.draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True).map(sorted))
    pairs = zip(ends[::2], ends[1::2], strict=False)
    made = _document(text, *(Span(start, end) for start, end in pairs))
    start = data.draw(st.integers(0, len(text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(text))))

    found, everything = sentences_near(made, span), document_sentences(made)

    assert [one for one in found if one.overlaps(span)] == [one for one in everything if one.overlaps(span)]
    assert found == [one for one in everything if found and found[0].start <= one.start <= found[-1].start]


def test_they_are_all_of_a_paragraph_and_none_of_the_next() -> None:
    made = _document("One. Two.\nThree.\n\nFour. Five.\n\nSix.")
    place = Span(made.text.index("Five"), made.text.index("Five") + 1)
    assert [made.quote(one) for one in sentences_near(made, place)] == ["Four.", "Five."]


def test_of_a_line_without_end_only_a_part_is_looked_at() -> None:
    made = _document("The fox counts to seven. " * 20_000)
    middle = made.text.index("fox", len(made.text) // 2)

    found = sentences_near(made, Span(middle, middle + 3))

    assert Span(middle - 4, middle + 20) in found
    assert 2 * NEAR <= found[-1].end - found[0].start + 100 <= 2 * (NEAR + _GRID) + 100
    assert {made.quote(one) for one in found} == {"The fox counts to seven."}

"""Quotations of a text: found by their marks or as blocks, with what their writer left out and put in."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.manuscript import marks
from citeqa.rag.manuscript.attribution import beside
from citeqa.rag.manuscript.quotations import pattern_of, quotations_in
from citeqa.rag.manuscript.words import words_of


def found(text: str) -> list[str]:
    return [text[one.span.start : one.span.end] for one in quotations_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said, "We will not pay." She left.', ['"We will not pay."']),
        ("He said, “We will not pay.” She left.", ["“We will not pay.”"]),
        ("«Bonjour le monde», dit-il. « Au revoir », dit-elle.", ["«Bonjour le monde»", "« Au revoir »"]),
        ("„Guten Tag“, »auf Wiedersehen« und „ja”.", ["„Guten Tag“", "»auf Wiedersehen«", "„ja”"]),
        ("Han sa ”god dag” och gick.", ["”god dag”"]),
        ("彼は「こんにちは『皆』さん」と言った。", ["「こんにちは『皆』さん」"]),
        ("He called it 'a great day' and ‘a long one’.", ["'a great day'", "‘a long one’"]),
        ("‘The boys’ dog ran,’ he said.", ["‘The boys’ dog ran,’"]),
        ("It's the dogs' fault, isn't it? The '90s rock 'n' roll of '68.", []),
        ("His motto: 'rock 'n' roll forever'.", ["'rock 'n' roll forever'"]),
        ("“She told me ‘go away’ and “now””, he said.", ["“She told me ‘go away’ and “now””"]),
        ('A 5" pipe and a 6" one, "new ones" he said.', ['"new ones"']),
        ('A stray "mark here.\n\nAnother "whole one" there.', ['"whole one"']),
        ("“First part.\n\n“Second part,” she said. “Third.”", ["“First part.\n\n“Second part,”", "“Third.”"]),
        ('"First part.\n\n"Second part," she said.', ['"First part.\n\n"Second part,"']),
        ("“Unclosed.\n\nNothing. “Closed.”", ["“Closed.”"]),
        ('Broken "over\ntwo lines" of a paragraph.', ['"over\ntwo lines"']),
        ('A "stray\n\n> block "of words".\n> More.\n\nend" of it.', ['> block "of words".\n> More.']),
        ("Empty “” and \"  \" ones.", []),
    ],
)  # fmt: skip
def test_quotations_are_found_by_their_marks(text: str, expected: list[str]) -> None:
    assert found(text) == expected


def test_blocks_are_told_by_the_format_by_arrows_and_by_clear_indentation() -> None:
    text = "Known words.\n\nShe wrote:\n\n    Eight or more indented words that make a block.\n\n    not one\n"
    blocks = quotations_in(text, [Span(0, 12)])
    assert [(text[one.inner.start : one.inner.end].strip(), one.kind) for one in blocks] == [
        ("Known words.", "block"),
        ("Eight or more indented words that make a block.", "block"),
    ]


def test_the_line_that_names_whom_a_block_is_of_is_not_among_its_words() -> None:
    text = "> To be or not.\n> — Jane Doe, 2018\n"
    (one,) = quotations_in(text)
    assert pattern_of(text, one).words.plain == ("to", "be", "or", "not")
    ascribed = beside(text, one.span, one.inner)
    assert (ascribed.name, ascribed.time) == ("Jane Doe", "2018")


@pytest.mark.parametrize(
    ("text", "words", "gaps", "counts"),
    [
        ("“We saw [...] a ship”", "we saw a ship", {2: "omission"}, (1, 0)),
        ("“We saw … a ship”", "we saw a ship", {2: "omission"}, (1, 0)),
        ("“We saw . . . a ship…”", "we saw a ship", {2: "omission"}, (2, 0)),
        ("“[The crew] saw a ship”", "saw a ship", {}, (0, 1)),
        ("“We [the crew] saw”", "we saw", {1: "insertion"}, (0, 1)),
        ("“[t]he ship [sic] sank [3]”", "the ship sank", {}, (0, 0)),
        ("“He walk[ed] home”", "he home", {1: "insertion"}, (0, 1)),
    ],
)
def test_what_the_writer_left_out_and_put_in(
    text: str, words: str, gaps: dict[int, str], counts: tuple[int, int]
) -> None:
    pattern = pattern_of(text, quotations_in(text)[0])
    assert (" ".join(pattern.words.plain), pattern.gaps) == (words, gaps)
    assert (pattern.omissions, pattern.insertions) == counts


@pytest.mark.parametrize(
    ("text", "name", "time"),
    [
        ("“We won,” said Ingrid Solheim on 4 May 2019.", "Ingrid Solheim", "on 4 May 2019"),
        ("“We won,” the minister Ingrid Solheim said.", None, None),
        ("Ingrid Solheim, the mayor, told reporters: “We won.”", "Ingrid Solheim", None),
        ("According to Dr. J. P. van der Berg, “we won”.", "Dr. J. P. van der Berg", None),
        ("“We won” (Solheim, 2019).", "Solheim", "2019"),
        ("In 2019 it was said that “we won”.", None, "In 2019"),
        ("“One,” said Ann Lee.\n\n“We won,” said Bob Ray.", "Ann Lee", None),
        ("The “war” was over.", None, None),
    ],
)
def test_the_name_and_the_time_beside_a_quotation(text: str, name: str | None, time: str | None) -> None:
    ascribed = beside(text, quotations_in(text)[0].span)
    assert (ascribed.name, ascribed.time) == (name, time)


@given(st.text(alphabet="\"'“”‘’„«»‚‹›>[…].a b\n", max_size=200))
@example("“" * 40 + "a”")
def test_whatever_the_marks_quotations_lie_in_order_and_inside_the_text(text: str) -> None:
    end = 0
    for one in quotations_in(text):
        assert end <= one.span.start <= one.inner.start <= one.inner.end <= one.span.end <= len(text)
        end = one.span.end
        pattern = pattern_of(text, one)
        assert all(one.inner.start <= a < b <= one.inner.end for a, b in pattern.words.spans)


@pytest.mark.parametrize(
    "shape", ["“", '"', "'", "‘", "“a” ", '"a" ', "«", "'a ", "\n\n“a ", ' "a\n\n', "\n>", "boys’ "]
)
def test_marks_are_looked_at_once(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    closed = marks._closed

    def counting(text: str, at: int, mark: str, opened: list[marks._Open]) -> marks._Open | None:
        nonlocal looked
        looked += 1 + len(opened)
        return closed(text, at, mark, opened)

    monkeypatch.setattr(marks, "_closed", counting)
    counts = []
    for size in (2_000, 20_000):
        looked = 0
        marks.quoted((shape * size)[:size])
        counts.append(looked)
    assert counts[1] <= 11 * max(counts[0], 1) + 50


def test_words_are_compared_without_what_typesetting_makes_of_them() -> None:
    one = words_of("The “cafe\u0301’s” ex\u00adam — 1,000 ﬁne well-known −5° $9[12] 1990-95")
    other = words_of("the café's exam 1000 fine well known -5° $9 1990 95")
    assert one.plain == other.plain
    assert "-5" in one.plain
    assert "-95" not in one.plain

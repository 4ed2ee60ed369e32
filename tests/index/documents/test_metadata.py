"""Header line, title and boilerplate, as they are read off a text."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.metadata import MAX_TITLE, MAX_TITLE_LINE, describe

pieces = st.sampled_from(
    [
        " date 2024-05-06 By A. Writer",
        "- Advertisement -",
        "(end)",
        "Close Menu",
        "\n",
        "\r\n",
        "\r",
        " ",
        "Words here.",
        "é😀",
    ]
)


def _boilerplate(text: str) -> list[str]:
    return [text[span.start : span.end] for span in describe(text).boilerplate]


@pytest.mark.parametrize(
    ("line", "day", "author"),
    [
        (" date 2026-02-26 By Simon Lewis", date(2026, 2, 26), "Simon Lewis"),
        (" date 2025-05-07 403", date(2025, 5, 7), None),
        ("date 2024-03-21 Close Menu", date(2024, 3, 21), None),
        ("\n\tdate 2024-03-21", date(2024, 3, 21), None),
        ("date 2024-03-21 By Ana Núñez and Bo Li ", date(2024, 3, 21), "Ana Núñez and Bo Li"),
    ],
)
def test_a_header_line_gives_date_and_author_and_is_boilerplate(line: str, day: date, author: str | None) -> None:
    for newline in ("\n", "\r\n", "\r"):
        found = describe(f"{line}{newline}A headline{newline}Some prose.")
        assert (found.date, found.author, found.title) == (day, author, "A headline")
        assert [(span.start, span.end) for span in found.boilerplate] == [(0, len(line))]


@pytest.mark.parametrize(
    "text",
    [
        "date 2026-13-45 By Nobody\nProse.",
        "date 2026-02-30\nProse.",
        "date 26-02-2026\nProse.",
        "update 2026-02-26 By Simon Lewis\nProse.",
        "Prose.\n date 2026-02-26 By Simon Lewis",
    ],
)
def test_what_only_resembles_a_header_is_text(text: str) -> None:
    found = describe(text)
    assert (found.date, found.author, found.boilerplate) == (None, None, ())


@pytest.mark.parametrize(
    "line",
    ["- Advertisement -", "ADVERTISEMENT", "--- Advertisement ---", "Close Menu", "Skip to content", "Read more:"],
)
def test_furniture_on_a_line_of_its_own_is_marked(line: str) -> None:
    assert _boilerplate(f"One.\n\n  {line}\n\nTwo.") == [line]


@pytest.mark.parametrize("line", ["An advertisement ran.", "Read more books", "- Advertisement - by us", "(END) of it"])
def test_prose_that_mentions_furniture_is_not_marked(line: str) -> None:
    assert _boilerplate(f"One.\n{line}\nTwo.") == []


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_furniture_is_found_whatever_ends_its_line(newline: str) -> None:
    assert _boilerplate(f"One.{newline}- Advertisement -{newline}Two.") == ["- Advertisement -"]


def test_an_end_mark_is_furniture_only_at_the_very_end() -> None:
    assert _boilerplate("One. (end) Two. (end)\n\n") == ["(end)"]
    assert describe("One. (end) Two. (end)\n\n").boilerplate[0].start == 16


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("A headline\nSome prose.", "A headline"),
        ("\n\n  A \t spaced\u00a0headline  \nSome prose.", "A spaced headline"),
        ("## A *marked* heading ##\n\nSome prose.", "A *marked* heading"),
        ("#hashtag talk\n\nSome prose.", "#hashtag talk"),
        ("This is prose. And so is this.\nMore.", "This is prose."),
        ("He said “stop.”\nMore.", "He said “stop.”"),
        ("Does it work?\nYes.", "Does it work?"),
        ("x" * MAX_TITLE_LINE + "\nProse.", "x" * MAX_TITLE_LINE),
        ("- Advertisement -\nA headline\nProse.", "A headline"),
        ("date 2024-03-21 403", "Untitled"),
    ],
)
def test_the_title_is_the_first_line_that_reads_as_one_else_the_first_sentence(text: str, title: str) -> None:
    assert describe(text).title == title


def test_a_title_that_is_too_long_is_cut_at_a_word() -> None:
    title = describe("word " * 200 + "end.").title
    assert title == ("word " * 200)[: MAX_TITLE - 1].rsplit(" ", 1)[0] + "…"
    assert len(title) <= MAX_TITLE


@given(st.lists(pieces, max_size=12).map("".join) | st.text(max_size=60))
def test_boilerplate_ascends_never_overlaps_and_lies_inside(text: str) -> None:
    found = describe(text)
    assert all(span.end <= len(text) for span in found.boilerplate)
    assert all(a.end <= b.start for a, b in pairwise(found.boilerplate))
    assert found.title.strip() == found.title != ""
    assert len(found.title) <= MAX_TITLE

"""What the lines of a text show: each cell, item and heading is found where it stands, and prose stays prose."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.structures import check, headings_of, items_of, rows_of

from citeqa.index.documents.layout.finding import lines_structure, text_structure
from citeqa.index.types import Span

WORDS = st.text("abcäö 12.,€%-'()", min_size=1, max_size=12).map(lambda word: "x" + word.strip() + "y")
ROWS = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=2, max_size=6))
BREAKS = st.sampled_from(["\n", "\r\n", "\r"])
PROSE = "The ferry leaves the northern harbour every morning, and in summer it also leaves in the evening at eight."


@given(ROWS, BREAKS, st.sampled_from(["\t", " | ", "|"]), st.booleans())
def test_each_cell_stands_in_its_row_and_column(rows: list[list[str]], end: str, bar: str, around: bool) -> None:
    edge = "|" if around and "|" in bar else ""
    lines = [edge + bar.join(row) + edge for row in rows]
    text = end.join([PROSE, "", *lines, "", PROSE])
    structure = text_structure(text)
    check(text, structure)
    (table,) = structure.tables
    assert rows_of(text, table) == rows


@given(ROWS, BREAKS, st.booleans())
@pytest.mark.slow
def test_a_table_of_markdown_has_the_cells_it_shows(rows: list[list[str]], end: str, around: bool) -> None:
    edge = "|" if around else ""
    lines = [edge + " | ".join(row) + edge for row in rows]
    lines.insert(1, edge + "|".join([":--"] * len(rows[0])) + edge)
    text = end.join(["# Prices", "", *lines, "", PROSE])
    structure = text_structure(text)
    check(text, structure)
    (table,) = structure.tables
    assert (rows_of(text, table), table.header_rows) == (rows, 1)


LEVELS = st.lists(st.integers(0, 3), min_size=2, max_size=9)


@given(LEVELS, st.data(), BREAKS)
@pytest.mark.slow
def test_each_item_has_its_words_and_its_level(steps: list[int], data: st.DataObject, end: str) -> None:
    levels, depth = [], -1
    for step in steps:
        depth = min(step, depth + 1)
        levels.append(depth)
    words = [data.draw(WORDS) for _ in levels]
    lines = ["    " * level + "- " + word for level, word in zip(levels, words, strict=True)]
    text = end.join(["You need:", *lines, "", PROSE])
    for structure in (lines_structure(text), text_structure("# T" + end * 2 + text)):
        whole = text if structure.headings == () else "# T" + end * 2 + text
        check(whole, structure)
        assert items_of(whole, structure) == list(zip(levels, words, strict=True))
        introduction = structure.lists[0].introduction
        assert introduction
        assert whole[introduction.start : introduction.end] == "You need:"


PIECES = st.sampled_from([
    "# ", "|", "---", "\t", "- ", "1. ", "2. ", "a) ", "> ", "**", "`", "```\n", "\n", "\n\n", "\r\n", "\r", "  ",
    "    ", "word ", "Word. ", "ADA: ", "BO: ", "===\n", "|---|---|\n", "| a | b |\n", "x\ty\n", "\u2028", "\xa0",
    "[a](b)", "\\|", "+--+--+\n", "Table 1: x\n", "é", "😀", "- [ ] ", "---\n", "* ", "_",
])  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
@example("| a | b |\n|---|---|\n| 1 |\n")
@example("# \u2028# ")
@example("- - a\n  - b\n")
@example("> | a | b |\n> |---|---|\n> | 1 | 2 |\n")
def test_whatever_the_text_spans_lie_in_it_and_apart(text: str) -> None:
    check(text, text_structure(text))
    check(text, lines_structure(text))


@pytest.mark.parametrize(
    ("lines", "header"),
    [
        (["Owner\tAction\tDeadline", "Callum\tSign\t10 April", "Idris\tAgree\t30 April"], (1, 1)),
        (["Item\t2023\t2024", "Revenue\t5\t6", "Costs\t3\t4"], (1, 1)),
        (["Revenue\t5\t6", "Costs\t3\t4"], (0, 1)),
        (["Phone\t0800 555", "Fax\t0800 556", "Room\t12"], (0, 1)),
        (["Code | Meaning", "E1 | no power", "E2 | no water"], (1, 1)),
    ],
)
def test_a_first_row_of_names_is_a_header_and_one_of_values_is_none(lines: list[str], header: tuple[int, int]) -> None:
    (table,) = text_structure("\n".join(lines)).tables
    assert (table.header_rows, table.header_columns) == header


def test_a_grid_of_rules_and_its_caption() -> None:
    rule, double = "+------+-----+\n", "+======+=====+\n"
    text = f"Table 2: Tides\n{rule}| Port | Low |\n{double}| Oban | 1.2 |\n{rule}| Tain | 0.9 |\n{rule}"
    (table,) = text_structure(text).tables
    check(text, text_structure(text))
    assert rows_of(text, table) == [["Port", "Low"], ["Oban", "1.2"], ["Tain", "0.9"]]
    assert table.header_rows == 1
    assert table.caption
    assert text[table.caption.start : table.caption.end] == "Table 2: Tides"


def test_cells_and_headings_are_without_the_marks_around_them() -> None:
    text = "# **Fees**\n\n| `Code` | *Fee* |\n|--|--|\n| [E1](x.md) | **9 € \\| day** |\n"
    structure = text_structure(text)
    assert rows_of(text, structure.tables[0]) == [["Code", "Fee"], ["E1", "9 € \\| day"]]
    assert headings_of(text, structure) == [(1, "Fees")]


def test_an_item_is_all_its_lines_without_those_of_the_items_in_it() -> None:
    text = "1. Hang it up,\n   level.\n   - two bolts\n   - a nut\n2. Plug it in.\n\n   Wait.\n"
    for whole in (text, "# T\n\n" + text):
        assert items_of(whole, text_structure(whole)) == [
            (0, "Hang it up,\n   level."), (1, "two bolts"), (1, "a nut"), (0, "Plug it in.\n\n   Wait."),
        ]  # fmt: skip
        assert text_structure(whole).lists[0].ordered


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1. Choose.\n\n2. Hang.\n\n3. Plug.", ["Choose.", "Hang.", "Plug."]),
        ("a) one\nb) two\nc) three", ["one", "two", "three"]),
        ("(i) one\n(ii) two\n(iii) three\n(iv) four", ["one", "two", "three", "four"]),
        ("- [x] done\n- [ ] open", ["done", "open"]),
        ("•\ttent\n•\tstove", ["tent", "stove"]),
        ("-20 °C is cold.\n-30 °C is colder.", []),
        ("1. Scope\nThis text is about boats and harbours.\n\n2. Terms\nA boat is a small ship.", []),
        ("A. Smith said so.\nAnd left.", []),
    ],
)
def test_what_is_a_list_and_what_is_none(text: str, items: list[str]) -> None:
    assert [words for _, words in items_of(text, text_structure(text))] == items


def test_headings_of_a_plain_text_where_they_are_clear() -> None:
    text = (
        f"HALDEN - CARE\n\nFilters\n{PROSE}\n\nFans\n{PROSE}\n\n2.1 Siphon\n\n{PROSE}\n\nSummer\n======\n\n{PROSE}\n"
        f"\nHow loud is it?\n{PROSE}\n"
    )
    assert headings_of(text, text_structure(text)) == [
        (1, "HALDEN - CARE"), (2, "Filters"), (2, "Fans"), (3, "2.1 Siphon"), (1, "Summer"), (2, "How loud is it?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        f"{PROSE}\n\n{PROSE}",
        f"Dear Ada,\n{PROSE}\n\nYours\nBo",
        "Ann Lee\n12 Mill Lane\nTain\n\nBo Orr\n3 Hill Road\nOban",
        "He left at 10 a.m.\nShe stayed.\nNote: it rained.\nThey left: all of them.",
    ],
)
def test_prose_letters_and_addresses_have_no_structure(text: str) -> None:
    assert not text_structure(text)


def test_front_matter_and_code_are_no_structure() -> None:
    text = "---\ntitle: A\ntags:\n- x\n- y\n---\n\n# B\n\n```\n# no heading\n- no\n- list\n```\n\n    a\tb\n    c\td\n"
    structure = text_structure(text)
    assert headings_of(text, structure) == [(1, "B")]
    assert not structure.lists
    assert not structure.tables


def test_speakers_turns_and_what_only_looks_like_them() -> None:
    text = (
        "ADA LEE: Where is it?\n\nBO: In the shed.\nBehind the mill.\n\n"
        "ADA LEE: Thank you.\nBO: Not at all.\n\nThe end."
    )
    structure = text_structure(text)
    check(text, structure)
    said = [(text[t.speaker.start : t.speaker.end], text[t.span.start : t.span.end]) for t in structure.turns]
    assert said == [
        ("ADA LEE", "ADA LEE: Where is it?"), ("BO", "BO: In the shed.\nBehind the mill."),
        ("ADA LEE", "ADA LEE: Thank you."), ("BO", "BO: Not at all."),
    ]  # fmt: skip
    assert not text_structure("Action: Ada\nDecision: yes\nAction: Bo\nDecision: no\nAction: Cy").turns


def test_a_block_quotation_is_what_stands_behind_its_marks() -> None:
    for text in ("He wrote:\n> All is well.\n> Really.\n\nBye.", "# A\n\n> All is well.\n> Really.\n\nBye."):
        (span,) = text_structure(text).quotations
        assert text[span.start : span.end] == "All is well.\n> Really."


def test_boilerplate_is_no_part_of_the_structure() -> None:
    text = "date 2026-02-26 By Simon Lewis\n\nCUBA CONCERNS\n\nWords."
    assert headings_of(text, lines_structure(text, [Span(0, 30)])) == [(2, "CUBA CONCERNS")]

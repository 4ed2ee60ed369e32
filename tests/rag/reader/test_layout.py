"""What of a text is layout, and so no part of an answer: written out, and by property."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import trimmed
from citeqa.rag.reader.layout import Layout


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("a b", [0, 0]),
        ("a\nb", [0, 0]),
        ("a\n\nb", [0, 1]),
        ("a\r\nb", [0, 0]),
        ("a\r\n\r\nb", [0, 1]),
        ("a \t\n\u00a0\n  b", [0, 1]),
        ("a\n.\nb", [0, 0, 0]),
        ("\n\na\n\n\n\nb\u2028\x85c", [1, 2, 3]),
        ("a \r b", [0, 0]),
    ],
)
def test_a_blank_line_parts_paragraphs(text: str, numbers: list[int]) -> None:
    places = [at for at, mark in enumerate(text) if not mark.isspace()]
    starts, ends = np.array(places), np.array(places) + 1
    assert [found.tolist() for found in Layout.of(text).parts(starts, ends)] == [numbers, numbers]


def test_white_space_counts_to_the_paragraph_that_is_left_when_it_is_trimmed() -> None:
    text = "a \n\n b"
    starts, ends = Layout.of(text).parts(np.arange(6), np.arange(1, 7))
    assert starts.tolist() == [0, 1, 1, 1, 1, 1]
    assert ends.tolist() == [0, 0, 0, 0, 0, 1]


# the span is between « and »; None: nothing is left
CLEARED = [
    ("# Overview\n«1. Choose the place.»", "Choose the place"),
    ("«1.» Choose the place.", None),
    ("«(a)» the fan\n(b) the pump", None),
    ("«12) the fan»", "the fan"),
    ("Parts\n- «- 20 bolts»", "20 bolts"),
    ("1. First\n«2. Second\n3.» Third", "Second"),
    ("After a long debate the vote was by a show of hands\n«12. Then» they left.", "12. Then"),  # hard-wrapped prose
    ("The year is\n«1990.»", "1990"),
    ("Steps\n«2.» Hang it.", None),
    ("«J. Smith» wrote it.", "J. Smith"),
    ("«B) Smith» wrote it.", "Smith"),
    ("from «-20 °C» to", "-20 °C"),
    ("- «-20 °C»", "-20 °C"),
    ("«**Present:** Gwen Pritchard»", "Gwen Pritchard"),
    ("«**Present:**» Gwen Pritchard", None),
    ("«**Decision**:» Lining is ordered", None),
    ("It is «**29 kg**.»", "29 kg"),
    ("«# HK-210 error codes»\n\nText.", None),
    ("## 2. «Acoustic lining»\n**Decision:** Lining.", None),
    ("## 2. Acoustic «lining»\n**Decision:** Lining.", "lining"),
    ("# Minutes of «15 January 2026»\n", "15 January 2026"),
    ("«Care of filters»\n===\nText.", None),
    ("Rubio spoke.\n\n«CUBA CONCERNS»\n\nThe U.S. gave more.", None),
    ("Text.\n\n«Filters»\nChange the filters every six months.", None),
    ("Text.\n\n«1. Filters»\nChange the filters every six months.", None),
    ("Fruit:\n- «apples»\n- pears\n", "apples"),
    ("Text.\n\n«Gwen Pritchard»\nIdris Bevan\n", "Gwen Pritchard"),
    ("«Fjordgata 12»\n7010 Trondheim", "Fjordgata 12"),
    ("«The ferry leaves at noon»", "The ferry leaves at noon"),
    ("| «34 kg |» 35.5 kg |", "34 kg"),
    ("«Idris Bevan (treasurer»), Callum Orde", "Idris Bevan (treasurer)"),
    ("«Idris Bevan (treasurer» and keeper of the keys of the old house), Callum", "Idris Bevan"),
    ("«Idris Bevan (treasurer»\n), Callum", "Idris Bevan"),
    ("Idris (born «1971), treasurer»", "(born 1971), treasurer"),
    ("Idris (a «b) c (d»)", "(a b) c (d)"),
    ("(«Idris»)", "Idris"),
    ("a «b) c»", "c"),
]


@pytest.mark.parametrize(("marked", "left"), CLEARED)
def test_what_is_left_of_a_span(marked: str, left: str | None) -> None:
    text = re.sub("[«»]", "", marked)
    found = Layout.of(text).cleared(text, Span(marked.index("«"), marked.index("»") - 1))
    assert (text[found.start : found.end] if found else None) == left


PARTED = [
    ("| Weight | 34 kg |\n|---|---|\n| Width | 9 m |", ["Weight", "34 kg", "Width", "9 m"]),
    ("One | two | three", ["One | two | three"]),
    ("# Screw\nThe third.", ["Screw", "The third"]),
    ("One.\n\nTwo.", ["One", "Two"]),
    ("One.\n**Action:** Two.", ["One", "Action:** Two"]),
]


@pytest.mark.parametrize(("text", "expected"), PARTED)
def test_no_part_reaches_over_a_bar_a_blank_line_or_the_end_of_a_heading(text: str, expected: list[str]) -> None:
    layout = Layout.of(text)
    spans = [Span(a, b) for a, b in combinations(range(len(text) + 1), 2)]
    opened, closed = layout.parts(np.array([s.start for s in spans]), np.array([s.end for s in spans]))
    inside = [trimmed(text, span) for span, a, b in zip(spans, opened, closed, strict=True) if a == b]
    longest = {
        found for found in inside if found and not any(o and o != found and o.contains(found) for o in inside)
    }  # fmt: skip
    words = [text[span.start : span.end].removeprefix("# ") for span in sorted(longest, key=lambda s: s.start)]
    assert [word for word in words if word.strip("-")] == expected


LINES = ["# Care", "1. Hang it", "- a fan", "| a | b |", "**By:** him", "It (the fan) is old.", "(b", "9) x", ""]
TEXTS = st.lists(st.sampled_from(LINES), max_size=6).map("\n".join) | st.text("a1.)(*|#-[]: \n", max_size=24)


@given(TEXTS, st.data())
def test_what_is_left_is_whole_and_has_no_layout_at_its_ends(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    layout = Layout.of(text)
    found = layout.cleared(text, Span(start, end)) if start < end else None
    if not found:
        return
    words = text[found.start : found.end]
    assert layout.cleared(text, found) == found
    assert found not in layout.headings
    assert not {words[0], words[-1]} & {*"*| \n"}
    assert not any(mark.start <= found.start < mark.end for mark in layout.marks)
    assert not any(found.start < mark.start < found.end <= mark.end for mark in layout.marks)
    assert words.count("(") + words.count("[") == words.count(")") + words.count("]")


@pytest.mark.timeout(30)
def test_long_texts_take_work_in_proportion_to_their_length() -> None:
    """Each would take minutes if work grew with the square of the length."""
    for text in ("(" * 200_000, "1. " * 100_000, "a\n" * 100_000, "| " * 100_000, "**a" * 70_000, " " * 200_000 + "a"):
        layout = Layout.of(text)
        for span in (Span(0, 100), Span(len(text) - 100, len(text))):
            found = layout.cleared(text, span)
            assert found is None or span.contains(found)

"""A sentence of a quotation is shown with all of it and its speaker; nothing else makes a run of sentences longer."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.documents.sentences import sentences
from citeqa.index.types import Span
from citeqa.rag.citation.quotations import LONGEST, whole


def shown(text: str, part: str) -> str:
    """What is shown around the sentence that holds `part`."""
    found = sentences(text)
    place = next(i for i, span in enumerate(found) if part in text[span.start : span.end])
    first, last = whole(text, found, place, place)
    return text[found[first].start : found[last].end]


@pytest.mark.parametrize(
    ("text", "part", "expected"),
    [
        ('"We won. It was great," Smith said. He left.', "We won", '"We won. It was great," Smith said.'),
        ('He said: "We won. It was great." Then he left.', "great", 'He said: "We won. It was great."'),
        ("“We won. It was great,” Smith said. He left.", "We won", "“We won. It was great,” Smith said."),
        ("Smith called it „a win. A great one.“ He left.", "a win", "Smith called it „a win."),
        ('"It is over," said Jones. "We go. All may come."', "It is over", '"It is over," said Jones.'),
        ('Jones spoke.\n"We go. All may come."\nHe left.', "All may", '"We go. All may come."'),
        ('He has a 5" nail. It is long. He left.', "It is", "It is long."),
        ('"We go. All may come.\n"Nobody stays," he said.', "We go", '"We go.'),
        ("He came. He left.", "came", "He came."),
    ],
)
def test_a_quotation_is_shown_whole_with_its_speaker(text: str, part: str, expected: str) -> None:
    assert shown(text, part) == expected


def test_a_very_long_quotation_is_not_shown_whole() -> None:
    long = "We say many things here today. " * (LONGEST // 30 + 1)
    assert shown(f'"{long}It ends," he said.', "It ends") == 'It ends," he said.'


@given(st.lists(st.sampled_from(['"', "“", "”", "Go on.", "He left.", " ", "\n", "said she."]), max_size=30))
def test_the_run_only_grows_stays_in_its_paragraph_and_is_settled_at_once(parts: list[str]) -> None:
    text = "".join(parts)
    found = sentences(text)
    for place in range(len(found)):
        first, last = whole(text, found, place, place)
        assert 0 <= first <= place <= last < len(found)
        inside = Span(found[first].start, found[last].end)
        gaps = [text[one.end : other.start] for one, other in pairwise(found)]
        assert all("\n" not in gap for gap in gaps[first:last])
        assert whole(text, found, first, last) == (first, last)
        if first < last:
            assert any(mark in text[inside.start : inside.end] for mark in '"“”„«»')

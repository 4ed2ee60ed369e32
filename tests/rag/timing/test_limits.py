"""What a sentence says of when a value in it holds: golden rows. The value stands in square brackets."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.timing.limits import changes_in, standing

TODAY = date(2026, 2, 1)

ROWS = [
    ("Until 31 March 2025 visitors were admitted from [2 pm to 4 pm].", "past"),
    ("Until 31 March 2027 visitors are admitted from [2 pm to 4 pm].", "unsaid"),
    ("Until 31 March the fee was [£5].", "past"),
    ("The fee was [£5] until 31 March 2025, when it rose.", "past"),
    ("Visitors are now admitted from [3 pm to 7 pm].", "in force"),
    ("The licensee may install it on [25 computers] (15 until 30 June 2025).", "unsaid"),
    ("The licensee may install it on 25 computers ([15] until 30 June 2025).", "past"),
    ("The licence fee, formerly [$480 per computer], is $410 per computer.", "past"),
    ("The licence fee, formerly $480 per computer, is [$410 per computer].", "unsaid"),
    ("The quantity supplied each year was changed from [40 GWh] to 34 GWh.", "past"),
    ("The quantity supplied each year was changed from 40 GWh to [34 GWh].", "in force"),
    ("The quantity supplied each year was changed from [40 GWh to 34 GWh].", "mixed"),
    ("It will cost [268 million euros], and not 212 million as announced last year.", "in force"),
    ("It will cost 268 million euros, and not [212 million] as announced last year.", "past"),
    ("The number of people killed by the storm was corrected from [seven] to five; two died.", "past"),
    ("The number of people killed by the storm was corrected from seven to [five]; two died.", "in force"),
    ('Clause 2: the words "£3,600" are replaced by "[£4,250]".', "in force"),
    ('Clause 2: the words "[£3,600]" are replaced by "£4,250".', "past"),
    ("The trial has [460] patients, not 640.", "in force"),
    ("The trial has 460 patients, not [640].", "past"),
    ("It ends on [30 September 2029]; previously it was to end on 30 September 2027.", "unsaid"),
    ("It ends on 30 September 2029; previously it was to end on [30 September 2027].", "past"),
    ("The gym used to close at [nine in the evening].", "past"),
    ("The gym used to close at [nine in the evening. Since August it closes at eleven].", "mixed"),
    ("The gym used to close at nine. Since August it closes at [eleven].", "in force"),
    ("The archive counted [18,430] visitors (an earlier version said 14,830, which was a slip).", "unsaid"),
    ("The archive counted 18,430 visitors (an earlier version said [14,830], which was a slip).", "past"),
    ("The loan is repaid by [31 August 2035] instead of 31 August 2032.", "in force"),
    ("The loan is repaid by 31 August 2035 instead of [31 August 2032].", "past"),
    ("From 1 March 2025 the rate is [4.4 %] a year.", "in force"),
    ("From 1 March 2030 the rate is [4.4 %] a year.", "to come"),
    ("The offer was extended to [31 March 2026].", "unsaid"),
    ("The offer is open until [31 March 2025].", "unsaid"),
    ("Previously general waste was collected [every week].", "past"),
    ("Previously, general waste was collected [every week], but it is now collected monthly.", "past"),
    ("It is collected [monthly].", "unsaid"),
    ("The train runs from [York] to Leeds.", "unsaid"),
    ("He moved from [York] to Leeds.", "past"),
    ("He works from [9] to 5.", "unsaid"),
    ("The pump must not be used in [rain].", "unsaid"),
    ("The fee is [£5], instead of £4 as before.", "in force"),
    ('For "40" read "[34]".', "in force"),
    ("Instead of £4, the fee is [£5].", "in force"),
    ("Before 2020 the limit was [80].", "past"),
    ("The hotline is no longer open on [Saturdays].", "past"),
    ("The rate fell from [5 %] to 4 % in May.", "past"),
]  # fmt: skip


@pytest.mark.parametrize(("marked", "expected"), ROWS)
def test_golden_row(marked: str, expected: str) -> None:
    start, end = marked.index("["), marked.index("]") - 1
    text = marked.replace("[", "").replace("]", "")
    assert standing(text, Span(start, end), TODAY).value == expected


def test_a_change_names_both_values() -> None:
    text = 'In clause 2 the words "£3,600" are replaced by "£4,250".'
    (change,) = changes_in(text)
    assert (text[change.old.start : change.old.end], text[change.new.start : change.new.end]) == ("£3,600", "£4,250")


PARTS = ["until 31 March 2025 ", "not ", "from ", "to ", "40", "34 GWh", ", ", "(", ")", "; ", ". ", "was ", '"']


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=20), st.data())
def test_any_words_say_one_thing_of_any_value(parts: list[str], data: st.DataObject) -> None:
    text = "".join(parts)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    assert standing(text, Span(start, end), TODAY)
    for change in changes_in(text):
        assert change.old.end <= len(text)
        assert change.new.end <= len(text)
        assert not change.old.overlaps(change.new)

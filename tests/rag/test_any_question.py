"""Whatever a question is made of, the functions that read it answer: over all of Unicode, and over the words that their
rules look for, spelled with every character that counts as one of their letters when case is ignored."""

from __future__ import annotations

import os
import random
import re
import sys
import time
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Filters
from citeqa.rag import headings, matching
from citeqa.rag.folding import folded
from citeqa.rag.followup import Turn, carried, points_back
from citeqa.rag.lists import wants_several
from citeqa.rag.names import unknown_names
from citeqa.rag.timing.expressions import find_times
from citeqa.rag.timing.recency import plan_times

SOAK = bool(os.environ.get("CITEQA_TEST_SOAK"))
QUESTIONS = int(os.environ.get("CITEQA_TEST_QUESTIONS") or (1_000_000 if SOAK else 1_000))
NAMES = 20  # of so many questions, one is also asked for its names, which searches an index
SLOW = 0.25  # seconds of this process for the functions that read one question
TODAY = date(2026, 11, 24)
ALL = [chr(point) for point in range(sys.maxunicode + 1)]
DIGITS = [character for character in ALL if unicodedata.category(character) == "Nd"]
BLANKS = [character for character in ALL if character.isspace()]
# For each ASCII letter, every character that a rule which ignores case takes for it.
VARIANTS = {letter: re.findall(letter, "".join(ALL), re.IGNORECASE) for letter in "abcdefghijklmnopqrstuvwxyz"}
WORDS = """
last past previous this current next coming yesterday tonight today tomorrow night ago few several couple of the a an
day week month quarter year decade century weekend monday thursday saturday sunday january february march april may june
july august september sept oct december spring summer autumn fall winter atlantic hurricane season early late mid end
first second half third fourth 1st 2nd 3rd 4th in on since after before until by as from to and between during later
than earlier following ever up onwards latest newest recent recently currently nowadays what was reported published
articles news reports sixties thirties twentieth twenty-first 21st 00th 2018 2019/20 2019-21 1999 0001-01-01 9999-12-31
2024-02-30 31.12.2020 4/5/2020 13/13/2020 1990s '60s Q3 three twelve 999 100 0 he she it that there those his her their
then same who when where how many $5 1.5 million hundred percent % °C US$9 -5 about also else
""".split()  # noqa: SIM905

DAYS = st.one_of(st.dates(), st.sampled_from([date.min, date.max, date(1, 12, 31), date(9999, 1, 1), TODAY]))
CHARACTERS = st.text(st.characters(), max_size=8)  # lone surrogates included


@st.composite
def words(draw: st.DrawFn) -> str:
    """A word of the rules, or any characters at all; letters, digits and case as they come."""
    word = draw(st.one_of(st.sampled_from(WORDS), CHARACTERS))
    if not draw(st.booleans()):
        return word
    return "".join(
        draw(st.sampled_from(VARIANTS[character]))
        if character in VARIANTS
        else draw(st.sampled_from(DIGITS))
        if character in "0123456789"
        else character
        for character in word
    )


BETWEEN = st.one_of(st.just(" "), st.sampled_from([*BLANKS, "-", "–", ", ", ". ", "'", '"', "“", "”", ""]))


@st.composite
def questions(draw: st.DrawFn) -> str:
    parts = draw(st.lists(st.tuples(words(), BETWEEN), max_size=10))
    return "".join(word + blank for word, blank in parts)


@settings(max_examples=1000)
@given(questions(), DAYS)
@pytest.mark.slow
def test_the_times_of_any_question_are_found_or_ignored(question: str, today: date) -> None:
    end = 0
    for timing in find_times(question, today):
        assert question[timing.span.start : timing.span.end] == timing.text
        assert timing.span.start >= end
        end = timing.span.end
        if timing.date_from and timing.date_to:
            assert timing.date_from <= timing.date_to
    planned = plan_times(question, Filters(), today)
    assert (
        planned.filters.date_from is None
        or planned.filters.date_to is None
        or planned.filters.date_from <= (planned.filters.date_to)
    )


def made_up(chance: random.Random) -> str:
    """A question as `questions` draws them, but quickly, so that there can be a million."""

    def word() -> str:
        if chance.random() < 0.1:
            return "".join(chance.choice(ALL) for _ in range(chance.randint(0, 8)))
        chosen = chance.choice(WORDS)
        if chance.random() < 0.7:
            return chosen
        odd = "".join(
            chance.choice(VARIANTS.get(one) or DIGITS) if one in VARIANTS or one.isdigit() else one for one in chosen
        )
        return odd if chance.random() < 0.5 else odd.upper()

    between = [" "] * 5 + ["-", "–", ", ", ". ", "'", '"', "“", "”", "", "\n", "? ", chance.choice(BLANKS)]
    return "".join(word() + chance.choice(between) for _ in range(chance.choice([1, 3, 6, 10, 40])))


def read_by_all(question: str, before: str, today: date) -> None:
    """Every function that reads a question reads this one."""
    for timing in plan_times(question, Filters(), today).timings:
        assert question[timing.span.start : timing.span.end] == timing.text
    for chip in carried(question, Turn(before, question, before)):
        assert chip in before or chip in question
    points_back(question)
    wants_several(question)
    headings.asks(before, question)
    matching.kind(question)
    matching.quantities(question)
    matching.alike(question, before)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_as_many_questions_as_wanted_are_read_by_all_functions(seeds: Index) -> None:
    chance, before, slowest = random.Random(QUESTIONS), "Who spoke in March 2024?", 0.0
    days = [date.min, date.max, TODAY, date(2024, 2, 29)]
    for number in range(QUESTIONS):
        question, start = made_up(chance), time.process_time()
        try:
            read_by_all(question, before, chance.choice(days))
            if number % NAMES == 0:
                unknown_names(question, seeds)
        except Exception as error:
            raise AssertionError(f"question {number}, {question!r}, after {before!r}") from error
        slowest, before = max(slowest, time.process_time() - start), question
    print(f"\n{QUESTIONS:,} questions, the slowest read in {1000 * slowest:.0f} ms")
    assert slowest < SLOW


@settings(max_examples=500)
@given(questions(), questions(), questions(), questions())
@pytest.mark.slow
def test_what_any_question_carries_over_stands_in_the_turn_before(
    question: str, before: str, answer: str, title: str
) -> None:
    chips = carried(question, Turn(before, answer, title))
    assert not chips or points_back(question)
    for chip in chips:
        assert chip in before or chip in answer or chip in title


@settings(max_examples=500)
@given(questions(), questions())
@pytest.mark.slow
def test_any_two_texts_can_be_compared(one: str, other: str) -> None:
    assert matching.kind(one) in ("date", "number", "name", "phrase")
    assert matching.same_answer(one, one)
    assert matching.alike(one, other) == matching.alike(other, one)
    assert 0 <= matching.token_f1(one, other) <= 1
    assert matching.quantities(one) >= set(matching.numbers(one))


def test_folding_gives_the_very_letters_that_rules_without_case_see() -> None:
    for letter, variants in VARIANTS.items():
        assert {folded(variant).lower() for variant in variants} == {letter}
    others = "".join(set(ALL) - {variant for variants in VARIANTS.values() for variant in variants})
    assert folded(others) == others


@pytest.mark.parametrize(
    ("odd", "plain"),
    [
        ("What happened laſt week?", "What happened last week?"),
        ("What happened thıs week?", "What happened this week?"),
        ("Who resigned in ſept 2024?", "Who resigned in sept 2024?"),
        ("Who resigned in the ſecond quarter of 2024?", "Who resigned in the second quarter of 2024?"),
        ("What was decided sİx weeKs ago?", "What was decided sIx weeKs ago?"),
    ],
)
def test_a_time_is_understood_whatever_form_its_letters_have(odd: str, plain: str) -> None:
    found, wanted = find_times(odd, TODAY), find_times(plain, TODAY)
    assert [(one.span, one.date_from, one.date_to, one.use) for one in found] == [
        (one.span, one.date_from, one.date_to, one.use) for one in wanted
    ]
    assert [one.text for one in found] == [odd[one.span.start : one.span.end] for one in wanted] != []


@pytest.mark.parametrize(
    ("question", "today"),
    [
        ("What happened after 9999-12-31?", TODAY),
        ("What happened before 0001-01-01?", TODAY),
        ("What happened after today?", date.max),
        ("What happened before today?", date.min),
        ("What happened next week?", date.max),
        ("What happened last winter?", date.min),
        ("What happened in the past year?", date.min),
    ],
)
def test_a_time_outside_the_calendar_is_none(question: str, today: date) -> None:
    assert find_times(question, today) == ()

"""Sameness of answers against SQuAD's own definition, and by rows written out."""

from __future__ import annotations

import re
import string
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.rag.matching import alike, kind, normalized, numbers, same_answer, token_f1

WORDS = st.lists(
    st.sampled_from(["the", "A", "an", "Cuba", "aid", "$9", "9", "million,", "U.S.", "-", "“Cuba”", "théâtre", "!"])
)
TEXTS = st.text(max_size=20) | WORDS.map(" ".join)


def squad_normalized(text: str) -> str:
    """The steps of `normalize_answer` in SQuAD's evaluation script, in its order: lower, remove punctuation, remove
    articles, fix white space."""
    lowered = text.lower()
    without_marks = "".join(character for character in lowered if character not in set(string.punctuation))
    without_articles = re.sub(r"\b(a|an|the)\b", " ", without_marks)
    return " ".join(without_articles.split())


def squad_f1(found: str, wanted: str) -> Fraction:
    """2 P R / (P + R) over the bags of tokens; where either side has none, whether neither has."""
    ours, theirs = squad_normalized(found).split(), squad_normalized(wanted).split()
    if not ours or not theirs:
        return Fraction(int(ours == theirs))
    left, shared = Counter(theirs), 0
    for token in ours:
        if left[token]:
            left[token] -= 1
            shared += 1
    if not shared:
        return Fraction(0)
    precision, recall = Fraction(shared, len(ours)), Fraction(shared, len(theirs))
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Catholic Church.", "catholic church"),
        ("an apple a day", "apple day"),
        ("Theatre", "theatre"),
        ("U.S.", "us"),
        ("$9 million", "9 million"),
        (" \t two\n words ", "two words"),
        ("“curly” – dash", "“curly” – dash"),  # only ASCII marks are punctuation to SQuAD
        ("a", ""),
        ("!?", ""),
        ("a-b", "ab"),
    ],
)
def test_normalised_by_hand(text: str, expected: str) -> None:
    assert normalized(text) == expected


@given(TEXTS)
def test_normalised_as_squad_does(text: str) -> None:
    assert normalized(text) == squad_normalized(text)


def test_f1_by_hand() -> None:
    assert token_f1("nine million dollars", "nine million") == pytest.approx(2 * (2 / 3) * 1 / (2 / 3 + 1))
    assert token_f1("to be or not to be", "to be") == pytest.approx(2 * (2 / 6) * 1 / (2 / 6 + 1))
    assert token_f1("the", "a") == 1.0
    assert token_f1("the", "cat") == 0.0
    assert token_f1("dog", "cat") == 0.0


@given(TEXTS, TEXTS)
def test_f1_as_squad_defines_it(one: str, other: str) -> None:
    assert token_f1(one, other) == pytest.approx(float(squad_f1(one, other)))
    assert token_f1(one, other) == token_f1(other, one)


SAME = [
    ("The Catholic Church", "catholic church"),
    ("“Cuba”", "Cuba!"),
    ("half past ten.", "HALF PAST TEN"),
    ("Trinidad – Tobago", "Trinidad - Tobago"),
    ("Cuba’s aid", "Cuba's aid"),
    ("1,000 people", "1000 people"),
    ("$9 million", "9 million"),
    ("-5 degrees", "–5 degrees"),
]
DIFFERENT_WORDS = [
    ("1.5 million", "15 million"),
    ("-5 degrees", "5 degrees"),
    ("-$5", "$5"),
    ("3-1", "31"),
    ("1/2", "12"),
    ("3,50", "350"),
    ("कि", "का"),
    ("Cuba", "Cuban"),
    ("9 million", "nine million"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_answer_with_other_case_and_punctuation(one: str, other: str) -> None:
    assert same_answer(one, other)
    assert same_answer(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT_WORDS)
def test_another_answer_however_alike_it_looks(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


ALIKE = [
    ("Marco Rubio", "Rubio"),
    ("Rubio", "Secretary of State Marco Rubio"),
    ("$9 million of humanitarian assistance", "$9 million"),
    ("1987", "4 May 1987"),
    ("May 4, 1987", "4 May 1987"),
    ("the red bridge", "a red house"),  # half of their words
    ("two people", "2 people"),
    ("“Cuba first”", "'Cuba' today"),
    ("A", "an"),
    ("12 people", "12 of the 14 people"),
]
UNLIKE = [
    ("12 people", "14 people"),
    ("1.5 million", "15 million"),
    ("-5 degrees", "5 degrees"),
    ("4 May 1987", "5 May 1987"),
    ("4 May 1987", "4 June 1987"),
    ("4 Feb. 1987", "4 March 1987"),
    ("two people", "three people"),
    ("5 million dollars", "5 billion dollars"),
    ("Marco Rubio", "Simon Lewis"),
    ("A", "Cuba"),  # nothing is left of the first
    ("Havana", ""),
]


@pytest.mark.parametrize(("one", "other"), ALIKE + SAME)
def test_variants_of_one_answer(one: str, other: str) -> None:
    assert alike(one, other)
    assert alike(other, one)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_answers_that_are_no_variants(one: str, other: str) -> None:
    assert not alike(one, other)
    assert not alike(other, one)


@given(TEXTS, TEXTS)
def test_likeness_is_symmetric_and_reflexive(one: str, other: str) -> None:
    assert alike(one, one)
    assert same_answer(one, one)
    assert alike(one, other) == alike(other, one)
    assert same_answer(one, other) == same_answer(other, one)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("none", []),
        ("12 people", ["12"]),
        ("1,000,000 and 3.75", ["1000000", "3.75"]),
        ("1914–1918", ["1914", "1918"]),
        ("1914-1918", ["1914", "1918"]),
        ("-5, –6 and −7 degrees", ["-5", "-6", "-7"]),
        ("(-5) or $-9 or -$10", ["-10", "-5", "-9"]),
        (".5 or -.5", ["-.5", ".5"]),
        ("3,50 euros", ["3,50"]),
        ("at 10:30 on 4.5.2026.", ["10", "30", "4.5.2026"]),
        ("COVID-19", ["19"]),
        ("12 12", ["12", "12"]),
    ],
)
def test_the_numbers_in_a_text(text: str, expected: list[str]) -> None:
    assert numbers(text) == expected


@given(st.integers(), st.sampled_from(["{}", "{} people", "about {}.", "({})", "“{}”", "${}"]))
def test_every_integer_is_found_with_its_sign_and_without_its_commas(value: int, form: str) -> None:
    assert numbers(form.format(value)) == [str(value)]
    assert numbers(form.format(f"{value:,}")) == [str(value)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1987", "date"),
        ("4 May 1987", "date"),
        ("May 4", "date"),
        ("in Feb. 12", "date"),
        ("March", "date"),
        ("between 2019 and 2021", "date"),
        ("in 1987", "date"),
        ("May 1987", "date"),
        ("the 1987 season", "date"),
        ("the 1987 elections", "date"),
        ("1987 World Cup", "date"),
        ("in 1987 people fled", "date"),
        ("1914–1918", "date"),
        ("4.5.1987", "date"),
        ("1987-05-04", "date"),
        ("1987, when 1500 people fled", "date"),
        ("1987 was cold", "date"),
        ("1500 people", "number"),
        ("more than 1500 soldiers", "number"),
        ("1200 homes and 2000 families", "number"),
        ("1500 km", "number"),
        ("1500 million", "number"),
        ("$1500", "number"),
        ("1500%", "number"),
        ("1500 %", "number"),
        ("1500.5", "number"),
        ("3.1415", "number"),
        ("1500m", "number"),
        ("a march of 300 people", "number"),
        ("it may take 3 days", "number"),
        ("12 people", "number"),
        ("$9 million", "number"),
        ("three", "number"),
        ("1,987 people", "number"),
        ("Marco Rubio", "name"),
        ("the Bank of England", "name"),
        ("Theresa May", "name"),
        ("Ludwig van Beethoven", "name"),
        ("bird's nests", "phrase"),
        ("the Catholic church", "phrase"),
        ("the", "phrase"),
        ("!", "phrase"),
        ("", "phrase"),
    ],
)
def test_the_kind_of_an_answer(text: str, expected: str) -> None:
    assert kind(text) == expected

"""Which answers can contradict each other: values of one sort."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.rag.values import asks_amount, comparable


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("£6.10", "£5.20", True),
        ("£6.10", "€5.20", False),
        ("850,000 pounds", "£1.2 million", True),
        ("4.8 kilometres", "212 million euros", False),
        ("14", "30 days", True),
        ("30 days", "2 weeks", False),
        ("seven people", "five", True),
        ("4.4 %", "3.1 percent", True),
        ("4.4 %", "3.1 metres", False),
        ("2019", "4 May 2020", False),
        ("May 2019", "June 2020", True),
        ("31 August 2035", "31 August 2032", True),
        ("3 pm to 7 pm", "2 pm to 4 pm", True),
        ("every week", "every three weeks", True),
        ("Ann Vane", "7", False),
        ("Ann Vane", "Bob Hall", True),
    ],
)
def test_golden_row(one: str, other: str, expected: bool) -> None:
    assert comparable(one, other) is expected
    assert comparable(other, one) is expected


VALUES = st.lists(st.sampled_from(["12", "£", "May", "2020", "two", "days", "Ann", "%", " ", "metres", "5 pm"])).map(
    "".join
)


@given(VALUES, VALUES)
def test_it_does_not_matter_which_comes_first(one: str, other: str) -> None:
    assert comparable(one, other) == comparable(other, one)
    assert comparable(one, one)


@pytest.mark.parametrize(
    "question",
    ["What is the price of the gateway?", "how much is it", "What does the pump cost?", "What was the total cost?",
     "How long is the cable?", "What's the weight of the HK-210?"],
)  # fmt: skip
def test_an_amount_is_asked_for(question: str) -> None:
    assert asks_amount(question)


@pytest.mark.parametrize(
    "question",
    ["What is the part number of the gateway?", "Which part costs most?", "Who pays?",
     "What does error E07 mean?", "Where is the speed limit?"],
)  # fmt: skip
def test_something_else_is_asked_for(question: str) -> None:
    assert not asks_amount(question)

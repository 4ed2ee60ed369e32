"""An answer that is a part of an enumeration is completed from the reader's own candidates, and nothing else is."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from citeqa.index.types import Span
from citeqa.rag.enumerations import whole_enumeration


class Found(NamedTuple):
    span: Span
    margin: float


def completed(text: str, *texts: str, several: bool = False, step: float = 1.0) -> str | None:
    """What the first of some candidates, whose margins fall by a step, is completed to."""
    found = [
        Found(Span(text.index(one), text.index(one) + len(one)), -step * rank) for rank, one in enumerate(texts)
    ]  # fmt: skip
    span = whole_enumeration(text, found[0], found, several=several)
    return text[span.start : span.end] if span else None


PAID = "The building was paid for by the county, the harbour trust and about six hundred donors."
TARNISH = "In particular the portafilter, the baskets and the steam tip would tarnish."
PRESENT = "Present: Dilys Marchetti (chair), Tom Oakden, Farida Sethi"


@pytest.mark.parametrize(
    ("text", "part", "whole", "several"),
    [
        (PAID, "the county, the harbour trust", "the county, the harbour trust and about six hundred donors", False),
        (TARNISH, "baskets and the steam tip", "the portafilter, the baskets and the steam tip", False),
        (TARNISH, "the portafilter", "the portafilter, the baskets and the steam tip", True),
        (PRESENT, "Dilys Marchetti", "Dilys Marchetti (chair), Tom Oakden, Farida Sethi", True),
        (PRESENT, "Tom Oakden", "Dilys Marchetti (chair), Tom Oakden, Farida Sethi", True),
    ],
)
def test_a_part_becomes_the_whole(text: str, part: str, whole: str, several: bool) -> None:
    assert completed(text, part, whole, several=several) == whole


def test_the_likeliest_whole_is_taken_and_none_that_is_cut_off_itself() -> None:
    whole = "the portafilter, the baskets and the steam tip"
    cut, longer = "portafilter, the baskets", "the portafilter, the baskets and the steam tip would tarnish"
    assert completed(TARNISH, "portafilter", cut, whole, longer, several=True) == whole


@pytest.mark.parametrize(
    ("text", "part", "longer", "several"),
    [
        (PRESENT, "Dilys Marchetti", "Dilys Marchetti (chair), Tom Oakden, Farida Sethi", False),  # one is asked for
        (PAID, "the county, the harbour trust and about six hundred donors", PAID[:-1], True),  # whole already
        ("It has HD channels and Video On Demand.", "HD channels", "HD channels and Video On Demand", True),  # two only
        ("In 2019, Anna, Bea and Carl founded it.", "Bea and Carl", "In 2019, Anna, Bea and Carl", True),
        ("It costs 1,200 euros, which is much, or so they say.", "1,200 euros", "1,200 euros, which is much", True),
    ],
)
def test_what_is_no_part_of_an_enumeration_stays(text: str, part: str, longer: str, several: bool) -> None:
    assert completed(text, part, longer, several=several) is None


def test_an_unlikely_whole_is_not_taken() -> None:
    parts = ("the county, the harbour trust", "the county, the harbour trust and about six hundred donors")
    assert completed(PAID, *parts, step=1.9)
    assert completed(PAID, *parts, step=2.1) is None
    assert completed(PAID, *parts, step=2.1, several=True)

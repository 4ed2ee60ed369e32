"""What belongs to a quantity, and what a negation is said of: written out, and by property."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.types import Span
from citeqa.rag.reader.boundaries import trimmed
from citeqa.rag.reader.quantities import quantity_bounds, whole_bounds

# each quantity of a text in brackets, its parts marked off by |
WHOLE = [
    "It cost [$|9], no more.",
    "It cost [US$|9 |million] or [C$|1,000.50].",
    "EURO[€|9]",
    "[€ |9] or ([$|-9])",
    "[£|5 |million |€]",
    "([$|.5]) [£|5m]",
    "[5|€] or [5 |€], and in 2010 [€|5]",
    "[5|$] 9 people",
    "[50|%] of [1.5|%], [3 |%] and [-4|‰]",
    "20%20 is a blank in a URL",
    "[20|°C] or [20|°] or 20º",
    "[-20 |°C] to [+40 |°C]",
    "[34 |kg] | [35.5 |kg]; [12 |Nm]; up to [160 |m²]",
    "[150 |m³|/h] at [47 |dB|(A)] or [46 |dB], [210m³|/h], [0.31 |€|/kWh]",
    "[230 |V], [50 |Hz], a [10 |A] breaker, [3 |million |t]",
    "from [8 |a.m.] to [6 |p.m.], not [6 |pm]",
    "the [8 |m]. It fell; 8 mayors, 5 ma, 5 m's, 12(A)",
    "[1.5 |million] and [-2-|million]",
    "[5 |hundred |thousand |%]",
    "[9 |Billion], [12 |dozen], a [3-|million]-year-old, [2 |millions]",
    "5 millionaires, 12 people, 60,000 hours, in 1987, $ alone, 100 percent",
    "",
]


@pytest.mark.parametrize("marked", WHOLE)
def test_a_quantity_is_given_whole_wherever_one_of_its_parts_begins_or_ends(marked: str) -> None:
    text = re.sub(r"[\[\]|]", "", marked)
    starts, ends = quantity_bounds(text)
    found = {at: (starts.get(at, at), ends.get(at, at)) for at in range(len(text) + 1)}
    expected = {at: (at, at) for at in found}
    for quantity in re.finditer(r"\[([^\]]*)\]", marked):
        start = at = len(re.sub(r"[\[\]|]", "", marked[: quantity.start()]))
        end = start + len(quantity[1].replace("|", ""))
        for part in quantity[1].split("|"):
            first = at + part.startswith("/")
            behind = at + len(part.rstrip(" -"))
            expected[first] = start, expected[first][1]
            if signed := re.match(r"[-−–+.]+(?=\d)", part):
                expected[first + signed.end()] = start, expected[first + signed.end()][1]
            expected[behind] = expected[behind][0], end
            at += len(part)
    assert found == expected


def test_the_sign_in_front_of_a_currency_is_of_the_quantity() -> None:
    starts, ends = quantity_bounds("at -$3 million")
    assert [starts[at] for at in (4, 5, 7)] == [3, 3, 3]  # those of the currency, the number, its size
    assert [ends[at] for at in (5, 6, 14)] == [14, 14, 14]


@given(st.text("$€ 59.,%°C-–ab", max_size=16))
def test_ends_move_only_outward_and_never_twice(text: str) -> None:
    starts, ends = quantity_bounds(text)
    assert all(to <= at and starts.get(to, to) == to for at, to in starts.items())
    assert all(to >= at and ends.get(to, to) == to for at, to in ends.items())
    for start, end in zip(sorted({*starts.values()}), sorted({*ends.values()}), strict=True):
        assert trimmed(text, Span(start, end)) == Span(start, end)


# each place where a span may begin, and where it begins instead
NEGATED = [
    ("for the turbine house, not the pump house", "the pump", "not the pump"),
    ("for the turbine house, not the pump house", "pump", "not the pump"),
    ("for the turbine house, not the pump house", "house", "house"),
    ("must never be put", "be", "never be"),
    ("There was no ice.", "ice", "no ice"),
    ("It doesn't leak", "leak", "doesn't leak"),
    ("It doesn’t leak", "leak", "doesn’t leak"),
    ("No more than £6,200", "more", "No more"),
    ("No more than £6,200", "£", "£"),
    ("Pay not $9 million", "9", "not $9"),
    ("Pay not $9 million", "million", "not $9 million"),
    ("not without reason", "reason", "not without reason"),
    ("not only the mayor", "only", "only"),
    ("part no. 4410", "4410", "4410"),
    ("a knot of rope", "of", "of"),
    ("neither he nor she", "she", "nor she"),
    ("not\nthe mayor", "mayor", "mayor"),
]


@pytest.mark.parametrize(("text", "begins", "instead"), NEGATED)
def test_a_negation_belongs_to_what_it_precedes(text: str, begins: str, instead: str) -> None:
    at = text.index(begins) if begins != "house" else text.rindex(begins)
    found = whole_bounds(text).starts.get(at, at)
    assert text.startswith(instead, found)
    assert found == (text.index(instead) if instead != "house" else at)


@given(st.lists(st.sampled_from(["not", "no", "the", "never", "9", "$9", "%", "only", "ice", "."]), max_size=9))
def test_starts_move_to_the_left_and_only_once(words: list[str]) -> None:
    starts, _ = whole_bounds(" ".join(words))
    assert all(to <= at and starts.get(to, to) == to for at, to in starts.items())

"""The confidence is the logistic function, whatever goes in, and its numbers come from a file that is checked."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import CiteqaError
from rag.confidence import FITTED, Confidence, load

HAND = Confidence(2.0, 3.0, 5.0, intercept=-1.0, slope=2.0, threshold=0.25)
VALUES = {
    "read_weight": 1,
    "coverage_weight": 2,
    "evidence_weight": 3,
    "intercept": 4,
    "slope": 5,
    "threshold": 0.5,
}


def test_the_score_is_the_weighted_sum() -> None:
    assert HAND.score(0.5, 0.25, 0.125) == 2 * 0.5 + 3 * 0.25 + 5 * 0.125


def test_the_probability_is_the_logistic_function() -> None:
    assert HAND.probability(0.5) == 0.5
    assert HAND.probability(1.0) == pytest.approx(1 / (1 + math.exp(-1)))
    assert HAND.probability(-1.0) == pytest.approx(math.exp(-3) / (1 + math.exp(-3)))


@given(st.floats(-20, 20))
def test_the_probability_is_that_of_the_hyperbolic_tangent(read: float) -> None:
    assert HAND.probability(read) == pytest.approx((1 + math.tanh((2 * read - 1) / 2)) / 2, abs=1e-12)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_extreme_values_neither_overflow_nor_leave_the_range(one: float, other: float) -> None:
    low, high = HAND.probability(min(one, other)), HAND.probability(max(one, other))
    assert 0 <= low <= high <= 1


def test_the_shipped_numbers_make_a_surer_reader_surer() -> None:
    shipped = load()
    assert shipped.slope > 0
    assert 0 < shipped.threshold < 1
    assert shipped.probability(1.0) > shipped.threshold > shipped.probability(-1.0)


def test_the_numbers_in_the_file_are_the_ones_used(tmp_path: Path) -> None:
    (tmp_path / "fitted.json").write_text(json.dumps({"values": VALUES, "fitted_on": {}}))
    assert load(tmp_path / "fitted.json") == Confidence(1.0, 2.0, 3.0, 4.0, 5.0, 0.5)
    assert load() == Confidence(**json.loads(FITTED.read_text())["values"])


def test_a_missing_file_is_named_with_what_mends_it(tmp_path: Path) -> None:
    with pytest.raises(CiteqaError, match=r"gone\.json cannot be used.*reinstall citeqa"):
        load(tmp_path / "gone.json")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"values": []}',
        b'{"values": {}}',
        b'{"values": {"slope": 1}}',
        json.dumps({"values": VALUES | {"slope": "steep"}}).encode(),
        json.dumps({"values": VALUES | {"slope": None}}).encode(),
        json.dumps({"values": VALUES | {"another": 1}}).encode(),
        b"\xff\xfe\xfd",
    ],
)
def test_a_broken_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(CiteqaError, match=r"broken\.json cannot be used"):
        load(tmp_path / "broken.json")

"""The confidence is the logistic function, whatever goes in, and its numbers come from a file that is checked."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.errors import CiteqaError
from citeqa.rag.confidence import FITTED, LEAD, Confidence, Features, Logistic, load, stale
from citeqa.rag.reader.protocol import ReaderInfo

WEIGHTS = Features(2.0, -1.0, evidence_behind=-2.0, coverage_behind=-4.0, lead=0.5, agreeing=0.25, unknown_names=-3.0)
OTHERS = Features(1.0, 0.5, evidence_behind=-1.0, coverage_behind=-0.5, lead=0.25, agreeing=0.125, unknown_names=-1.0)
HAND = Confidence(3.0, intercept=-1.0, weights=WEIGHTS, threshold=0.25, others=Logistic(-2.0, OTHERS))
VALUES: dict[str, Any] = {
    "evidence_weight": 3,
    "intercept": -1,
    "weights": WEIGHTS._asdict(),
    "threshold": 0.25,
    "others": {"intercept": -2, "weights": OTHERS._asdict()},
}
READER = ReaderInfo("a reader", "1" * 64, "int8")
FITTED_ON: dict[str, Any] = {
    "reader": {"name": "a reader", "sha256": "1" * 64, "precision": "int8"},
    "index": {"chunker.passage_tokens": 128, "embedder.name": "a model"},
}
NOTHING = Features(0, 0, 0, 0, 0, 0)


def test_the_score_is_the_margin_and_the_weighted_evidence() -> None:
    assert HAND.score(0.5, 0.25) == 0.5 + 3 * 0.25


def test_the_probability_is_the_logistic_function_by_hand() -> None:
    assert HAND.probability(Features(0.5, 0, 0, 0, 0, 0)) == 0.5
    expected = 1 / (1 + math.exp(-(-1 + 2 - 1 - 1 - 1 + 1 + 1)))
    assert HAND.probability(Features(1, 1, 0.5, 0.25, 2, 4)) == pytest.approx(expected)
    assert HAND.probability(NOTHING) == pytest.approx(math.exp(-1) / (1 + math.exp(-1)))


@pytest.mark.parametrize("name", Features._fields)
def test_every_feature_counts_with_its_own_weight(name: str) -> None:
    one = HAND.probability(NOTHING._replace(**{name: 1.5}))
    assert math.log(one / (1 - one)) == pytest.approx(-1 + 1.5 * getattr(WEIGHTS, name))


@given(st.floats(-20, 20))
def test_the_probability_is_that_of_the_hyperbolic_tangent(margin: float) -> None:
    expected = (1 + math.tanh((2 * margin - 1) / 2)) / 2
    assert HAND.probability(NOTHING._replace(margin=margin)) == pytest.approx(expected, abs=1e-12)


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_extreme_values_neither_overflow_nor_leave_the_range(one: float, other: float) -> None:
    low = HAND.probability(NOTHING._replace(margin=min(one, other)))
    high = HAND.probability(NOTHING._replace(margin=max(one, other)))
    assert 0 <= low <= high <= 1


def test_with_the_shipped_numbers_a_higher_margin_gives_a_higher_confidence() -> None:
    shipped, _ = load()
    assert shipped.weights.margin > 0
    assert shipped.weights.evidence_behind < 0
    assert 0 < shipped.threshold < 1
    surest, doubtful = Features(8, 1, 0, 0, LEAD, 0), Features(-8, 0, 1, 1, -LEAD, 0)
    assert shipped.probability(surest) > shipped.threshold > shipped.probability(doubtful)
    assert shipped.evidence_weight >= 0
    assert shipped.weights.coverage_behind < 0
    assert shipped.weights.unknown_names < 0
    assert shipped.others.probability(doubtful) < shipped.others.probability(surest)


def write(folder: Path, values: object, fitted_on: object) -> Path:
    (folder / "fitted.json").write_text(json.dumps({"values": values, "fitted_on": fitted_on}))
    return folder / "fitted.json"


def test_the_numbers_in_the_file_are_the_ones_used(tmp_path: Path) -> None:
    assert load(write(tmp_path, VALUES, FITTED_ON)) == (HAND, FITTED_ON)
    assert HAND.values() == VALUES
    stored = json.loads(FITTED.read_text(encoding="utf-8"))["values"]
    shipped, _ = load()
    others = stored.pop("others")
    assert (shipped.others.intercept, shipped.others.weights._asdict()) == (others["intercept"], others["weights"])
    assert shipped.weights._asdict() == stored.pop("weights")
    assert {name: getattr(shipped, name) for name in stored} == stored


def test_a_missing_file_is_named_with_what_mends_it(tmp_path: Path) -> None:
    with pytest.raises(CiteqaError, match=r"gone\.json cannot be used.*reinstall citeqa"):
        load(tmp_path / "gone.json")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b"null", b'{"values": []}', b'{"values": {}}', b"\xff\xfe"]
)
def test_a_broken_file_is_a_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)
    with pytest.raises(CiteqaError, match=r"broken\.json cannot be used"):
        load(tmp_path / "broken.json")


@pytest.mark.parametrize(
    ("values", "fitted_on"),
    [
        (VALUES | {"intercept": "steep"}, FITTED_ON),
        (VALUES | {"intercept": None}, FITTED_ON),
        (VALUES | {"another": 1}, FITTED_ON),
        ({name: VALUES[name] for name in VALUES if name != "threshold"}, FITTED_ON),
        (VALUES | {"weights": None}, FITTED_ON),
        (VALUES | {"weights": {"margin": 1}}, FITTED_ON),
        (VALUES | {"weights": WEIGHTS._asdict() | {"unknown_names": None}}, FITTED_ON),
        (VALUES | {"weights": {n: 1.0 for n in WEIGHTS._fields if n != "unknown_names"}}, FITTED_ON),
        (VALUES | {"others": None}, FITTED_ON),
        (VALUES | {"others": {"intercept": -2}}, FITTED_ON),
        ({name: VALUES[name] for name in VALUES if name != "others"}, FITTED_ON),
        (VALUES | {"weights": VALUES["weights"] | {"another": 1}}, FITTED_ON),
        (VALUES | {"weights": VALUES["weights"] | {"lead": []}}, FITTED_ON),
        (VALUES, None),
        (VALUES, {}),
        (VALUES, FITTED_ON | {"reader": {}}),
        (VALUES, FITTED_ON | {"index": None}),
    ],
)
def test_numbers_that_lack_or_exceed_what_is_needed_are_a_clear_error(
    tmp_path: Path, values: object, fitted_on: object
) -> None:
    with pytest.raises(CiteqaError, match=r"fitted\.json cannot be used.*fit the confidence again"):
        load(write(tmp_path, values, fitted_on))


def test_what_was_fitted_on_the_same_is_not_stale() -> None:
    settings = FITTED_ON["index"] | {"another": "setting"}
    assert stale(FITTED_ON, READER, settings) == []


def test_every_difference_is_named_with_both_values() -> None:
    other = ReaderInfo("another reader", "2" * 64, "fp32")
    settings = {"chunker.passage_tokens": 64}
    assert stale(FITTED_ON, other, settings) == [
        "they were fitted for the reader a reader, this one is another reader",
        "chunker.passage_tokens was 128 where they were fitted, here it is 64",
        "embedder.name was 'a model' where they were fitted, here it is None",
    ]


def test_the_same_name_with_other_weights_is_stale() -> None:
    assert len(stale(FITTED_ON, ReaderInfo("a reader", "2" * 64, "int8"), FITTED_ON["index"])) == 1

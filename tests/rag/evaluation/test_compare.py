"""Two runs compared question by question, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from citeqa.index.errors import QuestionSetError
from citeqa.rag.evaluation.compare import compare_runs, difference


def row(name: str, **other: Any) -> dict[str, Any]:
    """An answerable question that is answered, and rightly, unless told otherwise."""
    values = {"id": name, "question": f"{name}?", "split": "one", "answerable": True, "answered": True, "answer": "9",
              "right": True, "f1": 1.0, "milliseconds": 10.0, "measures": {"AP": 1.0}}  # fmt: skip
    return values | other


WRONG: dict[str, Any] = {"right": False, "f1": 0.0, "answer": "8", "measures": {"AP": 0.5}}
NOTHING: dict[str, Any] = {"answerable": False, "right": False, "f1": 0.0, "measures": {}}
BEFORE = [row("a"), row("b", **WRONG), row("c", **NOTHING), row("d", **WRONG), row("gone")]
AFTER = [
    row("a", answered=False),
    row("b"),
    row("c", **NOTHING | {"answered": False}),
    row("d", **WRONG | {"f1": 0.4, "milliseconds": 5.0, "split": "two"}),
    row("new"),
]


def test_what_got_better_and_what_got_worse() -> None:
    found = compare_runs({"rows": BEFORE}, {"rows": AFTER})
    assert (found.paired, found.unpaired) == (4, 2)
    assert [tuple(one) for one in found.better] == [("b", "b?", "“8”", "“9”"), ("c", "c?", "“9”", "refused")]
    assert [tuple(one) for one in found.worse] == [("a", "a?", "“9”", "refused")]


def test_each_measure_is_compared_over_the_questions_it_is_measured_on() -> None:
    found = {one.measure: one for one in compare_runs({"rows": BEFORE}, {"rows": AFTER}).differences}
    f1 = found["F1"]
    assert f1.total == 3
    assert (f1.before, f1.after) == pytest.approx((1 / 3, (1 + 1 + 0.4) / 3))
    assert (f1.better, f1.worse, f1.p) == (2, 0, 2 / 4)  # + + of four ways to sign two differences, and - -
    assert f1.low <= f1.change <= f1.high
    ended = found["right or rightly refused"]
    assert (ended.total, ended.before, ended.after, ended.better, ended.worse) == (4, 1 / 4, 2 / 4, 2, 1)
    assert ended.p == 1  # 2 against 1, McNemar
    assert found["document AP"].before == pytest.approx((1 + 0.5 + 0.5) / 3)
    taken = found["milliseconds"]
    assert (taken.total, taken.change, taken.better, taken.worse) == (4, -5 / 4, 1, 0)
    assert "answer in sentence" not in found  # neither run has it


def test_one_split_alone() -> None:
    assert compare_runs({"rows": BEFORE}, {"rows": AFTER}, "one").paired == 4
    with pytest.raises(QuestionSetError, match="no question in common"):
        compare_runs({"rows": BEFORE}, {"rows": AFTER}, "two")


def test_the_same_id_of_another_question_is_not_the_same_question() -> None:
    with pytest.raises(QuestionSetError, match="the same question set"):
        compare_runs({"rows": [row("a")]}, {"rows": [row("a", question="another?")]})


def test_runs_of_retrieval_are_compared_by_what_was_found() -> None:
    def found(name: str, rank: int) -> dict[str, Any]:
        measured = {"success_at_10": float(0 < rank <= 10), "reciprocal_rank": 1 / rank if rank else 0.0}
        nothing: dict[str, Any] = {"measures": {}, "place_in_600": None}
        return {"id": name, "question": name, "split": "all", "answerable": True} | measured | nothing

    result = compare_runs({"rows": [found("a", 20), found("b", 1)]}, {"rows": [found("a", 2), found("b", 0)]})
    assert [tuple(one) for one in result.better] == [("a", "a", "found at rank 20", "found at rank 2")]
    assert [tuple(one) for one in result.worse] == [("b", "b", "found at rank 1", "not found")]
    assert {one.measure for one in result.differences} == {"Success@10", "RR"}


def test_a_clear_difference_is_seen_and_none_is_not() -> None:
    """30 questions better and none worse: 2 / 2^30."""
    clear = difference("EM", [0.0] * 30 + [1.0] * 10, [1.0] * 40)
    assert clear.p == pytest.approx(2 / 2**30)
    assert clear.low > 0
    assert clear.chance == "p < 0.0001"
    same = difference("F1", [0.5, 0.25], [0.5, 0.25])
    assert same.chance == "p = 1.0000"
    assert (same.p, same.low, same.high, same.better, same.worse) == (1, 0, 0, 0, 0)

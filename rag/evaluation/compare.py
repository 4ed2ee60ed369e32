"""Compares two runs over the same questions: what got better, what got worse, and whether that may be chance.

Values are compared question by question. The interval of a difference comes from a paired bootstrap. Its p-value comes
from a paired permutation test, or from McNemar's exact test if every value is 0 or 1 (see `resampling`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from citeqa.index.errors import QuestionSetError
from citeqa.rag.evaluation import metrics
from citeqa.rag.evaluation.resampling import bootstrap, mcnemar, permutation

Row = Mapping[str, Any]
LOWER_IS_BETTER = ("milliseconds",)
_PLAIN = (
    ("right", "right"),
    ("document@1", "right_document"),
    ("answer in sentence", "in_sentence"),
    ("EM", "exact_match"),
    ("F1", "f1"),
    ("Success@1", "success_at_1"),
    ("Success@5", "success_at_5"),
    ("Success@10", "success_at_10"),
    ("RR", "reciprocal_rank"),
    ("answer in 600 characters", "answer_in_600"),
    ("answer in 3000 characters", "answer_in_3000"),
    ("place in 600 characters", "place_in_600"),
    ("place in 3000 characters", "place_in_3000"),
    ("milliseconds", "milliseconds"),
)


class Difference(NamedTuple):
    """How a measure changed between two runs, over the questions that have a value in both.

    `low` and `high` are the 95 % interval of the difference of means; `p` is the probability of a difference at least
    as large by chance.
    """

    measure: str
    before: float
    after: float
    low: float
    high: float
    p: float
    better: int
    worse: int
    total: int

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def chance(self) -> str:
        """The p-value as text."""
        return "p < 0.0001" if self.p < 1e-4 else f"p = {self.p:.4f}"


class ChangedQuestion(NamedTuple):
    """A question that only one of the runs answered correctly, or found, with the result of each."""

    id: str
    question: str
    before: str
    after: str


class Comparison(NamedTuple):
    """How two runs differ on the questions they share. `unpaired` counts the questions that only one of them has."""

    differences: tuple[Difference, ...]
    better: tuple[ChangedQuestion, ...]
    worse: tuple[ChangedQuestion, ...]
    paired: int
    unpaired: int


def compare_runs(before: Mapping[str, Any], after: Mapping[str, Any], split: str | None = None) -> Comparison:
    """Compare two records (see `report.record`, `retrieval.record`), optionally only the questions of one split.
    Questions are paired if their id and their text are the same.

    Raises:
        QuestionSetError: if they have no question in common.
    """
    first, second = ({row["id"]: row for row in record["rows"]} for record in (before, after))
    pairs = [
        (row, second[key])
        for key, row in first.items()
        if key in second and row["question"] == second[key]["question"] and split in (None, row["split"])
    ]
    if not pairs:
        raise QuestionSetError("the two runs have no question in common; compare runs over the same question set")
    ends = [(row, other, _succeeded(row), _succeeded(other)) for row, other in pairs]
    return Comparison(
        differences=tuple(_differences(pairs)),
        better=tuple(_changed(a, b) for a, b, was, now in ends if now and not was),
        worse=tuple(_changed(a, b) for a, b, was, now in ends if was and not now),
        paired=len(pairs),
        unpaired=len(first) + len(second) - 2 * len(pairs),
    )


def difference(measure: str, before: Sequence[float], after: Sequence[float]) -> Difference:
    """How one measure changed; both sequences have the same questions in the same order."""
    moved = [b - a for a, b in zip(before, after, strict=True)]
    better, worse = sum(one > 0 for one in moved), sum(one < 0 for one in moved)
    if measure in LOWER_IS_BETTER:
        better, worse = worse, better
    binary = {*before, *after} <= {0.0, 1.0}
    return Difference(
        measure,
        metrics.mean(before),
        metrics.mean(after),
        *bootstrap(moved),
        mcnemar(better, worse) if binary else permutation(moved),
        better,
        worse,
        len(moved),
    )


def _differences(pairs: Sequence[tuple[Row, Row]]) -> list[Difference]:
    values: list[tuple[str, Callable[[Row], Any]]] = [
        ("right or rightly refused", lambda row: _succeeded(row) if "answered" in row else None)
    ]
    values += [(name, lambda row, field=field: _field(row, field)) for name, field in _PLAIN]  # type: ignore[misc]
    names = dict.fromkeys(name for pair in pairs for row in pair for name in row.get("measures", {}))
    values += [(f"document {name}", lambda row, name=name: row.get("measures", {}).get(name)) for name in names]  # type: ignore[misc]
    found = []
    for name, value in values:
        both = [(value(a), value(b)) for a, b in pairs]
        known = [(float(a), float(b)) for a, b in both if a is not None and b is not None]
        if known:
            found.append(difference(name, [a for a, _ in known], [b for _, b in known]))
    return found


def _field(row: Row, field: str) -> Any:
    """A value of a row. Measures of the answer exist only for answerable questions."""
    if field != "milliseconds" and not row["answerable"]:
        return None
    return row.get(field)


def _succeeded(row: Row) -> bool:
    """Whether a question went well: answered correctly or rightly refused; in a run of retrieval alone, found."""
    if "answered" not in row:
        return bool(row["success_at_10"])
    return bool(row["right"]) if row["answered"] else not row["answerable"]


def _changed(before: Row, after: Row) -> ChangedQuestion:
    return ChangedQuestion(before["id"], before["question"], _outcome(before), _outcome(after))


def _outcome(row: Row) -> str:
    if "answered" not in row:
        rank = row["reciprocal_rank"]
        return f"found at rank {round(1 / rank)}" if rank else "not found"
    return f"“{row['answer']}”" if row["answered"] else "refused"

"""Turns the rows of a run into figures, and the figures into a record that later runs can be compared with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from citeqa.rag.evaluation import metrics, ranking
from citeqa.rag.evaluation.resampling import bootstrap, interval
from citeqa.rag.evaluation.run import AnswerResult

Picked = NDArray[np.intp]  # positions of questions


class _OfSplit(Protocol):
    @property
    def split(self) -> str: ...


R = TypeVar("R", bound=_OfSplit)


def summary(rows: Sequence[AnswerResult]) -> dict[str, Any]:
    """The figures of a run. Proportions are `{"value", "low", "high", "hits", "total"}` (Wilson, 95 %), counts are
    numbers, and everything else is `{"value", "low", "high", "total"}` (bootstrap over questions, 95 %). Values are
    None if there was nothing to measure.

    "EM", "F1" and the values next to them are about forced answers to the answerable questions. For abstention,
    refusing an unanswerable question is a hit: its precision is the share of right refusals. "answer precision" is the
    share of right answers among those given. The figures of `at_threshold` are about the actual responses; "best
    overall F1" is for the threshold that suits these questions best. AUROC is of the confidence, answerable against
    unanswerable; AURC, ECE and Brier compare the confidence with being right, over all questions. The measures of the
    evidence are described at `retrieval`.
    """
    asked = [row for row in rows if row.answerable]
    unanswerable = [row for row in rows if not row.answerable]
    confidences, right = np.array([row.confidence for row in rows]), np.array([row.right for row in rows])
    answerable, f1 = np.array([row.answerable for row in rows]), np.array([row.f1 for row in rows])

    def auroc(picked: Picked) -> float:
        drawn, can = confidences[picked], answerable[picked]
        return metrics.auroc(drawn[can], drawn[~can])

    def best(picked: Picked) -> float:
        return metrics.best_overall(f1[picked], confidences[picked], answerable[picked]).value

    return {
        "answerable": len(asked),
        "unanswerable": len(unanswerable),
        "document@1": proportion(row.right_document for row in asked),
        "answer in sentence": proportion(row.in_sentence for row in asked),
        "sentence length": average([len(row.sentence) for row in asked]),
        "EM": proportion(row.exact_match == 1 for row in asked),
        "F1": average([row.f1 for row in asked]),
        **retrieval(asked),
        "answerable refused": proportion(not row.answered for row in asked),
        "unanswerable refused": proportion(not row.answered for row in unanswerable),
        "abstention precision": proportion(not row.answerable for row in rows if not row.answered),
        "answer precision": proportion(row.right for row in rows if row.answered),
        **at_threshold([(row.exact_match, row.f1, row.answerable, row.answered) for row in rows]),
        "best overall F1": estimate(best, len(rows)),
        "AUROC": estimate(auroc, len(rows)),
        "AURC": estimate(lambda picked: metrics.aurc(confidences[picked], right[picked]), len(rows)),
        "ECE": estimate(
            lambda picked: metrics.expected_calibration_error(confidences[picked], right[picked]), len(rows)
        ),
        "Brier": average([(row.confidence - row.right) ** 2 for row in rows]),
        "exact citations": _fraction(sum(row.exact_citations for row in rows), sum(row.citations for row in rows)),
        **latencies([row.milliseconds for row in rows]),
    }


class RetrievalValues(Protocol):
    """The measures of the evidence, which the rows of every kind of run have; see `relevance.retrieval_values`."""

    @property
    def success_at_1(self) -> float: ...
    @property
    def success_at_5(self) -> float: ...
    @property
    def success_at_10(self) -> float: ...
    @property
    def reciprocal_rank(self) -> float: ...
    @property
    def answer_in_600(self) -> bool | None: ...
    @property
    def answer_in_3000(self) -> bool | None: ...
    @property
    def place_in_600(self) -> bool | None: ...
    @property
    def place_in_3000(self) -> bool | None: ...
    @property
    def measures(self) -> Mapping[str, float]: ...


def retrieval(rows: Sequence[RetrievalValues]) -> dict[str, Any]:
    """The figures of the evidence, in the form of `summary`: for passages, for the first characters returned, and for
    documents (the TREC measures; "document MAP" is the mean of AP)."""
    figures: dict[str, Any] = {
        "Success@1": proportion(row.success_at_1 == 1 for row in rows),
        "Success@5": proportion(row.success_at_5 == 1 for row in rows),
        "Success@10": proportion(row.success_at_10 == 1 for row in rows),
        "RR": average([row.reciprocal_rank for row in rows]),
        "answer in 600 characters": proportion(row.answer_in_600 for row in rows if row.answer_in_600 is not None),
        "answer in 3000 characters": proportion(row.answer_in_3000 for row in rows if row.answer_in_3000 is not None),
        "place in 600 characters": proportion(row.place_in_600 for row in rows if row.place_in_600 is not None),
        "place in 3000 characters": proportion(row.place_in_3000 for row in rows if row.place_in_3000 is not None),
    }
    for name in ranking.MEASURES:
        values = [row.measures[name] for row in rows if row.measures]
        shares = name.startswith("Success")
        figures[f"document {'MAP' if name == 'AP' else name}"] = (
            proportion(value == 1 for value in values) if shares else average(values)
        )
    return figures


def latencies(milliseconds: Sequence[float]) -> dict[str, Any]:
    """Percentiles of the time that questions took."""
    taken = np.asarray(milliseconds)

    def at(share: float) -> dict[str, float | None]:
        return estimate(lambda picked: float(np.quantile(taken[picked], share)), len(taken))

    return {"median ms": at(0.5), "p95 ms": at(0.95), "p99 ms": at(0.99)}


def at_threshold(rows: Sequence[tuple[float, float, bool, bool]]) -> dict[str, Any]:
    """EM and F1 as SQuAD 2.0 counts them: for answerable questions (HasAns), for unanswerable ones (NoAns: the share
    refused) and for all (overall). A row is (EM of the forced answer, F1 of the forced answer, answerable,
    answered)."""
    figures = {}
    for name, kinds in (("HasAns", (True,)), ("NoAns", (False,)), ("overall", (True, False))):
        chosen = [row for row in rows if row[2] in kinds]
        exact = [metrics.squad2(em, answerable=can, answered=answered) for em, _, can, answered in chosen]
        figures[f"{name} EM"] = proportion(value == 1 for value in exact)
        figures[f"{name} F1"] = average(
            [metrics.squad2(f1, answerable=can, answered=answered) for _, f1, can, answered in chosen]
        )
    return figures


def by_split(
    rows: Sequence[R], figures: Callable[[Sequence[R]], dict[str, Any]] | None = None
) -> dict[str, dict[str, Any]]:
    """The figures of each split, and of all rows if there are several splits. `figures` computes them; by default
    `summary`."""
    measure: Callable[[Any], dict[str, Any]] = figures or summary
    splits = sorted({row.split for row in rows})
    found = {split: measure([row for row in rows if row.split == split]) for split in splits}
    return found if len(splits) == 1 else found | {"all": measure(rows)}


def record(rows: Sequence[AnswerResult], about: dict[str, Any]) -> dict[str, Any]:
    """Everything about a run, ready for JSON: what it measured, its figures, and the values of every question."""
    return {"about": about, "figures": by_split(rows), "rows": [asdict(row) for row in rows]}


def format_figure(figure: Any) -> str:
    """A figure as text: three decimals, the interval if there is one, and the counts of a proportion."""
    if figure is None or (isinstance(figure, dict) and figure["value"] is None):
        return "-"
    if isinstance(figure, dict):
        counts = f" {figure['hits']}/{figure['total']}" if "hits" in figure else ""
        return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]{counts}"
    return f"{figure:.3f}" if isinstance(figure, float) else str(figure)


def proportion(hits: Iterable[bool | None]) -> dict[str, float | None]:
    """The share of hits, with its interval and counts."""
    values = [bool(hit) for hit in hits]
    return _fraction(sum(values), len(values))


def average(values: Sequence[float]) -> dict[str, float | None]:
    """The mean, with its interval and the number of values."""
    low, high = bootstrap(values)
    return {"value": number(metrics.mean(values)), "low": number(low), "high": number(high), "total": len(values)}


def estimate(statistic: Callable[[Picked], float], count: int) -> dict[str, float | None]:
    """A statistic of `count` questions, with its interval. It is called with the positions of the questions to use."""
    value = statistic(np.arange(count)) if count else math.nan
    low, high = interval(statistic, count)
    return {"value": number(value), "low": number(low), "high": number(high), "total": count}


def number(value: float) -> float | None:
    """The value, or None for NaN and the infinities, which JSON does not have."""
    return value if math.isfinite(value) else None


def _fraction(hits: int, total: int) -> dict[str, float | None]:
    found = metrics.Proportion(hits, total)
    low, high = found.interval
    return {"value": number(found.value), "low": number(low), "high": number(high), "hits": hits, "total": total}

"""Rows become figures, and figures a record that can be compared later."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from rag.evaluation import metrics
from rag.evaluation.resampling import bootstrap
from rag.evaluation.run import Row


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of a run: proportions as `{"value", "low", "high", "hits", "total"}` (Wilson, 95 %), means of F1 as
    `{"value", "low", "high", "total"}` (bootstrap, 95 %), else numbers; None where nothing was there to measure.

    "EM", "F1" and the values before and after them are of forced answers, over the answerable questions. Abstention
    counts refusing an unanswerable question as a hit: its precision is the share of refusals that were right. "answer
    precision" is the share of the answers given that are right. The figures of `at_threshold` are of what was given,
    "best overall F1" of the threshold on the confidence that suits these questions best. AUROC is of the confidence,
    answerable against unanswerable; AURC, ECE and Brier are of the confidence against being right, over all questions.
    """
    asked = [row for row in rows if row.answerable]
    unanswerable = [row for row in rows if not row.answerable]
    confidences, right = [row.confidence for row in rows], [row.right for row in rows]
    best = metrics.best_overall([row.f1 for row in rows], confidences, [row.answerable for row in rows])
    return {
        "answerable": len(asked),
        "unanswerable": len(unanswerable),
        "document@1": proportion(row.right_document for row in asked),
        "answer in sentence": proportion(row.in_sentence for row in asked),
        "sentence length": number(metrics.mean([len(row.sentence) for row in asked])),
        "EM": proportion(row.exact_match == 1 for row in asked),
        "F1": average([row.f1 for row in asked]),
        "Success@1": proportion(row.success_at_1 == 1 for row in asked),
        "Success@5": proportion(row.success_at_5 == 1 for row in asked),
        "Success@10": proportion(row.success_at_10 == 1 for row in asked),
        "RR": number(metrics.mean([row.reciprocal_rank for row in asked])),
        "answerable refused": proportion(not row.answered for row in asked),
        "unanswerable refused": proportion(not row.answered for row in unanswerable),
        "abstention precision": proportion(not row.answerable for row in rows if not row.answered),
        "answer precision": proportion(row.right for row in rows if row.answered),
        **at_threshold([(row.exact_match, row.f1, row.answerable, row.answered) for row in rows]),
        "best overall F1": number(best.value),
        "AUROC": number(metrics.auroc([row.confidence for row in asked], [row.confidence for row in unanswerable])),
        "AURC": number(metrics.aurc(confidences, right)),
        "ECE": number(metrics.expected_calibration_error(confidences, right)),
        "Brier": number(metrics.brier_score(confidences, right)),
        "exact citations": _fraction(sum(row.exact_citations for row in rows), sum(row.citations for row in rows)),
        "median ms": number(metrics.percentile([row.milliseconds for row in rows], 0.5)),
        "p95 ms": number(metrics.percentile([row.milliseconds for row in rows], 0.95)),
    }


def at_threshold(rows: Sequence[tuple[float, float, bool, bool]]) -> dict[str, Any]:
    """EM and F1 as SQuAD 2.0 counts them, of answerable questions (HasAns), unanswerable ones (NoAns: the share
    refused) and all (overall). A row holds EM and F1 of the answer when forced, answerable, answered."""
    figures = {}
    for name, kinds in (("HasAns", (True,)), ("NoAns", (False,)), ("overall", (True, False))):
        chosen = [row for row in rows if row[2] in kinds]
        exact = [metrics.squad2(em, answerable=can, answered=given) for em, _, can, given in chosen]
        figures[f"{name} EM"] = proportion(value == 1 for value in exact)
        figures[f"{name} F1"] = average(
            [metrics.squad2(f1, answerable=can, answered=given) for _, f1, can, given in chosen]
        )
    return figures


def by_split(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """The figures of each split, and of all rows if there is more than one."""
    splits = sorted({row.split for row in rows})
    figures = {split: summary([row for row in rows if row.split == split]) for split in splits}
    return figures if len(splits) == 1 else figures | {"all": summary(rows)}


def record(rows: Sequence[Row], about: dict[str, Any]) -> dict[str, Any]:
    """Everything about a run, ready for JSON: what it was about, its figures, and every question's values."""
    return {"about": about, "figures": by_split(rows), "rows": [asdict(row) for row in rows]}


def shown(figure: Any) -> str:
    """A figure in words: three digits, the interval where there is one, and the counts of a proportion."""
    if figure is None or (isinstance(figure, dict) and figure["value"] is None):
        return "-"
    if isinstance(figure, dict):
        counts = f" {figure['hits']}/{figure['total']}" if "hits" in figure else ""
        return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]{counts}"
    return f"{figure:.3f}" if isinstance(figure, float) else str(figure)


def proportion(hits: Iterable[bool]) -> dict[str, float | None]:
    """The share of hits, with its interval and counts."""
    values = list(hits)
    return _fraction(sum(values), len(values))


def average(values: Sequence[float]) -> dict[str, float | None]:
    """The mean, with its interval and the number of values."""
    low, high = bootstrap(values)
    return {"value": number(metrics.mean(values)), "low": number(low), "high": number(high), "total": len(values)}


def number(value: float) -> float | None:
    """NaN and the infinities are not JSON."""
    return value if math.isfinite(value) else None


def _fraction(hits: int, total: int) -> dict[str, float | None]:
    found = metrics.Proportion(hits, total)
    low, high = found.interval
    return {"value": number(found.value), "low": number(low), "high": number(high), "hits": hits, "total": total}

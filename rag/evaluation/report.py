"""Rows become figures, and figures a record that can be compared later."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rag.evaluation.metrics import Proportion, auroc, mean, percentile
from rag.evaluation.run import Row


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of a run: proportions as `{"value", "low", "high", "hits", "total"}` (Wilson, 95 %), else numbers;
    None where nothing was there to measure.

    Abstention counts refusing an unanswerable question as a hit: precision is the share of refusals that were right,
    recall the share of unanswerable questions that were refused. `auroc` is of the confidence, answerable against
    unanswerable. Values about answers are of forced answers, over the answerable questions.
    """
    asked = [row for row in rows if row.answerable]
    unanswerable = [row for row in rows if not row.answerable]
    refused = [row for row in rows if not row.answered]
    return {
        "answerable": len(asked),
        "unanswerable": len(unanswerable),
        "document@1": _proportion(row.right_document for row in asked),
        "answer in sentence": _proportion(row.in_sentence for row in asked),
        "sentence length": _number(mean([len(row.sentence) for row in asked])),
        "EM": _proportion(row.exact_match == 1 for row in asked),
        "F1": _number(mean([row.f1 for row in asked])),
        "Success@1": _proportion(row.success_at_1 == 1 for row in asked),
        "Success@5": _proportion(row.success_at_5 == 1 for row in asked),
        "Success@10": _proportion(row.success_at_10 == 1 for row in asked),
        "RR": _number(mean([row.reciprocal_rank for row in asked])),
        "answerable refused": _proportion(not row.answered for row in asked),
        "unanswerable refused": _proportion(not row.answered for row in unanswerable),
        "abstention precision": _proportion(not row.answerable for row in refused),
        "AUROC": _number(auroc([row.confidence for row in asked], [row.confidence for row in unanswerable])),
        "exact citations": _fraction(sum(row.exact_citations for row in rows), sum(row.citations for row in rows)),
        "median ms": _number(percentile([row.milliseconds for row in rows], 0.5)),
        "p95 ms": _number(percentile([row.milliseconds for row in rows], 0.95)),
    }


def by_split(rows: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """The figures of each split, and of all rows if there is more than one."""
    splits = sorted({row.split for row in rows})
    figures = {split: summary([row for row in rows if row.split == split]) for split in splits}
    return figures if len(splits) == 1 else figures | {"all": summary(rows)}


def record(rows: Sequence[Row], about: dict[str, Any]) -> dict[str, Any]:
    """Everything about a run, ready for JSON: what it was about, its figures, and every question's values."""
    return {"about": about, "figures": by_split(rows), "rows": [asdict(row) for row in rows]}


def _proportion(hits: Any) -> dict[str, float | None]:
    values = list(hits)
    return _fraction(sum(values), len(values))


def _fraction(hits: int, total: int) -> dict[str, float | None]:
    proportion = Proportion(hits, total)
    low, high = proportion.interval
    return {
        "value": _number(proportion.value),
        "low": _number(low),
        "high": _number(high),
        "hits": hits,
        "total": total,
    }


def _number(value: float) -> float | None:
    """NaN is not JSON."""
    return None if math.isnan(value) else value

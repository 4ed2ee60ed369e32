"""Renders the record of an evaluation as one self-contained HTML page: figures, plots, and every question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from citeqa.index.extras import need
from citeqa.rag.evaluation.failures import MEANINGS
from citeqa.rag.evaluation.report import format_figure

TEMPLATE = Path(__file__).parent / "report.html.jinja"


def check() -> None:
    """Raises MissingExtraError if what renders a page is not installed."""
    need("report", "an HTML report")


def render(record: Mapping[str, Any]) -> str:
    """The page of a record (see `report.record`), either as built or as read back from JSON.

    Raises:
        MissingExtraError: if what renders it is not installed.
    """
    check()
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["shown"] = format_figure
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    rows = [{"verdict": verdict(row), "failed": failed(row), **row} for row in record["rows"]]
    return template.render(
        about=list(_flat(record["about"])),
        figures=record["figures"],
        measures=list(next(iter(record["figures"].values()))),
        plots=_plots(record),
        opened="report" if "report" in record["figures"] else list(record["figures"])[-1],
        rows=rows,
        failures=sum(row["failed"] for row in rows),
        lost=[(name, meaning, count) for name, meaning in MEANINGS.items() if (count := _count(rows, name))],
        meanings=MEANINGS,
        read=_reads(record),
    )


def _reads(record: Mapping[str, Any]) -> bool:
    """Whether the run measured answers, and not retrieval alone."""
    return bool(record["about"].get("measured") != "retrieval")


def _count(rows: Sequence[Mapping[str, Any]], stage: str) -> int:
    return sum(row["stage"] == stage for row in rows)


def verdict(row: Mapping[str, Any]) -> str:
    """The result of a question: "right", "wrong" or "refused"; in a run of retrieval alone, "found" or "not found"."""
    if "answered" not in row:
        return "not found" if row["stage"] else "found"
    if not row["answered"]:
        return "refused"
    return "right" if row["right"] else "wrong"


def failed(row: Mapping[str, Any]) -> bool:
    """Whether a question was answered wrongly, or refused although it is answerable; in a run of retrieval alone, not
    found."""
    if "answered" not in row:
        return bool(row["stage"])
    return bool(not row["right"] if row["answered"] else row["answerable"])


def _plots(record: Mapping[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """The plots for each column of figures, each with the name of its caption."""
    threshold = record["about"].get("confidence", {}).get("threshold")
    found = {}
    for number, split in enumerate(record["figures"]):
        rows = record["rows"] if split == "all" else [row for row in record["rows"] if row["split"] == split]
        drawn = _of_answers(rows, threshold, str(number)) if _reads(record) else []
        found[split] = drawn + _of_search(rows, str(number), 10 if _reads(record) else 50)
    return found


def _of_answers(rows: Sequence[Mapping[str, Any]], threshold: float | None, key: str) -> list[tuple[str, str]]:
    from citeqa.rag.evaluation import plots

    confidences, right = [row["confidence"] for row in rows], [row["right"] for row in rows]
    answerable = [row["confidence"] for row in rows if row["answerable"]]
    unanswerable = [row["confidence"] for row in rows if not row["answerable"]]
    return [
        ("risk", plots.risk_coverage(confidences, right, f"{key} risk")),
        ("reliability", plots.reliability(confidences, right, f"{key} reliability")),
        ("confidence", plots.confidence_histogram(answerable, unanswerable, threshold, f"{key} confidence")),
    ]


def _of_search(rows: Sequence[Mapping[str, Any]], key: str, deepest: int) -> list[tuple[str, str]]:
    from citeqa.rag.evaluation import plots

    firsts = [row["reciprocal_rank"] for row in rows if row["answerable"]]
    ranks = [round(1 / first) if first else 0 for first in firsts]
    return [
        ("success", plots.success_by_k(ranks, deepest, f"{key} success")),
        ("latency", plots.latencies([row["milliseconds"] for row in rows], f"{key} latency")),
    ]


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested values, each under its full name."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name} · ")
        else:
            yield f"{before}{name}", value

"""What was measured on the public sets, as Markdown for docs/figures.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from citeqa.rag.evaluation.compare import Difference
from citeqa.rag.evaluation.public import OURS, READ

_RETRIEVAL = {
    "answer in 600 characters": "answer in 600 characters",
    "answer in 3000 characters": "in 3,000",
    "place in 600 characters": "annotated place in 600",
    "place in 3000 characters": "in 3,000",
    "document Success@5": "document Success@5",
    "document R@10": "Recall@10",
    "document RR": "RR",
    "document MAP": "MAP",
    "document nDCG@10": "nDCG@10",
}
_ANSWERS = {
    "document@1": "document@1",
    "answer in sentence": "answer in sentence",
    "EM": "EM",
    "F1": "F1",
    "overall F1": "overall F1",
    "answer precision": "answers given that are right",
    "unanswerable refused": "unanswerable refused",
    "AUROC": "AUROC",
    "ECE": "ECE",
    "exact citations": "exact citations",
    "median ms": "median ms",
    "p95 ms": "p95 ms",
}


def markdown(results: Sequence[Mapping[str, Any]], command: str) -> str:
    """Two tables, of retrieval and of answers, one line for each system, followed by how each was measured.

    Args:
        results: for each set `set, date, versions, questions, answerable, limit`; by system its figures in `retrieval`
            and `answers`; and its differences from the best baseline in `against` (see `public`).
    """
    parts = ["Retrieval:\n", _table(results, "retrieval", _RETRIEVAL)]
    if any(result["answers"] for result in results):
        parts += ["\nAnswers (forced for EM and F1, otherwise as given):\n"]
        parts += [_table(results, "answers", _ANSWERS)]
    differences = [_difference(result["set"], one) for result in results for one in result["against"]]
    parts += ["\nAgainst the best baseline, paired (95 % bootstrap; McNemar or permutation test):\n", *differences]
    parts += ["", *(_made(result) for result in results), "", f"Command: `{command}`. Brackets hold 95 % intervals."]
    return "\n".join(parts) + "\n"


def _table(results: Sequence[Mapping[str, Any]], kind: str, columns: Mapping[str, str]) -> str:
    entries = [(result["set"], name, figures) for result in results for name, figures in result[kind].items()]
    shown = {
        measure: title
        for measure, title in columns.items()
        if any(figures.get(measure, {}).get("value") is not None for _, _, figures in entries)
    }
    lines = [["set", "system", *shown.values()], ["---", "---", *["---:"] * len(shown)]]
    for name, system, figures in entries:
        bold = f"**{system}**" if system in (OURS, READ) else system
        lines.append([name, bold, *(_figure(measure, figures.get(measure)) for measure in shown)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _figure(measure: str, figure: Mapping[str, Any] | None) -> str:
    if not figure or figure["value"] is None:
        return ""
    if measure == "exact citations":
        return f"{figure['hits']:,} of {figure['total']:,}"
    if measure.endswith(" ms"):
        return f"{figure['value']:.0f}"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _difference(name: str, one: Mapping[str, Any]) -> str:
    found = Difference(**{field: one[field] for field in Difference._fields})
    return (
        f"- {name}, {found.measure}: {found.change:+.3f} [{found.low:+.3f}, {found.high:+.3f}] against "
        f"{one['baseline']}, {found.chance} ({found.better} better, {found.worse} worse of {found.total})"
    )


def _made(result: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    limit = f", at most {result['limit']} of them" if result["limit"] else ""
    unanswerable = result["questions"] - result["answerable"]
    return (
        f"- {result['set']}: {result['answerable']} answerable and {unanswerable} unanswerable questions{limit}, "
        f"{result['documents']:,} documents in {result['passages']:,} passages; {result['date'][:10]}, {versions}"
    )

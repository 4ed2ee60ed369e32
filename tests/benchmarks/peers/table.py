"""What was measured, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from citeqa.rag.evaluation.metrics import percentile

Run = Mapping[str, Any]  # what `measure` gives, with `system`, `phase` and `repeat`, or with an `error`
OURS = ("citeqa fp32", "citeqa int8")
SAME_PASSAGES = ("script", "Haystack", "txtai")  # peers that read what citeqa reads


@dataclass(frozen=True, slots=True)
class Measure:
    """A row of the table: a value of the runs of one phase. `better` is 1 where higher is better, -1 where lower is,
    0 where no ratio is given."""

    name: str
    phase: str
    value: Callable[[Sequence[Run]], float | None]
    better: int
    digits: int = 0


def rate(runs: Sequence[Run]) -> float:
    """Passages a second, the median of the repeats."""
    return float(median(run["passages"] / run["ingest_seconds"] for run in runs))


def middle(field: str) -> Callable[[Sequence[Run]], float | None]:
    """The median of a figure over the repeats."""

    def value(runs: Sequence[Run]) -> float | None:
        held = [float(run[field]) for run in runs if run[field]]
        return median(held) if held else None

    return value


def share(field: str, part: float) -> Callable[[Sequence[Run]], float | None]:
    """A percentile of all times of all repeats."""

    def value(runs: Sequence[Run]) -> float | None:
        times = [time for run in runs for time in run[field]]
        return percentile(times, part) if times else None

    return value


def quality(name: str) -> Callable[[Sequence[Run]], float | None]:
    """A figure that is the same in every repeat."""
    return lambda runs: runs[0]["quality"].get(name)


MEASURES = (
    Measure("passages ingested a second", "corpus", rate, 1),
    Measure("retrieval, ms, median", "corpus", share("search_ms", 0.5), -1, 1),
    Measure("retrieval, ms, 99th percentile", "corpus", share("search_ms", 0.99), 0, 1),
    Measure("whole question, ms, median", "corpus", share("ask_ms", 0.5), -1),
    Measure("whole question, ms, 99th percentile", "corpus", share("ask_ms", 0.99), 0),
    Measure("peak memory, MB", "corpus", middle("megabytes"), -1),
    Measure("from nothing to the first answer, s", "first", middle("first_seconds"), -1, 1),
    Measure("retrieval, large corpus, ms, median", "scale", share("search_ms", 0.5), -1, 1),
    Measure("indexing, large corpus, vectors given, s", "scale", middle("ingest_seconds"), -1, 1),
    Measure("peak memory, large corpus, indexing included, MB", "scale", middle("megabytes"), -1),
    Measure("first document right", "corpus", quality("document"), 0, 3),
    Measure("EM, forced", "corpus", quality("em"), 0, 3),
    Measure("F1, forced", "corpus", quality("f1"), 0, 3),
)


def values(runs: Sequence[Run], measure: Measure, systems: Sequence[str]) -> dict[str, float]:
    """By system; without those that failed."""
    found = {}
    for system in systems:
        held = [run for run in runs if run["system"] == system and run["phase"] == measure.phase and "error" not in run]
        value = measure.value(held) if held else None
        if value is not None:
            found[system] = value
    return found


def ratio(ours: float, theirs: float, better: int) -> float:
    """How many times better ours is."""
    return ours / theirs if better > 0 else theirs / ours


def markdown(result: Mapping[str, Any]) -> str:
    """The whole report: machine, table, what was asked, configurations, failures."""
    runs, systems = result["runs"], result["systems"]
    lines = [f"Measured {result['date']} on {result['machine']}; load average before {result['load']:.1f}.", ""]
    large = f" Large corpus: {result['scale']:,} passages of spliced sentences, vectors by chance around real ones."
    lines += [f"Corpus: {result['corpus']}.{large if result['scale'] else ''}"]
    lines += [f"Questions: {result['questions']}. Repeats: {result['repeats']}.", ""]
    lines += [f"| | {' | '.join(systems)} |", "| --- |" + " ---: |" * len(systems)]
    for measure in MEASURES:
        found = values(runs, measure, systems)
        if found:
            cells = [_cell(found, system, measure) for system in systems]
            lines.append(f"| {measure.name} | {' | '.join(cells)} |")
    lines += ["", "In brackets: how many times better citeqa is, with vectors in fp32 and in 8 bits.", ""]
    return "\n".join([*lines, *asked(runs, systems), "", *notes(result)]) + "\n"


def _cell(found: Mapping[str, float], system: str, measure: Measure) -> str:
    if system not in found:
        return "-"
    text = f"{found[system]:,.{measure.digits}f}"
    if system in OURS or not measure.better:
        return text
    ratios = [ratio(found[own], found[system], measure.better) for own in OURS if own in found]
    shown = ", ".join(f"{value:.{1 if value >= 1 else 2}f}" for value in ratios)
    return f"{text} ({shown} x)" if ratios else text


def asked(runs: Sequence[Run], systems: Sequence[str]) -> list[str]:
    """What the design asks for, beside what was measured."""
    named = {measure.name: measure for measure in MEASURES}
    wanted = (
        ("retrieval, large corpus, beside the script", "retrieval, large corpus, ms, median", ("script",), 2.5),
        ("whole question, beside the fastest that reads the same", "whole question, ms, median", SAME_PASSAGES, 2.0),
        ("ingestion, beside the fastest", "passages ingested a second", SAME_PASSAGES, 2.0),
    )
    lines = [f"| asked | at least | {' | '.join(OURS)} |", "| --- | ---: |" + " ---: |" * len(OURS)]
    for what, name, beside, least in wanted:
        measure = named[name]
        found = values(runs, measure, systems)
        theirs = [found[system] for system in beside if system in found]
        cells = []
        for own in OURS:
            lowest = min((ratio(found[own], other, measure.better) for other in theirs), default=None) \
                if own in found else None  # fmt: skip
            cells.append("-" if lowest is None else f"{lowest:.2f} x{'' if lowest >= least else ' (missed)'}")
        lines.append(f"| {what} | {least} x | {' | '.join(cells)} |")
    return lines


def notes(result: Mapping[str, Any]) -> list[str]:
    """Configurations and versions, how much the machine drifted, and what failed."""
    lines = []
    for system in result["systems"]:
        held = [run for run in result["runs"] if run["system"] == system]
        done = [run for run in held if "error" not in run]
        if done:
            used = ", ".join(f"{name} {version}" for name, version in done[0]["versions"].items())
            lines.append(f"- **{system}**: {done[0]['configuration']}. {used}.")
        lines += [f"- **{system}** failed ({run['phase']}): `{run['error']}`" for run in held if "error" in run]
    near = result["agreement"]
    lines += [
        "- Every system gets the same passages (heading, line break, text), embeds them with the packaged weights of "
        "all-MiniLM-L6-v2, reads ten of them, and uses as many threads as there are cores. The peers read with the "
        "shipped reader's weights as a Hugging Face checkpoint in fp32: on "
        f"{near['questions']:.0f} questions the same best span in {near['same_best_span']:.3f}, margins correlate "
        f"with {near['margin_correlation']:.4f}.",
        f"- From nothing: {result['first']} passages embedded, indexed and one question answered, process start "
        "included; citeqa's models were exported before, its first start ever takes "
        f"{_seconds(result['export_seconds'])}.",
        f"- Repeats, median of a whole question, ms: {_drift(result)}.",
    ]
    return lines


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f} s"


def _drift(result: Mapping[str, Any]) -> str:
    found = []
    for system in result["systems"]:
        held = [run for run in result["runs"] if run["system"] == system and run["phase"] == "corpus"]
        medians = [f"{median(run['ask_ms']):.0f}" for run in held if "error" not in run and run["ask_ms"]]
        if medians:
            found.append(f"{system} {' / '.join(medians)}")
    return ", ".join(found)

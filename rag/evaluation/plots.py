"""Draws the plots of an evaluation as inline SVG, with matplotlib but without pyplot.

The plots take the colours of the page around them: they are drawn in placeholder colours, which are then replaced by
CSS variables.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from citeqa.rag.evaluation import metrics

INK, ACCENT, OTHER, FAINT, LINE = "#000001", "#000002", "#000003", "#000004", "#000005"
_VARIABLES = {
    INK: "currentColor",
    ACCENT: "var(--accent)",
    OTHER: "var(--other)",
    FAINT: "var(--faint)",
    LINE: "var(--line)",
}
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib; a browser without it uses its default font
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": FAINT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}
BARS = 20


def risk_coverage(confidences: Sequence[float], right: Sequence[bool], key: str) -> str:
    """The share of wrong answers against the share of questions answered, in order of falling confidence."""
    points = metrics.risk_coverage(confidences, right)

    def draw(axes: Axes) -> None:
        axes.plot([point.coverage for point in points], [point.risk for point in points], color=ACCENT)
        axes.set(xlabel="coverage (share answered)", ylabel="risk (share of them wrong)", xlim=(0, 1), ylim=(0, 1))

    return _drawn(draw, "Risk over coverage", key)


def reliability(confidences: Sequence[float], right: Sequence[bool], key: str) -> str:
    """The share of right answers against the mean confidence of equally filled bins, with 95 % intervals and counts."""
    bins = metrics.equal_mass_bins(confidences, right)

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle="--")
        for confidence, hits in bins:
            low, high = hits.interval
            axes.plot([confidence, confidence], [low, high], color=ACCENT, linewidth=1)
            axes.annotate(str(hits.total), (confidence, high), (0, 2), textcoords="offset points", ha="center", size=7)
        axes.plot(
            [confidence for confidence, _ in bins], [hits.value for _, hits in bins], "o-", color=ACCENT, clip_on=False
        )
        axes.set(xlabel="mean confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1.05))

    return _drawn(draw, "Reliability diagram", key)


def success_by_k(ranks: Sequence[int], deepest: int, key: str) -> str:
    """The share of questions whose first relevant result is among the first k, for each k up to `deepest`.

    Args:
        ranks: the rank of each question's first relevant result, from 1; 0 if there is none.
    """
    shares = [metrics.mean([0 < rank <= k for rank in ranks]) for k in range(1, deepest + 1)]

    def draw(axes: Axes) -> None:
        axes.plot(range(1, deepest + 1), shares, "o-", color=ACCENT, markersize=3, clip_on=False)
        axes.set(xlabel="k (results looked at)", ylabel="Success@k", xlim=(0, deepest), ylim=(0, 1.05))

    return _drawn(draw, "Success by k", key)


def confidence_histogram(
    answerable: Sequence[float], unanswerable: Sequence[float], threshold: float | None, key: str
) -> str:
    """Histograms of the confidence of answerable and of unanswerable questions."""

    def draw(axes: Axes) -> None:
        edges = [bar / BARS for bar in range(BARS + 1)]
        axes.hist(answerable, edges, color=ACCENT, alpha=0.6, label=f"answerable ({len(answerable)})")
        axes.hist(
            unanswerable, edges, histtype="step", color=OTHER, linewidth=2, label=f"unanswerable ({len(unanswerable)})"
        )
        if threshold is not None:
            axes.axvline(threshold, color=INK, linewidth=1, linestyle="--", label=f"threshold {threshold:.2f}")
        axes.set(xlabel="confidence", ylabel="questions", xlim=(0, 1))
        axes.legend()

    return _drawn(draw, "Confidences of answerable and unanswerable questions", key)


def latencies(milliseconds: Sequence[float], key: str) -> str:
    """A histogram of the latencies, with the median and the 95th percentile."""

    def draw(axes: Axes) -> None:
        axes.hist(milliseconds, BARS, color=ACCENT, alpha=0.6)
        for name, share, style in (("median", 0.5, "-"), ("95 %", 0.95, "--")):
            value = metrics.percentile(milliseconds, share)
            axes.axvline(value, color=INK, linewidth=1, linestyle=style, label=f"{name} {value:.0f} ms")
        axes.set(xlabel="milliseconds", ylabel="questions")
        axes.set_xlim(left=0)
        axes.legend()

    return _drawn(draw, "Latencies", key)


def _drawn(draw: Callable[[Axes], None], label: str, key: str) -> str:
    """The SVG element. `key` must differ for each plot of a page, so that no two plots share an id."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": key}):
        figure = Figure(figsize=(4.8, 3.4), layout="constrained")
        draw(figure.subplots())
        buffer = io.StringIO()
        none = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=none)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # nothing refers to groups, and their ids repeat in every plot
    for placeholder, variable in _VARIABLES.items():
        svg = svg.replace(placeholder, variable)
    return svg

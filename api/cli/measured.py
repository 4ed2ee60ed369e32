"""Prints how good the answers to a question set are, and how two runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from citeqa.api.cli.printable import counted, printable

if TYPE_CHECKING:
    from citeqa.rag.evaluation.compare import Comparison


def summary(console: Console, found: Mapping[str, Any]) -> None:
    """Print in a few lines how good the answers to a question set are; `found` are the figures of all its questions."""
    console.print(Text(counted(found["answerable"] + found["unanswerable"], "question"), style="bold"))
    lines = [
        ("answers given that are right", found["answer precision"]),
        ("answerable questions that were refused", found["answerable refused"]),
        ("unanswerable questions that were refused", found["unanswerable refused"]),
        ("answerable questions whose answer is among the first five passages", found["Success@5"]),
    ]
    for name, share in lines:
        if share["value"] is not None:
            console.print(f"  {share['value']:4.0%}  {name} ({share['hits']} of {share['total']})")
    console.print()


def figures(console: Console, by_split: dict[str, dict[str, Any]]) -> None:
    """Print the figures of an evaluation as a table, one column for each split; proportions and means have 95 %
    intervals."""
    from citeqa.rag.evaluation.report import format_figure

    table = Table(box=None, header_style="bold")
    table.add_column("measure")
    for split in by_split:
        table.add_column(Text(printable(split)), justify="right")
    for name in next(iter(by_split.values())):
        table.add_row(name, *(Text(format_figure(figures[name])) for figures in by_split.values()))
    console.print(table, soft_wrap=False)


def failures(console: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print how many questions failed at each stage."""
    from citeqa.rag.evaluation.failures import MEANINGS

    for stage, meaning in MEANINGS.items():
        if count := sum(row["stage"] == stage for row in rows):
            console.print(Text(f"{count:>5} {stage}: ") + Text(meaning, style="dim"))


def comparison(console: Console, found: Comparison) -> None:
    """Print what got better and what got worse, by measure and by question."""
    table = Table(box=None, header_style="bold")
    for name in ("measure", "before", "after", "difference, 95 %", "p", "better", "worse", "of"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    for one in found.differences:
        moved = f"{one.change:+.3f} [{one.low:+.3f}, {one.high:+.3f}]"
        counts = (str(one.better), str(one.worse), str(one.total))
        table.add_row(
            one.measure,
            f"{one.before:.3f}",
            f"{one.after:.3f}",
            moved,
            one.chance.removeprefix("p ").removeprefix("= "),
            *counts,
        )
    console.print(table, soft_wrap=False)
    for name, changes in (("better", found.better), ("worse", found.worse)):
        console.print(Text(f"\n{len(changes)} {name}", style="bold"))
        for changed in changes:
            console.print(Text(f"  {printable(changed.id)}: {printable(changed.question)}"))
            console.print(Text(f"    {printable(changed.before)} → {printable(changed.after)}", style="dim"))
    if found.unpaired:
        console.print(f"{found.unpaired} questions are in only one of the runs and are not compared")

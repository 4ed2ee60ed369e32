"""How large it goes: an index of each size, built, opened and searched, each in processes of their own.

    PYTHONPATH=tests python tests/benchmarks/scale.py [PASSAGES ...] [--output FOLDER] [--folder FOLDER]

Texts and vectors are by chance (see synthetic.py), what is done with them is real: database, search files, opening with
every digest checked, dense search on one thread, BM25, whole retrieval with the model, and what one change costs until
the next question finds it. Recall is against the full
scan, of vectors that are not in the index. Writes scale.md and scale.svg into --output, beside this file by default;
the indexes lie in --folder while they are needed: 4 GB for a million passages.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
from benchmarks.growth import changes, spoken, timed
from benchmarks.synthetic import Space, write

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Ranked
from citeqa.rag.retrieval.retriever import DEPTH, Retriever

Row = dict[str, float]

SIZES = (10_000, 30_000, 100_000, 300_000, 500_000, 1_000_000)
AIM = 100_000_000
SEARCHES = 300
COLUMNS = {  # of the table: name, how it is written, and how it grows with the number of passages
    "build": ("build, s", "{:,.0f}", "linear"),
    "build_peak": ("build peak, MB", "{:,.0f}", "linear"),
    "disk": ("on disk, MB", "{:,.0f}", "linear"),
    "dense_disk": ("vectors, MB", "{:,.0f}", "linear"),
    "open": ("opening, s", "{:.2f}", "linear"),
    "memory": ("memory, MB", "{:,.0f}", "linear"),
    "private": ("private memory, MB", "{:,.0f}", "linear"),
    "scanned": ("lists searched", "{:.3f}", ""),
    "dense": ("dense, ms", "{:.2f}", "power"),
    "dense_99": ("dense 99 %, ms", "{:.2f}", "power"),
    "scan": ("full scan, ms", "{:.2f}", "power"),
    "passage_10": ("recall@10", "{:.3f}", ""),
    "passage_100": ("recall@100", "{:.3f}", ""),
    "question_10": ("questions @10", "{:.3f}", ""),
    "question_100": ("questions @100", "{:.3f}", ""),
    "lexical": ("BM25, ms", "{:.2f}", "power"),
    "retrieval": ("retrieval, ms", "{:.1f}", "power"),
    "add": ("add, ms", "{:,.0f}", "linear"),
    "replace": ("replace, ms", "{:,.0f}", "linear"),
    "delete": ("delete, ms", "{:,.0f}", "linear"),
}


def build(folder: Path, size: int, models: Path) -> Row:
    """Seconds, the peak of memory of this process (VmHWM) and bytes."""
    info = load_embedder(DEFAULT_MODEL, models).info
    seconds = timed(lambda: write(folder, size, info)) / 1000
    sizes = {path: path.stat().st_size / 1e6 for path in folder.rglob("*") if path.is_file()}
    dense = sum(size for path, size in sizes.items() if path.name.startswith("dense-"))
    return {"build": seconds, "build_peak": _memory("VmHWM"), "disk": sum(sizes.values()), "dense_disk": dense}


def search(folder: Path, size: int, models: Path) -> Row:
    """What one process that serves an index sees of it, in milliseconds where it says nothing else."""
    embedder = load_embedder(DEFAULT_MODEL, models)
    opened = list[Index]()
    found = {"open": timed(lambda: opened.append(Index(folder))) / 1000}
    index = opened[0]
    parts = index.manifest.parts
    probed = sum(p.count * (p.measured.probes / p.measured.lists if p.lists else 1) for p in parts)
    found["scanned"] = probed / size
    space, chance = Space(size, embedder.info.dimension), np.random.default_rng(2)
    times, scans = list[float](), list[float]()
    for name, queries in (("passage", space.passages), ("question", space.questions)):
        hits = {10: 0.0, 100: 0.0}
        for query in queries(chance, SEARCHES):
            ranked = _took(times, lambda query=query: index.rank_dense(query, DEPTH))  # type: ignore[misc]
            exact = _took(scans, lambda query=query: index.rank_dense(query, DEPTH + 1))  # type: ignore[misc]
            hits = {k: total + _recall(ranked, exact, k) for k, total in hits.items()}
        found |= {f"{name}_{k}": total / SEARCHES for k, total in hits.items()}
    found |= {"dense": median(times), "dense_99": quantiles(times, n=100)[98], "scan": median(scans)}
    words = sorted({word for sentence in spoken() for word in sentence.split() if word.isalpha() and len(word) > 3})
    asked = [" ".join(chance.choice(words, 6)) + "?" for _ in range(SEARCHES)]
    retriever = Retriever(index, embedder)
    found["lexical"] = median(timed(lambda text=text: index.rank_lexical(text, DEPTH)) for text in asked)  # type: ignore[misc]
    found["retrieval"] = median(timed(lambda text=text: retriever.retrieve(text, 5)) for text in asked)  # type: ignore[misc]
    return found | {"memory": _memory("VmRSS"), "private": _memory("RssAnon")}


def change(folder: Path, size: int, models: Path) -> Row:
    """Milliseconds of one change through the running service."""
    return changes(folder, models, spoken())


def _took(times: list[float], action: Callable[[], list[Ranked]]) -> list[Ranked]:
    start = time.perf_counter()
    found = action()
    times.append((time.perf_counter() - start) * 1000)
    return found


def _recall(found: list[Ranked], exact: list[Ranked], k: int) -> float:
    return sum(entry.score >= exact[k - 1].score for entry in found[:k]) / k


def _memory(name: str) -> float:
    return int(Path("/proc/self/status").read_text().split(f"{name}:")[1].split()[0]) / 1024


def expected(rows: Sequence[Row], name: str, at: float) -> float:
    """What a row of `at` passages would hold, by least squares over these rows: a constant and a share for each passage
    where that is how it grows, else a power of the number of passages. Relative errors count alike."""
    x = np.array([row["passages"] for row in rows])
    y = np.array([row[name] for row in rows])
    if COLUMNS[name][2] == "power":
        exponent, factor = np.polyfit(np.log(x), np.log(y), 1)
        return float(np.exp(factor) * at**exponent)
    each, constant = np.polyfit(x, y, 1, w=1 / y)
    return float(constant + each * at)


def comparable(rows: Sequence[Row], name: str) -> list[Row]:
    """The rows that were searched in the same way as the largest one."""
    listed = rows[-1]["scanned"] < 1
    return [row for row in rows if name not in ("dense", "dense_99", "retrieval") or (row["scanned"] < 1) == listed]


def table(rows: Sequence[Row]) -> str:
    """Everything measured, in Markdown, and what the trend says."""
    lines = [f"| passages | {' | '.join(title for title, _, _ in COLUMNS.values())} |"]
    lines.append("| ---: " * (len(COLUMNS) + 1) + "|")
    for row in rows:
        cells = [form.format(row[name]) for name, (_, form, _) in COLUMNS.items()]
        lines.append(f"| {row['passages']:,.0f} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n\n" + trend(rows)


def trend(rows: Sequence[Row]) -> str:
    """For each figure that grows: the largest size as the smaller ones foretell it, how it was, and a hundred million
    as all of them foretell it."""
    largest = rows[-1]["passages"]
    lines = [f"| figure | grows | {largest:,.0f} foretold | measured | error | {AIM:,} |"]
    lines.append("| --- | --- | ---: | ---: | ---: | ---: |")
    for name, (title, form, grows) in COLUMNS.items():
        alike = comparable(rows, name)
        if grows and len(alike) > 2:
            foretold, measured = expected(alike[:-1], name, largest), rows[-1][name]
            error, aim = foretold / measured - 1, expected(alike, name, AIM)
            cells = [title, grows, form.format(foretold), form.format(measured), f"{error:+.0%}", f"{aim:,.0f}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(rows: Sequence[Row], path: Path) -> None:
    """Times and megabytes over passages, both axes logarithmic."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    panels = {
        "milliseconds": ["dense", "scan", "lexical", "retrieval"],
        "megabytes": ["disk", "build_peak", "memory", "private"],
        "seconds": ["build", "open"],
    }
    x = [row["passages"] for row in rows]
    with mpl.rc_context(
        {"svg.hashsalt": "scale", "svg.fonttype": "none", "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(12, 3.6), layout="constrained")
        for axes, (unit, names) in zip(figure.subplots(1, 3), panels.items(), strict=True):
            for name in names:
                axes.loglog(
                    x, [row[name] for row in rows], "o-", markersize=3, label=COLUMNS[name][0].partition(",")[0]
                )
            axes.set(xlabel="passages", ylabel=unit)
            axes.grid(color="#ddd")
            axes.legend(frameon=False)
        none: Any = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(path, format="svg", facecolor="white", metadata=none)


STEPS: dict[str, Callable[[Path, int, Path], Row]] = {"build": build, "search": search, "change": change}


def measured(size: int, folder: Path, models: Path) -> Row:
    """One size, each step in a process of its own."""
    row: Row = {"passages": float(size)}
    for step in STEPS:
        command = [
            sys.executable,
            __file__,
            "--step",
            step,
            str(size),
            "--folder",
            str(folder),
            "--models",
            str(models),
        ]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        row |= json.loads(done.stdout.splitlines()[-1])
    shutil.rmtree(folder)
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--models", type=Path)
    parser.add_argument("--step", choices=STEPS)
    given = parser.parse_args()
    if given.step:
        print(json.dumps(STEPS[given.step](given.folder, given.sizes[0], given.models)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as temporary:
        models = given.models or Path(temporary, "models")
        load_embedder(DEFAULT_MODEL, models)
        rows = list[Row]()
        for size in sorted(given.sizes):
            rows.append(measured(size, Path(temporary, str(size)), models))
            print(json.dumps({name: round(value, 3) for name, value in rows[-1].items()}), flush=True)
    text = f"{platform.processor() or platform.machine()}, Python {platform.python_version()}\n\n{table(rows)}\n"
    (given.output / "scale.md").write_text(text, encoding="utf-8")
    plot(rows, given.output / "scale.svg")
    print(text)


if __name__ == "__main__":
    main()

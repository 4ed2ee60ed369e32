"""Where the time of a question and of ingestion goes, stage by stage, and how far each is from what it must take.

    PYTHONPATH=tests python tests/benchmarks/stages.py                             # seeds, 100,000 passages, ingestion
    PYTHONPATH=tests python tests/benchmarks/stages.py --passages 0 --questions 30  # a taste

The floor of a stage is its arithmetic over what these cores do in a plain product of matrices (8 bits or fp32, in
onnxruntime, as in the stage), or the bytes it must touch over what a copy of memory moves; both are measured at the
start. The floor of Python's own work is next to nothing, so look at its milliseconds, not at its ratio. Times are
exclusive, medians over the questions asked one after another over HTTP in this process, cache off; of ingestion, sums.
Where texts go through a model side by side, what counts is how long it was waited for.
The large index is made as in growth.py, so its rankings are real and its answers are not.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.floors import Cost, calibrated
from benchmarks.growth import article, spoken, write_corpus
from benchmarks.run import machine

import citeqa.index.documents.chunker
import citeqa.index.storage.adding
import citeqa.index.storage.writer
import citeqa.rag.reader.onnx_reader
import citeqa.rag.retrieval.copies
import citeqa.rag.retrieval.retriever
from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service
from citeqa.index.documents.chunker import Chunker
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.onnx_embedder import OnnxEmbedder
from citeqa.index.embedding.runtime import OnnxModel
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.ranking.dense import DensePart
from citeqa.index.ranking.lexical import LexicalIndex
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import IndexWriter, update
from citeqa.rag.answerer import Answerer
from citeqa.rag.reader.onnx_reader import OnnxReader
from citeqa.rag.reader.windows import Encoder

ROOT = Path(__file__).resolve().parents[2]
WIDTH, LAYERS = 384, 6  # of the default embedder and of the shipped reader
DOCUMENTS = 60  # ingested, ten passages each


@dataclass
class Stages:
    """Exclusive seconds and costs of stages, of one question after another. For one thing at a time."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    costs: dict[str, Cost] = field(default_factory=lambda: defaultdict(Cost))
    _open: list[str] = field(default_factory=list)
    _since: float = 0.0

    def named(self, name: str) -> str:
        """A name that begins with a colon is of a part of the stage that is open."""
        return self._open[-1].partition(":")[0] + name if name.startswith(":") else name

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        name = self.named(name)
        self._count()
        self._open.append(name)
        try:
            yield
        finally:
            self._count()
            self._open.pop()

    def _count(self) -> None:
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def take(self) -> tuple[dict[str, float], dict[str, Cost]]:
        """What was found since the last time."""
        found = dict(self.seconds), dict(self.costs)
        self.seconds.clear()
        self.costs.clear()
        return found


Costing = Callable[[tuple[Any, ...], Any], Cost]


def nothing(given: tuple[Any, ...], result: Any) -> Cost:
    return Cost()


def layers(tokens: list[int]) -> tuple[float, float]:
    """Multiply-adds of a model's constant matrices, and of attention, for texts of so many tokens."""
    return sum(tokens) * LAYERS * 12.0 * WIDTH**2, sum(n * n for n in tokens) * LAYERS * 2.0 * WIDTH


def computed(given: tuple[Any, ...], result: Any) -> Cost:
    """The embedder is fp32; the reader, whose texts have types, multiplies by constant matrices in 8 bits."""
    constant, attention = layers([feed["input_ids"].size for feed in given[1]])
    reads = all("token_type_ids" in feed for feed in given[1])
    return Cost(int8=constant, fp32=attention) if reads else Cost(fp32=constant + attention)


def scanned(given: tuple[Any, ...], result: Any) -> Cost:
    return Cost(moved=given[0].passages * 2.0 * WIDTH)


def postings(given: tuple[Any, ...], result: Any) -> Cost:
    """Eight bytes for each occurrence of a term of the question: passage and frequency."""
    lexical = given[0]._lexical
    return Cost(moved=8.0 * sum(lexical._searcher.doc_freq("text", term) for term in lexical.terms(given[1])))


def tokenized(given: tuple[Any, ...], result: Any) -> Cost:
    return Cost(moved=float(sum(len(text) for text in given[3])))


def squares(given: tuple[Any, ...], result: Any) -> Cost:
    """A score for each start and end, written and read once."""
    return Cost(moved=8.0 * len(given[1].ids) ** 2)


def passages(given: tuple[Any, ...], result: Any) -> Cost:
    return Cost(moved=float(sum(len(passage.text) for passage in result.values())))


def texts(given: tuple[Any, ...], result: Any) -> Cost:
    return Cost(moved=float(len(result.text)))


def vectors(given: tuple[Any, ...], result: Any) -> Cost:
    return Cost(moved=6.0 * WIDTH * len(result))  # read in fp16, written in fp32


QUESTION: tuple[tuple[Any, str, str, Costing], ...] = (
    (Answerer, "ask", "deciding", nothing),
    (OnnxEmbedder, "embed_query", "embedding: tokens", nothing),
    (Index, "rank_dense", "dense ranking", scanned),
    (Index, "rank_lexical", "lexical ranking", postings),
    (Index, "highest_lexical", "lexical ranking", nothing),
    (citeqa.rag.retrieval.retriever, "convex", "fusion", nothing),
    (citeqa.rag.retrieval.copies, "merge_copies", "copies", nothing),
    (Index, "fetch", "fetching", passages),
    (Index, "document", "fetching", texts),
    (Index, "headings", "fetching", nothing),
    (OnnxReader, "read", "reading: spans", nothing),
    (Encoder, "encode_all", "reading: tokens", tokenized),
    (OnnxModel, "run", ": model", computed),
    (citeqa.rag.reader.onnx_reader, "best_spans", "reading: spans", squares),
)
INGESTION: tuple[tuple[Any, str, str, Costing], ...] = (
    (citeqa.index.storage.adding, "load", "reading files", nothing),
    (IndexWriter, "put", "SQLite", nothing),
    (IndexWriter, "commit", "SQLite", nothing),
    (IndexWriter, "compact_if_worn", "SQLite", nothing),
    (Chunker, "heading", "chunking", nothing),
    (Chunker, "chunk", "chunking", nothing),
    (OnnxEmbedder, "count_tokens", "chunking: tokens", nothing),
    (citeqa.index.documents.chunker, "document_sentences", "sentences", nothing),
    (OnnxEmbedder, "embed_passages", "embedding: tokens", nothing),
    (OnnxModel, "run", ": model", computed),
    (DensePart, "build", "FAISS", vectors),
    (DensePart, "save", "FAISS", nothing),
    (LexicalIndex, "write", "tantivy", nothing),
    (citeqa.index.storage.writer, "next_generation", "publishing", nothing),
)


@contextmanager
def watched(stages: Stages, what: tuple[tuple[Any, str, str, Costing], ...]) -> Iterator[None]:
    """Time these functions for as long as the block lasts."""
    originals = [(owner, name, owner.__dict__[name]) for owner, name, _, _ in what]
    for (owner, name, stage, cost), (_, _, original) in zip(what, originals, strict=True):
        kind = type(original) if isinstance(original, (classmethod, staticmethod)) else lambda function: function
        setattr(owner, name, kind(_timed(stages, stage, getattr(original, "__func__", original), cost)))
    try:
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _timed(stages: Stages, stage: str, function: Callable[..., Any], cost: Costing) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        with stages.stage(stage):
            result = function(*given, **named)
        must = cost(given, result)
        stages.costs[stages.named(stage)] += must
        return _steps(stages, stage, result) if isinstance(result, Iterator) else result

    return timed


def _steps(stages: Stages, stage: str, items: Iterator[Any]) -> Iterator[Any]:
    while True:
        with stages.stage(stage):
            item = next(items, stages)
        if item is stages:
            return
        yield item


def table(title: str, seconds: dict[str, float], costs: dict[str, float]) -> None:
    """Print stages in milliseconds, the slowest first, beside their floors."""
    print(f"\n| {title} | ms | floor, ms | ratio |\n| --- | --- | --- | --- |")
    for stage, value in sorted(seconds.items(), key=lambda item: -item[1]):
        floor = costs.get(stage, 0.0)
        cells = f"{1000 * floor:.3f} | {value / floor:.1f}" if floor else "– | –"
        print(f"| {stage} | {1000 * value:.2f} | {cells} |")
    print(f"| sum | {1000 * sum(seconds.values()):.1f} | {1000 * sum(costs.values()):.1f} | |", flush=True)


def floors(costs: dict[str, Cost], reached: Cost) -> dict[str, float]:
    """Seconds that stages take at least."""
    return {stage: sum(a / b for a, b in zip(cost, reached, strict=True)) for stage, cost in costs.items()}


def question(folder: Path, models: Path, count: int, reached: Cost, title: str) -> None:
    """The table of questions over the index in `folder`."""
    lines = (ROOT / "tests" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line)["question"] for line in lines][: count + 3]
    stages, seconds, costs = Stages(), defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    with closing(Service.open(folder, models)) as service, serving(service) as client, watched(stages, QUESTION):
        for number, text in enumerate(asked):
            with stages.stage("JSON and HTTP"):
                client.ask({"question": text})
            times, must = stages.take()
            if number < 3:  # not warm yet
                continue
            for stage, value in times.items():
                seconds[stage].append(value)
            for stage, value in floors(must, reached).items():
                costs[stage].append(value)
    table(title, {name: median(found) for name, found in seconds.items()}, {n: median(f) for n, f in costs.items()})


def ingestion(folder: Path, models: Path, reached: Cost) -> None:
    """The table of some documents that become an index."""
    files, pool = folder / "files", spoken()
    files.mkdir()
    for number in range(DOCUMENTS):
        (files / f"{number}.txt").write_text(article(pool, number), encoding="utf-8")
    embedder, stages = load_embedder(DEFAULT_MODEL, models), Stages()
    with watched(stages, INGESTION), stages.stage("everything else"):
        report = update(folder / "ingested", [files], embedder)
    seconds, costs = stages.take()
    table(f"ingestion: {report.documents} documents, {report.passages} passages", seconds, floors(costs, reached))


def grown(folder: Path, models: Path, size: int) -> Path:
    """An index of about so many passages."""
    corpus, made = folder / "corpus.jsonl", folder / "large"
    write_corpus(corpus, size, spoken())
    growth = str(Path(__file__).with_name("growth.py"))
    command = [sys.executable, growth, "--build", str(made), str(corpus), str(models)]
    subprocess.run(command, check=True, capture_output=True)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=100)
    parser.add_argument("--passages", type=int, default=100_000, help="of the large index; 0 leaves it out")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="citeqa-profile-") as temporary:
        folder = Path(temporary)
        models = Path(os.environ.get("CITEQA_MODELS", folder / "models"))
        embedder = load_embedder(DEFAULT_MODEL, models)
        reached = calibrated(folder)
        print(machine())
        print(f"a product of matrices: {reached.fp32 / 1e9:.0f} billion multiply-adds a second in fp32, ", end="")
        print(f"{reached.int8 / 1e9:.0f} in 8 bits; memory: {reached.moved / 1e9:.1f} GB a second")
        update(folder / "seeds", [ROOT / "seeds"], embedder)
        question(folder / "seeds", models, chosen.questions, reached, "question, seed articles")
        if chosen.passages:
            made = grown(folder, models, chosen.passages)
            question(made, models, chosen.questions, reached, f"question, {chosen.passages:,} passages")
        ingestion(folder, models, reached)


if __name__ == "__main__":
    main()

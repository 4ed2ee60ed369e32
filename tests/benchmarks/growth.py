"""What a change costs as the corpus grows: add, replace, delete, sync with nothing to do, reopen, doctor.

    python tests/benchmarks/growth.py [PASSAGES ...]        (1000 10000 100000)

Texts are sentences of the seed articles, shuffled. All but the first passages get vectors from clusters, by chance, in
place of the model's, whose time is measured elsewhere; what changes afterwards goes through the real model. A change
counts until the next question can find it.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np
from support.embedders import Wrapped

from citeqa.api.live import LiveService
from citeqa.index.documents.corpus import document
from citeqa.index.documents.sentences import sentences
from citeqa.index.embedding.embedder import Embedder, Vectors
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.collecting import BATCH
from citeqa.index.storage.doctor import examine
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update

ROOT = Path(__file__).resolve().parents[2]
SIZES = (1_000, 10_000, 100_000)
FILES = 10_000
SENTENCES = 22  # of a document: about ten passages
ROUNDS = 9


class Clusters(Wrapped):
    """The real model for the first texts, so that its memory counts; vectors around a thousand centres for the rest."""

    def __init__(self, real: Embedder) -> None:
        super().__init__(real)
        self._chance, self._done = np.random.default_rng(7), 0
        self._centres = self._chance.normal(size=(1000, real.info.dimension)).astype(np.float32)

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        self._done += len(texts)
        if self._done <= BATCH:
            return super().embed_passages(texts, progress)
        found = self._centres[self._chance.integers(0, 1000, len(texts))]
        found = found + self._chance.normal(scale=0.7, size=found.shape).astype(np.float32)
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), dtype=np.float32)


def spoken() -> list[str]:
    texts = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "seeds").iterdir())]
    return [text[span.start : span.end] for text in texts for span in sentences(text)]


def article(pool: list[str], name: object, count: int = SENTENCES) -> str:
    """A text that no other name gives."""
    chance = random.Random(str(name))
    return f"Report {name} of the day\n\n" + " ".join(chance.choice(pool) for _ in range(count))


def write_corpus(path: Path, passages: int, pool: list[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for i in range(passages // 10):
            file.write(json.dumps({"id": f"report-{i:06}", "text": article(pool, i)}) + "\n")


def build(index: str, corpus: str, models: str) -> None:
    """Build an index in this process and print passages, seconds and its peak memory (VmHWM, megabytes) as JSON."""
    embedder = Clusters(load_embedder(DEFAULT_MODEL, Path(models)))
    start = time.perf_counter()
    report = update(Path(index), [Path(corpus)], embedder)
    seconds = time.perf_counter() - start
    peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"passages": report.passages, "seconds": seconds, "megabytes": peak}))


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def changes(index: Path, models: Path, pool: list[str]) -> dict[str, float]:
    """Median milliseconds of one change through the running service, until the next search shows it."""
    found: dict[str, list[float]] = {"add": [], "replace": [], "delete": []}
    with closing(LiveService(index, models)) as service:
        for i in range(ROUNDS):
            name = f"new-{i}"
            given = [document(name, article(pool, f"{name} {turn}", 20), file_sha256="0") for turn in "ab"]
            found["add"].append(timed(lambda given=given: service.put(given[0])))  # type: ignore[misc]
            assert service.now.index.document(name).text == given[0].text
            found["replace"].append(timed(lambda given=given: service.put(given[1])))  # type: ignore[misc]
            assert service.now.index.document(name).text == given[1].text
            found["delete"].append(timed(lambda name=name: service.remove(name)))  # type: ignore[misc]
    return {name: median(times) for name, times in found.items()}


def reopened(index: Path) -> float:
    with closing(Index(index)):
        return 0.0


def row(size: int, folder: Path, models: Path, pool: list[str]) -> None:
    corpus, index = folder / f"{size}.jsonl", folder / f"index-{size}"
    write_corpus(corpus, size, pool)
    command = [sys.executable, __file__, "--build", str(index), str(corpus), str(models)]
    built = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    cells = {"build, s": built["seconds"], "its peak, MB": built["megabytes"]}
    cells |= {f"{name}, ms": value for name, value in changes(index, models, pool).items()}
    cells["reopen, ms"] = median(timed(lambda: reopened(index)) for _ in range(3))
    examined = list[object]()
    cells["doctor, s"] = timed(lambda: examined.extend(examine(index, lambda n, p: load_embedder(n, models, p)))) / 1000
    assert not any(finding.faults for finding in examined)  # type: ignore[attr-defined]
    print(f"{built['passages']:>9,}" + "".join(f"{value:>14,.1f}" for value in cells.values()), flush=True)


def unchanged(folder: Path, models: Path, pool: list[str]) -> float:
    """Seconds of the whole program `citeqa sync` over files that are as they were."""
    files, index = folder / "files", folder / "index-files"
    for i in range(FILES):
        path = files / str(i % 100) / f"{i}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(article(pool, i, 4), encoding="utf-8")
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.storage.sync import plan, sync
    from citeqa.index.storage.writer import writing

    with writing(index, lambda: Clusters(load_embedder(DEFAULT_MODEL, models)), ChunkerSettings(), "growing") as writer:
        sync(writer, plan(writer.catalog, files))
    program = str(Path(sys.executable).with_name("citeqa"))
    start = time.perf_counter()
    command = [program, "sync", str(files), "--index", str(index)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - start
    assert f"{FILES} unchanged" in done.stdout, done.stdout
    return seconds


def main() -> None:
    if sys.argv[1:2] == ["--build"]:
        build(*sys.argv[2:])
        return
    pool = spoken()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        models = folder / "models"
        load_embedder(DEFAULT_MODEL, models)
        titles = ["build, s", "its peak, MB", "add, ms", "replace, ms", "delete, ms", "reopen, ms", "doctor, s"]
        print(f"{'passages':>9}" + "".join(f"{title:>14}" for title in titles))
        for size in [int(given) for given in sys.argv[1:]] or SIZES:
            row(size, folder, models, pool)
        print(f"citeqa sync, {FILES:,} files unchanged: {unchanged(folder, models, pool):.1f} s")


if __name__ == "__main__":
    main()

"""One system, measured in a process and an environment of its own: `python -m benchmarks.peers.measure JOB RESULT`.

Needs only the standard library, numpy and what the system itself needs.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

READ = 10  # passages that a question's answer is read from, by every system

# by the name in the table, where the class is; citeqa's own first
SYSTEMS = {
    "citeqa fp32": "ours:Fp32",
    "citeqa int8": "ours:Int8",
    "script": "script:Script",
    "Haystack": "haystack_peer:Haystack",
    "txtai": "txtai_peer:Txtai",
    "txtai, joined": "txtai_peer:Joined",
}


class Passage(NamedTuple):
    """A document's id, and a text of it as it is embedded, indexed and read: heading, line break, passage."""

    document: str
    text: str


@dataclass(frozen=True, slots=True)
class Job:
    """What a system is to do. The paths are:

    `corpus` a folder with `documents.jsonl`, and `passages.json`, the passages in order; with `given`, `vectors.npy`
    too, one vector a passage, which are used instead of embedding the passages;
    `embedder` and `reader` folders of the models for the peers, `models` that of citeqa's exported ones;
    `work` an empty folder to write into.

    Times of `warm` questions are not kept; no question is ever asked twice in one job.
    """

    system: str
    corpus: str
    work: str
    embedder: str
    reader: str
    models: str
    started: float
    given: bool = False
    warm: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()

    def passages(self) -> list[Passage]:
        return [Passage(*row) for row in json.loads((Path(self.corpus) / "passages.json").read_text(encoding="utf-8"))]

    def vectors(self) -> NDArray[np.float32] | None:
        """Shape (passages, dimension), of unit length; None where the system is to embed the passages itself."""
        return np.load(Path(self.corpus) / "vectors.npy") if self.given else None


class Found(NamedTuple):
    """An answer's text, empty if there is none, and the document of the passage that was found first."""

    text: str
    document: str | None


class System(Protocol):
    """What is measured. The constructor takes a job and loads the models."""

    configuration: str
    packages: Sequence[str]

    def ingest(self, passages: list[Passage], vectors: NDArray[np.float32] | None) -> None:
        """Embed the passages, unless their vectors are given, and make both indexes."""

    def search(self, question: str) -> list[str]:
        """The documents of the `READ` passages found, best first."""

    def answer(self, question: str) -> Found:
        """Search, read what was found, and give the best answer whatever its score."""


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))


def load(name: str) -> Callable[[Job], System]:
    """The class of a system."""
    module, _, wanted = SYSTEMS[name].partition(":")
    found: Callable[[Job], System] = getattr(importlib.import_module(f"benchmarks.peers.{module}"), wanted)
    return found


def timed(action: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def measure(job: Job) -> dict[str, Any]:
    """Do the job, and say what it took.

    `load_seconds` and `first_seconds` count from the start of the process: to when the models are loaded, and to the
    first answer if one is asked for. `megabytes` is the peak of the process's memory (VmHWM).
    """
    system = load(job.system)(job)
    loaded = time.time() - job.started
    passages, vectors = job.passages(), job.vectors()
    ingest = timed(lambda: system.ingest(passages, vectors)) / 1000
    first = None
    for question in job.warm:
        system.answer(question)
    search = [timed(lambda question=question: system.search(question)) for question in job.searched]  # type: ignore[misc]
    answers: list[Found] = []
    ask = []
    for question in job.asked:
        ask.append(timed(lambda question=question: answers.append(system.answer(question))))  # type: ignore[misc]
        first = first or time.time() - job.started
    return {
        "passages": len(passages),
        "load_seconds": loaded,
        "ingest_seconds": ingest,
        "first_seconds": first,
        "search_ms": search,
        "ask_ms": ask,
        "answers": answers,
        "megabytes": int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024,
        "configuration": system.configuration,
        "versions": {name: version(name) for name in system.packages},
    }


def main() -> None:
    given, result = map(Path, sys.argv[1:])
    found = measure(Job(**json.loads(given.read_text(encoding="utf-8"))))
    result.write_text(json.dumps(found), encoding="utf-8")


def write(job: Job, path: Path) -> None:
    """Write a job as `main` reads it."""
    path.write_text(json.dumps(asdict(job)), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Many clients at once beside one, and a large index served: throughput, latency, start, memory, as ratios of one run.

    PYTHONPATH=tests python tests/benchmarks/clients.py   # everything, two minutes and a build
    PYTHONPATH=tests python tests/benchmarks/clients.py --seconds 10 --passages 10000   # a taste

Clients ask the questions of tests/questions.jsonl over HTTP, each the next one as soon as it is answered, from a
service over the seed articles whose cache is off; a last row shows it on. One client is measured before and after the
many, so that what drifts on the machine falls out of the ratio. The large index is made as in growth.py. Ends with
status 1 if a figure is missed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import httpx
from benchmarks.growth import spoken, write_corpus
from benchmarks.run import machine
from support.servers import ConfiguredServer

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.writer import update

ROOT = Path(__file__).resolve().parents[2]
THROUGHPUT = 0.95  # of one client's, at least
TAIL = 20.0  # times one client's median, at most
START = 3.0  # seconds to ready, at most
REPEATED = 20  # questions that are asked again
MEMORY = 700.0  # MB, at most


@dataclass(frozen=True, slots=True)
class Load:
    """What clients saw: seconds of each answer, faults, and how long they asked."""

    times: list[float]
    faults: list[str]
    seconds: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times) / self.seconds

    def row(self, name: str) -> str:
        tail = quantiles(self.times, n=100, method="inclusive")[98] if len(self.times) > 1 else self.times[0]
        cells = [str(len(self.times)), str(len(self.faults)), f"{self.rate:.1f}"]
        cells += [f"{1000 * value:.1f}" for value in (median(self.times), tail, max(self.times))]
        return " | ".join([f"| {name}", *cells]) + " |"


def questions() -> list[str]:
    lines = (ROOT / "tests" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def asked(server: ConfiguredServer, clients: int, seconds: float, of: int | None = None) -> Load:
    """Let clients ask the first `of` questions, or all, over and over until the time is up; what is asked then is
    waited for and counts."""
    following, times, faults = itertools.cycle(questions()[:of]), list[float](), list[str]()
    start = time.perf_counter()

    def client() -> None:
        with server.client() as http:
            while time.perf_counter() - start < seconds:
                began = time.perf_counter()
                try:
                    http.post("/api/ask", json={"question": next(following)}).raise_for_status()
                    times.append(time.perf_counter() - began)
                except httpx.HTTPError as error:
                    faults.append(repr(error))

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(times, faults, time.perf_counter() - start)


def crowd(folder: Path, models: Path, clients: int, seconds: float) -> bool:
    """Print the table of many clients beside one. Whether the figures hold."""
    index = folder / "seeds"
    update(index, [ROOT / "seeds"], load_embedder(DEFAULT_MODEL, models))
    with ConfiguredServer(index, folder / "log", cache=0, models=models) as server:
        asked(server, 2, min(3.0, seconds))  # warm
        before, many, after = (asked(server, *how) for how in ((1, seconds / 2), (clients, seconds), (1, seconds / 2)))
    one = Load(before.times + after.times, before.faults + after.faults, before.seconds + after.seconds)
    with ConfiguredServer(index, folder / "log", models=models) as server:
        for question in questions()[:REPEATED]:
            httpx.post(f"{server.url}/api/ask", json={"question": question}, timeout=60).raise_for_status()
        repeated = asked(server, clients, seconds / 6, REPEATED)
    print("| clients | answers | faults | a second | median, ms | 99th percentile, ms | slowest, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    print(one.row("1"))
    print(many.row(str(clients)))
    print(repeated.row(f"{clients}, asked before (cache)"))
    rate, tail = many.rate / one.rate, quantiles(many.times, n=100, method="inclusive")[98] / median(one.times)
    print(f"\nthroughput {rate:.2f} of one client's (at least {THROUGHPUT})")
    print(f"99th percentile {tail:.1f} times one client's median (at most {TAIL:g})")
    return not one.faults and not many.faults and not repeated.faults and rate >= THROUGHPUT and tail <= TAIL


def large(folder: Path, passages: int, models: Path) -> bool:
    """Print how soon a service over so many passages is ready, and its peak memory. Whether the figures hold."""
    corpus, index = folder / "corpus.jsonl", folder / "large"
    write_corpus(corpus, passages, spoken())
    growth = str(Path(__file__).with_name("growth.py"))
    command = [sys.executable, growth, "--build", str(index), str(corpus), str(models)]
    made = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    start = time.perf_counter()
    with ConfiguredServer(index, folder / "log", cache=0, models=models) as server, server.client() as http:
        while http.get("/api/ready").status_code != 200:
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        served = asked(server, 4, 10.0)
        status = Path(f"/proc/{server.process.pid}/status").read_text()
    megabytes = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(f"\n{made['passages']:,} passages: ready after {seconds:.1f} s (at most {START:g}), ", end="")
    print(f"peak memory (VmHWM) after {len(served.times)} questions {megabytes:.0f} MB (at most {MEMORY:g})")
    return not served.faults and seconds <= START and megabytes <= MEMORY


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--passages", type=int, default=100_000, help="of the large index; 0 leaves it out")
    chosen = parser.parse_args()
    print(machine(), end="\n\n")
    with tempfile.TemporaryDirectory(prefix="citeqa-clients-") as temporary:
        folder = Path(temporary)
        models = Path(os.environ.get("CITEQA_MODELS", folder / "models"))
        good = crowd(folder, models, chosen.clients, chosen.seconds)
        if chosen.passages:
            good &= large(folder, chosen.passages, models)
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())

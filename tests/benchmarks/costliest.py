"""For each route the costliest request that its limits allow, made to a real service; and what it costs others.

    PYTHONPATH=tests python tests/benchmarks/costliest.py [--documents 20000] [--megabytes 14] [--only WORDS]

Each request is made again and again for a few seconds. Meanwhile one client asks /api/health and another asks its usual
question, so that what is told holds while the request is in progress. Memory is the peak of the service's process above
what it holds when idle; the child process that parses files, which has limits of its own, is not counted.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from benchmarks.costly_requests import Made, costly_requests
from benchmarks.growth import Clusters, article, spoken
from support.paths import SEEDS
from support.servers import ConfiguredServer

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.writer import update

QUESTION = "How much aid did the US pledge to Cubans?"
LONG = 4.0  # seconds for which a request is made again and again
MEASURED = Path(__file__).with_name("costliest.json")
HEALTH, SLOWER, MEGABYTES = 200.0, 3.0, 700.0  # what is demanded: milliseconds, times as long, megabytes


@dataclass(frozen=True)
class Row:
    """What one request cost: seconds, megabytes above idle, the worst milliseconds of /api/health meanwhile, and how
    many times as long as usual another client's question took. `health_idle_ms` is the worst without the request, just
    before: what the machine was doing besides."""

    route: str
    request: str
    status: int
    seconds: float
    megabytes: float
    health_ms: float
    health_idle_ms: float
    question: float

    @property
    def exceeds(self) -> bool:
        return (
            self.health_ms > max(HEALTH, 2 * self.health_idle_ms)
            or self.question > SLOWER
            or self.megabytes > MEGABYTES
        )


def build(folder: Path, documents: int, megabytes: float) -> Path:
    """An index of the seed articles, many short documents and one long one, `long`, all but the first few with vectors
    by chance."""
    pool, corpus = spoken(), folder / "corpus.jsonl"
    with corpus.open("w", encoding="utf-8") as file:
        for i in range(documents):
            row = {
                "id": f"short/{i:06}",
                "title": f"Report {i}",
                "source": f"Source {i % 500}",
                "text": pool[i % len(pool)],
            }
            file.write(json.dumps(row) + "\n")
        sentences = int(megabytes * 1e6 / (sum(map(len, pool)) / len(pool) + 1))
        file.write(json.dumps({"id": "long", "text": article(pool, "long", sentences)}) + "\n")
    update(folder / "index", [SEEDS, corpus], Clusters(load_embedder(DEFAULT_MODEL, folder / "models")))
    return folder / "index"


class Process:
    """The memory of a process, as Linux tells it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path("/proc", str(pid))

    def megabytes(self, name: str = "VmRSS") -> float:
        return int((self._folder / "status").read_text().partition(f"{name}:")[2].split()[0]) / 1024

    def forget_peak(self) -> None:
        (self._folder / "clear_refs").write_text("5")


@contextmanager
def meanwhile(action: Callable[[], object], pause: float) -> Iterator[list[float]]:
    """Do something again and again while the block lasts; gives the seconds that each time took."""
    times, ended = list[float](), threading.Event()

    def again() -> None:
        while not ended.is_set():
            start = time.perf_counter()
            action()
            times.append(time.perf_counter() - start)
            ended.wait(pause)

    thread = threading.Thread(target=again)
    thread.start()
    try:
        yield times
    finally:
        ended.set()
        thread.join()


def measure(server: ConfiguredServer, made: Made, usual: float, idle_health: float) -> Row:
    process = Process(server.process.pid)
    with server.client() as http, server.client() as other, server.client() as third:
        http.timeout = other.timeout = third.timeout = httpx.Timeout(600)

        def ask() -> None:
            asked = other.post("/api/ask", json={"question": QUESTION})
            assert asked.status_code in (200, 503), asked.text

        made.send(http)  # what is loaded only once
        idle, took = process.megabytes(), list[float]()
        process.forget_peak()
        with meanwhile(lambda: third.get("/api/health"), 0.02) as health, meanwhile(ask, 0.02) as questions:
            end = time.perf_counter() + LONG
            while time.perf_counter() < end:
                start = time.perf_counter()
                status = made.send(http)
                took.append(time.perf_counter() - start)
        return Row(
            made.route,
            made.request,
            status,
            round(median(took), 2),
            round(process.megabytes("VmHWM") - idle),
            round(1000 * max(health)),
            round(1000 * idle_health),
            round(median(questions) / usual, 1),
        )


def usual_times(server: ConfiguredServer) -> tuple[float, float]:
    """Seconds that the usual question takes when nobody else asks, and the worst of /api/health meanwhile."""
    with (
        server.client() as http,
        server.client() as third,
        meanwhile(lambda: http.post("/api/ask", json={"question": QUESTION}), 0.02) as times,
        meanwhile(lambda: third.get("/api/health"), 0.02) as health,
    ):
        time.sleep(LONG)
    return median(times[1:]), max(health)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000, help="short documents of the index")
    parser.add_argument("--megabytes", type=float, default=14, help="of the long document")
    parser.add_argument("--only", default="", help="requests whose route or description has these words")
    parser.add_argument("--write", action="store_true", help="write the figures that the reference shows")
    chosen = parser.parse_args()
    rows = list[Row]()
    with tempfile.TemporaryDirectory(prefix="citeqa-costliest-") as temporary:
        folder = Path(temporary)
        index = build(folder, chosen.documents, chosen.megabytes)
        settings: dict[str, Any] = {"writing": "true", "cache": 0, "originals": "true", "keep_originals": "true"}
        for made in costly_requests(chosen.documents):
            if chosen.only not in f"{made.route}, {made.request}":
                continue
            with ConfiguredServer(index, folder / "log", **settings) as server:  # anew, so that memory is the request's
                with server.client() as http:
                    made.prepare(http)
                row = measure(server, made, *usual_times(server))
            rows.append(row)
            print(*asdict(row).values(), "TOO MUCH" if row.exceeds else "", sep=" | ", flush=True)
    if chosen.write:
        MEASURED.write_text(json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n")
    return int(any(row.exceeds for row in rows))


if __name__ == "__main__":
    sys.exit(main())

"""One corpus in PostgreSQL and its replicas, beside the same index in a folder. A server of its own is started.

    PYTHONPATH=tests python tests/benchmarks/replicas.py answers CORPUS QUESTIONS.jsonl [--limit 300]
    PYTHONPATH=tests python tests/benchmarks/replicas.py changes [PASSAGES]
    PYTHONPATH=tests python tests/benchmarks/replicas.py throughput [--seconds 20]

`answers` asks questions of both, in turn: whole responses must be equal, and the ratio of times is told. `changes`
makes a corpus by chance (see synthetic.py), copies it, lets two other processes follow, and measures how long a change
takes to be shown by both, how long a fresh replica takes, from the server and from another one's files, beside making
the search files from SQLite, and how many bytes each passage takes where. `throughput` tells how many answers a second
two services give beside one, each on a core of its own (see throughput.py).
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from benchmarks.synthetic import write
from benchmarks.throughput import throughput
from support.postgres import Server, starting_from

from citeqa.api.schemas import AskResponse
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.adding import add_paths
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.copying import copy
from citeqa.index.storage.generations import rebuild_generation
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql.connecting import close_pools
from citeqa.index.storage.postgresql.store import PostgresStore
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import open_store
from citeqa.rag.options import AskOptions

CHANGES = 30


def answers(server: Server, folder: Path, corpus: Path, questions: Path, limit: int) -> None:
    models = Settings().exported
    embedder = load_embedder(DEFAULT_MODEL, models)
    beside, address = folder / "index", server.address("answers", folder / "replica")
    add_paths(open_store(beside), [corpus], embedder, chunker_of({}))
    copy(open_store(beside), open_store(address))
    asked = [json.loads(line)["question"] for line in questions.read_text(encoding="utf-8").splitlines() if line]
    asked = asked[:: max(1, len(asked) // limit)][:limit]
    with closing(Service.open(beside, models)) as one, closing(Service.open(address, models)) as other:
        for service in (one, other):
            service.ask(asked[0], AskOptions())
        equal, ratios, times = 0, list[float](), ([], [])  # type: ignore[var-annotated]
        for number, question in enumerate(asked):
            said: dict[int, dict[str, Any]] = {}
            for which in (0, 1) if number % 2 else (1, 0):
                began = time.perf_counter()
                response, _ = (one, other)[which].ask(question, AskOptions())
                times[which].append(time.perf_counter() - began)
                said[which] = comparable(response)
            ratios.append(times[1][-1] / times[0][-1])
            equal += said[0] == said[1]
    print(f"{equal} of {len(asked)} responses are equal, scores and confidences included")
    print(f"question time: {median(times[1]) / median(times[0]):.3f} times (median of the ratios {median(ratios):.3f})")


def comparable(response: AskResponse) -> dict[str, Any]:
    """A response without its times; its change numbers count what happened to each store."""
    found = response.model_dump(mode="json", exclude={"timing_ms"})
    del found["index"]["change"]
    return found


FOLLOWER = """
import sys, time
from citeqa.index.storage.stores import open_store
store = open_store(sys.argv[1])
view = store.open()
print("ready", flush=True)
with store.following():
    while True:
        if not view.is_surely_current():
            view = store.open(view)
            print(view.change, time.time(), flush=True)
        time.sleep(0.002)
"""


def changes(server: Server, folder: Path, passages: int) -> None:
    embedder = load_embedder(DEFAULT_MODEL, Settings().exported)
    write(folder / "index", passages, embedder.info)
    address = server.address("changes", folder / "replica")
    took = timed(lambda: copy(open_store(folder / "index"), open_store(address)))
    print(f"{passages:,} passages; copied and compared in {took:.1f} s")
    fresh = timed(lambda: open_store(address).open().close())
    deriving = timed(lambda: derive(folder / "index"))
    print(
        f"a fresh replica: {fresh:.1f} s, making the search files from SQLite: {deriving:.1f} s; {fresh / deriving:.2f}"
    )
    started = starting_from(server.address("changes", folder / "started"), folder / "replica")
    copying = timed(lambda: open_store(started).open().close())
    print(f"started from its files: {copying:.1f} s; {copying / fresh:.2f} of that from the server")
    sizes(server, folder, passages)
    followers = [follower(server.address("changes", folder / name)) for name in ("one", "two")]
    store, delays, commits = PostgresStore(address), list[float](), list[float]()
    for number in range(CHANGES):
        with store.writing(lambda: embedder, chunker_of(store.settings()), "measuring") as writer:
            writer.put(document(f"new-{number}", f"The ferry number {number} leaves at nine.", file_sha256="0"))
            began = time.time()
            writer.commit()
            committed, change = time.time(), writer.change
        commits.append(committed - began)
        delays.append(max(shown_at(one, change) for one in followers) - committed)
        time.sleep(0.2)
    for one in followers:
        one.kill()
        one.wait()
    took_95 = float(np.quantile(delays, 0.95))
    print(f"embed and commit: {1000 * median(commits):.0f} ms")
    print(f"shown by both replicas after {1000 * median(delays):.0f} ms (95 %: {1000 * took_95:.0f} ms)")


def follower(address: str) -> subprocess.Popen[str]:
    started = subprocess.Popen([sys.executable, "-c", FOLLOWER, address], stdout=subprocess.PIPE, text=True)
    assert started.stdout
    assert started.stdout.readline() == "ready\n"
    return started


def shown_at(one: subprocess.Popen[str], change: int) -> float:
    assert one.stdout
    while True:
        number, at = one.stdout.readline().split()
        if int(number) >= change:
            return float(at)


def derive(folder: Path) -> None:
    with closing(Catalog(folder / DATABASE, write=True)) as catalog, catalog.transaction():
        rebuild_generation(folder, catalog)


def sizes(server: Server, folder: Path, passages: int) -> None:
    with closing(server.connect("changes")) as connection:
        row = connection.execute(
            "SELECT pg_total_relation_size('documents'), pg_total_relation_size('changes')"
        ).fetchone()
    assert row
    replica = sum(path.stat().st_size for path in (folder / "replica").rglob("*") if path.is_file())
    kinds = {"documents": int(str(row[0])), "log of changes": int(str(row[1])), "a replica's folder": replica}
    print("bytes a passage: " + ", ".join(f"{name} {size / passages:,.0f}" for name, size in kinds.items()))


def timed(call: Any) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    asking = kinds.add_parser("answers")
    asking.add_argument("corpus", type=Path)
    asking.add_argument("questions", type=Path)
    asking.add_argument("--limit", type=int, default=300)
    kinds.add_parser("changes").add_argument("passages", type=int, nargs="?", default=100_000)
    kinds.add_parser("throughput").add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    folder, server = Path(tempfile.mkdtemp(prefix="citeqa-bench-")), Server()
    try:
        if given.kind == "answers":
            answers(server, folder, given.corpus, given.questions, given.limit)
        elif given.kind == "throughput":
            throughput(server, folder, given.seconds)
        else:
            changes(server, folder, given.passages)
    finally:
        close_pools()
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

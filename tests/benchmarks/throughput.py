"""How many answers a second two services give beside one, each on a core of its own, over one corpus in PostgreSQL.

The services are pinned to the first two cores, and their caches are off. Who asks shares these cores where there are no
others, so it is kept light, and its own processor time is told, as is that of the services: what they have not used was
not theirs. One service is measured before and after both, so that what drifts on the machine falls out of the ratio.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from support.paths import QUESTIONS, SEEDS
from support.postgres import Server
from support.servers import ConfiguredServer

from citeqa.api.settings import Settings
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.adding import add_paths
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import open_store

CLIENTS = 2  # of each service
RATIO = 1.6  # of one service's answers a second, at least
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Load:
    """What was answered in how many seconds, and the processor time of who asked and of the services, in seconds."""

    answers: int
    seconds: float
    asking: float
    serving: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds

    def row(self, name: str) -> str:
        shares = (f"{100 * used / self.seconds:.0f} %" for used in (self.asking, self.serving))
        return " | ".join([f"| {name}", str(self.answers), f"{self.rate:.1f}", *shares]) + " |"


def throughput(server: Server, folder: Path, seconds: float) -> None:
    """Print the answers a second of one service, of two, and of one again, and the ratio."""
    models = Settings().exported
    address = server.address("throughput")
    add_paths(open_store(address), [SEEDS], load_embedder(DEFAULT_MODEL, models), chunker_of({}))
    bodies = [
        json.dumps({"question": json.loads(line)["question"]}).encode()
        for line in QUESTIONS.read_text(encoding="utf-8").splitlines()
    ]
    with ExitStack() as stack:
        services = [
            stack.enter_context(
                ConfiguredServer(
                    address,
                    folder / f"log {core}",
                    before=("taskset", "--cpu-list", str(core)),
                    replica_folder=folder / f"replica {core}",
                    cache=0,
                    models=models,
                )
            )
            for core in sorted(os.sched_getaffinity(0))[:2]
        ]
        asked(services, bodies, min(3.0, seconds))  # warm
        one = asked(services[:1], bodies, seconds / 2)
        both = asked(services, bodies, seconds)
        again = asked(services[:1], bodies, seconds / 2)
    alone = Load(*(getattr(one, name) + getattr(again, name) for name in ("answers", "seconds", "asking", "serving")))
    print("| services | answers | a second | processor time of who asks | of the services |")
    print("| --- | --- | --- | --- | --- |")
    print(alone.row("one"))
    print(both.row("two"))
    print(f"\ntwo services: {both.rate / alone.rate:.2f} times the answers of one (at least {RATIO})")


def asked(services: Sequence[ConfiguredServer], bodies: Sequence[bytes], seconds: float) -> Load:
    """Let clients ask each service, every one the next question as soon as it is answered, until the time is up; what
    is asked then is waited for and counts."""
    following, answered = itertools.cycle(bodies), itertools.count()
    used, busy, start = time.process_time(), sum(map(processor_time, services)), time.perf_counter()

    def client(port: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while time.perf_counter() - start < seconds:
            connection.request("POST", "/api/ask", next(following), {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            assert response.status == 200
            next(answered)
        connection.close()

    threads = [threading.Thread(target=client, args=(one.port,)) for one in services for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    return Load(next(answered), took, time.process_time() - used, sum(map(processor_time, services)) - busy)


def processor_time(service: ConfiguredServer) -> float:
    """Seconds of processor time that a service has used."""
    fields = Path(f"/proc/{service.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS

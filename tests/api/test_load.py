"""Sixteen threads ask while documents come, change and go: every citation is exact, and nothing piles up."""

from __future__ import annotations

import gc
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from support.faults import SOAK, faults_of
from support.paths import SEEDS

from citeqa.api.live import LiveService
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Document
from citeqa.rag.options import AskOptions
from citeqa.rag.types import Citation, Response

pytestmark = [pytest.mark.slow, pytest.mark.soak]

THREADS = 16
WARM = 20 if SOAK else 1  # questions by each thread, after which the process is warm
ASKING = 120.0 if SOAK else 4.0  # seconds from then on
GROWTH = (64 if SOAK else 192) << 20  # bytes it may grow by from then on: what the allocators of 18 threads keep
QUESTIONS = [
    "How many lamps does the harbour of Port Alder have?",
    "Who is the keeper of Port Alder?",
    "When was the lighthouse of Port Brent built?",
    "How much aid did the US pledge to Cubans?",
    "Who discovered penicillin?",
    "Why did Claver-Carone praise Andrew Holness?",
]
PORTS = ["Alder", "Brent", "Cawl", "Dunmore", "Elm", "Farrow", "Garth", "Holm"]
VERSIONS = [
    document(
        f"ports/{port}",
        f"Port {port}\n\nThe harbour of Port {port} has {40 + number} lamps. The keeper of Port {port} is Ann "
        f"Marsh{number}. The lighthouse of Port {port} was built in {1800 + number}. " + "Boats come and go. " * number,
        file_sha256="",
    )
    for port in PORTS
    for number in range(12)
]


class Shelf:
    """What the writer has done so far, so that it is known what a question may have seen."""

    def __init__(self, given: dict[str, Document]) -> None:
        self.texts = {item.sha256: item.text for item in [*given.values(), *VERSIONS]}
        self._began: list[tuple[str, str | None]] = [(name, item.sha256) for name, item in given.items()]
        self._done = len(self._began)

    def begins(self, document_id: str, sha256: str | None) -> None:
        self._began.append((document_id, sha256))

    def done(self) -> None:
        self._done = len(self._began)

    def moment(self) -> int:
        """To be noted before a question is asked."""
        return self._done

    def possible(self, document_id: str, since: int) -> set[str | None]:
        """The digests that a document may have had at some time since then; None if it may not have been there."""
        earlier = [sha256 for name, sha256 in self._began[:since] if name == document_id]
        return {*(earlier[-1:] or [None]), *(sha256 for name, sha256 in self._began[since:] if name == document_id)}


def cited(response: Response) -> Iterator[Citation]:
    if response.answer:
        yield response.answer.citation
        yield from response.answer.also_in
    for candidate in (*response.alternatives, *response.conflicts):
        yield candidate.citation


def check(response: Response, shelf: Shelf, since: int) -> int:
    """How many citations were checked."""
    slices = [(c.source, part) for c in cited(response) for part in (c.quote, c.sentence)]
    slices += [(found.source, found.quote) for found in response.evidence]
    for source, part in slices:
        assert source.sha256 in shelf.possible(source.document_id, since)
        assert shelf.texts[source.sha256][part.span.start : part.span.end] == part.text != ""
    for found in response.evidence:
        assert found.evidence.passage.text == found.quote.text
    return len(slices)


def memory() -> int:
    """Bytes of this process that are in memory."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux tells it")
def test_many_ask_while_one_writes(tmp_path: Path, embedder: Embedder, models: Path) -> None:
    update(tmp_path / "index", [SEEDS], embedder)
    with closing(Index(tmp_path / "index")) as index:
        shelf = Shelf({s.id: index.document(s.id) for s in index.summaries(100)[0]})
    stopped, checked, asked, changes = threading.Event(), [0] * THREADS, [0] * THREADS, [0]

    def ask(number: int) -> None:
        chance = random.Random(number)
        while not stopped.is_set():
            since = shelf.moment()
            response = service.now.answerer.ask(
                chance.choice(QUESTIONS), AskOptions(k=chance.choice([1, 5, 20]), min_confidence=0)
            )
            checked[number] += check(response, shelf, since)
            asked[number] += 1

    def write() -> None:
        chance, there = random.Random(99), set[str]()
        while not stopped.is_set():
            if there and chance.random() < 0.3:
                name = chance.choice(sorted(there))
                there.discard(name)
                shelf.begins(name, None)
                service.remove(name)
            else:
                item = chance.choice(VERSIONS)
                there.add(item.id)
                shelf.begins(item.id, item.sha256)
                service.put(item)
            shelf.done()
            changes[0] += 1

    def watch() -> tuple[int, int, int, int]:
        try:
            while min(asked) < WARM and not stopped.is_set():
                time.sleep(0.1)
            warm, files = memory(), open_files()
            time.sleep(ASKING)
            return warm, memory(), files, open_files()
        finally:
            stopped.set()

    with (
        closing(LiveService(tmp_path / "index", models)) as service,
        service.following(),
        ThreadPoolExecutor(THREADS + 2) as pool,
    ):
        watching = pool.submit(watch)
        working = [pool.submit(write), *(pool.submit(ask, number) for number in range(THREADS))]
        for work in working:
            work.add_done_callback(lambda done: stopped.set() if done.exception() else None)
        for work in working:
            work.result()
        warm, end, files_then, files_now = watching.result()
    print(
        f"\n{sum(asked)} questions by {THREADS} threads and {changes[0]} changes, {sum(checked)} slices exact; memory "
        f"{warm >> 20} MiB when warm, {end >> 20} at the end; open files {files_then} and {files_now}"
    )
    assert min(asked) > 0
    assert changes[0] > 2
    assert end - warm < GROWTH
    assert files_now < files_then + 40  # views that are still in use by a thread each hold a few
    assert faults_of(tmp_path / "index", embedder) == []

"""Writers who go on whatever happens to the server, and remember what was acknowledged."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from support.corpora import change, made

from citeqa.index.errors import StoreUnreachableError

_WRITERS, _DOCUMENTS = 4, 7  # each writer replaces documents of its own, in turn
_PATIENCE = 60.0  # seconds to wait in the end for every document to be written


@dataclass
class Acknowledged:
    """What was acknowledged: every document that was stored, by id and digest, and the last digest by id."""

    all: set[tuple[str, str]] = field(default_factory=set)
    last: dict[str, str] = field(default_factory=dict)


@contextmanager
def writers(address: str) -> Iterator[Acknowledged]:
    """Write for as long as the block lasts, and then until every document was acknowledged once more."""
    stopped, said, run = threading.Event(), Acknowledged(), secrets.token_hex(4)
    since = [set[str]() for _ in range(_WRITERS)]

    def write(number: int) -> None:
        count = 0
        while not stopped.is_set():
            one = made(f"{number}/{count % _DOCUMENTS}", f"Fox {number} number {count} of {run}.")
            with suppress(StoreUnreachableError):
                change(address, one)
                said.all.add((one.id, one.sha256))
                said.last[one.id] = one.sha256
                since[number].add(one.id)
                count += 1

    with ThreadPoolExecutor(_WRITERS) as pool:
        writing = [pool.submit(write, number) for number in range(_WRITERS)]
        try:
            yield said
            for mine in since:
                mine.clear()
            until = time.monotonic() + _PATIENCE
            while any(len(mine) < _DOCUMENTS for mine in since) and time.monotonic() < until:
                time.sleep(0.1)
        finally:
            stopped.set()
        for done in writing:
            done.result()
    assert all(len(mine) == _DOCUMENTS for mine in since)

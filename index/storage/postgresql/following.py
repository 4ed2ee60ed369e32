"""Following a corpus: as soon as something changes, the machine's replica is brought up to date."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg

from citeqa.index.errors import CiteqaError
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.connecting import connect, guarded
from citeqa.index.storage.postgresql.writer import channel_of

log = logging.getLogger(__name__)

LOOK = 0.5  # seconds between looks, where no notification comes or one was lost


@contextmanager
def following(address: Address, look: Callable[[], object]) -> Iterator[None]:
    """Call `look` whenever a change is told, and at least twice a second, for as long as the block lasts."""
    stopped = threading.Event()
    thread = threading.Thread(target=_follow, args=(address, look, stopped), name="follow the store", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _follow(address: Address, look: Callable[[], object], stopped: threading.Event) -> None:
    failed = ""
    while not stopped.is_set():
        try:
            with guarded(address), closing(connect(address)) as connection:
                connection.execute(f'LISTEN "{channel_of(address)}"'.encode())
                while not stopped.is_set():
                    look()
                    if failed:
                        log.info("the store is followed again")
                        failed = ""
                    _heard(connection)
        except Exception as error:  # whatever it is, the next attempt may find all well
            if failed != (failed := repr(error)):
                known = isinstance(error, (CiteqaError, OSError))
                log.warning("the replica is not brought up to date: %s", error, exc_info=not known)
            stopped.wait(LOOK)


def _heard(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Wait for a notification, and take those that came with it; no longer than until the next look."""
    for _ in connection.notifies(timeout=LOOK, stop_after=1):
        pass
    for _ in connection.notifies(timeout=0):
        pass

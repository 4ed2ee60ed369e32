"""A standby takes over: with synchronous replication nothing that was acknowledged is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from support.corpora import faults, log_of, replayed, shown, stored
from support.faults import SOAK
from support.postgres import Server, address_of_either, needed, new_schema
from support.wires import wire
from support.writers import writers

from citeqa.index.storage.postgresql.connecting import close_pools
from citeqa.index.storage.stores import open_store

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.soak]
ROUNDS = 4 if SOAK else 1


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """What a test begins, and is ended after it."""
    needed()
    with ExitStack() as found:
        yield found
        close_pools()


def test_a_fail_over_to_a_synchronous_standby_loses_nothing(stack: ExitStack, tmp_path: Path) -> None:
    """The standby loses sight of the primary, which a moment later is killed while four writers write and a replica
    follows; the standby is promoted, and all go on with the same address. In the long form again and again."""
    schema, primary = new_schema(), stack.enter_context(closing(Server()))
    for number in range(ROUNDS):
        between = stack.enter_context(wire(primary))
        standby = stack.enter_context(closing(Server(between.port)))
        primary.synchronous()
        address = address_of_either((primary, standby), schema, tmp_path / "replica")
        with writers(address) as said:
            time.sleep(1)
            store = open_store(address)
            with closing(store.open()) as view, store.following():
                between.cut()
                time.sleep(0.3)  # commits wait for the standby
                primary.kill()
                before = set(said.all)
                time.sleep(0.5)
                assert view.document("0/0").text.startswith("Fox 0")  # it goes on answering
                standby.promote()
                until = time.monotonic() + 30
                while view.is_current() or said.all == before:
                    assert time.monotonic() < until
                    time.sleep(0.05)
        log, found = log_of(standby, schema), stored(standby, schema)
        assert said.all <= {(document_id, sha256) for *_, document_id, sha256 in log}
        assert said.last == found == replayed(log)
        assert shown(address) == shown(address_of_either((standby,), schema, tmp_path / f"fresh {number}"))
        assert faults(address) == []
        primary = standby

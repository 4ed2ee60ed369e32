"""A wire between replica and server that is cut, silent or slow: answers stay, others are not held up, and in the end
the replica is like a fresh one."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.corpora import bytes_below, change, faults, made, says, shown
from support.faults import SOAK
from support.postgres import Server, new_schema
from support.wires import Wire, wire

from citeqa.index.errors import StoreUnreachableError
from citeqa.index.storage.postgresql import connecting, replica
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.replica import Replica
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.stores import open_store

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.soak]
SECONDS = 60.0 if SOAK else 1.5  # that the wire is cut
PACE = 25_000 if SOAK else 100_000  # bytes a second


@pytest.mark.parametrize("fault", [Wire.cut, Wire.still])
def test_a_wire_that_is_cut_and_mended_changes_no_answer(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Callable[[Wire], None]
) -> None:
    """Meanwhile the replica answers as before and says how old it is, and others write; then it catches up."""
    monkeypatch.setattr(connecting, "PATIENCE", 0.3)
    schema = new_schema()
    near = postgres.address(schema, tmp_path / "near")
    change(near, made("a", "A quick fox."))
    with wire(postgres) as thread:
        far = postgres.address(schema, tmp_path / "far", thread.port)
        store = open_store(far)
        with closing(store.open()) as view, store.following():
            assert isinstance(view, Index)
            before = says(view)
            fault(thread)
            cut = time.monotonic()
            number = change(near, made("b", "A lazy dog."), remove=("a",))
            while time.monotonic() < cut + SECONDS:
                assert view.is_current()
                assert says(view) == before
                time.sleep(SECONDS / 10)
            assert SECONDS - 1 < view.lag < time.monotonic() - cut + 1
            if fault is Wire.cut:
                with pytest.raises(StoreUnreachableError):
                    change(far, made("c", "An owl."))
            thread.mend()
            with closing(store.open(change=number)) as after:
                assert after.change == number
            until = time.monotonic() + 20
            while view.lag > 1:
                assert time.monotonic() < until
                time.sleep(0.05)
        assert shown(far) == shown(near)


def settled(address: str) -> dict[str, Any]:
    """All that a replica says which is up to date, and whose files count nothing of what was deleted."""
    shown(address)
    Replica(Address.of(address)).settle()
    return shown(address)


def test_a_replica_that_reads_slowly_holds_nobody_up_and_ends_like_the_others(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is filled over a slow wire while others replace and delete what it reads, and take it out of the tables."""
    monkeypatch.setattr(replica, "QUIET", 0.0)
    schema = new_schema()
    near = postgres.address(schema, tmp_path / "near")
    long = " It sleeps by the harbour." * 200
    foxes = [made(f"d{n}", f"Fox number {n} says xylophagous.{long}") for n in range(120)]
    change(near, *foxes)
    assert len(shown(near)["documents"]) == len(foxes)
    with wire(postgres, PACE) as thread, ThreadPoolExecutor(1) as pool:
        far = postgres.address(schema, tmp_path / "far", thread.port)
        filling = pool.submit(shown, far)
        took, store = list[float](), open_store(near)
        with closing(store.open()) as view, store.following():
            for n in range(10):
                began = time.monotonic()
                change(near, made(f"d{n}", f"It is another fox {n}."), remove=(f"d{110 + n}",))
                store.purge()
                while view.is_current():
                    time.sleep(0.01)
                view = store.open(view)
                took.append(time.monotonic() - began)
        assert not filling.done()
        assert max(took) < 5
        assert 110 <= len(filling.result()["documents"]) <= 120  # as it was when it began
        assert settled(far) == settled(near)
        change(near, remove=tuple(f"d{n}" for n in range(10, 110)))
        assert settled(far) == settled(near)
        open_store(far).purge()
    assert b"xylophagous" not in bytes_below(tmp_path / "far")
    assert faults(near) == []

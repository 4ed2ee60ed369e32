"""The disk of a replica is full: it goes on answering, says how old it is, and recovers with room."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from support.corpora import change, faults, made, says, shown
from support.faults import SOAK, small_disk
from support.postgres import Server, new_schema

from citeqa.index.errors import StorageError
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.stores import open_store

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.soak]
STEP = 4 if SOAK else 60  # kilobytes of room that there are more at each try
FOXES = [made(f"d{n}", f"Fox number {n}. " + "It rests by the quiet harbour. " * 20) for n in range(30)]
MORE = [made(f"m{n}", f"Dog number {n}. " + "It sleeps by the lighthouse. " * 20) for n in range(30)]


def test_a_replica_that_is_filled_on_a_full_disk_is_refused_until_there_is_room(
    postgres: Server, tmp_path: Path
) -> None:
    schema, refused = new_schema(), 0
    near = postgres.address(schema, tmp_path / "near")
    change(near, *FOXES)
    with small_disk(tmp_path / "disk", 8192) as leave:
        far = postgres.address(schema, tmp_path / "disk" / "replica")
        for free in range(4, 4000, STEP):
            leave(free)
            try:
                found = shown(far)
                break
            except StorageError as error:
                assert "nothing that was stored is lost" in str(error)  # noqa: PT017
                refused += 1
        else:
            raise AssertionError("it never had room enough")
        assert refused > 1
        assert found == shown(near)
        leave(8192)
        assert faults(far) == []


def test_a_replica_whose_disk_is_full_goes_on_answering_and_follows_again_with_room(
    postgres: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR, "citeqa")  # a record of an error would hold on to views of files on this disk
    schema = new_schema()
    near = postgres.address(schema, tmp_path / "near")
    change(near, *FOXES)
    with small_disk(tmp_path / "disk", 16384) as leave:
        far = postgres.address(schema, tmp_path / "disk" / "replica")
        run_out_of_room(far, near, leave)
        assert shown(far) == shown(near)
        assert faults(far) == []


def run_out_of_room(far: str, near: str, leave: Callable[[int], None]) -> None:
    """Follow with little room, then with more."""
    store = open_store(far)
    with closing(store.open()) as view, store.following():
        assert isinstance(view, Index)
        before = says(view)
        leave(0)
        number = change(near, *MORE, remove=("d3",))
        for free in range(0, 200, STEP):
            leave(free)
            time.sleep(1)
            if not view.is_current():
                break
            assert says(view) == before
            assert view.lag > 0.5
            with closing(open_store(far).open()) as later:  # a process that starts now
                assert isinstance(later, Index)
                assert later.change == number or says(later) == before
        leave(16384)
        until = time.monotonic() + 20
        while view.is_current():
            assert time.monotonic() < until
            time.sleep(0.05)
        with closing(store.open(view, change=number)) as after:
            assert after.change == number

"""Machines killed with SIGKILL, a server that stops at once, a network that is cut: nothing that was acknowledged is
lost, nothing is half there, and every replica answers like a fresh one."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.corpora import change, faults, log_of, made, replayed, shown, stored
from support.killed_machine import PHASES
from support.paths import environment_with_support
from support.postgres import Server, new_schema

from citeqa.index.errors import StoreUnreachableError
from citeqa.index.storage.postgresql import connecting
from citeqa.index.storage.stores import open_store

pytestmark = [pytest.mark.faults, pytest.mark.soak]
SOAK = bool(os.environ.get("CITEQA_TEST_SOAK"))
MODES = ("before", "during", "after")
PROGRAM = [sys.executable, "-m", "support.killed_machine"]


def run(given: dict[str, Any]) -> list[dict[str, Any]]:
    """What a machine said before it ended."""
    done = subprocess.run(
        [*PROGRAM, json.dumps(given)], check=False, stdout=subprocess.PIPE, env=environment_with_support(), timeout=120
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(state: dict[str, str], step: dict[str, str | None]) -> dict[str, str]:
    """The digest of each document after a step."""
    return {i: digest for i, digest in (state | step).items() if digest is not None}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.slow
def test_a_machine_that_is_killed_loses_and_halves_nothing(postgres: Server, tmp_path: Path, phase: str) -> None:
    schema, state, kills = new_schema(), dict[str, str](), 0
    address = postgres.address(schema, tmp_path / "replica")
    once = (1 if phase == "replica: current" else 2, MODES[PHASES.index(phase) % 3])  # a replica is filled once
    chosen = [(c, m) for c in range(1, 6) for m in MODES] if SOAK else [once]
    for number, (count, mode) in enumerate(chosen):
        given = {"address": address, "seed": number, "rounds": 3, "phase": phase, "count": count, "mode": mode}
        said = run(given)
        kills += any("killed" in one for one in said)
        trying: dict[str, str | None] = {}
        for one in said:
            trying = one.get("trying", trying)
            if "acknowledged" in one:
                state, trying = told(state, one["acknowledged"]), {}
        with suppress(AssertionError):
            settle(postgres, schema)
        found = stored(postgres, schema) if log_exists(postgres, schema) else {}
        assert found in (state, told(state, trying))
        state = found
        if found:
            assert replayed(log_of(postgres, schema)) == found
    assert kills
    change(address, made("last", "The last fox."))
    assert shown(address) == shown(postgres.address(schema, tmp_path / "fresh"))
    assert faults(address) == []


def log_exists(postgres: Server, schema: str) -> bool:
    with closing(postgres.connect()) as connection:
        return connection.execute("SELECT to_regclass(%s)", (f"{schema}.changes",)).fetchone() != (None,)


def settle(postgres: Server, schema: str) -> None:
    """Wait until the server has noticed that a machine is gone, and finished or undone what it was at."""
    for _ in range(200):
        with closing(postgres.connect()) as connection:
            sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'citeqa' AND xact_start IS NOT NULL"
            if connection.execute(sql).fetchone() == (0,):
                return
        time.sleep(0.02)
    raise AssertionError("a machine that was killed still has a transaction")


@pytest.mark.slow
def test_a_server_that_stops_at_once_under_load_loses_nothing(postgres: Server, tmp_path: Path) -> None:
    """Four writers go on through three immediate stops; each change that was acknowledged is there."""
    schema = new_schema()
    address = postgres.address(schema, tmp_path / "one")
    change(address, made("first", "A fox."))
    stopped, acknowledged = threading.Event(), [dict[str, str]() for _ in range(4)]

    def write(number: int) -> None:
        count = 0
        while not stopped.is_set():
            one = made(f"{number}/{count % 7}", f"Fox {number} number {count}.")
            with suppress(StoreUnreachableError):
                change(address, one)
                acknowledged[number][one.id] = one.sha256
                count += 1

    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(4)]
        for _ in range(3):
            time.sleep(0.7)
            postgres.stop()
            time.sleep(0.3)
            postgres.start()
        until = time.monotonic() + 60
        while any(len(mine) < 7 for mine in acknowledged) and time.monotonic() < until:
            time.sleep(0.1)
        stopped.set()
        for done in writing:
            done.result()
    found = stored(postgres, schema)
    assert replayed(log_of(postgres, schema)) == found
    for mine in acknowledged:
        assert len(mine) == 7
        assert mine.items() <= found.items()
    assert shown(address) == shown(postgres.address(schema, tmp_path / "fresh"))
    assert faults(address) == []


class Wire:
    """A wire to a server that can be cut: connections break, and new ones are refused."""

    def __init__(self, port: int) -> None:
        self._to, self._open = port, set[socket.socket]()
        self._turn = threading.Lock()  # a connection is open before it is cut, or refused after
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.whole = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                with self._turn:
                    if not self.whole:
                        client.close()
                        continue
                    server = socket.create_connection(("127.0.0.1", self._to))
                    self._open |= {client, server}
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        with self._turn:
            self.whole = False
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def close(self) -> None:
        self.cut()
        self._listening.close()


@contextmanager
def wire(server: Server) -> Iterator[Wire]:
    made_wire = Wire(server.port)
    try:
        yield made_wire
    finally:
        made_wire.close()


@pytest.mark.slow
def test_a_wire_that_is_cut_and_mended_changes_no_answer(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is cut, the replica answers as before and says how old it is, and others write; then it catches up."""
    monkeypatch.setattr(connecting, "PATIENCE", 0.3)
    schema = new_schema()
    near = postgres.address(schema, tmp_path / "near")
    change(near, made("a", "A quick fox."))
    with wire(postgres) as thread:
        far = postgres.address(schema, tmp_path / "far", thread.port)
        store = open_store(far)
        with closing(store.open()) as view, store.following():
            thread.cut()
            number = change(near, made("b", "A lazy dog."), remove=("a",))
            time.sleep(1.5)
            assert view.lag > 1
            assert view.is_current()
            assert view.document("a").text == "A quick fox."
            with pytest.raises(StoreUnreachableError):
                change(far, made("c", "An owl."))
            thread.whole = True
            with closing(store.open(change=number)) as after:
                assert after.change == number
            until = time.monotonic() + 20
            while view.lag > 1:
                assert time.monotonic() < until
                time.sleep(0.05)
        assert shown(far) == shown(near)

"""Machines killed with SIGKILL, a server that stops at once: nothing that was acknowledged is lost, nothing is half
there, and every replica answers like a fresh one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from support.corpora import change, faults, log_of, made, replayed, shown, stored
from support.killed_machine import PHASES
from support.paths import environment_with_support
from support.postgres import Server, new_schema, starting_from
from support.writers import writers

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
    if phase.startswith("start"):
        first = made("first", "The first fox.")
        state[first.id] = first.sha256
        change(postgres.address(schema, tmp_path / "there"), first)
        shown(postgres.address(schema, tmp_path / "there"))
        address = starting_from(address, tmp_path / "there")
    anew = phase.startswith("start") or phase == "replica: current"  # a replica is made once
    once = (1 if anew else 2, MODES[PHASES.index(phase) % 3])
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
    with writers(address) as said:
        for _ in range(3):
            time.sleep(0.7)
            postgres.stop()
            time.sleep(0.3)
            postgres.start()
    log, found = log_of(postgres, schema), stored(postgres, schema)
    assert replayed(log) == found
    assert said.last.items() <= found.items()
    assert said.all <= {(document_id, sha256) for *_, document_id, sha256 in log}
    assert shown(address) == shown(postgres.address(schema, tmp_path / "fresh"))
    assert faults(address) == []

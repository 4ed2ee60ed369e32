"""An index that may only be read, by permissions or by its mount, is served like any other, by a real process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.permissions import allow_writing, bound_by_permissions, forbid_writing, read_only_mount
from support.servers import PROGRAM, ConfiguredServer

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.writer import update

ASKED = {"question": "How much aid did the US pledge to Cubans?"}
NEW = {"id": "new", "text": "The Zanzibar pact\n\nThe Zanzibar pact was signed by Ada Okoro in Lamu."}
FEEDBACK = {"question": "Who?", "verdict": "missing", "citation": None}


@pytest.fixture
def index(seeds_index: Path, tmp_path: Path) -> Iterator[Path]:
    copy = shutil.copytree(seeds_index, tmp_path / "index")
    yield copy
    allow_writing(copy)


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """By path what would tell that something was written."""
    found = {str(path.relative_to(folder)): path.stat() for path in (folder, *folder.rglob("*"))}
    return {name: (one.st_size, one.st_mtime_ns) for name, one in found.items()}


def said(http: httpx.Client) -> list[Any]:
    """What is answered by the routes that read."""
    asked = http.post("/api/ask", json=ASKED).raise_for_status().json()
    listed = http.get("/api/documents").raise_for_status().json()
    citation = asked["answer"]["citation"]
    return [
        asked["answer"],
        listed,
        http.get(f"/api/documents/{citation['document_id']}").raise_for_status().json(),
        http.post("/api/verify", json={"citation": citation}).raise_for_status().json(),
        http.get("/api/facets").raise_for_status().json(),
        http.get("/api/ready").raise_for_status().json()["index"],
        http.get("/api/health").raise_for_status().json(),
    ]


def refused(http: httpx.Client, document_id: str) -> list[int]:
    """The statuses of the requests that write."""
    return [
        http.post("/api/documents", json=NEW).status_code,
        http.post("/api/documents", files={"file": ("new.txt", b"A text.")}).status_code,
        http.delete(f"/api/documents/{document_id}").status_code,
        http.post("/api/feedback", json=FEEDBACK).status_code,
    ]


def check_served_read_only(folder: Path, log: Path, expected: list[Any], before: list[str]) -> None:
    was = state(folder)
    with ConfiguredServer(folder, log, before=before, writing="true") as server, server.client() as http:
        assert said(http) == expected
        assert refused(http, expected[2]["id"]) == [507] * 4
        assert said(http) == expected
        assert state(folder) == was
    assert "Traceback" not in log.read_text()


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_served(index: Path, seeds_index: Path, tmp_path: Path) -> None:
    before = bound_by_permissions()
    with ConfiguredServer(index, tmp_path / "log", before=before) as server, server.client() as http:
        expected = said(http)
    forbid_writing(index)
    check_served_read_only(index, tmp_path / "log", expected, before)
    with read_only_mount(seeds_index, tmp_path / "mount") as mounted:
        check_served_read_only(mounted, tmp_path / "log", expected, [])


def test_what_others_write_there_is_seen(index: Path, tmp_path: Path, embedder: Embedder) -> None:
    """While the folder may be written for a moment, and where another user always may."""
    before = bound_by_permissions()
    forbid_writing(index)
    (tmp_path / "new.txt").write_text(NEW["text"])
    (tmp_path / "other.txt").write_text("A pact of others\n\nThe Lamu pact was signed by Bo Chen.")
    with ConfiguredServer(index, tmp_path / "log", before=before) as server, server.client() as http:
        assert http.get("/api/documents").json()["total"] == 5
        allow_writing(index)
        update(index, [tmp_path / "new.txt"], embedder)
        forbid_writing(index)
        asked = http.post("/api/ask", json={"question": "Who signed the Zanzibar pact?"}).json()
        assert asked["answer"]["text"] == "Ada Okoro"
        if os.geteuid() == 0:
            update(index, [tmp_path / "other.txt"], embedder)
            forbid_writing(index)
            asked = http.post("/api/ask", json={"question": "Who signed the Lamu pact?"}).json()
            assert asked["answer"]["text"] == "Bo Chen"
        assert http.get("/api/documents").json()["total"] == 6 + (os.geteuid() == 0)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_folder_may_become_read_only_and_writable_again_under_a_running_service(index: Path, tmp_path: Path) -> None:
    before = bound_by_permissions()
    log = tmp_path / "log"
    with ConfiguredServer(index, log, before=before, writing="true") as server, server.client() as http:
        expected = said(http)
        forbid_writing(index)
        assert refused(http, expected[2]["id"]) == [507] * 4
        assert said(http) == expected
        allow_writing(index)
        assert http.post("/api/documents", json=NEW).status_code == 201
        asked = http.post("/api/ask", json={"question": "Who signed the Zanzibar pact?"}).json()
        assert asked["answer"]["text"] == "Ada Okoro"
    assert "Traceback" not in log.read_text()


@pytest.mark.slow
def test_a_journal_that_cannot_be_read_without_writing_is_named_with_what_mends_it(index: Path, tmp_path: Path) -> None:
    before = bound_by_permissions()
    (index / f"{DATABASE}-wal").write_bytes(b"what a killed writer left")
    (index / f"{DATABASE}-shm").unlink(missing_ok=True)  # the copy of one that other tests have open
    forbid_writing(index)
    command = [*before, *PROGRAM, "ask", "Who?", "--index", str(index)]
    asked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert asked.returncode == 1
    assert "its journal can only be read where its folder may be written: run citeqa doctor there" in asked.stderr
    allow_writing(index)
    for words in (["doctor"], ["ask", "Who?"]):
        subprocess.run([*before, *PROGRAM, *words, "--index", str(index)], check=True, capture_output=True)
        forbid_writing(index)

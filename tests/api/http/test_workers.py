"""Two worker processes over one index: whoever answers sees what the other wrote before, and nobody is turned away."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.servers import ConfiguredServer

FRESH = {"connection": "close"}  # each request has a connection of its own, which either worker may take


@pytest.fixture(scope="module")
def server(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredServer]:
    folder = tmp_path_factory.mktemp("workers")
    shutil.copytree(seeds_index, folder / "index")
    with ConfiguredServer(folder / "index", folder / "log", workers=2, writing=1) as running:
        yield running


@pytest.fixture
def http(server: ConfiguredServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


def post(http: httpx.Client, document_id: str, text: str) -> httpx.Response:
    return http.post("/api/documents", json={"id": document_id, "text": text}, headers=FRESH)


@pytest.mark.slow
def test_writers_take_turns(http: httpx.Client) -> None:
    with ThreadPoolExecutor(40) as pool:
        posts = list(pool.map(lambda number: post(http, f"turn{number}", f"Turn {number} of a wheel."), range(40)))
    assert Counter(one.status_code for one in posts) == {201: 40}
    changes = sorted(one.json()["change"] for one in posts)
    assert changes == list(range(changes[0], changes[0] + 40))  # each has its own
    assert http.get("/api/ready", headers=FRESH).json()["index"]["change"] == changes[-1]


def test_what_was_written_is_read_by_every_worker(http: httpx.Client) -> None:
    statuses: list[int] = []
    for number in range(6):
        name = f"read{number}"
        change = post(http, name, f"The keeper of lamp {number} is called Zorblax.").json()["change"]
        for _ in range(5):
            statuses.append(http.get(f"/api/documents/{name}", headers=FRESH).status_code)
        asked = http.post("/api/search", json={"question": "Who keeps the lamp?"}, headers=FRESH).json()
        assert asked["index"]["change"] == change
    assert Counter(statuses) == {200: 30}


def test_what_was_deleted_is_found_by_no_worker(http: httpx.Client) -> None:
    question = {"question": "Who is called Quetzal?", "k": 50}
    for number in range(6):
        name = f"gone{number}"
        post(http, name, f"The keeper of stone {number} is called Quetzal.")
        deleted = http.delete(f"/api/documents/{name}", headers=FRESH)
        assert (deleted.status_code, deleted.content) == (204, b"")
        change = int(deleted.headers["citeqa-change"])
        for _ in range(5):
            found = http.post("/api/search", json=question, headers=FRESH).json()
            assert name not in {one["document_id"] for one in found["evidence"]}
            assert found["index"]["change"] == change

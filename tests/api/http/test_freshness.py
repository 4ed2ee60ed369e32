"""Requests that name the change they must see. What several workers see of each other is tested with real ones."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers import in_this_process

from citeqa.api.http import limits
from citeqa.api.http.app import create_app
from citeqa.api.live import LiveService
from citeqa.api.settings import Settings
from citeqa.index.documents.corpus import document
from citeqa.index.protocols import Writer
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import open_store
from citeqa.index.types import Document

SETTINGS = Settings(writing=True, timeout=1, answering=1, queue=20)
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/api/ask", {"json": {"question": "Who hoots?"}}),
    ("POST", "/api/search", {"json": {"question": "Who hoots?"}}),
    ("POST", "/api/ask/batch", {"json": {"questions": [{"question": "Who hoots?"}]}}),
    ("GET", "/api/documents", {"params": {}}),
    ("GET", "/api/documents/001_6fe46eaa118b1c1d", {"params": {}}),
]


@pytest.fixture
def folder(seeds_index: Path, tmp_path: Path) -> Path:
    shutil.copytree(seeds_index, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def live(folder: Path, models: Path) -> Iterator[LiveService]:
    with closing(LiveService(folder, models)) as service:
        yield service


@pytest.fixture
def http(live: LiveService) -> Iterator[httpx.Client]:
    with in_this_process(create_app(live, settings=SETTINGS), SETTINGS) as client:
        yield client


def asking(http: httpx.Client, number: int, change: int) -> httpx.Response:
    method, path, content = ASKED[number]
    return http.request(method, path, **{part: given | {"min_change": change} for part, given in content.items()})


def added(folder: Path, live: LiveService, given: Document) -> int:
    """The change with which another writer than the service adds a document."""

    def put(writer: Writer) -> int:
        writer.put(given)
        writer.commit()
        return writer.change

    store, model = open_store(folder), live.now.answerer.embedder
    with store.writing(lambda: model, chunker_of(store.settings()), "testing") as writer:
        return put(writer)


@pytest.mark.parametrize("number", range(len(ASKED)))
@pytest.mark.slow
def test_a_change_that_is_there_is_no_wait_and_one_that_does_not_come_is_503(http: httpx.Client, number: int) -> None:
    newest = http.get("/api/ready").json()["index"]["change"]
    assert newest >= 5
    assert asking(http, number, newest).status_code == 200
    refused = asking(http, number, newest + 1)
    assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
    assert int(refused.headers["retry-after"]) > 0
    assert f"change {newest} so far, not yet {newest + 1}" in refused.json()["detail"]
    assert asking(http, number, -1).status_code == 422


def test_a_change_that_comes_meanwhile_is_waited_for(http: httpx.Client, folder: Path, live: LiveService) -> None:
    newest = live.now.index.change
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asking, http, 1, newest + 1)
        assert added(folder, live, document("owl", "The owl hoots.", file_sha256="0" * 64)) == newest + 1
        found = waiting.result()
    assert found.status_code == 200
    assert found.json()["index"]["change"] == newest + 1
    assert "owl" in {one["document_id"] for one in found.json()["evidence"]}


def test_those_that_wait_hold_no_turn_and_are_few(http: httpx.Client, live: LiveService) -> None:
    patient = threading.Semaphore(0)

    def waiting(_: int) -> int:
        patient.release()
        return asking(http, 1, 10**9).status_code

    with ThreadPoolExecutor(limits.CATCHING_UP + 4) as pool:
        crowd = [pool.submit(waiting, number) for number in range(limits.CATCHING_UP + 4)]
        for _ in crowd:
            patient.acquire()
        assert http.post("/api/search", json={"question": "Who hoots?"}).status_code == 200  # there is one turn
        assert sum(one.done() for one in crowd) < len(crowd)
        assert {one.result() for one in crowd} == {503}


def test_a_question_of_a_batch_may_name_a_change_of_its_own(http: httpx.Client, live: LiveService) -> None:
    newest = live.now.index.change
    body = {"questions": [{"question": "Who?", "min_change": newest}, {"question": "Who?", "min_change": newest + 1}]}
    first, second = http.post("/api/ask/batch", json=body).json()["results"]
    assert first["problem"] is None
    assert second["problem"]["status"] == 503


def test_the_same_document_again_is_no_change_and_answers_with_the_last(http: httpx.Client) -> None:
    owl = {"id": "owl", "text": "The owl hoots."}
    first = http.post("/api/documents", json=owl)
    again = http.post("/api/documents", json=owl)
    assert first.json()["change"] == again.json()["change"] == int(again.headers["citeqa-change"])
    gone = http.delete("/api/documents/owl")
    assert int(gone.headers["citeqa-change"]) == first.json()["change"] + 1


def test_an_index_that_cannot_be_read_any_more_is_answered_from_as_it_was(http: httpx.Client, folder: Path) -> None:
    (folder / "catalog.sqlite3").rename(folder / "elsewhere")
    for _ in range(3):
        assert http.post("/api/search", json={"question": "Who hoots?"}).status_code == 200

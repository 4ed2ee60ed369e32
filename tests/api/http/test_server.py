"""Running: rate limits, a full queue, stopping, and several workers over one index. All real processes."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from support.servers import PROGRAM, ConfiguredServer, figures

from citeqa.api.http import create_app
from citeqa.api.http.server import settled
from citeqa.api.service import Service

QUESTION = {"question": "How much aid did the US pledge to Cubans?", "min_confidence": 0}


def until(true: Callable[[], bool], seconds: float = 40) -> None:
    """Wait until something holds; fails if it never does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def behind_a_proxy(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredServer]:
    log = tmp_path_factory.mktemp("proxied") / "log"
    started = ConfiguredServer(
        seeds_index, log, trusted_proxies="127.0.0.1", rate_limit="5/hour", answering=1, queue=0, log_questions=True
    )
    yield started
    assert started.stop(signal.SIGINT) == 130


def as_client(http: httpx.Client, address: str, path: str = "/api/documents") -> httpx.Response:
    return http.get(path, headers={"x-forwarded-for": address})


def test_a_client_that_asks_too_often_is_told_when_to_come_back_and_others_are_not(
    behind_a_proxy: ConfiguredServer,
) -> None:
    with behind_a_proxy.client() as http:
        assert [as_client(http, "192.0.2.1").status_code for _ in range(7)] == [200] * 5 + [429] * 2
        refused = as_client(http, "192.0.2.1")
        assert 1 <= int(refused.headers["retry-after"]) <= 3600
        assert refused.headers["content-type"] == "application/problem+json"
        assert as_client(http, "192.0.2.2").status_code == 200
        assert as_client(http, "10.0.0.9, 192.0.2.1").status_code == 429
        assert as_client(http, "192.0.2.1", "/api/health").status_code == 200
        assert behind_a_proxy.log_line(refused.headers["x-request-id"])["client"] == "192.0.2.1"


def test_a_full_queue_answers_503_and_afterwards_everything_is_as_before(behind_a_proxy: ConfiguredServer) -> None:
    def ask(number: int) -> httpx.Response:
        with behind_a_proxy.client() as http:
            return http.post("/api/ask", json=QUESTION, headers={"x-forwarded-for": f"198.51.100.{number}"})

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(ask, range(12)))
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 503}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 503)
    assert len({answer.json()["answer"]["text"] for answer in answers if answer.status_code == 200}) == 1
    assert ask(99).status_code == 200


def test_questions_stand_in_the_log_where_that_was_asked_for(behind_a_proxy: ConfiguredServer) -> None:
    with behind_a_proxy.client() as http:
        answer = http.post("/api/ask", json=QUESTION, headers={"x-forwarded-for": "203.0.113.1"})
    assert behind_a_proxy.log_line(answer.headers["x-request-id"])["questions"] == [QUESTION["question"]]


def test_what_was_begun_is_finished_when_the_service_is_told_to_stop(seeds_index: Path, tmp_path: Path) -> None:
    batch = {"questions": [QUESTION] * 6}
    with (
        ConfiguredServer(seeds_index, tmp_path / "log") as server,
        ThreadPoolExecutor(1) as thread,
        server.client() as asking,
        server.client() as looking,
    ):
        answer = thread.submit(asking.post, "/api/ask/batch", json=batch)
        until(lambda: figures(looking.get("/metrics").text)["citeqa_queue_answering"] == 1)
        server.process.send_signal(signal.SIGTERM)
        results = answer.result().raise_for_status().json()["results"]
    assert [result["response"]["answered"] for result in results] == [True] * 6
    assert server.process.wait(timeout=40) == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.slow
def test_workers_share_an_index_are_replaced_when_they_die_and_end_together(seeds_index: Path, tmp_path: Path) -> None:
    shutil.copytree(seeds_index, tmp_path / "index")
    with (
        ConfiguredServer(tmp_path / "index", tmp_path / "log", workers=2, writing=True) as server,
        server.client() as http,
    ):
        workers = children(server.process.pid)
        assert len(workers) == 2
        text = "The harbour was opened on 4 May 1987."
        http.post("/api/documents", json={"id": "harbour", "text": text}).raise_for_status()
        until(lambda: all(in_figures(server)["citeqa_index_documents"] == 6 for _ in range(20)))
        for _ in range(6):
            with server.client() as other:  # a connection of its own, which any worker may take
                other.post("/api/ask", json=QUESTION).raise_for_status()
        assert in_figures(server)['citeqa_questions_total{outcome="answered"}'] == 6
        os.kill(workers[0], signal.SIGKILL)
        until(lambda: len(new := children(server.process.pid)) == 2 and workers[0] not in new)
        workers = children(server.process.pid)
        until(lambda: in_figures(server)['citeqa_questions_total{outcome="answered"}'] == 6)
        assert server.stop() == 0
        until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))


def in_figures(server: ConfiguredServer) -> dict[str, float]:
    """What a worker, any of them, says."""
    with server.client() as http:
        return figures(http.get("/metrics").raise_for_status().text)


def children(pid: int) -> list[int]:
    """The workers among the children of a process."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
        except FileNotFoundError:
            continue
    return found


@pytest.mark.slow
def test_workers_that_cannot_start_end_the_service_with_what_mends_it(tmp_path: Path, seeds_index: Path) -> None:
    shutil.copytree(seeds_index, tmp_path / "index")
    (tmp_path / "index" / "catalog.sqlite3").write_bytes(b"no database" * 1000)
    command = [*PROGRAM, "serve", "--index", str(tmp_path / "index"), "--port", "0", "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "catalog.sqlite3" in "".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_what_only_serving_needs_is_not_loaded_by_asking(seeds_index: Path) -> None:
    program = (
        "import sys; from citeqa.api.cli.main import app; app(sys.argv[1:], standalone_mode=False); "
        "print('LOADED', *sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    serving = {"mcp", "mcp_types", "prometheus_client", "limits", "uvicorn", "fastapi_offline", "torch"}
    question = ["ask", str(QUESTION["question"]), "--index", str(seeds_index)]
    for command in (question, ["--help"], ["serve", "--print-config"]):
        done = subprocess.run(
            [PROGRAM[0], "-c", program, *command], capture_output=True, text=True, check=True, timeout=60
        )
        loaded = set(done.stdout.rpartition("LOADED")[2].split())
        assert not loaded & serving, command


def test_no_request_waits_for_what_is_needed_only_once(service: Service) -> None:
    """Neither for the description of the routes nor for a look of the garbage collector at all that is loaded; and a
    thread that computes hands the interpreter on in a tenth of the usual time."""
    usual = sys.getswitchinterval()
    try:
        app = settled(create_app(service))
        assert app.openapi_schema
        assert len(gc.get_objects()) < gc.get_freeze_count() / 20
        assert sys.getswitchinterval() <= usual / 10 * 1.01
    finally:
        sys.setswitchinterval(usual)
        gc.unfreeze()

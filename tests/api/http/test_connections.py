"""Connections and bodies: clients that are idle, do not read, send too much, or send it all before they look."""

from __future__ import annotations

import json
import socket
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.error import HTTPError

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.responses import PlainTextResponse, Response
from support.servers import READ, in_this_process

from citeqa.api.http import create_app, limits
from citeqa.api.http.connections import most_connections
from citeqa.api.http.document_response import document_response
from citeqa.api.http.needs import Needs
from citeqa.api.http.routes import ROUTERS
from citeqa.api.schemas import DocumentOut
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index.documents.corpus import document

MOST_BODY, MOST_UPLOAD = 100_000, 2_000_000


def app_of(service: Service, settings: Settings) -> FastAPI:
    """The service with two more routes: one takes uploads, the other answers with twenty megabytes."""
    router = APIRouter(prefix="/api/toys")

    @router.post("/measure")
    @Needs(key="write", upload=True)
    async def measure(request: Request) -> list[int]:
        return [len(piece) async for piece in request.stream()]

    @router.get("/long")
    @Needs(key="read")
    async def long() -> Response:
        return PlainTextResponse(b"x" * 20_000_000)

    return create_app(service, settings=settings, routers=(*ROUTERS, router))


@contextmanager
def served(service: Service, **settings: Any) -> Iterator[httpx.Client]:
    chosen = Settings.model_construct(**{"writing": True, "max_body": MOST_BODY, "max_upload": MOST_UPLOAD} | settings)
    with in_this_process(app_of(service, chosen), chosen) as http:
        yield http


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    with served(service) as client:
        yield client


def connected(http: httpx.Client) -> socket.socket:
    return socket.create_connection((http.base_url.host, http.base_url.port or 80), timeout=20)


def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not become true")


# --- bodies


def test_an_upload_comes_in_pieces_from_the_disk_and_other_bodies_do_not(http: httpx.Client) -> None:
    pieces = http.post("/api/toys/measure", content=b"x" * MOST_UPLOAD).json()
    assert (sum(pieces), max(pieces)) == (MOST_UPLOAD, limits.PIECE)


def test_only_who_may_write_may_send_so_much(service: Service) -> None:
    with served(service, writing=False) as http:
        assert http.post("/api/toys/measure", content=b"x" * (MOST_BODY + 1)).status_code == 413
    with served(service) as http:
        assert http.post("/api/ask", content=b"x" * (MOST_BODY + 1)).status_code == 413
        assert http.request("GET", "/api/documents", content=b"x" * (limits.NO_BODY + 1)).status_code == 413
        assert http.request("DELETE", "/api/documents/a", content=b"x" * (limits.NO_BODY + 1)).status_code == 413


def test_all_bodies_together_are_bounded(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IN_MEMORY", 3 * MOST_BODY)
    head = f"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MOST_BODY}\r\n\r\n".encode()
    with served(service) as http, ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(connected(http))
            waiting.sendall(head + b"x" * (MOST_BODY - 1))
        until(lambda: http.post("/api/ask", content=b"x" * 1000).status_code == 503)
        assert http.get("/api/health").status_code == 200
        stack.close()
        until(lambda: http.post("/api/ask", content=b"x" * 1000).status_code == 415)


def test_a_full_temporary_folder_is_answered_507(http: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    answer = http.post("/api/toys/measure", content=b"x" * 1000)
    assert (answer.status_code, answer.json()["status"]) == (507, 507)


def test_a_client_that_sends_all_before_it_looks_sees_the_413(http: httpx.Client) -> None:
    """As urllib, requests and curl do. Without reading on, the closed connection is all that they see."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for path in ("/api/ask", "/api/nothing"):
        large = urllib.request.Request(f"{str(http.base_url).rstrip('/')}{path}", b"x" * 8_000_000)
        with pytest.raises(HTTPError) as refused:
            direct.open(large, timeout=20)
        assert refused.value.code == 413
        assert json.load(refused.value)["status"] == 413
    with connected(http) as asking:
        asking.sendall(
            b"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert asking.recv(1000).startswith(b"HTTP/1.1 413")


# --- responses


@settings(max_examples=20)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(str.strip))
def test_a_document_is_sent_as_its_schema_says(text: str) -> None:
    found = document("a", text * (1 + 200_000 // len(text)), file_sha256="0")
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    async def receive() -> Any: ...

    anyio.run(document_response(found, original=False).__call__, {"type": "http"}, receive, send)
    assert json.loads(b"".join(sent)) == DocumentOut.of(found).model_dump(mode="json")
    assert max(map(len, sent)) <= limits.PIECE


def test_a_client_that_does_not_read_is_cut_off(service: Service) -> None:
    with served(service, timeout=1) as http, connected(http) as lazy:
        lazy.sendall(b"GET /api/toys/long HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(2.5)
        received = 0
        with suppress(ConnectionError):
            while piece := lazy.recv(1_000_000):
                received += len(piece)
        assert 100_000 < received < 20_000_000
        assert len(http.get("/api/toys/long").content) == 20_000_000


# --- connections


def test_idle_connections_are_closed_for_new_ones_and_the_log_says_so_once(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    with served(service, max_connections=20) as http, ExitStack() as stack:
        idle = [stack.enter_context(connected(http)) for _ in range(100)]
        assert http.get("/api/health").status_code == 200
        closed = 0
        for one in idle:
            one.settimeout(0.01)
            with suppress(TimeoutError):
                try:
                    closed += one.recv(1) == b""
                except ConnectionError:
                    closed += 1
        assert closed >= 100 - 20
    assert sum("more than 20 connections" in record.getMessage() for record in caplog.records) == 1


def test_there_are_never_more_connections_than_descriptors() -> None:
    resource = pytest.importorskip("resource")
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert 1 <= most_connections(10**9) <= max(1, soft - limits.DESCRIPTORS_KEPT - limits.BACKLOG)
    assert most_connections(3) == 3


def test_wrong_keys_count_where_requests_do_not(service: Service) -> None:
    with served(service, rate_limit="3/minute", read_keys=(SecretStr(READ),)) as http:
        right = {"authorization": f"Bearer {READ}"}
        assert [http.get("/metrics", headers=right).status_code for _ in range(5)] == [200] * 5
        wrong = [http.get("/metrics", headers={"authorization": f"Bearer wrong{n}"}).status_code for n in range(5)]
        assert wrong == [401] * 3 + [429] * 2
        assert http.get("/api/health").status_code == 200

"""Who may do what, asked of a real server with keys; every table begins with the request without one."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.datastructures import Headers
from support.servers import READ, WRITE, ConfiguredServer, figures

from citeqa.api.http import create_app
from citeqa.api.http.guard import KeyRing, _bearer, client
from citeqa.api.http.request_log import _request_id
from citeqa.api.http.routes.shared import writable_service
from citeqa.api.service import Service

QUESTION = "How much aid did the US pledge to Cubans?"
CERTAIN = {"question": QUESTION, "min_confidence": 0}  # certain to be answered
JSON = {"content-type": "application/json"}
GOOD = "https://good.example"
OPEN = {"/", "/docs", "/openapi.json", "/api/health"}  # with GET; everything else needs a key


@pytest.fixture(scope="module")
def server(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredServer]:
    folder = tmp_path_factory.mktemp("guarded")
    shutil.copytree(seeds_index, folder / "index")
    started = ConfiguredServer(
        folder / "index",
        folder / "log",
        read_keys=f"{READ},another-{READ}",
        write_keys=WRITE,
        writing=True,
        allowed_origins=GOOD,
        allowed_hosts="qa.example.org",
        max_question=100,
        max_batch=3,
        max_read=2000,
        timeout=4,
        cache=0,
    )
    yield started
    assert started.stop() == 0
    assert "Traceback" not in started.log.read_text()


@pytest.fixture(scope="module")
def nobody(server: ConfiguredServer) -> Iterator[httpx.Client]:
    with server.client() as http:
        yield http


@pytest.fixture(scope="module")
def reader_key(server: ConfiguredServer) -> Iterator[httpx.Client]:
    with server.client(READ) as http:
        yield http


@pytest.fixture(scope="module")
def writer_key(server: ConfiguredServer) -> Iterator[httpx.Client]:
    with server.client(WRITE) as http:
        yield http


def routes(service: Service) -> list[tuple[str, str, bool]]:
    """Every route of the application: method, path, and whether it changes documents."""
    found = []
    for route in _flat(create_app(service).routes):
        if isinstance(route, APIRoute):
            writes = any(part.call is writable_service for part in route.dependant.dependencies)
            path = route.path.replace("{document_id:path}", "no-such-document")
            found += [(method, path, writes) for method in route.methods or ()]
    return found


def _flat(given: Any) -> Iterator[Any]:
    for route in given:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from _flat(inner.routes)
        else:
            yield route


def test_every_route_is_what_the_table_says_with_and_without_a_key(
    service: Service,
    nobody: httpx.Client,
    reader_key: httpx.Client,
    writer_key: httpx.Client,
) -> None:
    table = routes(service)
    assert {"/api/ask", "/api/ask/batch", "/api/read", "/api/search", "/api/verify", "/api/documents", "/metrics"} <= {
        path for _, path, _ in table
    }
    assert sum(writes for *_, writes in table) >= 3
    for method, path, writes in [*table, ("GET", "/nothing", False), ("GET", "/api/nothing", False)]:
        answers = [http.request(method, path) for http in (nobody, reader_key, writer_key)]
        if method == "GET" and path in OPEN:
            assert [answer.status_code for answer in answers] == [200] * 3, path
            continue
        assert answers[0].status_code == 401, path
        assert answers[0].headers["www-authenticate"].startswith("Bearer")
        assert answers[0].headers["content-type"] == "application/problem+json"
        if path.startswith("/api/originals/"):  # nobody may, unless a setting allows it
            assert [answer.status_code for answer in answers[1:]] == [403, 403]
            continue
        assert (answers[1].status_code == 403) == writes, path
        assert answers[2].status_code not in (401, 403), path


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/static/style.css", "/docs", "/openapi.json", "/api/health"])
def test_the_page_and_the_sign_of_life_need_no_key(nobody: httpx.Client, path: str) -> None:
    assert nobody.get(path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        *("/api/ready", "/API/ready", "//api/ready", "/api//ready", "/static/../api/ready", "/api/health/../ready"),
        *("/api/ready/", "/metrics", "/%61pi/ready", "/static/%2e%2e/api/ready"),
        "/api/documents/002_73ec0a3e5fd5a0e3",
    ],
)
def test_no_way_of_writing_a_path_leads_around_the_key(server: ConfiguredServer, path: str) -> None:
    """Over a bare socket, since clients tidy paths up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as bare:
        bare.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: bare.recv(65536), b""))
    assert answer.split(b" ", 2)[1] in (b"401", b"404")
    assert b"all-MiniLM" not in answer
    assert b"Rubio" not in answer


@pytest.mark.parametrize(
    "value",
    [
        *("", "Bearer", READ, f"Basic {READ}", f"Bearer {READ}x", f"Bearer {READ[:-1]}", f"Bearer {READ.upper()}"),
        *(f"Bearer x{READ}", f"Bearer {READ},another-{READ}", "Bearer \xff\xfe"),
    ],
)
def test_what_is_no_key_is_answered_401(nobody: httpx.Client, value: str) -> None:
    answer = nobody.get("/api/ready", headers=[(b"authorization", value.encode("latin-1"))])
    assert answer.status_code == 401
    assert READ not in answer.text


def test_every_key_of_a_list_opens_in_any_case_of_bearer(nobody: httpx.Client) -> None:
    for value in (f"Bearer {READ}", f"bearer {READ}", f"BEARER another-{READ}"):
        assert nobody.get("/api/ready", headers={"authorization": value}).status_code == 200


def test_ready_says_whether_a_key_is_needed_and_whether_this_one_writes(
    reader_key: httpx.Client, writer_key: httpx.Client
) -> None:
    for http, writes in ((reader_key, False), (writer_key, True)):
        ready = http.get("/api/ready").raise_for_status().json()
        assert (ready["authentication"], ready["writing"]) == (True, writes)


def test_a_write_key_adds_and_removes_what_a_read_key_may_not(
    reader_key: httpx.Client, writer_key: httpx.Client
) -> None:
    document = {"id": "harbour", "text": "The harbour was opened on 4 May 1987."}
    assert reader_key.post("/api/documents", json=document).status_code == 403
    assert writer_key.post("/api/documents", json=document).status_code == 201
    assert reader_key.get("/api/documents/harbour").json()["text"] == document["text"]
    assert reader_key.delete("/api/documents/harbour").status_code == 403
    assert writer_key.delete("/api/documents/harbour").status_code == 204


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *(("localhost", 200), ("127.0.0.1:99", 200), ("[::1]", 200), ("[::1]:8000", 200), ("QA.example.org:443", 200)),
        *(("evil.example", 421), ("localhost.evil.example", 421), ("", 421), ("127.0.0.1.evil.example:80", 421)),
    ],
)
def test_only_names_of_this_service_are_answered_to(nobody: httpx.Client, host: str, status: int) -> None:
    assert nobody.get("/api/health", headers={"host": host}).status_code == status


def test_pages_of_other_sites_may_ask_only_where_that_was_allowed(
    nobody: httpx.Client, reader_key: httpx.Client
) -> None:
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    allowed = nobody.options("/api/ask", headers={"origin": GOOD} | wanted)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, GOOD)
    refused = nobody.options("/api/ask", headers={"origin": "https://evil.example"} | wanted)
    assert "access-control-allow-origin" not in refused.headers
    assert "access-control-allow-origin" not in reader_key.get("/api/ready", headers={"origin": "null"}).headers
    assert reader_key.get("/api/ready", headers={"origin": GOOD}).headers["access-control-allow-origin"] == GOOD
    assert nobody.get("/api/ready", headers={"origin": GOOD}).headers["access-control-allow-origin"] == GOOD


def test_every_answer_has_an_id_that_its_line_in_the_log_has_too(
    server: ConfiguredServer, reader_key: httpx.Client
) -> None:
    answer = reader_key.post("/api/ask", json=CERTAIN, headers={"x-request-id": "mine-1.2_3"})
    assert answer.headers["x-request-id"] == "mine-1.2_3"
    line = server.log_line("mine-1.2_3")
    assert (line["method"], line["path"], line["status"], line["key"]) == ("POST", "/api/ask", 200, "read")
    assert line["outcomes"] == ["answered"]
    assert set(line["stages_ms"][0]) == {"retrieve", "read", "total"}
    assert line["client"] == "127.0.0.1"
    refused = reader_key.get("/nothing")
    assert server.log_line(refused.headers["x-request-id"])["status"] == 404


def test_neither_questions_nor_keys_stand_in_the_log(server: ConfiguredServer, reader_key: httpx.Client) -> None:
    reader_key.post("/api/ask", json={"question": "Where is qzxmarkqzx kept?"})
    answer = reader_key.get("/api/documents", params={"q": "qzxmarkqzx"})
    server.log_line(answer.headers["x-request-id"])
    log = server.log.read_text()
    assert "qzxmarkqzx" not in log
    assert READ not in log
    assert all(json.loads(line)["level"] in ("info", "warning") for line in log.splitlines())


def test_addresses_told_by_who_is_no_proxy_are_not_believed(server: ConfiguredServer, reader_key: httpx.Client) -> None:
    answer = reader_key.get("/api/ready", headers={"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"})
    assert server.log_line(answer.headers["x-request-id"])["client"] == "127.0.0.1"


def test_the_limits_are_those_of_the_settings(reader_key: httpx.Client) -> None:
    for path in ("/api/ask", "/api/search"):
        assert reader_key.post(path, json={"question": "x" * 100}).status_code == 200
        answer = reader_key.post(path, json={"question": "x" * 101})
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["#/question"]
        assert answer.status_code == 422
    too_many = reader_key.post("/api/ask/batch", json={"questions": [{"question": "Who?"}] * 4})
    assert (too_many.status_code, too_many.json()["errors"][0]["pointer"]) == (422, "#/questions")


def test_figures_count_requests_questions_and_abstentions(reader_key: httpx.Client) -> None:
    def now() -> dict[str, float]:
        answer = reader_key.get("/metrics").raise_for_status()
        assert answer.headers["content-type"].startswith("text/plain")
        return figures(answer.text)

    before = now()
    reader_key.post("/api/ask", json=CERTAIN).raise_for_status()
    reader_key.post("/api/ask", json={"question": "Who discovered penicillin?", "min_confidence": 1}).raise_for_status()
    after = now()
    grown = {name: after[name] - before.get(name, 0) for name in after}
    assert grown['citeqa_requests_total{method="POST",route="/api/ask",status="200"}'] == 2
    assert grown['citeqa_questions_total{outcome="answered"}'] == 1
    assert grown["citeqa_abstentions_total"] == 1
    for stage in ("retrieve", "read", "total"):
        assert grown[f'citeqa_stage_seconds_count{{stage="{stage}"}}'] == 2
    assert after["citeqa_index_documents"] == 5
    assert (after["citeqa_queue_waiting"], after["citeqa_queue_answering"]) == (0, 0)


def test_a_body_that_does_not_come_is_answered_408_and_a_head_that_does_not_come_is_cut_off(
    server: ConfiguredServer,
) -> None:
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as body,
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as head,
        server.client(READ) as http,
    ):
        start = f"POST /api/ask HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {READ}\r\n"
        body.sendall(f"{start}Content-Type: application/json\r\nContent-Length: 50\r\n\r\n{{".encode())
        head.sendall(start.encode())
        assert http.post("/api/ask", json={"question": QUESTION}).status_code == 200
        assert b" 408 " in body.recv(65536).split(b"\r\n")[0]
        assert head.recv(65536) == b""


def test_without_keys_nothing_needs_one(service: Service) -> None:
    app = create_app(service)
    assert "Authenticate" not in [str(getattr(one.cls, "__name__", "")) for one in app.user_middleware]


KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=',"'), min_size=16, max_size=24)


@given(st.lists(KEYS, max_size=3), st.lists(KEYS, max_size=3), st.text())
def test_a_key_opens_exactly_what_it_is_for(read: list[str], write: list[str], other: str) -> None:
    keys = KeyRing(map(SecretStr, read), map(SecretStr, write))
    assert all(keys.right(key) == "write" for key in write)
    assert all(keys.right(key) == "read" for key in read if key not in write)
    assert other in read + write or keys.right(other) is None
    assert bool(keys) == bool(read + write)


@given(st.text())
def test_a_request_id_that_is_given_is_taken_only_if_nothing_is_odd_about_it(given_id: str) -> None:
    headers = Headers(raw=[(b"x-request-id", given_id.encode("utf-8", "surrogatepass"))])
    taken = _request_id(headers)
    assert taken.replace("-", "").replace(".", "").replace("_", "").isalnum()
    assert len(taken) <= 64


def test_two_authorizations_are_none() -> None:
    assert _bearer(Headers(raw=[(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")])) == ""


def test_clients_are_told_apart_by_address_and_by_network_in_ipv6() -> None:
    def of(host: str) -> str:
        return client({"client": (host, 1)})

    assert of("192.0.2.1") != of("192.0.2.2")
    assert of("2001:db8::1") == of("2001:db8::ffff") != of("2001:db8:0:1::1")
    assert of("unix") == "unix"
    assert client({"client": None}) == "unknown"

"""What a browser and /docs get of a real process: examples that can be sent, ETags, HEAD, compression."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers import ConfiguredServer


@pytest.fixture(scope="module")
def http(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service that may be written to, over a copy of the seeds' index."""
    folder = tmp_path_factory.mktemp("serving")
    shutil.copytree(seeds_index, folder / "index")
    with ConfiguredServer(folder / "index", folder / "log", writing="true") as server, server.client() as client:
        yield client


def _examples(value: dict[str, Any]) -> list[Any]:
    """The examples of a parameter or of a body, those that /docs fills in."""
    named = [one["value"] for one in value.get("examples", {}).values()]
    return named or value.get("schema", {}).get("examples", []) or value.get("example", [])


def test_the_example_of_every_route_can_be_sent_as_it_is(http: httpx.Client) -> None:
    """In the order in which they are described, but what is deleted is added first."""
    described = http.get("/openapi.json").raise_for_status().json()
    routes = [
        (method, path, found) for path, methods in described["paths"].items() for method, found in methods.items()
    ]
    assert len(routes) >= 13
    for method, path, route in sorted(routes, key=lambda one: one[0] == "delete"):
        given = {one["name"]: _examples(one)[0] for one in route.get("parameters", []) if one["in"] != "header"}
        body = route.get("requestBody", {}).get("content", {}).get("application/json", {})
        if path.startswith("/api/originals/"):  # only where a setting allows it
            continue
        address = path.format(**{name: value for name, value in given.items() if f"{{{name}}}" in path})
        query = {name: value for name, value in given.items() if f"{{{name}}}" not in path}
        content = {"json": _examples(body)[0]} if body else {}
        answer = http.request(method.upper(), address, params=query, **content)
        assert answer.is_success, (method, path, answer.text)
        if path == "/api/verify":
            assert answer.json()["status"] == "valid"


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/static/style.css", "/docs"])
def test_what_a_browser_has_is_not_sent_again(http: httpx.Client, path: str) -> None:
    first = http.get(path)
    assert (first.status_code, first.headers["cache-control"]) == (200, "no-cache")
    if path != "/docs":  # which is made anew each time
        again = http.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert http.get(path, headers={"if-none-match": '"another"'}).status_code == 200


def test_answers_are_not_kept(http: httpx.Client) -> None:
    assert http.get("/api/documents").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/api/documents", "/api/documents/002_73ec0a3e5fd5a0e3"])
def test_head_answers_what_get_would_without_the_body(http: httpx.Client, path: str) -> None:
    got, head = http.get(path), http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    changing = {"date", "x-request-id"}
    assert {n: v for n, v in head.headers.items() if n not in changing} == {
        n: v for n, v in got.headers.items() if n not in changing
    }


def test_head_of_what_is_not_there_or_not_read_is_refused(http: httpx.Client) -> None:
    assert http.head("/nothing").status_code == 404
    assert http.head("/api/ask").status_code == 405


@pytest.mark.parametrize("path", ["/static/app.js", "/api/documents/002_73ec0a3e5fd5a0e3"])
def test_what_is_large_is_compressed_for_those_who_take_it(http: httpx.Client, path: str) -> None:
    packed, plain = (http.get(path, headers={"accept-encoding": accepted}) for accepted in ("gzip", "identity"))
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert "content-encoding" not in http.get("/api/health", headers={"accept-encoding": "gzip"}).headers


def test_questions_are_compressed_too(http: httpx.Client) -> None:
    answer = http.post("/api/search", json={"question": "Who met Marco Rubio?"}, headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(answer.content)["evidence"]

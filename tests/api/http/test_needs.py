"""Routes declare what they need, and everything in front of them obeys the declaration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx
import pytest
from fastapi import APIRouter, FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, Router
from support import toy_routes
from support.servers import READ, WRITE

from citeqa.api.http import create_app
from citeqa.api.http.needs import Needs, RouteTable
from citeqa.api.http.routes import ROUTERS
from citeqa.api.service import Service
from citeqa.api.settings import Settings

KEYS: dict[str, Any] = {"read_keys": (SecretStr(READ),), "write_keys": (SecretStr(WRITE),)}
FILES = Needs(key="none", rate_limited=False)
QUESTION = Needs(key="read", turn="answer")
READING, WRITING, OPEN = Needs(key="read"), Needs(key="write"), Needs(key="none")
LOOKING, CHANGING = Needs(key="read", turn="look"), Needs(key="write", turn="write")


def needs(app: FastAPI, method: str, path: str) -> Needs:
    table: RouteTable = app.state.routes
    return table.needs({"type": "http", "method": method, "path": path})


# --- what the routes of the service declare


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/api/ask", QUESTION),
        ("POST", "/api/ask/batch", QUESTION),
        ("POST", "/api/search", QUESTION),
        ("POST", "/api/read", QUESTION),
        ("POST", "/api/context", LOOKING),
        ("POST", "/api/verify", QUESTION),
        ("POST", "/api/verify/quotes", Needs(key="read", turn="answer", manuscript=True)),
        ("GET", "/api/facets", LOOKING),
        ("GET", "/api/documents", LOOKING),
        ("GET", "/api/documents/a/b", LOOKING),
        ("HEAD", "/api/documents/a/b", LOOKING),
        ("POST", "/api/documents", Needs(key="write", upload=True, turn="write")),
        ("DELETE", "/api/documents/a/b", CHANGING),
        ("POST", "/api/feedback", CHANGING),
        ("GET", "/api/ready", READING),
        ("GET", "/api/health", FILES),
        ("GET", "/metrics", Needs(key="read", rate_limited=False)),
        ("GET", "/", OPEN),
        ("HEAD", "/", OPEN),
        ("GET", "/docs", OPEN),
        ("GET", "/docs/oauth2-redirect", READING),
        ("GET", "/openapi.json", OPEN),
        ("GET", "/static/app.js", FILES),
        ("HEAD", "/static/app.js", FILES),
        ("GET", "/static-offline-docs/swagger-ui.css", FILES),
    ],
)
def test_what_each_route_needs(service: Service, method: str, path: str, expected: Needs) -> None:
    assert needs(create_app(service), method, path) == expected


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", READING),
        ("DELETE", "/nothing", READING),
        ("GET", "/static", READING),
        ("POST", "/", READING),
        ("OPTIONS", "/docs", READING),
        ("POST", "/static/app.js", Needs(key="read", rate_limited=False)),
        ("POST", "/api/health", Needs(key="read", rate_limited=False)),
        ("GET", "/api/nothing", READING),
        ("POST", "/api/nothing", READING),
        ("DELETE", "/api/nothing", WRITING),
        ("PUT", "/api/ask", WRITING),
        ("PATCH", "/api/documents", WRITING),
        ("GET", "/api/ask", READING),
    ],
)
def test_what_no_route_answers_needs_a_key_all_the_same(
    service: Service, method: str, path: str, expected: Needs
) -> None:
    assert needs(create_app(service), method, path) == expected


# --- a route that declares nothing, or too little


def test_a_route_that_declares_nothing_is_refused_by_name(service: Service) -> None:
    router = APIRouter()

    @router.post("/api/forgotten")
    def forgotten() -> None: ...

    with pytest.raises(ValueError, match="the route POST /api/forgotten does not declare what it needs"):
        create_app(service, routers=(*ROUTERS, router))
    with pytest.raises(ValueError, match="does not declare"):
        RouteTable([Mount("/files", Router())])
    outer = APIRouter()
    outer.include_router(router)
    with pytest.raises(ValueError, match="does not declare"):
        create_app(service, routers=(outer,))


def test_a_route_that_changes_something_cannot_do_without_a_key(service: Service) -> None:
    router = APIRouter()

    @router.post("/api/free")
    @Needs(key="none")
    def free() -> None: ...

    with pytest.raises(ValueError, match="the route POST /api/free needs no key"):
        create_app(service, routers=(router,))
    with pytest.raises(ValueError, match="needs no key"):
        RouteTable([Route("/any-method", endpoint=Router())], {"/any-method": OPEN})


def test_a_route_that_runs_in_a_thread_waits_for_its_turn(service: Service) -> None:
    """Otherwise nothing bounds how many threads it takes, and all other routes would wait for one."""
    router = APIRouter()

    @router.get("/api/endless")
    @Needs(key="read")
    def endless() -> None: ...

    with pytest.raises(ValueError, match="the route GET /api/endless runs in a thread, so it needs a turn"):
        create_app(service, routers=(*ROUTERS, router))


# --- the table chooses a route as the framework does


PATHS = ["/a", "/a/{x}", "/{x}/b", "/{x}", "/{x:path}", "/a/b", "/{n:int}/b"]
METHODS = st.sets(st.sampled_from(["GET", "POST", "DELETE"]), min_size=1)


@given(
    st.lists(st.tuples(st.sampled_from(PATHS), METHODS), max_size=5),
    st.sampled_from(["GET", "HEAD", "POST", "DELETE"]),
    st.sampled_from(["/", "/a", "/b", "/a/b", "/1/b", "/a/b/c", "/a/"]),
)
def test_the_needs_are_those_of_the_route_that_answers(
    given_routes: list[tuple[str, set[str]]], method: str, path: str
) -> None:
    declared = [Needs(key="read") for _ in given_routes]  # equal to each other, but not the same
    routes = [
        _numbered(number, needs, *one) for number, (needs, one) in enumerate(zip(declared, given_routes, strict=True))
    ]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Router(routes, redirect_slashes=False))
        async with httpx.AsyncClient(transport=transport, base_url="http://citeqa") as client:
            return await client.request(method, path)

    response = anyio.run(ask)
    assert response.status_code in (200, 404, 405)
    answered = [int(response.headers["number"])] if response.status_code == 200 else []
    found = RouteTable(routes).needs({"type": "http", "method": method, "path": path})
    assert [number for number, needs in enumerate(declared) if needs is found] == answered


def _numbered(number: int, needs: Needs, path: str, methods: set[str]) -> Route:
    @needs
    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse(None, headers={"number": str(number)})

    return Route(path, endpoint, methods=sorted(methods))


# --- routes that are added are obeyed; only the list of routers changes


Doing = Callable[[httpx.AsyncClient, FastAPI], Awaitable[None]]


def with_toys(service: Service, test: Doing, **settings: Any) -> None:
    """Run a test against an application with the toy routes."""
    given = Settings(allowed_hosts=("citeqa",), **settings)
    app = create_app(service, settings=given, routers=(*ROUTERS, toy_routes.router))

    async def main() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://citeqa", timeout=20) as client:
            await test(client, app)

    anyio.run(main)


def bearing(key: str | None) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"} if key else {}


def test_a_key_is_needed_as_an_added_route_declares(service: Service) -> None:
    async def test(client: httpx.AsyncClient, app: FastAPI) -> None:
        async def statuses(method: str, path: str) -> list[int]:
            return [
                (await client.request(method, path, headers=bearing(key))).status_code for key in (None, READ, WRITE)
            ]

        assert await statuses("GET", "/api/toys") == [200, 200, 200]
        assert await statuses("POST", "/api/toys/measure") == [401, 200, 200]
        assert await statuses("DELETE", "/api/toys/duck") == [401, 403, 200]
        assert await statuses("GET", "/api/toys/duck") == [401, 405, 405]

    with_toys(service, test, **KEYS)


def test_a_large_body_is_taken_from_who_may_write_where_an_added_route_takes_an_upload(service: Service) -> None:
    body = b" " * (Settings.model_fields["max_body"].default + 1)

    async def sent(client: httpx.AsyncClient, method: str, path: str, key: str | None) -> int:
        answer = await client.request(method, path, content=body, headers=bearing(key))
        assert answer.status_code != 200 or answer.json() == {"bytes": len(body)}
        return answer.status_code

    async def keys(client: httpx.AsyncClient, app: FastAPI) -> None:
        assert await sent(client, "POST", "/api/toys/measure", READ) == 413
        assert await sent(client, "POST", "/api/toys/measure", WRITE) == 200
        assert await sent(client, "POST", "/api/toys/measure", None) == 401
        assert await sent(client, "DELETE", "/api/toys/duck", WRITE) == 413

    async def no_keys(client: httpx.AsyncClient, app: FastAPI) -> None:
        assert await sent(client, "POST", "/api/toys/measure", None) == 200

    async def no_writing(client: httpx.AsyncClient, app: FastAPI) -> None:
        assert await sent(client, "POST", "/api/toys/measure", WRITE) == 413

    with_toys(service, keys, writing=True, **KEYS)
    with_toys(service, no_keys, writing=True)
    with_toys(service, no_writing, **KEYS)


def test_an_added_route_waits_for_its_turn_only_if_it_declares_so(service: Service) -> None:
    async def test(client: httpx.AsyncClient, app: FastAPI) -> None:
        app.state.go = anyio.Event()
        statuses: list[int] = []

        async def slow() -> None:
            statuses.append((await client.post("/api/toys/slow")).status_code)

        async with anyio.create_task_group() as group:
            group.start_soon(slow)
            await anyio.wait_all_tasks_blocked()
            assert (await client.post("/api/toys/slow")).status_code == 503
            assert (await client.post("/api/toys/measure")).status_code == 200
            app.state.go.set()
        assert statuses == [200]

    with_toys(service, test, answering=1, queue=0)


def test_an_added_route_counts_against_the_rate_unless_it_declares_otherwise(service: Service) -> None:
    async def test(client: httpx.AsyncClient, app: FastAPI) -> None:
        assert [(await client.post("/api/toys/measure")).status_code for _ in range(3)] == [200, 200, 429]
        assert [(await client.get("/api/toys")).status_code for _ in range(3)] == [200, 200, 200]

    with_toys(service, test, rate_limit="2/hour")


def test_an_added_route_is_described_and_named_in_the_allowed_methods(service: Service) -> None:
    async def test(client: httpx.AsyncClient, app: FastAPI) -> None:
        assert "/api/toys/measure" in (await client.get("/openapi.json")).json()["paths"]
        assert (await client.put("/api/toys/measure")).headers["allow"] == "DELETE, POST"

    with_toys(service, test)

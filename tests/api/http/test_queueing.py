"""The queue before answering: order, bounds, patience, and clients that leave."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import anyio
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from citeqa.api.http.body import CheckBody
from citeqa.api.http.limits import LOOKING, WRITERS_WAITING, WRITING
from citeqa.api.http.metrics import Metrics
from citeqa.api.http.needs import Needs, RouteTable, Turn
from citeqa.api.http.queueing import Queue, work_of
from citeqa.api.settings import Settings


def route(path: str, turn: Turn | None) -> Route:
    async def endpoint(request: Request) -> Response:
        raise AssertionError("only the declaration matters here")

    return Route(path, Needs(key="read", turn=turn)(endpoint), methods=["POST"])


ROUTES = RouteTable([
    route("/api/ask", "answer"),
    route("/api/documents", "look"),
    route("/api/change", "write"),
    route("/api/health", None),
])  # fmt: skip


class Work:
    """An application that answers when it is told to; `began` lists who got through, in order."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.at_once = self.most_at_once = 0
        self.go = anyio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.began.append(scope["name"])
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        assert (await receive())["body"] == scope["name"].encode()
        await self.go.wait()
        self.at_once -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})


class Client:
    """One request; it leaves when `gone` is set."""

    def __init__(self, name: str, path: str = "/api/ask") -> None:
        self.scope: Scope = {"type": "http", "method": "POST", "path": path, "name": name, "headers": []}
        self.gone, self.status, self.done = anyio.Event(), 0, anyio.Event()
        self.headers: dict[bytes, bytes] = {}
        self._body: list[Message] = [{"type": "http.request", "body": name.encode()}]

    async def receive(self) -> Message:
        if self._body:
            return self._body.pop()
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], dict(message["headers"])

    async def ask(self, queue: CheckBody) -> None:
        with suppress(ClientDisconnect):
            await queue(self.scope, self.receive, self.send)
        self.done.set()


def run(
    test: Callable[[Work, CheckBody, Callable[[Client], Awaitable[None]]], Awaitable[None]],
    *,
    at_once: int = 1,
    most_waiting: int = 2,
    timeout: float = 30,
    work: Work | None = None,
) -> Metrics:
    metrics = Metrics()

    async def main() -> None:
        application = work or Work()
        settings = Settings.model_construct(answering=at_once, queue=most_waiting, timeout=timeout)
        waiting = Queue(application, routes=ROUTES, settings=settings, metrics=metrics)
        queue = CheckBody(waiting, routes=ROUTES, settings=settings)
        async with anyio.create_task_group() as group:

            async def start(client: Client) -> None:
                group.start_soon(client.ask, queue)
                await anyio.wait_all_tasks_blocked()

            await test(application, queue, start)
            application.go.set()

    with ThreadPoolExecutor(1) as own:  # whose thread has no event loop yet, as the browser of other tests has one
        own.submit(anyio.run, main).result()
    return metrics


def test_so_many_are_answered_so_many_wait_and_the_rest_hear_503_at_once() -> None:
    clients = [Client(str(number)) for number in range(5)]

    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        for one in clients:
            await start(one)
        assert work.began == ["0"]
        assert [one.status for one in clients] == [0, 0, 0, 503, 503]
        assert int(clients[3].headers[b"retry-after"]) >= 1
        work.go.set()

    metrics = run(test)
    assert [one.status for one in clients] == [200, 200, 200, 503, 503]
    assert b"citeqa_queue_waiting 0.0" in metrics.rendered(0, 0)[0]


def test_who_comes_first_is_answered_first() -> None:
    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        for number in range(6):
            await start(Client(str(number)))
        work.go.set()
        await anyio.wait_all_tasks_blocked()
        assert work.began == ["0", "1", "2", "3", "4", "5"]
        assert work.most_at_once == 2

    run(test, at_once=2, most_waiting=9)


def test_a_client_that_leaves_while_it_waits_costs_no_answer_and_makes_room() -> None:
    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        first, leaves, waits, late = Client("first"), Client("leaves"), Client("waits"), Client("late")
        for one in (first, leaves, waits):
            await start(one)
        leaves.gone.set()
        await leaves.done.wait()
        await start(late)
        assert late.status == 0
        work.go.set()
        await late.done.wait()
        assert (work.began, leaves.status) == (["first", "waits", "late"], 0)

    run(test)


def test_waiting_ends_with_503_after_the_timeout() -> None:
    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        first, second, third = Client("first"), Client("second"), Client("third")
        await start(first)
        await start(second)
        await second.done.wait()
        assert (second.status, b"retry-after" in second.headers) == (503, True)
        work.go.set()
        await first.done.wait()
        await start(third)
        assert third.status == 200

    run(test, timeout=0.02)


def test_what_needs_no_turn_never_waits() -> None:
    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        await start(Client("slow"))
        for path in ("/api/health", "/", "/api/asking"):
            await start(Client(path, path))
        other_method = Client("GET")
        other_method.scope["method"] = "GET"
        await start(other_method)
        assert work.began == ["slow", "/api/health", "/", "/api/asking", "GET"]

    run(test, most_waiting=0)


@pytest.mark.slow
def test_questions_never_wait_for_writers_nor_for_who_looks_at_documents() -> None:
    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        crowd = [Client(f"{kind}{number}", f"/api/{kind}") for kind in ("change", "documents") for number in range(50)]
        for one in crowd:
            await start(one)
        assert work.at_once == WRITING + LOOKING
        assert [one.status for one in crowd].count(503) == 2 * 50 - WRITING - LOOKING - WRITERS_WAITING - 2
        await start(Client("question"))
        assert "question" in work.began

    run(test)


class InUnits(Work):
    """An application whose request "long" does three units of work in a thread; the first ends when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.first_began, self.first_ends = threading.Event(), threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.to_thread.run_sync(self._work, scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    def _work(self, scope: Scope) -> None:
        self.began.append(scope["name"])
        if scope["name"] != "long":
            return
        work = work_of(Request(scope))
        work.charge(3)
        self.first_began.set()
        self.first_ends.wait()
        for unit in ("second", "third"):
            work.pause()
            self.began.append(unit)


def test_a_long_request_lets_others_have_their_turns_between_two_units_of_its_work() -> None:
    work = InUnits()

    async def test(_: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        long, question = Client("long"), Client("question")
        await start(long)
        await anyio.to_thread.run_sync(work.first_began.wait)
        await start(question)
        assert work.began == ["long"]
        work.first_ends.set()
        await long.done.wait()
        assert work.began == ["long", "question", "second", "third"]
        assert (long.status, question.status) == (200, 200)

    run(test, work=work, most_waiting=3)


def test_a_long_request_takes_as_many_places_as_it_has_units() -> None:
    work = InUnits()

    async def test(_: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        long, refused, later = Client("long"), Client("refused"), Client("later")
        await start(long)
        await anyio.to_thread.run_sync(work.first_began.wait)
        await start(refused)
        assert refused.status == 503
        work.first_ends.set()
        await long.done.wait()
        await start(later)
        await later.done.wait()
        assert later.status == 200

    run(test, work=work, most_waiting=2)


def test_what_a_client_left_behind_is_not_worked_on() -> None:
    work = InUnits()

    async def test(_: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        long, later = Client("long"), Client("later")
        await start(long)
        await anyio.to_thread.run_sync(work.first_began.wait)
        await start(later)
        long.gone.set()
        await anyio.wait_all_tasks_blocked()
        work.first_ends.set()
        await long.done.wait()
        await later.done.wait()
        assert work.began == ["long", "later"]

    run(test, work=work, most_waiting=3)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["come", "leave"]), st.integers(0, 5)), max_size=20), st.integers(1, 3))
@pytest.mark.slow
def test_whoever_comes_and_leaves_no_turn_is_lost_and_none_given_twice(
    steps: list[tuple[str, int]], at_once: int
) -> None:
    async def test(work: Work, queue: CheckBody, start: Callable[[Client], Awaitable[None]]) -> None:
        clients: list[Client] = []
        for step, number in steps:
            if step == "come":
                clients.append(Client(str(len(clients))))
                await start(clients[-1])
            elif clients:
                clients[number % len(clients)].gone.set()
                await anyio.wait_all_tasks_blocked()
        assert work.most_at_once <= at_once
        work.go.set()
        await anyio.wait_all_tasks_blocked()
        last = Client("last")
        await start(last)
        await last.done.wait()
        assert (last.status, work.at_once) == (200, 0)

    run(test, at_once=at_once, most_waiting=3)

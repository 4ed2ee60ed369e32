"""Bounded queues: a few requests of a kind are answered at a time, some wait, and the rest are answered 503.

Each kind has its own queue, so that no kind ever waits for another: questions never for writers. A request has its turn
before it gets a thread, and there are as many threads as turns, so that nothing waits for a thread either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.from_thread
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from citeqa.api.http import limits
from citeqa.api.http.body import client_left
from citeqa.api.http.needs import Turn
from citeqa.api.http.problems import problem

if TYPE_CHECKING:
    from citeqa.api.http.metrics import Metrics
    from citeqa.api.http.needs import RouteTable
    from citeqa.api.settings import Settings

SOON = {"Retry-After": "2"}
_TURN = "citeqa.turn"  # entry of a request's scope
_TOO_MANY = {
    "answer": "Too many questions are waiting already; ask again in a moment.",
    "look": "Too many requests are waiting already; ask again in a moment.",
    "write": "Too many changes are waiting already; try again in a moment.",
}


class Lane:
    """The queue of one kind of requests: `at_once` have their turns, in the order in which they came, and at most
    `most_waiting` units of work wait (see `limits`). Only the event loop changes it."""

    def __init__(self, kind: Turn, at_once: int, most_waiting: int) -> None:
        self.kind, self.turns, self.most_waiting = kind, asyncio.Semaphore(at_once), most_waiting
        self.waiting = 0  # requests
        self.charged = 0  # units of work that running requests still have before them

    @property
    def full(self) -> bool:
        """Whether nobody else may wait."""
        return self.turns.locked() and self.waiting + self.charged >= self.most_waiting


class Work:
    """The work of a request that has its turn. Its methods are called in the request's thread."""

    def __init__(self, lane: Lane, left: asyncio.Future[Any]) -> None:
        self._lane, self._left, self._charged, self.has_turn = lane, left, 0, True

    def charge(self, units: int) -> None:
        """Announce that the request will do so many units of work, each of which ends with `pause`.

        Raises:
            HTTPException: 503, if others' work is waiting and there is no room for so much more.
        """
        anyio.from_thread.run_sync(self._charge, units - 1)

    def _charge(self, more: int) -> None:
        waiting = self._lane.waiting + self._lane.charged
        if waiting and waiting + more > self._lane.most_waiting:
            raise HTTPException(503, _TOO_MANY[self._lane.kind], headers=SOON)
        self._lane.charged += more
        self._charged += more

    def pause(self) -> None:
        """Let those that wait have their turns first; called between two units of work.

        Raises:
            ClientDisconnect: if the client has left, so that the rest would be done for nobody.
        """
        anyio.from_thread.run(self._pause)

    async def _pause(self) -> None:
        if self._charged:
            self._charged -= 1
            self._lane.charged -= 1
        if not self._left.done() and self._lane.waiting:
            self._leave()
            await self._return()
        if self._left.done():
            raise ClientDisconnect

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Leave the turn to others for as long as the block lasts, and wait for another one after it.

        Raises:
            ClientDisconnect: if the client has left meanwhile.
        """
        anyio.from_thread.run_sync(self._leave)
        try:
            yield
        finally:
            anyio.from_thread.run(self._return)

    def _leave(self) -> None:
        self.has_turn = False
        self._lane.turns.release()

    async def _return(self) -> None:
        await self._lane.turns.acquire()
        self.has_turn = True
        if self._left.done():
            raise ClientDisconnect

    def end(self) -> None:
        """Give up the turn, and what was announced but not done."""
        self._lane.charged -= self._charged
        self._charged = 0
        if self.has_turn:
            self.has_turn = False
            self._lane.turns.release()


def work_of(request: Request) -> Work:
    """The work of a request to a route that waits for its turn."""
    found: Work = request.scope[_TURN]
    return found


class Queue:
    """Lets requests through when they have their turn; at once, where a route needs none.

    A request waits for at most `timeout` seconds, and is dropped if its client leaves meanwhile.
    """

    def __init__(self, app: ASGIApp, *, routes: RouteTable, settings: Settings, metrics: Metrics) -> None:
        self._app, self._routes, self._metrics = app, routes, metrics
        self._timeout, self._threads = settings.timeout, limits.threads(settings)
        self._lanes: Mapping[Turn, Lane] = {
            "answer": Lane("answer", settings.answering, settings.queue),
            "look": Lane("look", limits.LOOKING, settings.queue),
            "write": Lane("write", limits.WRITING, limits.WRITERS_WAITING),
        }
        self._threads_set = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        turn = self._routes.needs(scope).turn if scope["type"] == "http" else None
        if turn is None:
            await self._app(scope, receive, send)
            return
        lane = self._lanes[turn]
        if lane.full:
            await problem(503, _TOO_MANY[turn], headers=SOON)(scope, receive, send)
            return
        left = client_left(scope)
        has_turn = await self._wait_for_turn(lane, left)
        if has_turn is None:
            return
        if not has_turn:
            detail = f"The service is so busy that {self._timeout:g} seconds of waiting were not enough."
            await problem(503, detail, headers=SOON)(scope, receive, send)
            return
        self._set_threads()
        work = scope[_TURN] = Work(lane, left)
        counted = turn == "answer"
        self._metrics.answering.inc(counted)
        try:
            await self._app(scope, receive, partial(_send_after, work, send) if turn == "look" else send)
        finally:
            self._metrics.answering.dec(counted)
            work.end()

    def _set_threads(self) -> None:
        """Have so many threads that those whose turn it is never wait for one. Known only inside the event loop."""
        if not self._threads_set:
            anyio.to_thread.current_default_thread_limiter().total_tokens = max(40, self._threads)
            self._threads_set = True

    async def _wait_for_turn(self, lane: Lane, left: asyncio.Future[Any]) -> bool | None:
        """Wait for a turn, which the caller must end: False if it took too long, None if the client left."""
        lane.waiting += 1
        counted = lane.kind == "answer"
        self._metrics.waiting.inc(counted)
        turn, kept = asyncio.ensure_future(lane.turns.acquire()), False
        try:
            both: set[asyncio.Future[Any]] = {turn, left}
            await asyncio.wait(both, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
            if left.done():
                return None
            kept = turn.done()
            return kept
        finally:
            lane.waiting -= 1
            self._metrics.waiting.dec(counted)
            if not kept and not turn.cancel():  # the turn came at the very moment when nobody wants it any more
                lane.turns.release()


async def _send_after(work: Work, send: Send, message: Any) -> None:
    """Send what was computed, without holding the turn for as long as the client takes to read it."""
    work.end()
    await send(message)

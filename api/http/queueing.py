"""A bounded queue: a few questions are answered at a time, some wait, and the rest are answered 503."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.problems import problem

if TYPE_CHECKING:
    from citeqa.api.http.metrics import Metrics
    from citeqa.api.http.needs import RouteTable

_SOON = {"Retry-After": "2"}


class Queue:
    """Lets `at_once` requests to queued routes through at a time, in the order in which they came.

    At most `most_waiting` others wait, each for at most `timeout` seconds. A request is dropped if its client leaves
    while it waits. The whole body must come in one message, as `CheckBody` passes it on.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        routes: RouteTable,
        at_once: int,
        most_waiting: int,
        timeout: float,
        metrics: Metrics,
    ) -> None:
        self._app, self._routes, self._metrics = app, routes, metrics
        self._most_waiting, self._timeout = most_waiting, timeout
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._routes.needs(scope).queued:
            await self._app(scope, receive, send)
            return
        if self._turns.locked() and self._waiting >= self._most_waiting:
            detail = "Too many questions are waiting already; ask again in a moment."
            await problem(503, detail, headers=_SOON)(scope, receive, send)
            return
        messages = [await receive()]
        leaving = asyncio.ensure_future(receive())
        try:
            has_turn = await self._wait_for_turn(leaving)
            if has_turn is None:
                return
            if not has_turn:
                detail = f"The service is so busy that {self._timeout:g} seconds of waiting were not enough."
                await problem(503, detail, headers=_SOON)(scope, receive, send)
                return

            async def replay() -> Message:
                return messages.pop() if messages else await leaving

            self._metrics.answering.inc()
            try:
                await self._app(scope, replay, send)
            finally:
                self._metrics.answering.dec()
                self._turns.release()
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving

    async def _wait_for_turn(self, leaving: asyncio.Future[Message]) -> bool | None:
        """Wait for a turn, which the caller must release: False if it took too long, None if the client left."""
        self._waiting += 1
        self._metrics.waiting.inc()
        turn, kept = asyncio.ensure_future(self._turns.acquire()), False
        try:
            both: set[asyncio.Future[Any]] = {turn, leaving}
            await asyncio.wait(both, timeout=self._timeout, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                return None
            kept = turn.done()
            return kept
        finally:
            self._waiting -= 1
            self._metrics.waiting.dec()
            if not kept and not turn.cancel():  # the turn came at the very moment when nobody wants it any more
                self._turns.release()

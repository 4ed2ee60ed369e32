"""A bounded queue before what takes time: a few questions are answered at once, some wait, the rest hear 503."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.problems import problem

if TYPE_CHECKING:
    from citeqa.api.http.metrics import Metrics

QUEUED = frozenset({"/api/ask", "/api/search", "/api/ask/batch", "/api/read"})
_SOON = {"Retry-After": "2"}


class Queue:
    """Lets `at_once` questions through, in the order they came; `most` may wait, each `patience` seconds at most. One
    whose client goes meanwhile is dropped. Expects to be given the whole body in one message."""

    def __init__(self, app: ASGIApp, *, at_once: int, most: int, patience: float, metrics: Metrics) -> None:
        self._app, self._most, self._patience, self._metrics = app, most, patience, metrics
        self._turn = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"] not in QUEUED:
            await self._app(scope, receive, send)
            return
        if self._turn.locked() and self._waiting >= self._most:
            detail = "Too many questions are waiting already; ask again in a moment."
            await problem(503, detail, headers=_SOON)(scope, receive, send)
            return
        messages = [await receive()]
        leaving = asyncio.ensure_future(receive())
        try:
            came = await self._turn_comes(leaving)
            if came is None:
                return
            if not came:
                detail = f"The service is so busy that {self._patience:g} seconds of waiting were not enough."
                await problem(503, detail, headers=_SOON)(scope, receive, send)
                return

            async def replay() -> Message:
                return messages.pop() if messages else await leaving

            self._metrics.answering.inc()
            try:
                await self._app(scope, replay, send)
            finally:
                self._metrics.answering.dec()
                self._turn.release()
        finally:
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving

    async def _turn_comes(self, leaving: asyncio.Future[Message]) -> bool | None:
        """Wait for a turn, which the caller must give back: False if it took too long, None if the client left."""
        self._waiting += 1
        self._metrics.waiting.inc()
        turn, kept = asyncio.ensure_future(self._turn.acquire()), False
        try:
            both: set[asyncio.Future[Any]] = {turn, leaving}
            await asyncio.wait(both, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
            if leaving.done():
                return None
            kept = turn.done()
            return kept
        finally:
            self._waiting -= 1
            self._metrics.waiting.dec()
            if not kept and not turn.cancel():  # it came in the very moment in which it is not wanted any more
                self._turn.release()

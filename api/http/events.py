"""A response that arrives in steps: server-sent events, as the HTML standard's chapter on them defines the format."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from citeqa.api.http.body import client_left
from citeqa.api.http.problems import problem_of

if TYPE_CHECKING:
    import asyncio

    from pydantic import BaseModel
    from starlette.types import Receive, Scope, Send

EVENTS = "text/event-stream"


class EventStream(Response):
    """Sends each of `events`, a name and what is sent as JSON, as soon as it is there; each is computed in a thread,
    within the turn of the request. An error becomes a last event `problem` (RFC 9457). If the client leaves, the rest
    is not computed. `closing` is called at the end, however it comes."""

    media_type = EVENTS

    def __init__(
        self, events: Iterator[tuple[str, BaseModel]], closing: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})  # a proxy must not hold the first event back
        del self.headers["content-length"]
        self._events, self._closing = events, closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._send(client_left(scope), send)
        finally:
            if self._closing:
                await self._closing()

    async def _send(self, left: asyncio.Future[Any], send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while piece := await to_thread.run_sync(self._next):
            if left.done():
                raise ClientDisconnect
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _next(self) -> bytes:
        """The next event; empty at the end."""
        try:
            name, content = next(self._events, ("", None))
        except Exception as error:  # the status has been sent: what is wrong can only be said in the stream
            name, content = "problem", problem_of(error)
        return f"event: {name}\ndata: {content.model_dump_json()}\n\n".encode() if content else b""


def wants_events(request: Request) -> bool:
    """Whether the client asks for events (and for nothing else before them)."""
    first = request.headers.get("accept", "").partition(",")[0]
    return first.partition(";")[0].strip().lower() == EVENTS

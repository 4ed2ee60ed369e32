"""The body of a request: its size, its time, its encoding."""

from __future__ import annotations

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.guard import may_write
from citeqa.api.http.needs import RouteTable
from citeqa.api.http.problems import problem
from citeqa.api.http.request_log import request_info
from citeqa.api.settings import Settings

_UPLOAD_TIME = 10  # times the timeout of another body


class CheckBody:
    """Reads the whole body before anything else sees the request, and passes it on in one message.

    Answers 413 to a body that is too large, announced or not; 408 to one that does not arrive in time; 400 to JSON that
    is not in UTF-8. A body may be as large as a document only where the route takes an upload and the caller may change
    documents: nobody else can make the service hold so much.
    """

    def __init__(self, app: ASGIApp, *, routes: RouteTable, settings: Settings) -> None:
        self._app, self._routes, self._settings = app, routes, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, timeout = self._limits(scope)
        announced = dict(scope["headers"]).get(b"content-length", b"")
        size = int(announced) if announced.isdigit() else 0
        body: bytes | None = b""
        with anyio.move_on_after(timeout) as waiting:
            body = await _read(receive, limit) if size <= limit else None
        if waiting.cancelled_caught:
            response = problem(408, f"The body did not arrive within {timeout:g} seconds.")
        elif body is None:
            response = problem(413, f"The body is larger than the {limit:,} bytes that are allowed.")
        elif _is_json(scope) and not _is_utf8(body):
            response = problem(400, "The body is not JSON in UTF-8.")
        else:
            messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

            async def replay() -> Message:
                return messages.pop() if messages else await receive()

            await self._app(scope, replay, send)
            return
        await response(scope, receive, send)

    def _limits(self, scope: Scope) -> tuple[int, float]:
        """How many bytes this request's body may have, and how many seconds it may take to arrive."""
        settings = self._settings
        if self._routes.needs(scope).upload and may_write(settings, request_info(scope).right):
            return settings.max_upload, settings.timeout * _UPLOAD_TIME
        return settings.max_body, settings.timeout


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The whole body; None if it has more than `limit` bytes.

    Raises:
        ClientDisconnect: if the client leaves before the body is complete.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _is_json(scope: Scope) -> bool:
    kind: bytes = dict(scope["headers"]).get(b"content-type", b"")
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _is_utf8(body: bytes) -> bool:
    """Whether a body can be JSON in UTF-8. Python's own JSON reader would guess UTF-16 and UTF-32 from NUL bytes."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body

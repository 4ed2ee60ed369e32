"""The body of a request: its size, its time, its encoding."""

from __future__ import annotations

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.problems import problem

_UPLOAD = 10  # times the patience for a document


class CheckBody:
    """Answers 413 to a body of more than `most` bytes, announced or not, 400 to JSON that is not in UTF-8, and 408 to
    a body that does not come within `patience` seconds. Gives the whole body on in one message."""

    def __init__(self, app: ASGIApp, most: int, most_of_documents: int, patience: float) -> None:
        self._app, self._patience = app, patience
        self._most, self._most_of_documents = most, most_of_documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_of_documents if scope["path"] == "/api/documents" else self._most
        announced = dict(scope["headers"]).get(b"content-length", b"")
        size = int(announced) if announced.isdigit() else 0
        body: bytes | None = b""
        patience = self._patience * (_UPLOAD if most > self._most else 1)
        with anyio.move_on_after(patience) as waiting:
            body = await _read(receive, most) if size <= most else None
        if waiting.cancelled_caught:
            response = problem(408, f"The body did not arrive within {patience:g} seconds.")
        elif body is None:
            response = problem(413, f"The body is larger than the {most:,} bytes that are allowed.")
        elif _is_json(scope) and not _is_utf8(body):
            response = problem(400, "The body is not JSON in UTF-8.")
        else:
            messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

            async def replay() -> Message:
                return messages.pop() if messages else await receive()

            await self._app(scope, replay, send)
            return
        await response(scope, receive, send)


async def _read(receive: Receive, most: int) -> bytes | None:
    """The whole body; None if it has more than `most` bytes.

    Raises:
        ClientDisconnect: if the client goes before it is whole.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _is_json(scope: Scope) -> bool:
    kind: bytes = dict(scope["headers"]).get(b"content-type", b"")
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _is_utf8(body: bytes) -> bool:
    """Whether a body can be JSON in UTF-8. Python's own reader would guess UTF-16 and 32 from the NULs."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body

"""How bodies travel: what is refused is read on, so that its client sees the answer; what is answered goes out in
pieces, so that nobody has to be waited for with all of it in memory."""

from __future__ import annotations

from typing import IO

import anyio
import anyio.lowlevel
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http import limits

HEAD = "citeqa.head"  # entry of the scope of a request whose body nobody wants


class Transfer:
    """Reads on, up to `limits.READ_ON` bytes, when a request is answered before its body has arrived.

    Many clients send all of a body before they look at the answer, and see none if the connection is closed meanwhile.
    One that asks first (Expect: 100-continue) is answered at once. A connection with an unread rest is closed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        arrived = Headers(scope=scope).get("expect", "").lower() == "100-continue"

        async def receive_noted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived = message["type"] == "http.disconnect" or not message.get("more_body")
            return message

        async def send_late(message: Message) -> None:
            if message["type"] == "http.response.start" and not arrived:
                if message["status"] != 408:  # it has been waited for already
                    await _read_on(receive_noted)
                if not arrived:
                    MutableHeaders(scope=message)["Connection"] = "close"
            await _send_pieces(message, send)

        await self._app(scope, receive_noted, send_late)


async def _read_on(receive: Receive) -> None:
    """Read what is left of a body, and forget it; not longer than the limits allow."""
    size = 0
    with anyio.move_on_after(limits.READ_ON_SECONDS):
        while size < limits.READ_ON:
            message = await receive()
            size += len(message.get("body", b""))
            if not message.get("more_body"):
                return


async def _send_pieces(message: Message, send: Send) -> None:
    """Send a message; a large body piece by piece, each when the one before has gone out."""
    body = message.get("body", b"")
    if len(body) <= limits.PIECE:
        await send(message)
        return
    for start in range(0, len(body), limits.PIECE):
        end = start + limits.PIECE
        more = end < len(body) or bool(message.get("more_body"))
        await send({"type": "http.response.body", "body": body[start:end], "more_body": more})


class FileResponse(Response):
    """A body that lies in an open file, which is read as it is sent and closed at the end: `size` bytes from `start`
    on."""

    def __init__(
        self, file: IO[bytes], size: int, *, start: int = 0, made: bool = True, status_code: int = 200, media_type: str
    ) -> None:
        """`made` is a body that was made for this request: of an answer without a body it is still compressed, so that
        the headers are those of the answer with one."""
        super().__init__(status_code=status_code, media_type=media_type, headers={"Content-Length": str(size)})
        self._file, self._start, self._size, self._made = file, start, size, made

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        try:
            await send(start)
            self._file.seek(self._start)
            left = 0 if HEAD in scope and not self._made else self._size
            while piece := self._file.read(min(left, limits.PIECE)):
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await anyio.lowlevel.checkpoint()  # a client that reads fast keeps nobody from the event loop
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._file.close()

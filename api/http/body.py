"""The body of a request: its size, its time, its encoding, and where it is held."""

from __future__ import annotations

import asyncio
import codecs
import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import anyio
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http import limits
from citeqa.api.http.guard import may_write
from citeqa.api.http.needs import RouteTable
from citeqa.api.http.problems import FULL_DISK, problem
from citeqa.api.http.request_log import request_info
from citeqa.api.settings import Settings

log = logging.getLogger(__name__)

_LEFT = "citeqa.left"  # entry of a request's scope
_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_BUSY = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class _Allowed:
    """What the body of one request may take: bytes, seconds, and whether it goes to the disk."""

    size: int
    seconds: float
    to_disk: bool = False


class _RefusedError(Exception):
    """A body that is not accepted, with the status and the message to answer."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


class _Room:
    """How many bytes of all bodies are held at present, in memory or on the disk, and how many may be."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0

    def take(self, size: int) -> None:
        if self._held + size > self._most:
            raise _RefusedError(503, "The service holds too many requests already; try again in a moment.")
        self._held += size

    def give_back(self, size: int) -> None:
        self._held -= size


class CheckBody:
    """Reads the whole body before anything else sees the request, and then passes it on in pieces.

    Answers 413 to a body that is too large, announced or not; 408 to one that does not arrive in time; 400 to JSON that
    is not in UTF-8; 503 where all bodies together would take too much. A body may be as large as a document only where
    the route takes an upload and the caller may change documents. Such a one is written to the disk as it comes, and
    if that is full, 507 is the answer.
    """

    def __init__(self, app: ASGIApp, *, routes: RouteTable, settings: Settings) -> None:
        self._app, self._routes, self._settings = app, routes, settings
        self._memory = _Room(limits.IN_MEMORY)
        self._disk = _Room(limits.UPLOADS_ON_DISK * settings.max_upload)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        allowed = self._allowed(scope)
        with self._held(allowed) as body:
            try:
                await self._read(scope, receive, allowed, body)
            except _RefusedError as refused:
                headers = _BUSY if refused.status == 503 else None
                await problem(refused.status, refused.detail, headers=headers)(scope, receive, send)
                return
            left = scope[_LEFT] = asyncio.ensure_future(receive())
            try:
                await self._app(scope, body.replay(left), send)
            finally:
                left.cancel()
                with suppress(asyncio.CancelledError):
                    await left

    def _allowed(self, scope: Scope) -> _Allowed:
        settings = self._settings
        if scope["method"] in _WITHOUT_BODY:
            return _Allowed(limits.NO_BODY, settings.timeout)
        if self._routes.needs(scope).upload and may_write(settings, request_info(scope).right):
            return _Allowed(settings.max_upload, settings.timeout * limits.UPLOAD_TIME, to_disk=True)
        most = settings.max_body
        if self._routes.needs(scope).manuscript:
            most = max(most, limits.MANUSCRIPT)
        return _Allowed(most, settings.timeout)

    @contextmanager
    def _held(self, allowed: _Allowed) -> Iterator[_Body]:
        """A place for a body, which is free again afterwards."""
        room = self._disk if allowed.to_disk else self._memory
        body = _Body(room, to_disk=allowed.to_disk)
        try:
            yield body
        finally:
            body.close()

    async def _read(self, scope: Scope, receive: Receive, allowed: _Allowed, body: _Body) -> None:
        """Read the whole body.

        Raises:
            _RefusedError: if it is not acceptable.
            ClientDisconnect: if the client leaves before the body is complete.
        """
        headers = dict(scope["headers"])
        announced = headers.get(b"content-length", b"")
        large = f"The body is larger than the {allowed.size:,} bytes that are allowed."
        if announced.isdigit() and (len(announced) > 20 or int(announced) > allowed.size):
            raise _RefusedError(413, large)
        json = headers.get(b"content-type", b"").partition(b";")[0].strip().lower() == b"application/json"
        decoder = codecs.getincrementaldecoder("utf-8")() if json else None
        with anyio.move_on_after(allowed.seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece, more = message.get("body", b""), bool(message.get("more_body"))
                if body.size + len(piece) > allowed.size:
                    raise _RefusedError(413, large)
                if decoder is not None:
                    _check_utf8(decoder, piece, final=not more)
                body.add(piece)
                if not more:
                    return
        raise _RefusedError(408, f"The body did not arrive within {allowed.seconds:g} seconds.")


class _Body:
    """The bytes of one body, in memory or in a file that has no name."""

    def __init__(self, room: _Room, *, to_disk: bool) -> None:
        self._room, self._to_disk, self.size = room, to_disk, 0
        self._pieces: list[bytes] = []
        self._file: IO[bytes] | None = None

    def add(self, piece: bytes) -> None:
        if not piece:
            return
        self._room.take(len(piece))
        self.size += len(piece)
        if not self._to_disk:
            self._pieces.append(piece)
            return
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="citeqa-", buffering=0)  # noqa: SIM115 - closed by close()
            self._file.write(piece)
        except OSError as error:
            log.error("an upload cannot be kept in %s: %s", tempfile.gettempdir(), error)  # noqa: TRY400
            raise _RefusedError(507, FULL_DISK) from None

    def replay(self, left: asyncio.Future[Any]) -> Receive:
        """The body as the server would pass it on, and then that the client has left, once it has."""
        messages = self._messages()

        async def receive() -> Message:
            for message in messages:
                return message
            gone: Message = await asyncio.shield(left)
            return gone

        return receive

    def _messages(self) -> Iterator[Message]:
        if self._file is None:
            body = b"".join(self._pieces)
            self._pieces = []
            yield {"type": "http.request", "body": body, "more_body": False}
            return
        self._file.seek(0)
        while piece := self._file.read(limits.PIECE):
            yield {"type": "http.request", "body": piece, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    def close(self) -> None:
        self._room.give_back(self.size)
        if self._file is not None:
            self._file.close()


def client_left(scope: Scope) -> asyncio.Future[Any]:
    """What is done as soon as the client of this request has left."""
    found: asyncio.Future[Any] = scope[_LEFT]
    return found


def _check_utf8(decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool) -> None:
    """Refuse what cannot be JSON in UTF-8. Python's own JSON reader would guess UTF-16 and UTF-32 from NUL bytes."""
    try:
        decoder.decode(piece, final)
    except UnicodeDecodeError:
        piece = b"\0"
    if b"\0" in piece:
        raise _RefusedError(400, "The body is not JSON in UTF-8.")

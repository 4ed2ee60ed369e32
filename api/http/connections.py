"""HTTP/1.1 as uvicorn implements it, but bounded: a client that does not send its request, or does not read its answer,
is cut off, and so are idle connections where there are too many."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from citeqa.api.http.limits import BACKLOG, DESCRIPTORS_KEPT

log = logging.getLogger(__name__)


class Connections:
    """The open connections of one worker, at most `most`. For one more, the one that has been idle the longest is
    closed; where none is idle, the new one. The log says so the first time.

    Only the event loop uses it.
    """

    def __init__(self, most: int) -> None:
        self._most, self._said = most, False
        self._open: set[BoundedProtocol] = set()
        self._idle: dict[BoundedProtocol, None] = {}  # in the order in which they became idle

    def opened(self, connection: BoundedProtocol) -> None:
        self._open.add(connection)
        self._idle[connection] = None
        if len(self._open) > self._most:
            if not self._said:
                self._said = True
                log.warning("there are more than %d connections: idle ones are closed for new ones", self._most)
            oldest = next(iter(self._idle))
            self.closed(oldest)
            oldest.abort()

    def busy(self, connection: BoundedProtocol) -> None:
        self._idle.pop(connection, None)

    def idle(self, connection: BoundedProtocol) -> None:
        if connection in self._open:
            self._idle[connection] = None

    def closed(self, connection: BoundedProtocol) -> None:
        self._open.discard(connection)
        self._idle.pop(connection, None)


def most_connections(wanted: int) -> int:
    """How many connections there may be: as many as are wanted, but not so many that the process runs out of file
    descriptors."""
    if sys.platform == "win32":
        return wanted
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, soft - DESCRIPTORS_KEPT - BACKLOG))


class BoundedProtocol(H11Protocol):
    """Closes a connection if the head of a request, its line and headers, is not complete within `seconds` after the
    connection opened or after the first byte of the request, or if the client reads nothing of its answer for as long.
    uvicorn itself limits only the pause between a response and the next request."""

    def __init__(self, *given: Any, seconds: float, connections: Connections, **options: Any) -> None:
        super().__init__(*given, **options)
        self._seconds, self._connections = seconds, connections
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self._seconds, self._close_late)
        self._connections.opened(self)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._awaits_head():
            self._connections.busy(self)
            self._stop(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._seconds, self._close_late)

    def on_response_complete(self) -> None:
        self._connections.idle(self)
        super().on_response_complete()
        if not self._awaits_head():  # the next request had arrived already
            self._connections.busy(self)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop(self._write_timer)
        self._write_timer = self.loop.call_later(self._seconds, self.abort)

    def resume_writing(self) -> None:
        self._stop(self._write_timer)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close the connection, but do not wait for ever until the client has read the rest."""
        super().timeout_keep_alive_handler()
        self._stop(self._write_timer)
        self._write_timer = self.loop.call_later(self._seconds, self.abort)

    def abort(self) -> None:
        """Close the connection at once, whatever the client has not read."""
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.closed(self)
        self._stop(self._head_timer)
        self._stop(self._write_timer)
        super().connection_lost(exc)

    def _awaits_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_late(self) -> None:
        self._head_timer = None
        if self._awaits_head() and not self.transport.is_closing():
            self.transport.close()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

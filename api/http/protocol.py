"""HTTP/1.1 as uvicorn implements it, but with a time limit: a client that does not send its request is cut off."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class HeadTimeoutProtocol(H11Protocol):
    """Closes a connection if the head of a request, its line and headers, is not complete within `head_timeout` seconds
    after the connection opened or after the first byte of the request. uvicorn itself limits only the pause between a
    response and the next request."""

    def __init__(self, *given: Any, head_timeout: float, **options: Any) -> None:
        super().__init__(*given, **options)
        self._head_timeout = head_timeout
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(self._head_timeout, self._close_late)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._awaits_head():
            self._stop_timer()
        elif self._timer is None:
            self._timer = self.loop.call_later(self._head_timeout, self._close_late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def _awaits_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_late(self) -> None:
        self._timer = None
        if self._awaits_head() and not self.transport.is_closing():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

"""HTTP/1.1 as uvicorn speaks it, with an end to waiting: a client that does not send its request is cut off."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


class Impatient(H11Protocol):
    """Closes a connection on which no whole head of a request came within `patience` seconds of its first byte, or of
    the opening. uvicorn itself only limits the pause between a response and the next request."""

    def __init__(self, *given: Any, patience: float, **options: Any) -> None:
        super().__init__(*given, **options)
        self._patience = patience
        self._heading: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._heading = self.loop.call_later(self._patience, self._late)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._awaits_head():
            self._calm()
        elif self._heading is None:
            self._heading = self.loop.call_later(self._patience, self._late)

    def connection_lost(self, exc: Exception | None) -> None:
        self._calm()
        super().connection_lost(exc)

    def _awaits_head(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _late(self) -> None:
        self._heading = None
        if self._awaits_head() and not self.transport.is_closing():
            self.transport.close()

    def _calm(self) -> None:
        if self._heading is not None:
            self._heading.cancel()
            self._heading = None

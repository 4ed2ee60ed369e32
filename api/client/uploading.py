"""A file on its way: how much of it was sent, and how far the service is with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import httpx

from citeqa.api.client.errors import expected
from citeqa.api.schemas import Problem, StoredOut, StoringOut

Sent = Callable[[int, int], None]  # called with the bytes sent so far, and the bytes of the file
Embedded = Callable[[int], None]  # called with the passages embedded so far

EVENTS = "text/event-stream"
_LONGEST = 1 << 20  # bytes of an event; none that a service sends comes near


class Counted:
    """An open file that reports how much of it was read; a second attempt reads it from the start."""

    def __init__(self, file: BinaryIO, size: int, progress: Sent | None) -> None:
        self._file, self._size, self._progress = file, size, progress

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        if data and self._progress:
            self._progress(self._file.tell(), self._size)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def fileno(self) -> int:
        return self._file.fileno()


def counted(file: BinaryIO, path: Path, progress: Sent | None) -> Counted:
    """A file to upload, whose progress is reported."""
    return Counted(file, path.stat().st_size, progress)


class Steps:
    """A response that arrives in steps: takes its bytes as they come, and gives what it would have been, had it come
    whole. Its events are described with `POST /api/documents`."""

    def __init__(self, head: httpx.Response, url: str, embedded: Embedded) -> None:
        self._head, self._url, self._embedded = head, url, embedded
        self._rest, self._last = b"", ("", b"")

    def take(self, piece: bytes) -> None:
        """Tell of the passages that the service says are embedded.

        Raises:
            UnexpectedAnswerError: if it says something else.
        """
        *events, self._rest = (self._rest + piece).split(b"\n\n")
        if len(self._rest) > _LONGEST:
            raise httpx.RemoteProtocolError("an event of the response has no end")
        for event in events:
            name, content = _parts(event)
            if name == "progress":
                self._embedded(expected(StoringOut, content, self._url).passages)
            else:
                self._last = name, content

    def response(self) -> httpx.Response:
        """The response that one without steps would have been.

        Raises:
            httpx.RemoteProtocolError: if it broke off.
        """
        name, content = self._last
        headers = {"X-Request-ID": self._head.headers.get("X-Request-ID", "")}
        if name == "problem":
            return httpx.Response(expected(Problem, content, self._url).status, headers=headers, content=content)
        if name != "stored":
            raise httpx.RemoteProtocolError("the response broke off")
        change = expected(StoredOut, content, self._url).change
        return httpx.Response(200, headers=headers | {"Citeqa-Change": str(change)}, content=content)


def steps_of(response: httpx.Response, url: str, embedded: Embedded | None) -> Steps | None:
    """What takes a response that arrives in steps; None for one that comes whole."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Steps(response, url, embedded) if embedded and kind == EVENTS else None


def _parts(event: bytes) -> tuple[str, bytes]:
    """The name and the data of an event."""
    fields = dict(line.partition(b": ")[::2] for line in event.split(b"\n"))
    return fields.get(b"event", b"").decode(errors="replace"), fields.get(b"data", b"")

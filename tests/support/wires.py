"""A wire between a machine and a server, on which things go wrong."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from support.postgres import Server

_PIECE = 65536  # bytes carried at once


class Wire:
    """A wire to a server. It can be cut: connections break, and new ones are refused. It can be still: connections
    stay, and nothing comes through. And it can be slow.

    Args:
        port: the server's.
        pace: bytes a second that each connection carries from the server; None for as many as come.
    """

    def __init__(self, port: int, pace: int | None = None) -> None:
        self._to, self._pace, self._open = port, pace, set[socket.socket]()
        self._turn = threading.Lock()  # a connection is open before it is cut, or refused after
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._whole, self._flowing = True, threading.Event()
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                with self._turn:
                    if not self._whole:
                        client.close()
                        continue
                    server = socket.create_connection(("127.0.0.1", self._to))
                    self._open |= {client, server}
                for one, other, pace in ((client, server, None), (server, client, self._pace)):
                    threading.Thread(target=self._carry, args=(one, other, pace), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket, pace: int | None) -> None:
        with suppress(OSError):
            while data := one.recv(_PIECE if pace is None else min(_PIECE, pace // 10)):
                self._flowing.wait()
                other.sendall(data)
                if pace is not None:
                    time.sleep(len(data) / pace)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        with self._turn:
            self._whole = False
            for end in self._open:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def still(self) -> None:
        self._flowing.clear()

    def mend(self) -> None:
        self._whole = True
        self._flowing.set()

    def close(self) -> None:
        self.cut()
        self._flowing.set()
        self._listening.close()


@contextmanager
def wire(server: Server, pace: int | None = None) -> Iterator[Wire]:
    made_wire = Wire(server.port, pace)
    try:
        yield made_wire
    finally:
        made_wire.close()

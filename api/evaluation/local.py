"""Runs the service on a free port of this machine while it is measured."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any
from urllib.parse import quote

import httpx
import uvicorn

from citeqa.api.http.app import create_app
from citeqa.api.service import Service


class LocalClient:
    """Asks a running service over HTTP, as `rag.evaluation.run` expects."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post("/api/ask", json=body).raise_for_status().json()
        return answer

    def text(self, document_id: str) -> str:
        response = self._http.get(f"/api/documents/{quote(document_id)}").raise_for_status()
        return str(response.json()["text"])

    def close(self) -> None:
        self._http.close()


@contextmanager
def serving(service: Service) -> Iterator[LocalClient]:
    """A client of the service, which runs in its own thread until the block ends."""
    config = uvicorn.Config(create_app(service), host="127.0.0.1", port=0, log_level="warning")
    socket = config.bind_socket()
    socket.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    socket.listen()  # who connects before the server runs waits
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    client = LocalClient(f"http://127.0.0.1:{socket.getsockname()[1]}")
    try:
        yield client
    finally:
        client.close()
        server.should_exit = True
        thread.join()

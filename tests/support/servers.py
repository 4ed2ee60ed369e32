"""Real server processes, on free ports of this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import uvicorn
from fastapi import FastAPI

from citeqa.api.http.server import uvicorn_config
from citeqa.api.settings import Settings

READ, WRITE = "read-" + "r" * 20, "write-" + "w" * 20
PROGRAM = [sys.executable, "-c", "from citeqa.api.cli.main import main; main()"]


class Server:
    """`citeqa serve` over an index that exists, with further `options`; `url` ends in a slash."""

    def __init__(self, index: Path, port: int = 0, *options: str) -> None:
        command = [*PROGRAM, "serve", "--index", str(index)]
        self.process = subprocess.Popen(
            [*command, "--port", str(port), *options], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        assert self.process.stderr
        for line in self.process.stderr:
            if found := re.search(r"http://\S+:(\d+)/", line):
                self.url, self.port = found.group(), int(found.group(1))
                return
        raise AssertionError(f"the server ended with status {self.process.wait()} before it was ready")

    def stop(self) -> int:
        """Ask it to stop as Ctrl-C does; gives its exit status."""
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(timeout=20)
        assert self.process.stderr
        self.process.stderr.close()
        return status


class ConfiguredServer:
    """`citeqa serve` over the index in a folder, or at the address of a store, with JSON logs in a file; settings are
    given as environment variables without their prefix. The command is run by another, if there is one `before` it."""

    def __init__(self, index: Path | str, log: Path, *, before: Sequence[str] = (), **settings: object) -> None:
        given = {f"CITEQA_{name.upper()}": str(value) for name, value in settings.items()}
        self.log = log
        kind = "--index" if isinstance(index, Path) else "--store"
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [*before, *PROGRAM, "serve", kind, str(index), "--port", "0"],
                stderr=stderr,
                stdin=subprocess.DEVNULL,
                env=os.environ | {"CITEQA_LOG_FORMAT": "json"} | given,
            )
        while not (found := re.search(r"http://\S+:(\d+)/", log.read_text())):
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.05)
        self.url, self.port = found.group().rstrip("/"), int(found.group(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def client(self, key: str | None = None, **options: Any) -> httpx.Client:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, **options)

    def log_line(self, request_id: str) -> dict[str, Any]:
        """What the log says about a request. It is written right after the response."""
        for _ in range(200):
            for line in self.log.read_text().splitlines():
                found: dict[str, Any] = json.loads(line)
                if found["logger"] == "citeqa.access" and found["request_id"] == request_id:
                    return found
            time.sleep(0.02)
        raise AssertionError(f"the log has no line about {request_id}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=40)


def figures(text: str) -> dict[str, float]:
    """Prometheus' lines by name and labels."""
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


@contextmanager
def in_this_process(app: FastAPI, settings: Settings) -> Iterator[httpx.Client]:
    """A client of an application that is served as `citeqa serve` does, by a thread of this process."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn_config(settings, app))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=20, trust_env=False) as http:
        yield http
    server.should_exit = True
    thread.join()

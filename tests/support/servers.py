"""Real server processes, on free ports of this machine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

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
    """`citeqa serve` with JSON logs in a file; settings are given as environment variables without their prefix."""

    def __init__(self, index: Path, log: Path, **settings: object) -> None:
        given = {f"CITEQA_{name.upper()}": str(value) for name, value in settings.items()}
        self.log = log
        with log.open("w") as stderr:
            self.process = subprocess.Popen(
                [*PROGRAM, "serve", "--index", str(index), "--port", "0"],
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

"""A real server process for tests, on a free port of this machine."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path


class Server:
    """`citeqa serve` over an index that exists, with further `options`; `url` ends in a slash."""

    def __init__(self, index: Path, port: int = 0, *options: str) -> None:
        command = [sys.executable, "-c", "from citeqa.api.cli.main import main; main()", "serve", "--index", str(index)]
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

"""The program at a terminal of its own."""

from __future__ import annotations

import os
import re
import struct
import subprocess
from pathlib import Path

from support.servers import PROGRAM

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\]8;.*?\x1b\\")  # of colours, the cursor and links


class Typed:
    """`citeqa` at a pseudo-terminal: what it has shown so far, and what to type."""

    def __init__(self, folder: Path, *arguments: str, columns: int = 100) -> None:
        import fcntl
        import pty
        import termios

        self._terminal, far = pty.openpty()
        fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], cwd=folder, stdin=far, stdout=far, stderr=far, env=environment | {"TERM": "xterm"}
        )
        os.close(far)
        self.shown = ""

    def type(self, text: str) -> None:
        """Type these characters."""
        os.write(self._terminal, text.encode())

    def until(self, pattern: str, times: int = 1) -> None:
        """Read until what matches this pattern has been shown so often."""
        while len(re.findall(pattern, self.shown)) < times:
            more = self._more()
            assert more, self.shown
            self.shown += more

    def end(self) -> int:
        """Read to the end; gives the exit status."""
        while more := self._more():
            self.shown += more
        os.close(self._terminal)
        return self.process.wait()

    @property
    def text(self) -> str:
        """What is shown, without the codes that steer the terminal."""
        return _CODES.sub("", self.shown).replace("\r\n", "\n")

    def _more(self) -> str:
        try:
            return os.read(self._terminal, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            return ""

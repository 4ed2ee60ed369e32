"""Runs the `extract` of a format in a child process. A parser that is fed with any file may hang, crash or take all
memory; then the child is ended, this one file is given up, and the next file gets a new child.

The child is a plain `python` that runs `index.formats.child`, not one of multiprocessing's: those import the main
module again, which breaks programs that use citeqa as a library and do not guard their main module. The child has this
process's `sys.path`, and so the same code.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any

from citeqa.index.errors import DocumentError
from citeqa.index.formats.child import ALIVE, OUT_OF_MEMORY
from citeqa.index.formats.extracted import Extracted
from citeqa.index.structure import structure_of
from citeqa.index.types import Span, Timed

SMALL = 64 * 1024  # bytes, or code points: with no more, some formats are read in this process, which is quicker
SECONDS = 60.0
MEMORY = 2 * 1024 * 1024 * 1024  # bytes of address space
MEMORY_IS_LIMITED = sys.platform not in ("darwin", "win32")  # macOS accepts the limit and ignores it

_PROGRAM = (
    "import sys; lifeline, memory, seconds, *sys.path[:] = sys.argv[1:]; "
    "from citeqa.index.formats.child import main; main(int(lifeline), int(memory), float(seconds))"
)


class _ChildDiedError(Exception):
    """The child ended without a reply; the message is the reason to report."""


class Extractor:
    """Turns the bytes of files into text in a child process. The first file starts the child; `close`, the end of the
    `with` block or the end of this process ends it. Threads must not share it.
    """

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._child: _Child | None = None

    def __enter__(self) -> Extractor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child, if there is one; the next file would start another."""
        if self._child is not None:
            child, self._child = self._child, None
            child.end()

    def extract(self, module: str, data: bytes) -> Extracted:
        """What the function `extract` of a module makes of a file's bytes, within the limits of time and memory.

        If the child ends while it reads this file and had read others before, the file is tried once more in a new
        child: so the result depends on this file alone.

        Raises:
            DocumentError: with the reason that the function gives, or the limit that was exceeded.
        """
        used = self._child is not None
        try:
            return self._ask(module, data)
        except _ChildDiedError as error:
            if not used:
                raise DocumentError(str(error)) from None
        try:
            return self._ask(module, data)
        except _ChildDiedError as error:
            raise DocumentError(str(error)) from None

    def _ask(self, module: str, data: bytes) -> Extracted:
        child = self._child = self._child or _Child(self._memory, self._seconds)
        clock = _Clock(self._seconds, child.kill)
        try:
            reply = child.ask(module, data, clock.wind)
        except BaseException:  # an interrupt, say: nobody knows any more what the child would reply next
            self.close()
            raise
        finally:
            clock.stop()
        if reply is None or clock.ran_down:
            self._child = None
            status, last_words = child.end()
            if clock.ran_down:
                raise DocumentError(f"reading it took longer than {self._seconds:g} seconds")
            raise _ChildDiedError(self._cause(status, last_words))
        return _extracted(reply)

    def _cause(self, status: int, last_words: str) -> str:
        if status == OUT_OF_MEMORY:
            return f"reading it takes more than {self._memory // 2**20:,} MiB of memory"
        if status < 0:
            with contextlib.suppress(ValueError):
                return f"its reader crashed ({signal.Signals(-status).name})"
        return f"its reader ended with status {status}" + (f": {last_words}" if last_words else "")


class _Clock:
    """Calls a function when it has not been wound for so many seconds."""

    def __init__(self, seconds: float, then: Callable[[], None]) -> None:
        self._seconds = seconds
        self._then = then
        self._timer = threading.Timer(seconds, self._run_down)
        self._timer.start()
        self.ran_down = False

    def _run_down(self) -> None:
        self.ran_down = True
        self._then()

    def wind(self) -> None:
        """Begin anew."""
        self.stop()
        if not self.ran_down:
            self._timer = threading.Timer(self._seconds, self._run_down)
            self._timer.start()

    def stop(self) -> None:
        """Stop for good, or until it is wound."""
        self._timer.cancel()
        self._timer.join()


class _Child:
    """One child process and the pipes to it."""

    def __init__(self, memory: int, seconds: float) -> None:
        self._stderr: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by end()
        lifeline, self._lifeline = os.pipe()
        limits = [str(lifeline), str(memory), str(seconds)]
        program = [sys.executable, "-P", "-c", _PROGRAM, *limits, *map(str, sys.path)]
        # In a process group of its own, so that Ctrl-C reaches only this process, which then ends the child.
        own: dict[str, Any] = {"pass_fds": [lifeline], "process_group": 0} if sys.platform != "win32" else {}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this Python, our own program
                program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, **own
            )
        finally:
            os.close(lifeline)

    def ask(self, module: str, data: bytes, alive: Callable[[], None]) -> dict[str, Any] | None:
        """The child's reply; None if the child ended before it gave one. At each sign of life `alive` is called."""
        requests, replies = self._process.stdin, self._process.stdout
        if requests is None or replies is None:
            raise RuntimeError("the child has no pipes")
        try:
            requests.write(json.dumps({"module": module, "size": len(data)}).encode() + b"\n")
            requests.write(data)
            requests.flush()
            while (line := replies.readline()) == ALIVE:
                alive()
        except OSError:  # the pipe broke
            return None
        reply: dict[str, Any] | None = json.loads(line) if line.endswith(b"\n") else None
        return reply

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> tuple[int, str]:
        """End the process. Returns its exit status and the last line that it wrote to standard error."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):  # what could not be written does not matter any more
                if pipe is not None:
                    pipe.close()
        self._process.kill()
        status = self._process.wait()
        os.close(self._lifeline)
        self._stderr.seek(0)
        lines = self._stderr.read()[-2000:].decode("utf-8", "replace").strip().splitlines()
        self._stderr.close()
        return status, lines[-1][:200] if lines else ""


def _extracted(reply: dict[str, Any]) -> Extracted:
    if "error" in reply:
        raise DocumentError(reply["error"])
    fields = reply["extracted"]
    return Extracted(
        **{
            **fields,
            "date": date.fromisoformat(fields["date"]) if fields["date"] else None,
            "pages": tuple(fields["pages"]),
            "notes": tuple(fields["notes"]),
            "boilerplate": tuple(Span(**span) for span in fields["boilerplate"]),
            "structure": structure_of(fields["structure"]),
            "times": tuple(Timed(Span(**span), start, end) for span, start, end in fields["times"]),
            "recognised": tuple(Span(**span) for span in fields["recognised"]),
        }
    )

"""The child process of `index.formats.extraction`: it turns files into text, one by one, within its limits.

A request is a line of JSON, `{"module": ..., "size": ...}`, followed by that many bytes. The reply is a line of JSON,
`{"extracted": {...}}` or `{"error": "..."}`; empty lines before it are signs of life.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from dataclasses import asdict, replace
from importlib import import_module
from typing import Any

from citeqa.index.errors import DocumentError
from citeqa.index.formats import progress
from citeqa.index.structure import NO_STRUCTURE, values_of

ALIVE = b"\n"  # a sign of life, before the reply
OUT_OF_MEMORY = 77  # the exit status of a child that had not enough memory
MAX_TEXT = 64 * 1024 * 1024  # code points


def main(lifeline: int, memory: int, seconds: float) -> None:
    """Reply to requests on standard input until it ends.

    Args:
        lifeline: a pipe; when its other end is closed, the system ends this process, whatever it is doing. Only Linux
            does so.
        memory: bytes of memory that the process may take, on systems that limit it.
        seconds: the time that one file may take without a sign of life (see `progress`). On any system, the process
            ends itself after twice as long.
    """
    if sys.platform != "win32":
        _bind(lifeline)
        _limit(memory)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is not part of a reply

    def alive() -> None:
        replies.write(ALIVE)
        replies.flush()
        faulthandler.dump_traceback_later(2 * seconds, exit=True)

    progress.listen(alive)
    while request := sys.stdin.buffer.readline():
        wanted = json.loads(request)
        data = sys.stdin.buffer.read(wanted["size"])
        if len(data) < wanted["size"]:
            return
        faulthandler.dump_traceback_later(2 * seconds, exit=True)  # by a thread that needs no turn of this one
        try:
            reply = json.dumps(_reply(wanted["module"], data), ensure_ascii=False).encode("utf-8", "surrogatepass")
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # nothing in this process can be relied on any more
        faulthandler.cancel_dump_traceback_later()
        replies.write(reply + b"\n")
        replies.flush()


def _reply(module: str, data: bytes) -> dict[str, Any]:
    try:
        extracted = import_module(module).extract(data)
        if len(extracted.text) > MAX_TEXT:
            raise DocumentError(f"its text has {len(extracted.text):,} characters; at most {MAX_TEXT:,} are read")
    except DocumentError as error:
        return {"error": str(error)}
    except RecursionError:
        return {"error": "it is nested too deeply"}
    except MemoryError:
        raise
    except Exception as error:  # a parser's mistake must not cost another file
        return {"error": f"its reader failed: {type(error).__name__}: {str(error)[:200]}"}
    fields = asdict(replace(extracted, structure=NO_STRUCTURE))
    written = {"date": fields["date"] and fields["date"].isoformat(), "structure": values_of(extracted.structure)}
    return {"extracted": {**fields, **written}}


if sys.platform != "win32":

    def _bind(lifeline: int) -> None:
        """Have the system send SIGIO, which ends a process, when the parent's end of the pipe is closed."""
        import fcntl

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)

    def _limit(memory: int) -> None:
        import resource

        with contextlib.suppress(ValueError, OSError):  # some systems have no such limit
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

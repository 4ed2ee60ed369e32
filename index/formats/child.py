"""The other end of `index.formats.extraction`: a process that turns files into text, one by one, within its limits.

A request is a line of JSON, `{"module": ..., "size": ...}`, and then so many bytes; the answer is a line of JSON,
`{"extracted": {...}}` or `{"error": "..."}`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
from dataclasses import asdict
from importlib import import_module
from typing import Any

from citeqa.index.errors import DocumentError

OUT_OF_MEMORY = 77  # the exit status that says so
MAX_TEXT = 64 * 1024 * 1024  # code points


def main(lifeline: int, memory: int, seconds: float) -> None:
    """Answer requests on standard input until it ends. The process may take so many bytes of memory, and is ended by
    the system when the other end of the pipe `lifeline` is closed, whatever it is doing. Not every system does either;
    on all of them the process ends itself when one file takes it twice as many `seconds` as it may."""
    if sys.platform != "win32":
        _bind(lifeline)
        _limit(memory)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    while request := sys.stdin.buffer.readline():
        asked = json.loads(request)
        data = sys.stdin.buffer.read(asked["size"])
        if len(data) < asked["size"]:
            return
        faulthandler.dump_traceback_later(2 * seconds, exit=True)  # a thread that needs no turn of this one
        try:
            reply = json.dumps(_answer(asked["module"], data)).encode()
        except MemoryError:
            os._exit(OUT_OF_MEMORY)  # nothing that is left of this process can be relied on
        faulthandler.cancel_dump_traceback_later()
        replies.write(reply + b"\n")
        replies.flush()


def _answer(module: str, data: bytes) -> dict[str, Any]:
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
    except Exception as error:  # a parser's own mistake must cost no other file
        return {"error": f"its reader failed: {type(error).__name__}: {str(error)[:200]}"}
    fields = asdict(extracted)
    return {"extracted": {**fields, "date": fields["date"] and fields["date"].isoformat()}}


if sys.platform != "win32":

    def _bind(lifeline: int) -> None:
        """Have the system send SIGIO, which ends a process, when the parent's end of the pipe is closed."""
        import fcntl

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)

    def _limit(memory: int) -> None:
        import resource

        with contextlib.suppress(ValueError, OSError):  # a system that has no such limit goes without
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

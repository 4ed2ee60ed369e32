"""A format whose files do what their bytes say: what native parsers do at their worst. Loaded by the child process."""

from __future__ import annotations

import os
import signal
import sys
import time

from citeqa.index.errors import DocumentError
from citeqa.index.formats import Extracted, progress

calls = 0


def extract(data: bytes) -> Extracted:
    global calls
    calls += 1
    match data.split():
        case [b"sleep"]:
            time.sleep(600)
        case [b"slow"]:
            for _ in range(6):
                time.sleep(0.6)
                progress.report()
        case [b"crash"]:
            os.kill(os.getpid(), signal.SIGSEGV)
        case [b"crash-if-used"] if calls > 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        case [b"exit"]:
            print("the last words", file=sys.stderr, flush=True)
            os._exit(3)
        case [b"memory"]:
            bytearray(8 * 1024**3)
        case [b"recurse"]:
            extract(data)
        case [b"refuse"]:
            raise DocumentError("it is refused")
        case [b"fail"]:
            raise IndexError("a mistake")
        case [b"print"]:
            print('{"error": "not an answer"}', flush=True)
        case [b"pid"]:
            return Extracted(str(os.getpid()))
    return Extracted(data.decode("utf-8", "surrogateescape"))

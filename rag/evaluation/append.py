"""Adding a line to a JSONL file, for good: it is on the disk before the call returns, and lines never mix."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from citeqa.index.atomic import sync
from citeqa.index.errors import IndexBusyError, StorageError

PATIENCE = 10.0  # seconds that a writer waits for another one


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Add a row to the file at `path`, which is made if there is none. One writer at a time, in all processes. The
    rest of a line whose writer was killed, which nobody was told is there, is taken away first.

    Raises:
        IndexBusyError: if others write for more than ten seconds.
        StorageError: if it cannot be written.
    """
    line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    try:
        with FileLock(path.with_name(f".{path.name}.lock"), timeout=PATIENCE):
            new = not path.exists()
            with path.open("ab+") as file:
                _mend(file)
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if new:
                sync(path.parent)
    except Timeout:
        raise IndexBusyError("another process", str(path)) from None
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error


def _mend(file: BinaryIO) -> None:
    """Make the file end with a whole line: what a person left without an end is ended, what is torn is cut off."""
    size = file.seek(0, os.SEEK_END)
    start, last = size, b""
    while start and b"\n" not in last:
        step = min(65536, start)
        start = file.seek(start - step)
        last = file.read(step) + last
    rest = last.rpartition(b"\n")[2]
    if not rest.strip():
        return
    try:
        json.loads(rest)
        file.write(b"\n")
    except ValueError:
        file.truncate(size - len(rest))

"""Appends rows to a JSONL file durably: the row is on disk before the call returns, and rows never mix."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from citeqa.index.atomic import sync
from citeqa.index.errors import IndexBusyError, StorageError

PATIENCE = 10.0  # seconds that a writer waits for another


def append_row(path: Path, row: Mapping[str, Any]) -> None:
    """Append a row to the file at `path`, which is created if it does not exist. Only one process writes at a time. If
    an earlier writer was killed in the middle of a line, that partial line, which was never confirmed to anybody, is
    removed first.

    Raises:
        IndexBusyError: if others write for more than ten seconds.
        StorageError: if the row cannot be written.
    """
    if not path.parent.is_dir():  # what was removed on purpose does not come back with a row
        raise StorageError(path, "its folder does not exist any more")
    line = json.dumps(dict(row), ensure_ascii=False, allow_nan=False).encode() + b"\n"
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
    """Make the file end with a complete line: end a line that a person left open, cut off a partial one."""
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

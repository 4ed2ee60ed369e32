"""The writer's lock: one process at a time may write to an index."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from citeqa.index.atomic import write_json
from citeqa.index.errors import IndexBusyError, StorageError

_LOOK = 0.01  # seconds between looks at a lock that is waited for


@contextmanager
def writer_lock(folder: Path, doing: str, wait: float = 0.0) -> Iterator[None]:
    """Hold the right to write for as long as the block lasts. `doing` is what others are told that this process does.
    A process that has the right is waited for, at most `wait` seconds.

    Raises:
        IndexBusyError: if another process has it; the message says which, since when and what it does.
        StorageError: if nobody may write there.
    """
    lock, holder = FileLock(folder / "writer.lock", timeout=0), folder / "writer.json"
    try:
        _acquire(lock, folder, wait)
    except Timeout:
        raise IndexBusyError(_holder(holder), f"the index in {folder}") from None
    except OSError as error:
        raise StorageError(folder, error.strerror or str(error)) from error
    try:
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        with suppress(OSError):  # a full disk is no reason not to remove documents
            write_json(holder, {"process": os.getpid(), "since": since, "doing": doing})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, folder: Path, wait: float) -> None:
    """Acquire the lock, in turn with the other processes that wait: only one of them looks at it at a time, so that a
    process which writes again and again is not always the first to see that it is free.

    Raises:
        Timeout: if others have it for longer than `wait` seconds.
    """
    if not wait:
        lock.acquire()
        return
    until = time.monotonic() + wait
    with FileLock(folder / "writer.queue").acquire(timeout=wait, poll_interval=_LOOK):
        lock.acquire(timeout=max(0.0, until - time.monotonic()), poll_interval=_LOOK)


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"another process ({held['process']}, {held['doing']}, since {held['since']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has only just begun, or is just ending
        return "another process"

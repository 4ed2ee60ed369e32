"""The writer's lock: one process at a time may write to an index."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from citeqa.index.atomic import write_json
from citeqa.index.errors import IndexBusyError


@contextmanager
def writer_lock(folder: Path, doing: str) -> Iterator[None]:
    """Hold the right to write for as long as the block lasts. `doing` is what others are told that this process does.

    Raises:
        IndexBusyError: if another process has it; the message says which, since when and what it does.
    """
    lock, holder = FileLock(folder / "writer.lock", timeout=0), folder / "writer.json"
    try:
        lock.acquire()
    except Timeout:
        raise IndexBusyError(_holder(holder), f"the index in {folder}") from None
    try:
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        with suppress(OSError):  # a full disk is no reason not to remove documents
            write_json(holder, {"process": os.getpid(), "since": since, "doing": doing})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"another process ({held['process']}, {held['doing']}, since {held['since']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has only just begun, or is just ending
        return "another process"

"""Models that are opened once and shared by all who use them at the same time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

Opened = TypeVar("Opened")

Key = tuple[Path, tuple[tuple[str, int, int], ...]]


class Shared(Generic[Opened]):
    """What was opened from folders and is still in use, so that a program with several indexes holds a model once.

    A folder whose files have changed meanwhile is opened anew. Nothing is kept for its own sake: what nobody uses any
    more is freed. Safe to share between threads.
    """

    def __init__(self, open_folder: Callable[[Path], Opened]) -> None:
        self._open = open_folder
        self._opened: WeakValueDictionary[Key, Opened] = WeakValueDictionary()
        self._lock = Lock()

    def open(self, folder: Path) -> Opened:
        """What is in a folder. Raises what opening it raises."""
        with self._lock:
            key = _key(folder)
            found = self._opened.get(key)
            if found is None:
                found = self._opened[key] = self._open(folder)
            return found


def _key(folder: Path) -> Key:
    """The folder, and the name, size and time of change of each of its files."""
    try:
        files = sorted((file.name, file.stat()) for file in folder.iterdir() if file.is_file())
    except OSError:
        files = []  # opening it says what is wrong
    return folder.resolve(), tuple((name, found.st_size, found.st_mtime_ns) for name, found in files)

"""Whether a database was written to: asked at each request, so it must cost next to nothing."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from citeqa.index.storage.database import connected, journal_of

Version = tuple[int, ...]


class Probe:
    """A connection that holds no state of the database, so that its journal can be emptied. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._connection: sqlite3.Connection | None = None
        try:
            self._connection = connected(path, timeout=0)
        except sqlite3.Error:  # whoever opens the database itself says what is wrong
            return

    def version(self) -> Version | None:
        """What differs from an earlier version if another connection has written since, or another file lies at the
        path. None if that cannot be told at once. SQLite's own number does not grow where the folder cannot be written
        and the file is read as one that never changes; there the file's time says so, or the size of a journal."""
        try:
            file = self._path.stat()
            with self._lock:
                if self._connection is None:
                    return None
                number = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return file.st_dev, file.st_ino, file.st_mtime_ns, journal_of(self._path), number
        except (OSError, sqlite3.Error):
            return None

    def close(self) -> None:
        """Close the connection; from now on nothing can be told."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

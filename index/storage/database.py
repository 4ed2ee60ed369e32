"""One SQLite file: opening it, transactions, errors that say what to do, and upkeep. It knows nothing of documents."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from citeqa.index.errors import IndexDamagedError, IndexMismatchError, IndexOutdatedError, StorageError
from citeqa.index.storage import schema
from citeqa.index.storage.rows import Rows

_PATIENCE = 5000  # milliseconds to wait for another process's short step
_REFUSED = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}  # the disk's fault, not the database's

_UNWRITABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


class Database(Rows):
    """A connection to the database. Several threads may use it; they take turns.

    Opened for reading, it shows the state of that moment for as long as it is open.

    Raises:
        IndexDamagedError: from any method, if the database cannot be read.
        StorageError: from any method that writes, if the disk refuses.
    """

    def __init__(self, path: Path, *, write: bool = False, earlier: bool = False) -> None:
        """Open the database at `path`; for writing, it is created or upgraded as needed. For reading, an `earlier`
        format will do where only what all formats have is asked for: the settings.

        Raises:
            IndexOutdatedError: if it is opened for reading and has an earlier format.
            IndexMismatchError: if it has a later format.
        """
        self._lock = threading.RLock()
        self._path = path
        with self._guarded():
            self._connection = connected(path, write=write)
            try:
                self._prepare(write, earlier)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, write: bool, earlier: bool) -> None:
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        execute = self._connection.execute
        if not write:
            execute("BEGIN")
        found = schema.format_of(self._connection)  # the first read takes a reader's snapshot
        if not write and not earlier and 0 < found < schema.FORMAT:
            raise IndexOutdatedError(f"the database {self._path} has the earlier format {found}")
        if found > schema.FORMAT:
            raise IndexMismatchError(
                f"the database {self._path} has format {found}, this program reads format {schema.FORMAT}; "
                "use the version of citeqa that made it, or index the documents again into another folder (--index)"
            )
        if write:
            execute("PRAGMA journal_mode = WAL")
            execute("PRAGMA synchronous = FULL")
            execute("PRAGMA foreign_keys = ON")
            execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten
            schema.create_or_upgrade(self._connection)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes in the block become durable together, or none does."""
        with self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself rolls back what a full disk stopped
                    self._connection.execute("ROLLBACK")
                raise

    def faults(self) -> list[str]:
        """What SQLite's own checks find wrong with the database; empty if nothing."""
        found = [row[0] for row in self._fetch("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [f"a row of {row[0]} refers to nothing" for row in self._fetch("PRAGMA foreign_key_check")]

    def copy(self, path: Path) -> None:
        """Copy the database as it is now to `path`, while others may write (SQLite's online backup)."""
        with self._guarded(), closing(sqlite3.connect(path)) as target:
            self._connection.backup(target)

    def compact(self) -> None:
        """Write the whole database anew, and empty the journal.

        `secure_delete` overwrites a deleted row, but not the copies that SQLite left in the gaps of its pages when it
        moved the row. Writing everything anew leaves none of them. Where there is no room for a second database, this
        step is left out.
        """
        with suppress(StorageError):
            self._fetch("VACUUM")
        self.purge()

    def purge(self) -> bool:
        """Bring what was committed into the database file and empty the journal, which may hold deleted texts.

        Returns:
            Whether it could: not while a reader looks at an earlier state, and not on a full disk.
        """
        self._fetch("PRAGMA busy_timeout = 0")
        try:
            return not self._fetch("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]
        except StorageError:  # what was committed is durable in the journal all the same
            return False
        finally:
            self._fetch(f"PRAGMA busy_timeout = {_PATIENCE}")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn SQLite's errors into ours, and let one thread in at a time."""
        try:
            with self._lock:
                yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter from names in a damaged schema
            if isinstance(error, sqlite3.ProgrammingError):
                raise
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _REFUSED:  # the lowest byte of an extended code
                raise StorageError(self._path, str(error)) from error
            mend = "if its disk and permissions are in order, move it away and index the documents again"
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNWRITABLE and journal_of(self._path):
                mend = "its journal can only be read where its folder may be written: run citeqa doctor there once"
            raise IndexDamagedError(f"the database {self._path} cannot be used: {error}; {mend}") from error

    def _fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a statement's result."""
        with self._guarded():
            return self._connection.execute(sql, values).fetchall()

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Make a change."""
        with self._guarded():
            self._connection.execute(sql, values)

    def _fetch_blocks(self, sql: str, after: int, last: int, block: int) -> Iterator[list[Any]]:
        """The rows of a result in blocks. The statement's first column is an ascending number, and its values are
        bound to: after which number, up to which, and how many rows at most."""
        while rows := self._fetch(sql, (after, last, block)):
            yield rows
            after = rows[-1][0]


def connected(path: Path, *, write: bool = False, timeout: float = 5.0) -> sqlite3.Connection:
    """A connection to the database at `path`, which waits `timeout` seconds for others; for writing, it is created if
    there is none.

    Readers, too, write to the files beside the database, by which they and writers tell each other what they do. Where
    that is refused, because the folder cannot be written, and no journal holds what the database lacks, nobody changes
    the database either, and it is read as a file that never changes.
    """
    address = f"file:{quote(str(path))}?mode={'rwc' if write else 'ro'}"
    connection = sqlite3.connect(address, timeout, uri=True, isolation_level=None, check_same_thread=False)
    if write or not _kept_from_reading(connection) or journal_of(path):
        return connection
    connection.close()
    return sqlite3.connect(f"{address}&immutable=1", uri=True, isolation_level=None, check_same_thread=False)


def _kept_from_reading(connection: sqlite3.Connection) -> bool:
    """Whether a database cannot be read because its folder cannot be written."""
    try:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchall()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode & 0xFF in _UNWRITABLE
    except sqlite3.DatabaseError:  # damaged: whoever reads it says so
        return False
    return False


def journal_of(path: Path) -> int:
    """How many bytes the journal of a database holds."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0


def _fold(text: str) -> str:
    return text.casefold()

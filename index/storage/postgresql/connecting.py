"""Connections to the server, and its errors in our words. Only this package imports psycopg."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg_pool import ConnectionPool, PoolTimeout

from citeqa.index.errors import CiteqaError, IndexBusyError, StorageError, StoreUnreachableError
from citeqa.index.storage.postgresql.address import Address, secrets_of

Connection = psycopg.Connection[tuple[Any, ...]]
Result = TypeVar("Result")

_LONGEST = 8  # connections of one process to one corpus
_WAIT = 10.0  # seconds to wait for one of them
PATIENCE = 10.0  # seconds that a lost connection is tried to be made again
_AGAIN = 0.1  # seconds between two attempts
_IDLE = 60.0  # seconds after which one that nobody uses is closed
# A writer that vanishes in the middle of a step lets go of what it locked (milliseconds).
_SESSION = (
    "SET idle_in_transaction_session_timeout = 60000",
    "SET lock_timeout = 30000",
    "SET timezone = 'UTC'",
    "SET client_min_messages = warning",
    "SET default_transaction_isolation = 'read committed'",
)
GONE = (psycopg.OperationalError, psycopg.InterfaceError)  # what a broken connection raises, among others

_pools: dict[str, ConnectionPool[Connection]] = {}
_making = threading.Lock()


class Lease:
    """A connection in autocommit mode, with the corpus's schema before all others, that is made anew when it is lost.
    One thread uses it."""

    def __init__(self, address: Address, connection: Connection) -> None:
        self.connection = connection
        self._address, self._own, self._inside = address, False, False

    def steadily(self, call: Callable[[Connection], Result]) -> Result:
        """Make a call, again where the connection is lost and comes back within some seconds. Within a transaction it
        is made once."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return call(self.connection)
            except GONE:
                if self._inside or not self.connection.closed:
                    raise
                self._renew(until)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All changes in the block become durable together, or none does."""
        self._inside = True
        try:
            with self.connection.transaction():
                yield self.connection
        finally:
            self._inside = False

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """The database as it is now, whatever others write within the block. Never writes anything."""
        connection = self.connection
        connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        try:
            with self.transaction():
                connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it holds no locks
                yield connection
        finally:
            if not connection.closed:
                connection.isolation_level, connection.read_only = None, None

    def _renew(self, until: float) -> None:
        """Connect again. Raises what the last attempt raised, when it is `until`."""
        while True:
            try:
                new: Connection = psycopg.connect(self._address.conninfo, autocommit=True)
                break
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(_AGAIN)
        _set_up(new, self._address.schema)
        self.close()
        self.connection, self._own = new, True

    def close(self) -> None:
        """Close the connection if it is not the pool's."""
        if self._own:
            self.connection.close()


@contextmanager
def leased(address: Address) -> Iterator[Lease]:
    """A connection of this process's pool.

    Raises:
        StoreUnreachableError: if the server cannot be reached, or is lost within the block for too long.
        IndexBusyError: if others hold what is needed for too long.
        StorageError: if the server's disk refuses.
    """
    with guarded(address), _pool(address).connection(timeout=_WAIT) as connection:
        lease = Lease(address, connection)
        try:
            yield lease
        finally:
            lease.close()


def connect(address: Address) -> Connection:
    """A connection of its own, set up like those of the pool; closed by the caller."""
    with guarded(address):
        connection: Connection = psycopg.connect(address.conninfo, autocommit=True)
        try:
            _set_up(connection, address.schema)
        except BaseException:
            connection.close()
            raise
        return connection


def _pool(address: Address) -> ConnectionPool[Connection]:
    key = f"{address.schema} {address.conninfo}"
    with _making:
        if key not in _pools:
            _check_server(address)
            _pools[key] = ConnectionPool(
                address.conninfo,
                connection_class=psycopg.Connection,
                kwargs={"autocommit": True},
                configure=lambda connection: _set_up(connection, address.schema),
                check=ConnectionPool.check_connection,
                min_size=0,
                max_size=_LONGEST,
                max_idle=_IDLE,
                reconnect_timeout=_WAIT,
                open=True,
            )
        return _pools[key]


def _check_server(address: Address) -> None:
    """The pool tries again and again to connect: what is wrong is told by one attempt of our own."""
    connect(address).close()


@atexit.register
def close_pools() -> None:
    """Close all connections of this process that are not in use."""
    with _making:
        for pool in _pools.values():
            pool.close(timeout=1.0)
        _pools.clear()


def _set_up(connection: Connection, schema: str) -> None:
    found = connection.execute("SHOW server_encoding").fetchone()
    if found != ("UTF8",):
        raise CiteqaError(
            f"the database has the encoding {found and found[0]}, UTF8 is needed: CREATE DATABASE citeqa "
            "ENCODING 'UTF8' TEMPLATE template0"
        )
    for statement in _SESSION:
        connection.execute(statement)
    connection.execute("SELECT set_config('search_path', %s, false)", (f'"{schema}"',))


@contextmanager
def guarded(address: Address) -> Iterator[None]:
    """Turn the server's errors into ours. They name neither passwords nor what was stored."""
    try:
        yield
    except (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure):
        raise IndexBusyError("another process", f"the store {address.shown}") from None
    except (errors.DiskFull, errors.OutOfMemory, errors.ReadOnlySqlTransaction) as error:
        raise StorageError(address.shown, _reason(error, address)) from None
    except errors.InsufficientPrivilege as error:
        raise CiteqaError(f"the store {address.shown} does not allow it: {_reason(error, address)}") from None
    except PoolTimeout:
        raise StoreUnreachableError(address.shown, "it takes no more connections, or cannot be reached") from None
    except GONE as error:
        raise StoreUnreachableError(address.shown, _reason(error, address)) from None
    except psycopg.DatabaseError as error:
        raise CiteqaError(f"the store {address.shown} refuses: {_reason(error, address)}") from None
    except psycopg.ProgrammingError:  # of libpq, about the address itself
        raise CiteqaError(f"the address {address.shown} cannot be used: it holds what libpq does not know") from None


def _reason(error: psycopg.Error, address: Address) -> str:
    """The first line of what was said; details may hold values."""
    said = error.diag.message_primary or (str(error).strip().splitlines() or ["the connection was lost"])[0]
    for secret in secrets_of(address.conninfo):
        said = said.replace(secret, "***")
    return said

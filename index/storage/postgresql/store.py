"""An index in PostgreSQL, which any number of machines share (see `Store`)."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citeqa.index.errors import IndexDamagedError, IndexNotFoundError, StorageError, StoreUnreachableError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.connecting import leased
from citeqa.index.storage.postgresql.following import following
from citeqa.index.storage.postgresql.replica import Replica
from citeqa.index.storage.postgresql.tables import check_version, create_or_upgrade
from citeqa.index.storage.postgresql.view import Contact, ReplicaIndex
from citeqa.index.storage.postgresql.writer import PostgresWriter, changed, vacuum
from citeqa.index.storage.sqlite_store import nothing

if TYPE_CHECKING:
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.protocols import IndexSettings, LoadEmbedder, OpenIndex, Progress, Records
    from citeqa.index.types import Finding, Report

log = logging.getLogger(__name__)

_PATIENCE = 60.0  # seconds that a view waits for the change it is to show
_MOMENT = 5.0  # seconds to wait for another process that brings the replica up to date; then it is taken as it is
_TRIES = 3  # times that a replica is opened which another process puts in another's place


class PostgresStore:
    """The corpus at an address (see `Store`). Threads may share it."""

    def __init__(self, address: str) -> None:
        self._address = Address.of(address)
        self._contact = Contact()
        self._took_away = False
        self._kept: Replica | None = None

    @property
    def _replica(self) -> Replica:
        if self._kept is None:
            self._kept = Replica(self._address)
        return self._kept

    def exists(self) -> bool:
        return bool(self.settings())

    def settings(self) -> IndexSettings:
        try:
            with leased(self._address) as lease:
                if not check_version(lease.connection, self._address):
                    return {}
                return PostgresCatalog(lease, self._address).settings()
        except StoreUnreachableError:
            if self._address.folder and (folder := self._replica.current()):
                with closing(Catalog(folder / DATABASE)) as catalog:
                    return catalog.settings()
            raise

    def open(self, before: OpenIndex | None = None, *, change: int = 0) -> OpenIndex:
        self._bring(change)
        earlier = before if isinstance(before, ReplicaIndex) else None
        for left in reversed(range(_TRIES)):
            folder = self._replica.current()
            if folder is None:  # another process found it damaged
                self._bring(change)
                continue
            try:
                return ReplicaIndex(folder, earlier, self._replica, self._address, self._contact)
            except (IndexNotFoundError, IndexDamagedError) as error:
                if not left:
                    raise
                if isinstance(error, IndexDamagedError) and folder == self._replica.current():
                    log.warning("the replica is damaged and is made anew from the store: %s", error)
                    self._replica.discard()
                    self._bring(change)
        raise IndexNotFoundError(self._address.shown)

    def _bring(self, change: int) -> None:
        """Bring the replica up to date, at least to this change.

        Raises:
            StoreUnreachableError: if the server cannot be reached, and the replica does not show this change.
            StorageError: if this machine's disk refuses, and the replica does not show this change.
        """
        there = self._replica.current() is not None
        until = time.monotonic() + _PATIENCE
        wait = _PATIENCE if change or not there else 0.0 if self._contact.following else _MOMENT
        try:
            while self.look(wait) is None:
                if self._replica.current() and (not change or self._replica.change() >= change):
                    return
                if there and time.monotonic() > until:
                    raise StoreUnreachableError(self._address.shown, f"change {change} does not arrive")
        except (StorageError, StoreUnreachableError) as error:
            if self._replica.current() is None or self._replica.change() < change:
                raise
            log.warning("answering from the replica as it is, with change %d: %s", self._replica.change(), error)

    def look(self, wait: float = 0.0) -> int | None:
        """Bring the replica up to date. Returns its change; None if others are at it for longer than the wait."""
        reached = self._replica.catch_up(wait)
        if reached is not None:
            self._contact.confirm()
        return reached

    def _look_and_settle(self) -> None:
        self.look()
        self._replica.settle()

    @contextmanager
    def following(self) -> Iterator[None]:
        self._contact.following = True
        try:
            with following(self._address, self._look_and_settle):
                yield
        finally:
            self._contact.following = False

    @contextmanager
    def reading(self) -> Iterator[Records]:
        with leased(self._address) as lease:
            if check_version(lease.connection, self._address):
                yield PostgresCatalog(lease, self._address)
                return
        with nothing() as empty:
            yield empty

    @contextmanager
    def writing(
        self,
        load: LoadEmbedder,
        chunker: ChunkerSettings,
        doing: str,
        progress: Progress | None = None,
        wait: float = 0.0,
    ) -> Iterator[PostgresWriter]:
        with leased(self._address) as lease:
            create_or_upgrade(lease.connection, self._address)
            writer = PostgresWriter(lease, self._address, load, chunker, progress)
            if not writer.catalog.settings():
                writer.check_settings()
            yield writer
            self._took_away = self._took_away or writer.took_away

    def reindex(self, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
        from citeqa.index.storage.postgresql.reindex import reindex

        self._check_exists()
        return reindex(self._address, embedder, chunker, progress)

    def calibration(self) -> str | None:
        self._check_exists()
        with leased(self._address) as lease:
            return PostgresCatalog(lease, self._address).state().calibration

    def calibrate(self, calibration: str | None) -> None:
        self._check_exists()
        with leased(self._address) as lease, lease.transaction() as connection:
            connection.execute("UPDATE corpus SET calibration = %s", (calibration,))
            changed(connection, self._address, "calibrate")

    def keep_feedback(self, row: Mapping[str, Any], document_ids: Sequence[str]) -> None:
        self._keep_line(json.dumps(dict(row), ensure_ascii=False, allow_nan=False).encode(), document_ids)

    def keep_feedback_line(self, line: bytes) -> None:
        row = json.loads(line)
        places = [*row.get("spans", []), *row.get("rejected", []), *row.get("deleted", [])]
        self._keep_line(line, [place["document_id"] for place in places])

    def _keep_line(self, line: bytes, document_ids: Sequence[str]) -> None:
        with leased(self._address) as lease, lease.transaction() as connection:
            sql = "INSERT INTO feedback (document_ids, line) VALUES (%s, %s)"
            connection.execute(sql, (list(document_ids), line))

    def feedback(self) -> Iterator[bytes]:
        with leased(self._address) as lease:
            if check_version(lease.connection, self._address):
                rows = lease.connection.execute("SELECT line FROM feedback ORDER BY id", binary=True).fetchall()
                yield from (row[0].rstrip(b"\n") for row in rows)

    def examine(self, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
        from citeqa.index.storage.postgresql.doctor import examine

        self._check_exists()
        return examine(self._address, self._replica if self._address.folder else None, load)

    def backup(self, target: Path) -> int:
        from citeqa.index.storage.postgresql.backup import backup

        self._check_exists()
        return backup(self._address, target)

    def purge(self) -> bool:
        if self._took_away:
            with suppress(StoreUnreachableError), leased(self._address) as lease:
                vacuum(lease)
                self._took_away = False
        folder = self._replica.current() if self._address.folder else None
        if folder is None:
            return True
        with closing(Catalog(folder / DATABASE, write=True)) as catalog:
            return catalog.purge()

    def _check_exists(self) -> None:
        if not self.exists():
            raise IndexNotFoundError(self._address.shown)

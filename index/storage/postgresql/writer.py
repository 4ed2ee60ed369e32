"""Writing to a corpus: any number of processes may do so at once. Each document is locked for the moment of its change,
and the numbers of changes are given at the very end, so that they become visible in their order."""

from __future__ import annotations

import json
from collections.abc import Mapping

from psycopg import errors

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.errors import ChangedMeanwhileError
from citeqa.index.protocols import IndexSettings, LoadEmbedder, Progress
from citeqa.index.storage.collecting import Collector
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.connecting import Connection, Lease, guarded
from citeqa.index.storage.postgresql.tables import COLUMNS, row_of
from citeqa.index.storage.settings import check_settings
from citeqa.index.storage.traces import without_words
from citeqa.index.types import Document, SourceFile

_TRIES = 5  # times that a step is tried which got in another one's way
_VALUES = f"({', '.join(COLUMNS)}) VALUES ({', '.join(['%s'] * len(COLUMNS))})"
_PUT = (
    f"INSERT INTO documents {_VALUES} ON CONFLICT (id) DO UPDATE SET "
    f"{', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
).encode()
_ADD = f"INSERT INTO documents {_VALUES} ON CONFLICT (id) DO NOTHING".encode()
# The last statement of a step. Whoever updates the row of the corpus holds it until its step is committed, so numbers
# become visible in their order, without gaps; whoever comes next waits for that one moment only.
_NUMBER = b"""
WITH given AS (SELECT * FROM unnest(%(actions)s::text[], %(ids)s::text[], %(digests)s::text[])
                 WITH ORDINALITY AS g (action, document_id, sha256, place)),
     counted AS (UPDATE corpus SET change = change + %(count)s WHERE settings = %(settings)s
                 RETURNING change - %(count)s AS before),
     logged AS (INSERT INTO changes (number, at, action, document_id, sha256)
                SELECT before + place, clock_timestamp(), action, document_id, sha256 FROM counted, given
                RETURNING number)
SELECT max(number), pg_notify(%(channel)s, max(number)::text) FROM logged
"""


def channel_of(address: Address) -> str:
    """The channel on which the changes of a corpus are told, by their numbers."""
    return f"citeqa_{address.schema}"


def settings_text(settings: Mapping[str, str | int]) -> str:
    """Settings as they stand in the row of a corpus."""
    return json.dumps(dict(settings), sort_keys=True)


class PostgresWriter(Collector):
    """Collects changes to a corpus until they are committed (see `Writer`)."""

    def __init__(
        self, lease: Lease, address: Address, load: LoadEmbedder, chunker: ChunkerSettings, progress: Progress | None
    ) -> None:
        self.catalog = PostgresCatalog(lease, address)
        super().__init__(address.shown, self.catalog, load, chunker, progress)
        self._lease, self._at = lease, address
        self._number = self.catalog.last_change()
        self._made_with = self.catalog.settings()
        self._moved: dict[str, SourceFile] = {}
        self._expected: dict[str, str | None] = {}
        self.took_away = False  # whether a text was deleted or replaced

    @property
    def records(self) -> PostgresCatalog:
        """What is stored, without the changes that wait for `commit`."""
        return self.catalog

    @property
    def change(self) -> int:
        """The number of the latest change that this writer committed, else that was there when it began."""
        return self._number

    def expect(self, document_id: str, sha256: str | None) -> None:
        """Let the next commit fail unless the text of a document still has this digest, or there is none if None."""
        self._expected[document_id] = sha256

    def _begin(self, settings: dict[str, str | int]) -> None:
        self._lease.steadily(
            lambda one: one.execute("UPDATE corpus SET settings = %s WHERE settings = '{}'", (settings_text(settings),))
        )

    def _agreed(self, settings: IndexSettings) -> None:
        self._made_with = dict(settings)

    def _keep(self, document: Document, file: SourceFile | None) -> None:
        if file and file != self.catalog.file_of(document.id):
            self._moved[document.id] = file

    def _store(self) -> None:
        if self._pending or self._removed or self._files or self._versions or self._moved:
            with guarded(self._at):
                self._number = max(self._number, self._lease.steadily(lambda _: self._step_again()))
        self.removed += len(self._removed)
        self._clear()
        self._moved, self._expected = {}, {}

    def _step_again(self) -> int:
        """A step, again where another one got in its way."""
        for _ in range(_TRIES - 1):
            try:
                return self._step()
            except (errors.DeadlockDetected, errors.SerializationFailure):
                continue
        return self._step()

    def _step(self) -> int:
        """Write everything in one transaction. Returns the number of its last change; 0 if it made none.

        All documents that are there are locked first, in the order of their ids, then new ones are added in that order:
        so steps seldom stand in each other's way.

        Raises:
            IndexMismatchError: if all was made anew with other settings meanwhile.
            ChangedMeanwhileError: if a document is not as it was expected.
        """
        with self._lease.transaction() as connection:
            for recorded in self._files:
                self.catalog.record_file(*recorded)
            for versions in self._versions.items():
                self.catalog.record_versions(*versions)
            ids = sorted({*self._pending, *self._removed, *self._moved, *self._expected})
            sql = "SELECT id, sha256 FROM documents WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
            there: dict[str, str] = dict(connection.execute(sql, (ids,)).fetchall())
            self._check(there)
            log = [("remove", i, there[i]) for i in self._removed if i in there and i not in self._pending]
            connection.execute("DELETE FROM documents WHERE id = ANY(%s)", ([i for _, i, _ in log],))
            self._put(connection, there)
            log += [("replace" if i in there else "add", i, one.document.sha256) for i, one in self._pending.items()]
            log += [("file", i, there[i]) for i in self._move(connection, there)]
            if gone := [i for i in {**self._removed, **self._pending} if i in there]:
                self._forget(connection, gone)
                self.took_away = True
            return self._finish(connection, log)

    def _check(self, there: Mapping[str, str]) -> None:
        """What was stored by the very step that is tried again is as expected, too."""
        for document_id, expected in self._expected.items():
            mine = self._pending.get(document_id)
            if there.get(document_id) not in (expected, mine.document.sha256 if mine else None):
                raise ChangedMeanwhileError(document_id)

    def _put(self, connection: Connection, there: Mapping[str, str]) -> None:
        ordered = [self._pending[i] for i in sorted(self._pending)]
        new = {i for i, expected in self._expected.items() if expected is None and i not in there}
        with connection.cursor() as cursor:
            for one in ordered:
                if one.document.id in new and not cursor.execute(_ADD, row_of(one)).rowcount:
                    raise ChangedMeanwhileError(one.document.id)
            cursor.executemany(_PUT, [row_of(one) for one in ordered if one.document.id not in new])

    def _move(self, connection: Connection, there: Mapping[str, str]) -> list[str]:
        """Say from which files documents come that stay as they are. Returns the ids of those that are there."""
        moved = [i for i in self._moved if i in there and i not in self._pending and i not in self._removed]
        with connection.cursor() as cursor:
            sql = "UPDATE documents SET root = %s, name = %s WHERE id = %s"
            cursor.executemany(sql, [(*self._moved[i], i) for i in moved])
        return moved

    def _forget(self, connection: Connection, gone: list[str]) -> None:
        """Take the words out of the feedback that stand in none of these documents any more."""
        sql = "SELECT id, line FROM feedback WHERE document_ids && %s FOR UPDATE"
        for row, line in connection.execute(sql, (gone,), binary=True).fetchall():
            if (kept := without_words(line, self.catalog.holds)) != line:
                connection.execute("UPDATE feedback SET line = %s WHERE id = %s", (kept, row))

    def _finish(self, connection: Connection, log: list[tuple[str, str, str]]) -> int:
        """Give the changes of this step their numbers, and tell the replicas."""
        if not log:
            return 0
        actions, ids, digests = map(list, zip(*log, strict=True))
        values = {
            "actions": actions,
            "ids": ids,
            "digests": digests,
            "count": len(log),
            "settings": settings_text(self._made_with),
            "channel": channel_of(self._at),
        }
        row = connection.execute(_NUMBER, values).fetchone()
        if not row or row[0] is None:
            check_settings(self._at.shown, self.catalog.settings(), self._made_with)
        return int(row[0])  # type: ignore[index]

    def compact_if_worn(self) -> None:
        """Give the room of deleted texts back, if any were deleted."""
        if self.took_away:
            vacuum(self._lease)
            self.took_away = False


def vacuum(lease: Lease) -> None:
    """Take deleted texts out of the table of documents, as far as no transaction may still look at them."""
    lease.steadily(lambda one: one.execute("VACUUM documents"))


def changed(connection: Connection, address: Address, action: str) -> int:
    """Give a change that is of no document its number, and tell the replicas; the last statement of a transaction."""
    number = connection.execute("UPDATE corpus SET change = change + 1 RETURNING change").fetchone()
    assert number
    sql = "INSERT INTO changes (number, at, action, document_id, sha256) VALUES (%s, clock_timestamp(), %s, '', '')"
    connection.execute(sql, (number[0], action))
    connection.execute("SELECT pg_notify(%s, %s)", (channel_of(address), str(number[0])))
    return int(number[0])

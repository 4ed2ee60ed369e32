"""SQLite: the one source of truth. Everything else in the data folder can be made again from it."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from citeqa.index.errors import (
    IndexDamagedError,
    IndexMismatchError,
    IndexOutdatedError,
    StorageError,
    UnknownDocumentError,
)
from citeqa.index.ranking.lexical import LexicalEntry
from citeqa.index.storage import schema
from citeqa.index.types import Document, Filters, Passage, SourceFile, Span, Summary

_PATIENCE = 5000  # milliseconds to wait for another process's short step
_REFUSED = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY}  # the disk, not the database
_TAKE_OVER = (
    "DELETE FROM main.passages",
    'INSERT INTO main.passages (document_id, start, "end", vector) '
    'SELECT document_id, start, "end", vector FROM other.passages ORDER BY id',
    "UPDATE main.documents SET heading = o.heading FROM other.documents AS o "
    "WHERE o.id = documents.id AND o.heading <> documents.heading",  # no row is written without need
    "DELETE FROM main.settings",
    "INSERT INTO main.settings SELECT name, value FROM other.settings",
)


class Catalog:
    """Documents, passages with their vectors, settings and a log of changes.

    A catalog opened for reading sees the state of that moment for as long as it is open. A catalog may be used from
    several threads; they take turns.

    Raises:
        IndexDamagedError: from any method, if the database cannot be read.
        StorageError: from any method that writes, if the disk refuses.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self._lock = threading.RLock()
        self._path = path
        mode = "rwc" if write else "ro"
        with self._guarded():
            self._connection = sqlite3.connect(
                f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(write)
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, write: bool) -> None:
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        execute = self._connection.execute
        if not write:
            execute("BEGIN")
        found = schema.form(self._connection)  # the snapshot of a reader is taken by the first read
        if not write and 0 < found < schema.FORMAT:
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
            schema.prepare(self._connection)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter from names in a damaged schema
            if isinstance(error, sqlite3.ProgrammingError):
                raise
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in _REFUSED:  # the extended codes' lowest byte
                raise StorageError(self._path, str(error)) from error
            raise IndexDamagedError(
                f"the database {self._path} cannot be used: {error}; if its disk and permissions are in order, "
                "move it away and index the documents again"
            ) from error

    def _all(self, sql: str, values: Sequence[Any] | dict[str, Any] = ()) -> list[Any]:
        with self._guarded():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside become durable together, or none does."""
        with self._guarded():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself takes back what a full disk stopped
                    self._connection.execute("ROLLBACK")
                raise

    def settings(self) -> dict[str, str | int]:
        """What the index was made with; empty for a new one."""
        return {name: json.loads(value) for name, value in self._all("SELECT name, value FROM settings ORDER BY name")}

    def set_settings(self, settings: dict[str, str | int]) -> None:
        rows = [(name, json.dumps(value)) for name, value in settings.items()]
        with self._guarded():
            self._connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)

    def last_change(self) -> int:
        """The number of the latest change; 0 if there was none."""
        return int(self._all("SELECT coalesce(max(number), 0) FROM changes")[0][0])

    def counts(self) -> tuple[int, int]:
        """How many documents and how many passages there are."""
        return self._all("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)")[0]  # type: ignore[no-any-return]

    def last_passage(self) -> int:
        """The highest number that any passage has ever had; 0 if there was none. Numbers are never used again."""
        return int(self._all("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'passages'")[0][0])

    def generation(self) -> str | None:
        """The manifest of the search files that belong to this very state."""
        rows = self._all("SELECT manifest FROM generation")
        return str(rows[0][0]) if rows else None

    def set_generation(self, manifest: str) -> None:
        """To be called inside the transaction that makes the state the manifest is of."""
        with self._guarded():
            self._connection.execute("INSERT OR REPLACE INTO generation VALUES (1, ?)", (manifest,))

    def put(
        self, document: Document, heading: str, passages: Sequence[Passage], vectors: NDArray[np.float16],
        file: SourceFile | None = None,
    ) -> list[int]:  # fmt: skip
        """Add a document or replace the one with its id; gives the ids of the passages that went. To be called inside
        a transaction."""
        gone = self._passage_ids(document.id)
        with self._guarded():
            execute = self._connection.execute
            replaced = execute("DELETE FROM documents WHERE id = ?", (document.id,)).rowcount
            row = (*schema.values(document), heading, len(document.text), *(file or (None, None)))
            columns = f"{schema.DOCUMENT}, heading, length, root, name"
            execute(f"INSERT INTO documents ({columns}) VALUES ({', '.join('?' * len(row))})", row)
            self._connection.executemany(
                'INSERT INTO passages (document_id, start, "end", vector) VALUES (?, ?, ?, ?)',
                [
                    (p.document_id, p.span.start, p.span.end, vector.tobytes())
                    for p, vector in zip(passages, vectors, strict=True)
                ],
            )
        self._note("replace" if replaced else "add", document.id, document.sha256)
        return gone

    def remove(self, document_id: str) -> list[int]:
        """Delete a document; only its digest stays, in the log. Gives the ids of its passages. To be called inside a
        transaction.

        Raises:
            UnknownDocumentError: if there is none with that id.
        """
        gone = self._passage_ids(document_id)
        with self._guarded():
            rows = self._connection.execute(
                "DELETE FROM documents WHERE id = ? RETURNING sha256", (document_id,)
            ).fetchall()
        if not rows:
            raise UnknownDocumentError([document_id])
        self._note("remove", document_id, rows[0][0])
        return gone

    def _note(self, action: str, document_id: str, sha256: str) -> None:
        sql = "INSERT INTO changes (at, action, document_id, sha256) VALUES (?, ?, ?, ?)"
        with self._guarded():
            self._connection.execute(sql, (datetime.now(UTC).isoformat(), action, document_id, sha256))

    def _passage_ids(self, document_id: str) -> list[int]:
        rows = self._all("SELECT id FROM passages WHERE document_id = ? ORDER BY id", (document_id,))
        return [row[0] for row in rows]

    def cut(self, document: Document, heading: str) -> tuple[list[Passage], NDArray[np.float16]] | None:
        """Passages and vectors of a document that has this text, heading and boilerplate already, whatever its id."""
        row = schema.values(document)
        rows = self._all(
            "SELECT id FROM documents WHERE sha256 = ? AND heading = ? AND boilerplate = ? LIMIT 1",
            (document.sha256, heading, row[10]),
        )
        if not rows:
            return None
        found = self._all('SELECT start, "end", vector FROM passages WHERE document_id = ? ORDER BY id', rows[0])
        passages = [Passage(document.id, Span(a, b), document.quote(Span(a, b))) for a, b, _ in found]
        vectors = np.frombuffer(b"".join(vector for _, _, vector in found), dtype=np.float16)
        return passages, vectors.reshape(len(found), -1) if found else vectors.reshape(0, 0)

    def take_over(self, path: Path, before_commit: Callable[[], object]) -> None:
        """Take settings, headings, passages and vectors of the same documents from another database, in one step.

        `before_commit` is called inside the transaction, when everything is taken over.
        """
        with self._guarded():
            self._connection.execute("ATTACH ? AS other", (str(path),))
        try:
            with self.transaction():
                for statement in _TAKE_OVER:
                    self._connection.execute(statement)
                before_commit()
        finally:
            self._all("DETACH other")
        self.compact()

    def ids(self) -> list[str]:
        """The ids of all documents, in order."""
        return [row[0] for row in self._all("SELECT id FROM documents ORDER BY id")]

    def named(self, sha256: str) -> list[str]:
        """The ids of the documents that have this very text."""
        return [row[0] for row in self._all("SELECT id FROM documents WHERE sha256 = ? ORDER BY id", (sha256,))]

    def faults(self) -> list[str]:
        """What the database itself finds wrong with itself; empty if nothing."""
        found = [row[0] for row in self._all("PRAGMA integrity_check") if row[0] != "ok"]
        return found + [f"a row of {row[0]} refers to nothing" for row in self._all("PRAGMA foreign_key_check")]

    def places(self) -> Iterator[tuple[str, int, int, int]]:
        """Of every passage the document's id, its start and end, and the length of the text."""
        sql = (
            'SELECT p.id, p.document_id, p.start, p."end", length(d.text) FROM passages AS p '
            "JOIN documents AS d ON d.id = p.document_id WHERE p.id > ? AND p.id <= ? ORDER BY p.id LIMIT ?"
        )
        for rows in self._blocks(sql, -1, 2**62, 8192):
            yield from (row[1:] for row in rows)

    def vectors_of_other_size(self, size: int) -> int:
        """How many vectors do not have so many bytes."""
        return int(self._all("SELECT count(*) FROM passages WHERE length(vector) <> ?", (size,))[0][0])

    def copy(self, path: Path) -> None:
        """A copy of the database as it is now, made while others may write (SQLite's online backup)."""
        with self._guarded(), closing(sqlite3.connect(path)) as target:
            self._connection.backup(target)

    def compact(self) -> None:
        """Write the whole database anew, and empty the journal. `secure_delete` overwrites a row that is deleted, but
        not the copies that SQLite left in the gaps of its pages when it moved the row; this leaves none of them. Left
        out where there is no room for a second database."""
        with suppress(StorageError):
            self._all("VACUUM")
        self.purge()

    def purge(self) -> bool:
        """Bring what was committed into the database file and empty the journal, in which earlier texts may stand.
        Whether it could: not while a reader looks at an earlier state, and not on a full disk."""
        self._all("PRAGMA busy_timeout = 0")
        try:
            return not self._all("PRAGMA wal_checkpoint(TRUNCATE)")[0][0]
        except StorageError:  # what was committed is durable in the journal all the same
            return False
        finally:
            self._all(f"PRAGMA busy_timeout = {_PATIENCE}")

    def files(self, root: str) -> dict[str, tuple[str, str | None]]:
        """The files of a folder as they were last read: by name the digest, and why it was skipped if it was."""
        rows = self._all("SELECT name, sha256, reason FROM files WHERE root = ?", (root,))
        return {name: (sha256, reason) for name, sha256, reason in rows}

    def note_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Keep a file's digest and, if it was skipped, why; without a digest the file is forgotten."""
        with self._guarded():
            if sha256 is None:
                self._connection.execute("DELETE FROM files WHERE root = ? AND name = ?", file)
            else:
                self._connection.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (*file, sha256, reason))

    def of_root(self, root: str) -> dict[str, list[str]]:
        """The documents that came from the files of a folder: by the file's name their ids."""
        found: dict[str, list[str]] = {}
        for name, document_id in self._all("SELECT name, id FROM documents WHERE root = ? ORDER BY id", (root,)):
            found.setdefault(name, []).append(document_id)
        return found

    def altered(self, root: str) -> set[str]:
        """The names of a folder's files whose documents have been replaced by something else since they were read; to
        be asked of files that are one document."""
        sql = (
            "SELECT d.name FROM documents AS d JOIN files AS f ON f.root = d.root AND f.name = d.name "
            "WHERE d.root = ? AND d.file_sha256 <> f.sha256"
        )
        return {row[0] for row in self._all(sql, (root,))}

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document came from, if it came from a folder's."""
        rows = self._all("SELECT root, name FROM documents WHERE id = ? AND root IS NOT NULL", (document_id,))
        return SourceFile(*rows[0]) if rows else None

    def assign(self, document_id: str, file: SourceFile | None) -> None:
        """Say what file an unchanged document is from now."""
        with self._guarded():
            self._connection.execute(
                "UPDATE documents SET root = ?, name = ? WHERE id = ?", (*(file or (None, None)), document_id)
            )

    def knows(self, document_id: str) -> bool:
        """Whether there is a document with this id."""
        return bool(self._all("SELECT 1 FROM documents WHERE id = ?", (document_id,)))

    def holds(self, document: Document) -> bool | None:
        """Whether this very document, text and metadata, is there; None if no document has its id."""
        rows = self._all(f"SELECT {schema.WITHOUT_TEXT} FROM documents WHERE id = ?", (document.id,))
        if not rows:
            return None
        return bool(tuple(rows[0]) == (*schema.values(document)[:2], "", *schema.values(document)[3:]))

    def document(self, document_id: str) -> Document:
        """A document, with its text's digest checked: SQLite does not notice when a disk changes what it stored.

        Raises:
            UnknownDocumentError: if there is none with that id.
            IndexDamagedError: if the text is not the one that was stored.
        """
        rows = self._all(f"SELECT {schema.DOCUMENT} FROM documents WHERE id = ?", (document_id,))
        if not rows:
            raise UnknownDocumentError([document_id])
        found = schema.document(rows[0])
        digest = hashlib.sha256(found.text.encode("utf-8", "surrogatepass")).hexdigest()
        if digest != found.sha256:
            raise IndexDamagedError(
                f"the text of {document_id!r} has SHA-256 {digest}, needed {found.sha256}: the database {self._path} "
                "is damaged; put a backup in its place, or move it away and index the documents again"
            )
        return found

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """By document id, the document's date; documents that are not there are left out."""
        wanted = json.dumps(list(document_ids))
        rows = self._all("SELECT id, date FROM documents WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        return {row[0]: schema.day(row[1]) for row in rows}

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """What stands before the passages of each of these documents when they are indexed."""
        wanted = json.dumps(sorted(set(document_ids)))
        return dict(
            self._all("SELECT id, heading FROM documents WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        )

    def summaries(self, limit: int, after: str, contains: str) -> list[Summary]:
        """Up to `limit` documents with ids greater than `after`, in order of id, whose id, title, author or source
        contains the text given (case folded)."""
        rows = self._all(
            f"SELECT id, title, author, date, source, url, sha256, file_sha256, encoding, length, "
            f"(SELECT count(*) FROM passages WHERE document_id = documents.id) "
            f"FROM documents WHERE id > ? AND {schema.CONTAINS} ORDER BY id LIMIT ?",
            (after, contains.casefold(), limit),
        )
        return [Summary._make((*row[:3], schema.day(row[3]), *row[4:])) for row in rows]

    def count(self, contains: str) -> int:
        """How many documents `summaries` would give in all."""
        return int(self._all(f"SELECT count(*) FROM documents WHERE {schema.CONTAINS}", (contains.casefold(),))[0][0])

    def unknown(self, document_ids: Iterable[str]) -> list[str]:
        """The ids that no document has, sorted."""
        wanted = set(document_ids)
        rows = self._all(
            "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(wanted)),)
        )
        return sorted(wanted - {row[0] for row in rows})

    def matching(self, filters: Filters) -> tuple[list[str], NDArray[np.int64]]:
        """The ids of the documents that pass the filters, and of their passages (ascending)."""
        conditions, values = schema.where(filters)
        documents = self._all(f"SELECT id FROM documents AS d WHERE {conditions} ORDER BY id", values)
        passages = self._all(
            "SELECT p.id FROM passages AS p JOIN documents AS d ON d.id = p.document_id "
            f"WHERE {conditions} ORDER BY p.id",
            values,
        )
        return [row[0] for row in documents], np.array([row[0] for row in passages], dtype=np.int64)

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these ids, ascending; ids that no passage has are left out. Each document is read once."""
        spans: dict[str, dict[int, Span]] = {}
        for i, (document_id, start, end) in self.places_of(ids).items():
            spans.setdefault(document_id, {})[i] = Span(start, end)
        sql = "SELECT id, text FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        found: dict[int, Passage] = {}
        with self._guarded():  # one text at a time: together they may be large
            for document_id, text in self._connection.execute(sql, (json.dumps(list(spans)),)):
                for i, span in spans[document_id].items():
                    found[i] = Passage(document_id, span, text[span.start : span.end])
        return dict(sorted(found.items()))

    def places_of(self, ids: Sequence[int]) -> dict[int, tuple[str, int, int]]:
        """Document id, start and end of the passages with these ids; ids that no passage has are left out."""
        sql = 'SELECT id, document_id, start, "end" FROM passages WHERE id IN (SELECT value FROM json_each(?))'
        return {row[0]: row[1:] for row in self._all(sql, (json.dumps(list(ids)),))}

    def vectors(
        self, dimension: int, first: int = 0, last: int = 2**62, block: int = 8192
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Passage ids `(n,)` and vectors `(n, dimension)` in ascending order of ids, `block` at a time; of the passages
        from `first` to `last`."""
        sql = "SELECT id, vector FROM passages WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        for rows in self._blocks(sql, first - 1, last, block):
            vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16)
            yield np.array([row[0] for row in rows], dtype=np.int64), vectors.reshape(len(rows), dimension)

    def indexed_rows(self, first: int = 0, block: int = 1024) -> Iterator[LexicalEntry]:
        """What the lexical index holds, in ascending order of ids, of the passages from `first` on."""
        sql = (
            'SELECT p.id, p.document_id, d.heading || char(10) || substr(d.text, p.start + 1, p."end" - p.start) '
            "FROM passages AS p JOIN documents AS d ON d.id = p.document_id "
            "WHERE p.id > ? AND p.id <= ? ORDER BY p.id LIMIT ?"
        )
        for rows in self._blocks(sql, first - 1, 2**62, block):
            yield from (LexicalEntry(*row) for row in rows)

    def _blocks(self, sql: str, after: int, last: int, block: int) -> Iterator[list[Any]]:
        while rows := self._all(sql, (after, last, block)):
            yield rows
            after = rows[-1][0]


def _fold(text: str) -> str:
    return text.casefold()

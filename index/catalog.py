"""SQLite: the one source of truth. Everything else in the data folder can be made again from it."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from index.errors import IndexDamagedError, UnknownDocumentError
from index.lexical import Row
from index.types import Document, Filters, Passage, Span

SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, author TEXT, date TEXT, source TEXT, url TEXT, sha256 TEXT NOT NULL,
    file_sha256 TEXT NOT NULL, encoding TEXT NOT NULL, boilerplate TEXT NOT NULL, heading TEXT NOT NULL,
    length INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX documents_date ON documents (date);
CREATE INDEX documents_source ON documents (source);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, vector BLOB NOT NULL, UNIQUE (document_id, start, "end")) STRICT;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, document_id TEXT NOT NULL,
    sha256 TEXT NOT NULL) STRICT;
"""
_DOCUMENT = "id, title, text, author, date, source, url, sha256, file_sha256, encoding, boilerplate"
_WITHOUT_TEXT = _DOCUMENT.replace(" text,", " '' AS text,")


class Summary(NamedTuple):
    """A document without its text. `length` counts code points."""

    id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    file_sha256: str
    encoding: str
    length: int
    passages: int


class Catalog:
    """Documents, passages with their vectors, settings and a log of changes.

    A catalog opened for reading sees the state of that moment for as long as it is open. A catalog may be used from
    several threads; they take turns.

    Raises:
        IndexDamagedError: from any method, if the database cannot be read.
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
            self._all("SELECT count(*) FROM sqlite_schema")  # the snapshot is taken by the first read
            return
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA foreign_keys = ON")
        if not self._all("SELECT 1 FROM sqlite_schema WHERE name = 'documents'"):
            self._connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise
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
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

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

    def put(self, document: Document, heading: str, passages: Sequence[Passage], vectors: NDArray[np.float16]) -> None:
        """Add a document or replace the one with its id. To be called inside a transaction."""
        with self._guarded():
            execute = self._connection.execute
            replaced = execute("DELETE FROM documents WHERE id = ?", (document.id,)).rowcount
            values = (*_values(document), heading, len(document.text))
            execute(
                f"INSERT INTO documents ({_DOCUMENT}, heading, length) VALUES ({', '.join('?' * len(values))})", values
            )
            self._connection.executemany(
                'INSERT INTO passages (document_id, start, "end", vector) VALUES (?, ?, ?, ?)',
                [
                    (p.document_id, p.span.start, p.span.end, vector.tobytes())
                    for p, vector in zip(passages, vectors, strict=True)
                ],
            )
            execute(
                "INSERT INTO changes (at, action, document_id, sha256) VALUES (?, ?, ?, ?)",
                (datetime.now(UTC).isoformat(), "replace" if replaced else "add", document.id, document.sha256),
            )

    def holds(self, document: Document) -> bool | None:
        """Whether this very document, text and metadata, is there; None if no document has its id."""
        rows = self._all(f"SELECT {_WITHOUT_TEXT} FROM documents WHERE id = ?", (document.id,))
        if not rows:
            return None
        return bool(tuple(rows[0]) == (*_values(document)[:2], "", *_values(document)[3:]))

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""
        rows = self._all(f"SELECT {_DOCUMENT} FROM documents WHERE id = ?", (document_id,))
        if not rows:
            raise UnknownDocumentError([document_id])
        return _document(rows[0])

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
            f"FROM documents WHERE id > ? AND {_CONTAINS} ORDER BY id LIMIT ?",
            (after, contains.casefold(), limit),
        )
        return [Summary._make((*row[:3], _iso(row[3]), *row[4:])) for row in rows]

    def count(self, contains: str) -> int:
        """How many documents `summaries` would give in all."""
        return int(self._all(f"SELECT count(*) FROM documents WHERE {_CONTAINS}", (contains.casefold(),))[0][0])

    def unknown(self, document_ids: Iterable[str]) -> list[str]:
        """The ids that no document has, sorted."""
        wanted = set(document_ids)
        rows = self._all(
            "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(wanted)),)
        )
        return sorted(wanted - {row[0] for row in rows})

    def matching(self, filters: Filters) -> tuple[list[str], NDArray[np.int64]]:
        """The ids of the documents that pass the filters, and of their passages (ascending)."""
        conditions, values = _where(filters)
        documents = self._all(f"SELECT id FROM documents AS d WHERE {conditions} ORDER BY id", values)
        passages = self._all(
            "SELECT p.id FROM passages AS p JOIN documents AS d ON d.id = p.document_id "
            f"WHERE {conditions} ORDER BY p.id",
            values,
        )
        return [row[0] for row in documents], np.array([row[0] for row in passages], dtype=np.int64)

    def passages(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these ids; ids that no passage has are left out."""
        rows = self._all(
            'SELECT p.id, p.document_id, p.start, p."end", substr(d.text, p.start + 1, p."end" - p.start) '
            "FROM passages AS p JOIN documents AS d ON d.id = p.document_id "
            "WHERE p.id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )
        return {row[0]: Passage(row[1], Span(row[2], row[3]), row[4]) for row in rows}

    def vectors(self, dimension: int, block: int = 8192) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Passage ids `(n,)` and vectors `(n, dimension)` in ascending order of ids, `block` at a time."""
        for rows in self._blocks("SELECT id, vector FROM passages WHERE id > ? ORDER BY id LIMIT ?", block):
            vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16)
            yield np.array([row[0] for row in rows], dtype=np.int64), vectors.reshape(len(rows), dimension)

    def indexed_rows(self, block: int = 1024) -> Iterator[Row]:
        """What the lexical index holds, in ascending order of ids."""
        sql = (
            'SELECT p.id, p.document_id, d.heading || char(10) || substr(d.text, p.start + 1, p."end" - p.start) '
            "FROM passages AS p JOIN documents AS d ON d.id = p.document_id WHERE p.id > ? ORDER BY p.id LIMIT ?"
        )
        for rows in self._blocks(sql, block):
            yield from (Row(*row) for row in rows)

    def _blocks(self, sql: str, block: int) -> Iterator[list[Any]]:
        last = 0
        while rows := self._all(sql, (last, block)):
            yield rows
            last = rows[-1][0]


_CONTAINS = (
    "instr(fold(id || char(10) || title || char(10) || ifnull(author, '') || char(10) || ifnull(source, '')), ?)"
)


def _where(filters: Filters) -> tuple[str, list[Any]]:
    conditions, values = ["1"], []
    if filters.document_ids is not None:
        conditions.append("d.id IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(sorted(filters.document_ids)))
    for condition, value in (
        ("d.source = ?", filters.source),
        ("d.date >= ?", filters.date_from.isoformat() if filters.date_from else None),
        ("d.date <= ?", filters.date_to.isoformat() if filters.date_to else None),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return " AND ".join(conditions), values


def _fold(text: str) -> str:
    return text.casefold()


def _values(document: Document) -> tuple[Any, ...]:
    """A document in the order of the columns in `_DOCUMENT`."""
    d = document
    published = d.date.isoformat() if d.date else None
    boilerplate = json.dumps([[span.start, span.end] for span in d.boilerplate])
    return (
        d.id, d.title, d.text, d.author, published, d.source, d.url, d.sha256, d.file_sha256, d.encoding, boilerplate,
    )  # fmt: skip


def _document(row: Sequence[Any]) -> Document:
    document_id, title, text, author, published, source, url, sha256, file_sha256, encoding, boilerplate = row
    return Document(
        id=document_id,
        title=title,
        text=text,
        author=author,
        date=_iso(published),
        source=source,
        url=url,
        sha256=sha256,
        file_sha256=file_sha256,
        encoding=encoding,
        boilerplate=tuple(Span(*span) for span in json.loads(boilerplate)),
    )


def _iso(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None

"""The database's tables, how tables of an earlier format are upgraded, and how values stand in their rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any

from citeqa.index.types import Document, Filters, Span

FORMAT = 2  # in the database's user_version; a database of format 1 has 0 there

TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, author TEXT, date TEXT, source TEXT, url TEXT, sha256 TEXT NOT NULL,
    file_sha256 TEXT NOT NULL, encoding TEXT NOT NULL, boilerplate TEXT NOT NULL, heading TEXT NOT NULL,
    length INTEGER NOT NULL, text TEXT NOT NULL, pages TEXT NOT NULL DEFAULT '[]', root TEXT, name TEXT) STRICT;
CREATE INDEX documents_date ON documents (date);
CREATE INDEX documents_source ON documents (source);
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, vector BLOB NOT NULL, UNIQUE (document_id, start, "end")) STRICT;
CREATE TABLE changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, action TEXT NOT NULL, document_id TEXT NOT NULL,
    sha256 TEXT NOT NULL) STRICT;
"""
SINCE_2 = """
CREATE INDEX documents_sha256 ON documents (sha256);
CREATE INDEX documents_root ON documents (root, name);
CREATE TABLE files (
    root TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, reason TEXT, PRIMARY KEY (root, name)) STRICT;
CREATE TABLE generation (one INTEGER PRIMARY KEY CHECK (one = 1), manifest TEXT NOT NULL) STRICT;
"""
FROM_1 = """
ALTER TABLE documents ADD COLUMN pages TEXT NOT NULL DEFAULT '[]';
ALTER TABLE documents ADD COLUMN root TEXT;
ALTER TABLE documents ADD COLUMN name TEXT;
"""

DOCUMENT = "id, title, text, author, date, source, url, sha256, file_sha256, encoding, boilerplate, pages"
WITHOUT_TEXT = DOCUMENT.replace(" text,", " '' AS text,")
CONTAINS = "instr(fold(id || char(10) || title || char(10) || ifnull(author, '') || char(10) || ifnull(source, '')), ?)"


def format_of(connection: sqlite3.Connection) -> int:
    """The number of a database's format; 0 if it is empty."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'documents'").fetchall():
        return 0
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) or 1


def create_or_upgrade(connection: sqlite3.Connection) -> None:
    """Create the tables of an empty database, or those that a database of an earlier format lacks, in one step."""
    found = format_of(connection)
    if found < FORMAT:
        statements = {0: TABLES + SINCE_2, 1: FROM_1 + SINCE_2}[found]
        connection.executescript(f"BEGIN; {statements} PRAGMA user_version = {FORMAT}; COMMIT;")


def row_of(document: Document) -> tuple[Any, ...]:
    """A document's values in the order of the columns in `DOCUMENT`."""
    d = document
    published = d.date.isoformat() if d.date else None
    boilerplate = json.dumps([[span.start, span.end] for span in d.boilerplate])
    return (
        d.id, d.title, d.text, d.author, published, d.source, d.url, d.sha256, d.file_sha256, d.encoding, boilerplate,
        json.dumps(d.pages),
    )  # fmt: skip


def document_of(row: Sequence[Any]) -> Document:
    """The document in a row with the columns in `DOCUMENT`."""
    document_id, title, text, author, published, source, url, sha256, file_sha256, encoding, boilerplate, pages = row
    return Document(
        id=document_id,
        title=title,
        text=text,
        author=author,
        date=date_of(published),
        source=source,
        url=url,
        sha256=sha256,
        file_sha256=file_sha256,
        encoding=encoding,
        boilerplate=tuple(Span(*span) for span in json.loads(boilerplate)),
        pages=tuple(json.loads(pages)),
    )


def date_of(value: str | None) -> date | None:
    """The date in a row."""
    return date.fromisoformat(value) if value else None


def condition_of(filters: Filters) -> tuple[str, list[Any]]:
    """The filters as a condition in SQL on the table of documents, named `d`, and the values to bind in it."""
    conditions, bound = ["1"], list[Any]()
    undated = " OR d.date IS NULL" if filters.undated else ""
    if filters.document_ids is not None:
        conditions.append("d.id IN (SELECT value FROM json_each(?))")
        bound.append(json.dumps(sorted(filters.document_ids)))
    for condition, value in (
        ("d.source = ?", filters.source),
        (f"(d.date >= ?{undated})", filters.date_from.isoformat() if filters.date_from else None),
        (f"(d.date <= ?{undated})", filters.date_to.isoformat() if filters.date_to else None),
    ):
        if value is not None:
            conditions.append(condition)
            bound.append(value)
    return " AND ".join(conditions), bound

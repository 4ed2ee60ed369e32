"""The database's tables, how tables of an earlier format are upgraded, and how values stand in their rows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Any

from citeqa.index.structure import Structure, structure_of, values_of
from citeqa.index.types import Document, Filters, Span, Timed

FORMAT = 3  # in the database's user_version; a database of format 1 has 0 there

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
SINCE_3 = """
ALTER TABLE documents ADD COLUMN structure TEXT NOT NULL DEFAULT '{}';
ALTER TABLE documents ADD COLUMN date_origin TEXT;
ALTER TABLE documents ADD COLUMN times TEXT NOT NULL DEFAULT '[]';
ALTER TABLE documents ADD COLUMN recognised TEXT NOT NULL DEFAULT '[]';
ALTER TABLE passages ADD COLUMN context TEXT NOT NULL DEFAULT '';
UPDATE documents SET date_origin = 'metadata' WHERE date IS NOT NULL;
UPDATE documents SET structure = '';
"""

DOCUMENT = (
    "id, title, text, author, date, source, url, sha256, file_sha256, encoding, boilerplate, pages, structure, "
    "date_origin, times, recognised"
)
WITHOUT_TEXT = DOCUMENT.replace(" text,", " '' AS text,")
WITHOUT_LONG_TEXT = DOCUMENT.replace(" text,", " CASE WHEN length <= ? THEN text END,")
IN_FOLDER = "(d.id >= ? AND d.id < ?)"
CONTAINS = "instr(fold(id || char(10) || title || char(10) || ifnull(author, '') || char(10) || ifnull(source, '')), ?)"
# A document's key in an order, and whether the order falls. Keys that are not known come last.
KEYS = {
    "title": ("fold(title)", False),
    "date": ("ifnull(date, '')", True),
    "added": ("rowid", True),
    "source": ("fold(ifnull(source, char(1114111)))", False),
}
# Each is answered from one index alone: of the ids, the sources, the dates.
FOLDERS = """
SELECT folder, count(*) FROM (
    SELECT substr(id, 1, instr(id, '/') - 1) AS folder FROM documents WHERE instr(id, '/')
    UNION ALL
    SELECT substr(id, 1, instr(id, '/') + instr(substr(id, instr(id, '/') + 1), '/') - 1) FROM documents
    WHERE instr(substr(id, instr(id, '/') + 1), '/') AND instr(id, '/'))
GROUP BY folder ORDER BY folder LIMIT ?
"""
SOURCES = """
SELECT source, count(*) FROM documents WHERE source IS NOT NULL GROUP BY source ORDER BY 2 DESC, source LIMIT ?
"""
YEARS = """
SELECT substr(date, 1, 4) AS year, count(*) FROM documents WHERE date IS NOT NULL
GROUP BY year ORDER BY year DESC LIMIT ?
"""


def format_of(connection: sqlite3.Connection) -> int:
    """The number of a database's format; 0 if it is empty."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'documents'").fetchall():
        return 0
    return int(connection.execute("PRAGMA user_version").fetchone()[0]) or 1


def create_or_upgrade(connection: sqlite3.Connection) -> None:
    """Create the tables of an empty database, or those that a database of an earlier format lacks, in one step."""
    found = format_of(connection)
    if found < FORMAT:
        statements = {0: TABLES + SINCE_2, 1: FROM_1 + SINCE_2, 2: ""}[found] + SINCE_3
        connection.executescript(f"BEGIN; {statements} PRAGMA user_version = {FORMAT}; COMMIT;")


def row_of(document: Document) -> tuple[Any, ...]:
    """A document's values in the order of the columns in `DOCUMENT`."""
    d = document
    published = d.date.isoformat() if d.date else None
    boilerplate, recognised = (json.dumps([[s.start, s.end] for s in spans]) for spans in (d.boilerplate, d.recognised))
    times = json.dumps([[t.span.start, t.span.end, t.start, t.end] for t in d.times])
    return (
        d.id, d.title, d.text, d.author, published, d.source, d.url, d.sha256, d.file_sha256, d.encoding, boilerplate,
        json.dumps(d.pages), written(d.structure), d.date_origin, times, recognised,
    )  # fmt: skip


def written(structure: Structure) -> str:
    """A structure as it stands in a row."""
    return json.dumps(values_of(structure), separators=(",", ":"))


def document_of(row: Sequence[Any]) -> Document:
    """The document in a row with the columns in `DOCUMENT`."""
    return Document(**values_in(row))


def values_in(row: Sequence[Any]) -> dict[str, Any]:
    """The fields of the document in a row with the columns in `DOCUMENT`."""
    (
        document_id, title, text, author, published, source, url, sha256, file_sha256, encoding, boilerplate, pages,
        structure, date_origin, times, recognised,
    ) = row  # fmt: skip
    return {
        "id": document_id,
        "title": title,
        "text": text,
        "author": author,
        "date": date_of(published),
        "source": source,
        "url": url,
        "sha256": sha256,
        "file_sha256": file_sha256,
        "encoding": encoding,
        "boilerplate": tuple(Span(*span) for span in json.loads(boilerplate)),
        "pages": tuple(json.loads(pages)),
        "structure": structure_of(json.loads(structure or "{}")),  # empty: read before documents had a structure
        "date_origin": date_origin,
        "times": tuple(Timed(Span(*span), heard, until) for *span, heard, until in json.loads(times)),
        "recognised": tuple(Span(*span) for span in json.loads(recognised)),
    }


def date_of(value: str | None) -> date | None:
    """The date in a row."""
    return date.fromisoformat(value) if value else None


def folder_range(folder: str) -> tuple[str, str]:
    """What to bind in `IN_FOLDER`: the ids of a folder lie between its name with a slash, and with what follows it."""
    return f"{folder}/", f"{folder}0"


def listed(contains: str, filters: Filters | None) -> tuple[str, list[Any]]:
    """Which documents a list shows, as a condition in SQL on the table of documents, named `d`, and the values to bind
    in it: those that pass the filters and whose id, title, author or source contains a text, whatever its case."""
    condition, bound = condition_of(filters or Filters())
    return (f"{condition} AND {CONTAINS}", [*bound, contains.casefold()]) if contains else (condition, bound)


def condition_of(filters: Filters) -> tuple[str, list[Any]]:
    """The filters as a condition in SQL on the table of documents, named `d`, and the values to bind in it."""
    conditions, bound = ["1"], list[Any]()
    undated = " OR d.date IS NULL" if filters.undated else ""
    if filters.document_ids is not None:
        conditions.append("d.id IN (SELECT value FROM json_each(?))")
        bound.append(json.dumps(sorted(filters.document_ids)))
    if filters.folders is not None:
        conditions.append(f"({' OR '.join([IN_FOLDER] * len(filters.folders)) or '0'})")
        bound += [end for folder in sorted(filters.folders) for end in folder_range(folder)]
    for condition, value in (
        ("d.source = ?", filters.source),
        (f"(d.date >= ?{undated})", filters.date_from.isoformat() if filters.date_from else None),
        (f"(d.date <= ?{undated})", filters.date_to.isoformat() if filters.date_to else None),
    ):
        if value is not None:
            conditions.append(condition)
            bound.append(value)
    return " AND ".join(conditions), bound

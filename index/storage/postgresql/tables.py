"""The tables of a corpus, how those of an earlier version are upgraded, and how documents stand in them.

What is known of a document besides its text stands as JSON. Ids compare by code points, as everywhere in the program.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from citeqa.index.context import of_json, to_json
from citeqa.index.errors import IndexMismatchError, IndexOutdatedError
from citeqa.index.storage import schema
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.connecting import Connection
from citeqa.index.storage.prepared import Prepared
from citeqa.index.types import Document, Passage, SourceFile, Span

# What brings the tables from each version to the next; a new corpus gets all of it. Only ever append.
UPGRADES = (
    """
    CREATE TABLE corpus (
        one boolean PRIMARY KEY DEFAULT true CHECK (one), version integer NOT NULL,
        identity uuid NOT NULL DEFAULT gen_random_uuid(), epoch bigint NOT NULL DEFAULT 0,
        settings text NOT NULL DEFAULT '{}', calibration text, change bigint NOT NULL DEFAULT 0);
    INSERT INTO corpus (version) VALUES (0);
    CREATE TABLE documents (
        id text COLLATE "C" PRIMARY KEY, sha256 text NOT NULL, file_sha256 text NOT NULL, length integer NOT NULL,
        passages integer NOT NULL, root text COLLATE "C", name text COLLATE "C", about text NOT NULL,
        heading text NOT NULL, text text NOT NULL, spans text NOT NULL, vectors bytea NOT NULL);
    ALTER TABLE documents ALTER COLUMN vectors SET STORAGE EXTERNAL;
    CREATE INDEX documents_sha256 ON documents (sha256);
    CREATE INDEX documents_root ON documents (root, name);
    CREATE TABLE changes (
        number bigint PRIMARY KEY, at timestamptz NOT NULL, action text NOT NULL, document_id text COLLATE "C" NOT NULL,
        sha256 text NOT NULL);
    CREATE INDEX changes_document ON changes (document_id, number);
    CREATE TABLE files (
        root text COLLATE "C" NOT NULL, name text COLLATE "C" NOT NULL, sha256 text NOT NULL, reason text,
        PRIMARY KEY (root, name));
    CREATE TABLE feedback (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document_ids text[] NOT NULL, line bytea NOT NULL);
    CREATE INDEX feedback_documents ON feedback USING gin (document_ids);
    """,
)
VERSION = len(UPGRADES)

_NAMES = [name.strip() for name in schema.DOCUMENT.split(",")]
_ABOUT = [name for name in _NAMES if name not in ("id", "text", "sha256", "file_sha256")]
PREPARED = "d.id, d.text, d.sha256, d.file_sha256, d.about, d.heading, d.spans, d.vectors, d.root, d.name"


def version_of(connection: Connection, address: Address) -> int:
    """The version of the corpus's tables; 0 if there are none.

    Raises:
        IndexMismatchError: if a later version of this program made them.
    """
    there = connection.execute("SELECT to_regclass(%s)", (f'"{address.schema}".corpus',)).fetchone()
    if there is None or there[0] is None:
        return 0
    row = connection.execute("SELECT version FROM corpus").fetchone()
    found = int(str(row[0])) if row else 0
    if found > VERSION:
        raise IndexMismatchError(
            f"the tables in {address.shown} have version {found}, this program knows version {VERSION}; use the "
            "version of citeqa that made them"
        )
    return found


def check_version(connection: Connection, address: Address) -> bool:
    """Whether the corpus has tables.

    Raises:
        IndexOutdatedError: if an earlier version of this program made them.
        IndexMismatchError: if a later one did.
    """
    found = version_of(connection, address)
    if 0 < found < VERSION:
        raise IndexOutdatedError(
            f"the tables in {address.shown} have version {found}, this program needs version {VERSION}; whatever "
            "writes to it upgrades them, for example: citeqa index FOLDER"
        )
    return found > 0


def create_or_upgrade(connection: Connection, address: Address) -> None:
    """Create the tables, or bring those of an earlier version up to date, in one step; one process does, others
    wait."""
    if version_of(connection, address) == VERSION:
        return
    lock = (f"citeqa tables {address.schema}",)
    connection.execute("SELECT pg_advisory_lock(hashtext(%s))", lock)  # before the transaction, which then sees it all
    try:
        with connection.transaction():
            found = version_of(connection, address)
            if connection.execute("SELECT to_regnamespace(%s)", (f'"{address.schema}"',)).fetchone() == (None,):
                connection.execute(f'CREATE SCHEMA "{address.schema}"'.encode())
            for statements in UPGRADES[found:]:
                connection.execute(statements.encode())
            connection.execute("UPDATE corpus SET version = %s", (VERSION,))
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", lock)


def about_of(document: Document) -> str:
    """What is known of a document besides its text, as it stands in a row."""
    row = dict(zip(_NAMES, schema.row_of(document), strict=True))
    return json.dumps({name: row[name] for name in _ABOUT})


def row_of(one: Prepared) -> tuple[Any, ...]:
    """A document's values in the order of `COLUMNS`."""
    assert one.vectors is not None
    d = one.document
    spans = json.dumps([[p.span.start, p.span.end, to_json(p.context)] for p in one.passages])
    return (
        d.id, d.sha256, d.file_sha256, len(d.text), len(one.passages), *(one.file or (None, None)), about_of(d),
        json.dumps(one.heading), d.text, spans, one.vectors.tobytes(),
    )  # fmt: skip


COLUMNS = (
    "id", "sha256", "file_sha256", "length", "passages", "root", "name", "about", "heading", "text", "spans", "vectors",
)  # fmt: skip


def document_of(document_id: str, text: str, sha256: str, file_sha256: str, about: str) -> Document:
    """The document in a row."""
    known = {"id": document_id, "text": text, "sha256": sha256, "file_sha256": file_sha256}
    known |= json.loads(about)
    return schema.document_of([known[name] for name in _NAMES])


def prepared_of(row: Sequence[Any]) -> Prepared:
    """The document in a row with the columns in `PREPARED`."""
    document = document_of(*row[:5])
    heading, spans, vectors, root, name = row[5:]
    passages = passages_of(document, spans)
    rows = np.frombuffer(vectors, dtype=np.float16)
    return Prepared(
        document,
        json.loads(heading),
        passages,
        rows.reshape(len(passages), -1) if passages else rows.reshape(0, 0),
        SourceFile(root, name) if root is not None else None,
    )


def passages_of(document: Document, spans: str) -> list[Passage]:
    """The passages of a document, from how they stand in a row."""
    return [
        Passage(document.id, span, document.quote(span), of_json(context))
        for start, end, context in json.loads(spans)
        for span in [Span(start, end)]
    ]

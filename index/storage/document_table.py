"""Reading the documents in the database."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citeqa.index.errors import IndexDamagedError, UnknownDocumentError
from citeqa.index.storage import schema
from citeqa.index.storage.database import Database
from citeqa.index.structure import NO_STRUCTURE
from citeqa.index.types import Counted, Document, Facets, Filters, Order, Summary


class DocumentTable(Database):
    """What can be asked about documents."""

    def ids(self) -> list[str]:
        """The ids of all documents, in order."""
        return [row[0] for row in self._fetch("SELECT id FROM documents ORDER BY id")]

    def digests(self) -> dict[str, str]:
        """The digest of each document's text, by id."""
        return dict(self._fetch("SELECT id, sha256 FROM documents"))

    def contains(self, document_id: str) -> bool:
        """Whether there is a document with this id."""
        return bool(self._fetch("SELECT 1 FROM documents WHERE id = ?", (document_id,)))

    def digest(self, document_id: str) -> str | None:
        """The digest of a document's text; None if there is no such document."""
        rows = self._fetch("SELECT sha256 FROM documents WHERE id = ?", (document_id,))
        return str(rows[0][0]) if rows else None

    def files_needed(self) -> set[str]:
        """The digests of the bytes that the documents were made of."""
        return {row[0] for row in self._fetch("SELECT file_sha256 FROM documents")}

    def holds(self, document_id: str, words: str) -> bool:
        """Whether the document with this id exists and holds these words."""
        found = self._fetch("SELECT instr(text, ?) FROM documents WHERE id = ?", (words, document_id))
        return bool(found and found[0][0])

    def unknown(self, document_ids: Iterable[str]) -> list[str]:
        """Those of the ids that no document has, sorted."""
        wanted = set(document_ids)
        rows = self._fetch(
            "SELECT id FROM documents WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(wanted)),)
        )
        return sorted(wanted - {row[0] for row in rows})

    def with_text(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, in order."""
        return [row[0] for row in self._fetch("SELECT id FROM documents WHERE sha256 = ? ORDER BY id", (sha256,))]

    def is_unchanged(self, document: Document) -> bool | None:
        """Whether the document stored under the same id has the same text and metadata; None if there is none."""
        rows = self._fetch(f"SELECT {schema.WITHOUT_TEXT} FROM documents WHERE id = ?", (document.id,))
        if not rows:
            return None
        row, stored = schema.row_of(document), list(rows[0])
        stored[12] = stored[12] or schema.written(NO_STRUCTURE)
        return bool(tuple(stored) == (*row[:2], "", *row[3:]))

    def document(self, document_id: str) -> Document:
        """A document. The digest of its text is checked: SQLite does not notice when a disk changes what it stored.

        Raises:
            UnknownDocumentError: if there is none with that id.
            IndexDamagedError: if the text is not the one that was stored.
        """
        rows = self._fetch(f"SELECT {schema.DOCUMENT} FROM documents WHERE id = ?", (document_id,))
        if not rows:
            raise UnknownDocumentError([document_id])
        return self.checked(schema.document_of(rows[0]))

    def checked(self, document: Document) -> Document:
        """The document. Raises IndexDamagedError if its text is not the one that was stored."""
        digest = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()
        self.check_digest(document.id, digest, document.sha256)
        return document

    def check_digest(self, document_id: str, found: str, needed: str) -> None:
        """Raises IndexDamagedError unless the digest of a text is the one that was stored."""
        if found != needed:
            raise IndexDamagedError(
                f"the text of {document_id!r} has SHA-256 {found}, needed {needed}: the database {self._path} "
                "is damaged; put a backup in its place, or move it away and index the documents again"
            )

    def row_of(self, document_id: str, whole: int) -> tuple[int, tuple[Any, ...]]:
        """The number of a document's row, and the row with the columns in `schema.DOCUMENT`; without the text if that
        has more than `whole` code points. Raises UnknownDocumentError if there is none with that id."""
        rows = self._fetch(
            f"SELECT rowid, {schema.WITHOUT_LONG_TEXT} FROM documents WHERE id = ?", (whole, document_id)
        )
        if not rows:
            raise UnknownDocumentError([document_id])
        return rows[0][0], rows[0][1:]

    def texts(self, document_ids: Iterable[str], whole: int) -> Iterator[tuple[str, str | None]]:
        """The texts of documents by id, but None for those with more than `whole` code points; one at a time, for
        together they may be large."""
        wanted = json.dumps(list(document_ids))
        sql = (
            "SELECT id, CASE WHEN length <= ? THEN text END FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        )
        with self._guarded():
            yield from self._connection.execute(sql, (whole, wanted))

    def open_text(self, row: int) -> sqlite3.Blob:
        """The text in a row, in UTF-8, for `read_text`."""
        with self._guarded():
            return self._connection.blobopen("documents", "text", row, readonly=True)

    def read_text(self, text: sqlite3.Blob, start: int, end: int) -> bytes:
        """Some bytes of a text; fewer, where it ends before."""
        with self._guarded():
            text.seek(start)
            return text.read(end - start)

    def unstructured(self) -> list[tuple[str, str | None]]:
        """The ids, in order, of the documents that were read before documents had a structure, each with the name of
        the file in a folder that it came from, if it came from one."""
        return self._fetch("SELECT id, name FROM documents WHERE structure = '' ORDER BY id")

    def unstructured_count(self) -> int:
        """How many documents `unstructured` gives."""
        return int(self._fetch("SELECT count(*) FROM documents WHERE structure = ''")[0][0])

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """The dates of documents by id; ids that no document has are left out."""
        wanted = json.dumps(list(document_ids))
        rows = self._fetch("SELECT id, date FROM documents WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        return {row[0]: schema.date_of(row[1]) for row in rows}

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages when they are indexed."""
        wanted = json.dumps(sorted(set(document_ids)))
        return dict(
            self._fetch("SELECT id, heading FROM documents WHERE id IN (SELECT value FROM json_each(?))", (wanted,))
        )

    def summaries(self, limit: int, after: str, contains: str, filters: Filters | None = None) -> list[Summary]:
        """Up to `limit` documents with ids greater than `after`, in order of their ids, that pass the filters and whose
        id, title, author or source contains the text given, whatever its case."""
        condition, values = schema.listed(contains, filters)
        rows = self._fetch(
            f"SELECT id, title, author, date, source, url, sha256, file_sha256, encoding, length, "
            f"(SELECT count(*) FROM passages WHERE document_id = d.id) "
            f"FROM documents AS d WHERE id > ? AND {condition} ORDER BY id LIMIT ?",
            (after, *values, limit),
        )
        return [Summary._make((*row[:3], schema.date_of(row[3]), *row[4:])) for row in rows]

    def count(self, contains: str, filters: Filters | None = None) -> int:
        """How many documents `summaries` would give without a limit."""
        condition, values = schema.listed(contains, filters)
        return int(self._fetch(f"SELECT count(*) FROM documents AS d WHERE {condition}", values)[0][0])

    def unknown_folders(self, folders: Iterable[str]) -> list[str]:
        """Those of the folders that no document is in, sorted."""
        sql = f"SELECT EXISTS (SELECT 1 FROM documents AS d WHERE {schema.IN_FOLDER})"
        return [one for one in sorted(folders) if not self._fetch(sql, schema.folder_range(one))[0][0]]

    def sorted_summaries(
        self,
        order: Order,
        limit: int,
        after: tuple[str | int, str] | None,
        contains: str,
        filters: Filters | None = None,
    ) -> list[tuple[str | int, Summary]]:
        """Up to `limit` documents behind the place `after` of an order, each with its key; the document's key and its
        id are its place. Which documents they are is decided as in `summaries`."""
        key, falls = schema.KEYS[order]
        condition, listed = schema.listed(contains, filters)
        behind, values = "1", list[str | int]()
        if after:
            behind = f"(key {'<' if falls else '>'} ? OR (key = ? AND id > ?))"
            values = [after[0], *after]
        rows = self._fetch(
            f"SELECT {key} AS key, id, title, author, date, source, url, sha256, file_sha256, encoding, length, "
            "(SELECT count(*) FROM passages WHERE document_id = d.id) "
            f"FROM documents AS d WHERE {behind} AND {condition} "
            f"ORDER BY key {'DESC' if falls else ''}, id LIMIT ?",
            (*values, *listed, limit),
        )
        return [(row[0], Summary._make((*row[1:4], schema.date_of(row[4]), *row[5:]))) for row in rows]

    def facets(self, most: int) -> Facets:
        """How many documents there are by folder, source and year, at most `most` of each. Each count walks an index of
        the database, without reading a document."""
        (total,) = self._fetch("SELECT count(*) FROM documents")[0]
        counted = (self._fetch(sql, (most,)) for sql in (schema.FOLDERS, schema.SOURCES, schema.YEARS))
        return Facets(total, *(tuple(Counted(*row) for row in rows) for rows in counted))

    def matching(self, filters: Filters) -> tuple[list[str], NDArray[np.int64]]:
        """The ids of the documents that pass the filters, and the numbers of their passages, both ascending."""
        condition, values = schema.condition_of(filters)
        documents = self._fetch(f"SELECT id FROM documents AS d WHERE {condition} ORDER BY id", values)
        passages = self._fetch(
            "SELECT p.id FROM passages AS p JOIN documents AS d ON d.id = p.document_id "
            f"WHERE {condition} ORDER BY p.id",
            values,
        )
        return [row[0] for row in documents], np.array([row[0] for row in passages], dtype=np.int64)

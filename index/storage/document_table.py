"""Reading the documents in the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date

import numpy as np
from numpy.typing import NDArray

from citeqa.index.errors import IndexDamagedError, UnknownDocumentError
from citeqa.index.storage import schema
from citeqa.index.storage.database import Database
from citeqa.index.types import Document, Filters, Summary


class DocumentTable(Database):
    """What can be asked about documents."""

    def ids(self) -> list[str]:
        """The ids of all documents, in order."""
        return [row[0] for row in self._fetch("SELECT id FROM documents ORDER BY id")]

    def contains(self, document_id: str) -> bool:
        """Whether there is a document with this id."""
        return bool(self._fetch("SELECT 1 FROM documents WHERE id = ?", (document_id,)))

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
        row = schema.row_of(document)
        return bool(tuple(rows[0]) == (*row[:2], "", *row[3:]))

    def document(self, document_id: str) -> Document:
        """A document. The digest of its text is checked: SQLite does not notice when a disk changes what it stored.

        Raises:
            UnknownDocumentError: if there is none with that id.
            IndexDamagedError: if the text is not the one that was stored.
        """
        rows = self._fetch(f"SELECT {schema.DOCUMENT} FROM documents WHERE id = ?", (document_id,))
        if not rows:
            raise UnknownDocumentError([document_id])
        found = schema.document_of(rows[0])
        digest = hashlib.sha256(found.text.encode("utf-8", "surrogatepass")).hexdigest()
        if digest != found.sha256:
            raise IndexDamagedError(
                f"the text of {document_id!r} has SHA-256 {digest}, needed {found.sha256}: the database {self._path} "
                "is damaged; put a backup in its place, or move it away and index the documents again"
            )
        return found

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

    def summaries(self, limit: int, after: str, contains: str) -> list[Summary]:
        """Up to `limit` documents with ids greater than `after`, in order of their ids, whose id, title, author or
        source contains the text given, whatever its case."""
        rows = self._fetch(
            f"SELECT id, title, author, date, source, url, sha256, file_sha256, encoding, length, "
            f"(SELECT count(*) FROM passages WHERE document_id = documents.id) "
            f"FROM documents WHERE id > ? AND {schema.CONTAINS} ORDER BY id LIMIT ?",
            (after, contains.casefold(), limit),
        )
        return [Summary._make((*row[:3], schema.date_of(row[3]), *row[4:])) for row in rows]

    def count(self, contains: str) -> int:
        """How many documents `summaries` would give without a limit."""
        sql = f"SELECT count(*) FROM documents WHERE {schema.CONTAINS}"
        return int(self._fetch(sql, (contains.casefold(),))[0][0])

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

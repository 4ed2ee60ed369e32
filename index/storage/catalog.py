"""The catalog: the SQLite database that is the one source of truth. All other files can be rebuilt from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citeqa.index.context import to_json
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.storage import schema
from citeqa.index.storage.document_table import DocumentTable
from citeqa.index.storage.file_table import FileTable
from citeqa.index.storage.passage_table import PassageTable
from citeqa.index.storage.prepared import Prepared
from citeqa.index.structure import Structure
from citeqa.index.types import Document, Passage, SourceFile

# What stands in the table of settings, but need not match.
_CALIBRATION = "calibration"
_REPLICA = "replica"
_BESIDE = f"'{_CALIBRATION}', '{_REPLICA}'"

_REPLACE_PASSAGES = (
    "DELETE FROM main.passages",
    'INSERT INTO main.passages (document_id, start, "end", vector, context) '
    'SELECT document_id, start, "end", vector, context FROM other.passages ORDER BY id',
    "UPDATE main.documents SET heading = o.heading FROM other.documents AS o "
    "WHERE o.id = documents.id AND o.heading <> documents.heading",  # no row is written without need
    f"DELETE FROM main.settings WHERE name NOT IN ({_BESIDE})",
    f"INSERT INTO main.settings SELECT name, value FROM other.settings WHERE name NOT IN ({_BESIDE})",
)


class Catalog(DocumentTable, PassageTable, FileTable):
    """Documents, their passages and vectors, the files they came from, settings, and a log of changes.

    Every method that changes documents is to be called inside a `transaction`.
    """

    def settings(self) -> dict[str, str | int]:
        """What the index was made with; empty for a new one."""
        rows = self._fetch(f"SELECT name, value FROM settings WHERE name NOT IN ({_BESIDE}) ORDER BY name")
        return {name: json.loads(value) for name, value in rows}

    def calibration(self) -> str | None:
        """The calibration that is kept beside what the index was made with; None if there is none."""
        return self._beside(_CALIBRATION)

    def set_calibration(self, calibration: str | None) -> None:
        """Keep a calibration, or none."""
        self._set_beside(_CALIBRATION, calibration)

    def replica(self) -> str | None:
        """Of a replica, how far it follows what; None for a database that is no replica."""
        return self._beside(_REPLICA)

    def set_replica(self, state: str | None) -> None:
        """Say how far a replica follows, or that it is none any more."""
        self._set_beside(_REPLICA, state)

    def _beside(self, name: str) -> str | None:
        rows = self._fetch("SELECT value FROM settings WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def _set_beside(self, name: str, value: str | None) -> None:
        self._execute("DELETE FROM settings WHERE name = ?", (name,))
        if value is not None:
            self._execute("INSERT INTO settings VALUES (?, ?)", (name, value))

    def set_settings(self, settings: dict[str, str | int]) -> None:
        """Store what the index is made with."""
        rows = [(name, json.dumps(value)) for name, value in settings.items()]
        with self._guarded():
            self._connection.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", rows)

    def last_change(self) -> int:
        """The number of the latest change; 0 if there was none."""
        return int(self._fetch("SELECT coalesce(max(number), 0) FROM changes")[0][0])

    def counts(self) -> tuple[int, int]:
        """How many documents and how many passages there are."""
        return self._fetch("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)")[0]  # type: ignore[no-any-return]

    def generation(self) -> str | None:
        """The manifest of the search files that belong to this very state, as JSON; None if there are none."""
        rows = self._fetch("SELECT manifest FROM generation")
        return str(rows[0][0]) if rows else None

    def set_generation(self, manifest: str) -> None:
        """Say which search files belong to the state that the current transaction makes."""
        with self._guarded():
            self._connection.execute("INSERT OR REPLACE INTO generation VALUES (1, ?)", (manifest,))

    def forget_generation(self) -> None:
        """Say that there are no search files."""
        self._execute("DELETE FROM generation")

    def set_structure(self, document_id: str, structure: Structure) -> None:
        """Say the structure of a document whose text stays."""
        with self._guarded():
            sql = "UPDATE documents SET structure = ? WHERE id = ?"
            self._connection.execute(sql, (schema.written(structure), document_id))

    def confirm_structure(self, document_id: str) -> None:
        """Say that a document has no structure, if that was not known."""
        with self._guarded():
            sql = "UPDATE documents SET structure = '{}' WHERE id = ? AND structure = ''"
            self._connection.execute(sql, (document_id,))

    def ids_as_added(self) -> list[str]:
        """The ids of all documents, in the order in which they were added or last replaced."""
        return [row[0] for row in self._fetch("SELECT id FROM documents ORDER BY rowid")]

    def prepared(self, document_id: str) -> Prepared:
        """A document with its passages and vectors. Raises UnknownDocumentError if there is none with that id."""
        document = self.document(document_id)
        heading = self.headings([document_id])[document_id]
        return Prepared(document, heading, *self.passages_of(document), self.file_of(document_id))

    def put(
        self, document: Document, heading: str, passages: Sequence[Passage], vectors: NDArray[np.float16],
        file: SourceFile | None = None, change: int | None = None,
    ) -> list[int]:  # fmt: skip
        """Add a document, or replace the one with its id. Returns the numbers of the passages that are gone. `change`
        is the number of this change, where that is not the next."""
        gone = self._numbers_of(document.id)
        with self._guarded():
            execute = self._connection.execute
            replaced = execute("DELETE FROM documents WHERE id = ?", (document.id,)).rowcount
            row = (*schema.row_of(document), heading, len(document.text), *(file or (None, None)))
            columns = f"{schema.DOCUMENT}, heading, length, root, name"
            execute(f"INSERT INTO documents ({columns}) VALUES ({', '.join('?' * len(row))})", row)
            self._connection.executemany(
                'INSERT INTO passages (document_id, start, "end", vector, context) VALUES (?, ?, ?, ?, ?)',
                [
                    (p.document_id, p.span.start, p.span.end, vector.tobytes(), to_json(p.context))
                    for p, vector in zip(passages, vectors, strict=True)
                ],
            )
        self.log_change("replace" if replaced else "add", document.id, document.sha256, change)
        return gone

    def remove(self, document_id: str) -> list[int]:
        """Delete a document; only its digest stays, in the log. Returns the numbers of its passages.

        Raises:
            UnknownDocumentError: if there is none with that id.
        """
        gone = self._numbers_of(document_id)
        if (sha256 := self._delete(document_id)) is None:
            raise UnknownDocumentError([document_id])
        self.log_change("remove", document_id, sha256)
        return gone

    def drop(self, document_id: str) -> list[int]:
        """Delete a document, if there is one, without a line in the log. Returns the numbers of its passages."""
        gone = self._numbers_of(document_id)
        self._delete(document_id)
        return gone

    def _delete(self, document_id: str) -> str | None:
        """Delete a document. Returns the digest of its text; None if there was no such document."""
        rows = self._fetch("DELETE FROM documents WHERE id = ? RETURNING sha256", (document_id,))
        return str(rows[0][0]) if rows else None

    def log_change(self, action: str, document_id: str, sha256: str, number: int | None = None) -> None:
        """Add a line to the log, with a number that is higher than all before; by default the next one."""
        sql = "INSERT INTO changes (number, at, action, document_id, sha256) VALUES (?, ?, ?, ?, ?)"
        self._execute(sql, (number, datetime.now(UTC).isoformat(), action, document_id, sha256))

    def replace_passages(self, path: Path, before_commit: Callable[[], object]) -> None:
        """Replace settings, headings, passages and vectors by those that another database has of the same documents, in
        one step (a transaction of its own). `before_commit` is called inside it, when everything is replaced."""
        with self._guarded():
            self._connection.execute("ATTACH ? AS other", (str(path),))
        try:
            with self.transaction():
                for statement in _REPLACE_PASSAGES:
                    self._connection.execute(statement)
                before_commit()
        finally:
            self._fetch("DETACH other")
        self.compact()

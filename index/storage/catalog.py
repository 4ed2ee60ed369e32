"""The catalog: the SQLite database that is the one source of truth. All other files can be made again from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citeqa.index.errors import UnknownDocumentError
from citeqa.index.storage import schema
from citeqa.index.storage.document_table import DocumentTable
from citeqa.index.storage.file_table import FileTable
from citeqa.index.storage.passage_table import PassageTable
from citeqa.index.types import Document, Passage, SourceFile

_REPLACE_PASSAGES = (
    "DELETE FROM main.passages",
    'INSERT INTO main.passages (document_id, start, "end", vector) '
    'SELECT document_id, start, "end", vector FROM other.passages ORDER BY id',
    "UPDATE main.documents SET heading = o.heading FROM other.documents AS o "
    "WHERE o.id = documents.id AND o.heading <> documents.heading",  # no row is written without need
    "DELETE FROM main.settings",
    "INSERT INTO main.settings SELECT name, value FROM other.settings",
)


class Catalog(DocumentTable, PassageTable, FileTable):
    """Documents, their passages and vectors, the files they came from, settings, and a log of changes.

    Every method that changes documents is to be called inside a `transaction`.
    """

    def settings(self) -> dict[str, str | int]:
        """What the index was made with; empty for a new one."""
        rows = self._fetch("SELECT name, value FROM settings ORDER BY name")
        return {name: json.loads(value) for name, value in rows}

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

    def put(
        self, document: Document, heading: str, passages: Sequence[Passage], vectors: NDArray[np.float16],
        file: SourceFile | None = None,
    ) -> list[int]:  # fmt: skip
        """Add a document, or replace the one with its id. Returns the numbers of the passages that are gone."""
        gone = self._numbers_of(document.id)
        with self._guarded():
            execute = self._connection.execute
            replaced = execute("DELETE FROM documents WHERE id = ?", (document.id,)).rowcount
            row = (*schema.row_of(document), heading, len(document.text), *(file or (None, None)))
            columns = f"{schema.DOCUMENT}, heading, length, root, name"
            execute(f"INSERT INTO documents ({columns}) VALUES ({', '.join('?' * len(row))})", row)
            self._connection.executemany(
                'INSERT INTO passages (document_id, start, "end", vector) VALUES (?, ?, ?, ?)',
                [
                    (p.document_id, p.span.start, p.span.end, vector.tobytes())
                    for p, vector in zip(passages, vectors, strict=True)
                ],
            )
        self._log_change("replace" if replaced else "add", document.id, document.sha256)
        return gone

    def remove(self, document_id: str) -> list[int]:
        """Delete a document; only its digest stays, in the log. Returns the numbers of its passages.

        Raises:
            UnknownDocumentError: if there is none with that id.
        """
        gone = self._numbers_of(document_id)
        with self._guarded():
            rows = self._connection.execute(
                "DELETE FROM documents WHERE id = ? RETURNING sha256", (document_id,)
            ).fetchall()
        if not rows:
            raise UnknownDocumentError([document_id])
        self._log_change("remove", document_id, rows[0][0])
        return gone

    def _log_change(self, action: str, document_id: str, sha256: str) -> None:
        sql = "INSERT INTO changes (at, action, document_id, sha256) VALUES (?, ?, ?, ?)"
        with self._guarded():
            self._connection.execute(sql, (datetime.now(UTC).isoformat(), action, document_id, sha256))

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

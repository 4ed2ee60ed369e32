"""What is stored in a corpus: read by sync, by writers, and by the replicas."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citeqa.index.errors import IndexDamagedError, UnknownDocumentError
from citeqa.index.storage import schema
from citeqa.index.storage.file_table import FileTable
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.connecting import Lease, guarded
from citeqa.index.storage.postgresql.tables import PREPARED, about_of, document_of, passages_of, prepared_of
from citeqa.index.storage.prepared import Prepared
from citeqa.index.structure import NO_STRUCTURE
from citeqa.index.types import Document, Passage

_AT_ONCE = 16  # documents fetched together
# Of each document the change that it is as it is since: what was logged of it later does not touch its text.
_LATEST = (
    "NOT EXISTS (SELECT 1 FROM changes AS l WHERE l.document_id = c.document_id AND l.number > c.number "
    "AND l.action IN ('add', 'replace', 'remove'))"
)


@dataclass(frozen=True, slots=True)
class State:
    """A corpus at one moment.

    Args:
        identity: tells it from every other corpus, one made anew at the same address included.
        epoch: grows when all passages are made anew.
        settings: what it was made with; empty for a new one.
        change: the number of the latest change; 0 if there was none.
        at: when that was.
    """

    identity: str
    epoch: int
    settings: dict[str, str | int]
    calibration: str | None
    change: int
    at: str


class PostgresCatalog(FileTable):
    """A corpus as a connection sees it (see `Records` and `Stored`). One thread uses it."""

    def __init__(self, lease: Lease, address: Address) -> None:
        self.lease, self.address = lease, address

    def _fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with guarded(self.address):
            statement = sql.replace("?", "%s").encode()
            return self.lease.steadily(lambda one: one.execute(statement, values, binary=True).fetchall())

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        with guarded(self.address):
            statement = sql.replace("?", "%s").encode()
            self.lease.steadily(lambda one: one.execute(statement, values))

    def state(self) -> State:
        """The corpus as it is now."""
        sql = (
            "SELECT p.identity::text, p.epoch, p.settings, p.calibration, p.change, coalesce(c.at::text, '') "
            "FROM corpus AS p LEFT JOIN changes AS c ON c.number = p.change"
        )
        identity, epoch, settings, calibration, change, at = self._fetch(sql)[0]
        return State(identity, epoch, json.loads(settings), calibration, change, at)

    def last_change(self) -> int:
        """The number of the latest change; 0 if there was none."""
        return int(self._fetch("SELECT change FROM corpus")[0][0])

    def settings(self) -> dict[str, str | int]:
        """What the index was made with; empty for a new one."""
        return dict(json.loads(self._fetch("SELECT settings FROM corpus")[0][0]))

    def counts(self) -> tuple[int, int]:
        """How many documents and how many passages there are."""
        documents, passages = self._fetch("SELECT count(*), coalesce(sum(passages), 0) FROM documents")[0]
        return int(documents), int(passages)

    def ids(self) -> list[str]:
        """The ids of all documents, in order."""
        return [row[0] for row in self._fetch("SELECT id FROM documents ORDER BY id")]

    def contains(self, document_id: str) -> bool:
        """Whether there is a document with this id."""
        return bool(self._fetch("SELECT 1 FROM documents WHERE id = ?", (document_id,)))

    def digest(self, document_id: str) -> str | None:
        """The digest of a document's text; None if there is no such document."""
        rows = self._fetch("SELECT sha256 FROM documents WHERE id = ?", (document_id,))
        return str(rows[0][0]) if rows else None

    def holds(self, document_id: str, words: str) -> bool:
        """Whether the document with this id exists and holds these words."""
        rows = self._fetch("SELECT text FROM documents WHERE id = ?", (document_id,))
        return bool(rows and words in rows[0][0])

    def document(self, document_id: str) -> Document:
        """A document; the digest of its text is checked.

        Raises:
            UnknownDocumentError: if there is none with that id.
            IndexDamagedError: if the text is not the one that was stored.
        """
        sql = "SELECT id, text, sha256, file_sha256, about FROM documents WHERE id = ?"
        rows = self._fetch(sql, (document_id,))
        if not rows:
            raise UnknownDocumentError([document_id])
        digest = hashlib.sha256(rows[0][1].encode()).hexdigest()
        if digest != rows[0][2]:
            raise IndexDamagedError(
                f"the text of {document_id!r} has SHA-256 {digest}, needed {rows[0][2]}: the store "
                f"{self.address.shown} is damaged; restore a backup, or index the document again"
            )
        return document_of(*rows[0])

    def is_unchanged(self, document: Document) -> bool | None:
        """Whether the document stored under the same id has the same text and metadata; None if there is none."""
        rows = self._fetch("SELECT sha256, file_sha256, about FROM documents WHERE id = ?", (document.id,))
        if not rows:
            return None
        stored = json.loads(rows[0][2])
        stored["structure"] = stored["structure"] or schema.written(NO_STRUCTURE)
        same = (rows[0][0], rows[0][1]) == (document.sha256, document.file_sha256)
        return bool(same and stored == json.loads(about_of(document)))

    def reusable_passages(self, document: Document, heading: str) -> tuple[list[Passage], NDArray[np.float16]] | None:
        """Passages and vectors for a document, taken from one that has the same text, heading, boilerplate and
        structure, whatever its id; None if there is no such document."""
        wanted = json.loads(about_of(document))
        sql = "SELECT id, about FROM documents WHERE sha256 = ? AND heading = ? LIMIT 20"
        for document_id, about in self._fetch(sql, (document.sha256, json.dumps(heading))):
            stored = json.loads(about)
            if all((stored[name] or "{}") == wanted[name] for name in ("boilerplate", "structure")):
                rows = self._fetch("SELECT spans, vectors FROM documents WHERE id = ?", (document_id,))
                if not rows:  # removed a moment ago
                    continue
                passages, vectors = passages_of(document, rows[0][0]), np.frombuffer(rows[0][1], dtype=np.float16)
                return passages, vectors.reshape(len(passages), -1) if passages else vectors.reshape(0, 0)
        return None

    def ids_as_added(self) -> list[str]:
        """The ids of all documents, in the order in which they were added or last replaced."""
        sql = (
            "SELECT d.id FROM changes AS c JOIN documents AS d ON d.id = c.document_id "
            f"WHERE c.action IN ('add', 'replace') AND {_LATEST} ORDER BY c.number"
        )
        return [row[0] for row in self._fetch(sql)]

    def prepared(self, document_id: str) -> Prepared:
        """A document with its passages and vectors. Raises UnknownDocumentError if there is none with that id."""
        rows = self._fetch(f"SELECT {PREPARED} FROM documents AS d WHERE d.id = ?", (document_id,))
        if not rows:
            raise UnknownDocumentError([document_id])
        return prepared_of(rows[0])

    def unstructured_count(self) -> int:
        """How many documents were read before documents had a structure."""
        return int(self._fetch("SELECT count(*) FROM documents WHERE (about::json ->> 'structure') = ''")[0][0])

    def digests(self) -> dict[str, str]:
        """The digest of each document's text, by id."""
        return dict(self._fetch("SELECT id, sha256 FROM documents"))

    def log_size(self) -> tuple[int, int]:
        """How many changes the log holds, and the highest number."""
        count, last = self._fetch("SELECT count(*), coalesce(max(number), 0) FROM changes")[0]
        return int(count), int(last)

    def rows(self) -> Iterator[Any]:
        """The rows of all documents, few at a time, in a transaction; `made_of` makes documents of them."""
        yield from self._streamed(f"SELECT {PREPARED} FROM documents AS d", ())

    made_of = staticmethod(prepared_of)

    def fingerprints(self) -> Iterator[tuple[str, str, str]]:
        """Of each document the id, the digest of its text, and that of its vectors, few at a time, in a transaction."""
        sql = "SELECT id, sha256, encode(sha256(vectors), 'hex') FROM documents"
        yield from self._streamed(sql, (), at_once=1000)

    def _streamed(self, sql: str, values: Sequence[Any], at_once: int = _AT_ONCE) -> Iterator[Any]:
        with guarded(self.address), self.lease.connection.cursor(name="streamed", binary=True) as cursor:
            cursor.itersize = at_once
            yield from cursor.execute(sql.encode(), values)

    # --- what replicas follow

    def was_at(self, number: int) -> str | None:
        """When the change with this number was made; None if there is none, or not any more."""
        rows = self._fetch("SELECT at::text FROM changes WHERE number = ?", (number,))
        return str(rows[0][0]) if rows else None

    def removed_since(self, number: int) -> list[str]:
        """The ids of documents that were removed by changes after this one and are not there now."""
        sql = (
            "SELECT DISTINCT c.document_id FROM changes AS c WHERE c.number > ? AND c.action = 'remove' "
            "AND NOT EXISTS (SELECT 1 FROM documents AS d WHERE d.id = c.document_id)"
        )
        return [row[0] for row in self._fetch(sql, (number,))]

    def touched_since(self, number: int) -> list[str]:
        """The ids of the documents that changes after this one were of, whether they are there or not."""
        sql = "SELECT DISTINCT document_id FROM changes WHERE number > ? AND document_id <> ''"
        return [row[0] for row in self._fetch(sql, (number,))]

    def moved_since(self, number: int) -> list[tuple[str, str | None, str | None]]:
        """The documents that come from another file since changes after this one, with the file's folder and name."""
        sql = (
            "SELECT DISTINCT d.id, d.root, d.name FROM changes AS c JOIN documents AS d ON d.id = c.document_id "
            "WHERE c.number > ? AND c.action = 'file'"
        )
        return [tuple(row) for row in self._fetch(sql, (number,))]

    def count_since(self, number: int) -> int:
        """How many documents `put_since` gives."""
        sql = f"SELECT count(*) FROM changes AS c WHERE c.number > ? AND c.action IN ('add', 'replace') AND {_LATEST}"
        return int(self._fetch(sql, (number,))[0][0])

    def put_since(self, number: int) -> Iterator[tuple[int, Prepared]]:
        """The documents that were added or replaced by changes after this one, each with the number of the change that
        it is as it is since, in the order of these numbers. They are fetched few at a time, in a transaction."""
        sql = (
            f"SELECT c.number, {PREPARED} FROM changes AS c JOIN documents AS d ON d.id = c.document_id "
            f"WHERE c.number > %s AND c.action IN ('add', 'replace') AND {_LATEST} ORDER BY c.number"
        )
        for row in self._streamed(sql, (number,)):
            yield int(row[0]), prepared_of(row[1:])

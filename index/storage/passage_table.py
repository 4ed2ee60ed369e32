"""Reading the passages in the database, and their vectors. Passages are known by numbers that are never used again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from citeqa.index.context import Context, of_json
from citeqa.index.ranking.lexical import LexicalEntry
from citeqa.index.storage import schema
from citeqa.index.storage.database import Database
from citeqa.index.types import Document, Passage, Span

_LAST = 2**62  # more than any passage's number


class PassageTable(Database):
    """What can be asked about passages."""

    def last_passage(self) -> int:
        """The highest number that any passage has ever had; 0 if there was none."""
        return int(self._fetch("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'passages'")[0][0])

    def spans_and_contexts(self, ids: Collection[int]) -> dict[str, dict[int, tuple[Span, Context]]]:
        """By document id, the spans and contexts of the passages with these numbers; numbers that no passage has are
        left out."""
        found: dict[str, dict[int, tuple[Span, Context]]] = {}
        sql = 'SELECT id, document_id, start, "end", context FROM passages WHERE id IN (SELECT value FROM json_each(?))'
        for i, document_id, start, end, context in self._fetch(sql, (_json(ids),)):
            found.setdefault(document_id, {})[i] = Span(start, end), of_json(context)
        return found

    def spans_of(self, ids: Sequence[int]) -> dict[int, tuple[str, int, int]]:
        """Document id, start and end of the passages with these numbers; numbers that no passage has are left out."""
        sql = 'SELECT id, document_id, start, "end" FROM passages WHERE id IN (SELECT value FROM json_each(?))'
        return {row[0]: row[1:] for row in self._fetch(sql, (_json(ids),))}

    def in_order(self) -> NDArray[np.int64]:
        """The numbers of all passages, in order of their documents' ids and of where they begin."""
        rows = self._fetch('SELECT id FROM passages ORDER BY document_id, start, "end"')
        return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))

    def all_spans(self) -> Iterator[tuple[str, int, int, int]]:
        """Of every passage: the document's id, the passage's start and end, and the length of the document's text."""
        sql = (
            'SELECT p.id, p.document_id, p.start, p."end", length(d.text) FROM passages AS p '
            "JOIN documents AS d ON d.id = p.document_id WHERE p.id > ? AND p.id <= ? ORDER BY p.id LIMIT ?"
        )
        for rows in self._fetch_blocks(sql, -1, _LAST, 8192):
            yield from (row[1:] for row in rows)

    def vectors(
        self, dimension: int, first: int = 0, last: int = _LAST, block: int = 8192
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
        """Numbers `(n,)` and vectors `(n, dimension)` of the passages from `first` to `last`, ascending, at most
        `block` at a time."""
        sql = "SELECT id, vector FROM passages WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        for rows in self._fetch_blocks(sql, first - 1, last, block):
            vectors = np.frombuffer(b"".join(row[1] for row in rows), dtype=np.float16)
            yield np.array([row[0] for row in rows], dtype=np.int64), vectors.reshape(len(rows), dimension)

    def vectors_of_other_size(self, size: int) -> int:
        """How many vectors do not have this many bytes."""
        return int(self._fetch("SELECT count(*) FROM passages WHERE length(vector) <> ?", (size,))[0][0])

    def lexical_entries(self, first: int = 0, block: int = 1024) -> Iterator[LexicalEntry]:
        """What the lexical index holds of the passages from number `first` on, ascending. The passages of a document
        have numbers in a row, so that each text is read once."""
        sql = 'SELECT id, document_id, start, "end", context FROM passages WHERE id > ? AND id <= ? ORDER BY id LIMIT ?'
        of, heading, text = None, "", ""
        for rows in self._fetch_blocks(sql, first - 1, _LAST, block):
            for i, document_id, start, end, context in rows:
                if document_id != of:
                    of = document_id
                    heading, text = self._fetch("SELECT heading, text FROM documents WHERE id = ?", (of,))[0]
                yield LexicalEntry(i, document_id, f"{of_json(context).before(heading)}\n{text[start:end]}")

    def reusable_passages(self, document: Document, heading: str) -> tuple[list[Passage], NDArray[np.float16]] | None:
        """Passages and vectors for a document, taken from one that has the same text, heading, boilerplate and
        structure, whatever its id; None if there is no such document."""
        row = schema.row_of(document)
        rows = self._fetch(
            "SELECT id FROM documents WHERE sha256 = ? AND heading = ? AND boilerplate = ? "
            "AND (structure = ? OR structure = '' AND ? = '{}') LIMIT 1",
            (document.sha256, heading, row[10], row[12], row[12]),
        )
        if not rows:
            return None
        return self.passages_of(document, rows[0][0])

    def passages_of(self, document: Document, like: str | None = None) -> tuple[list[Passage], NDArray[np.float16]]:
        """Passages and vectors of a document, or for it those of another one with the same text."""
        sql = 'SELECT start, "end", context, vector FROM passages WHERE document_id = ? ORDER BY id'
        found = self._fetch(sql, (like or document.id,))
        passages = [
            Passage(document.id, span, document.quote(span), of_json(context))
            for start, end, context, _ in found
            for span in [Span(start, end)]
        ]
        vectors = np.frombuffer(b"".join(row[3] for row in found), dtype=np.float16)
        return passages, vectors.reshape(len(found), -1) if found else vectors.reshape(0, 0)

    def _numbers_of(self, document_id: str) -> list[int]:
        """The numbers of a document's passages, ascending."""
        rows = self._fetch("SELECT id FROM passages WHERE document_id = ? ORDER BY id", (document_id,))
        return [row[0] for row in rows]


def _json(values: Collection[int] | Collection[str]) -> str:
    return json.dumps(list(values))

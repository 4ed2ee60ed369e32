"""Small corpora in stores, and all that a view of one says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from support.embedders import WordLengths
from support.indexes import QUERIES
from support.postgres import Server

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.stores import open_store
from citeqa.index.types import Document

CHUNKER = ChunkerSettings(16, 0)


def made(document_id: str, text: str, **known: Any) -> Document:
    return document(document_id, text, file_sha256="0" * 64, **known)


def change(address: str, *put: Document, remove: tuple[str, ...] = ()) -> int:
    """Add or replace documents and remove others, in one step. Returns the number of its change."""
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
        for document_id in remove:
            writer.remove(document_id)
        for one in put:
            writer.put(one)
        writer.commit()
        return writer.change


def shown(address: str) -> dict[str, Any]:
    """All that the index at an address says, fetched as a new view does."""
    with closing(open_store(address).open()) as index:
        assert isinstance(index, Index)
        return says(index)


def says(index: Index) -> dict[str, Any]:
    """All that a view says: documents, orders, and both rankings with their scores."""
    summaries, total = index.summaries(1000)
    return {
        "counts": (total, index.document_count, index.passage_count),
        "documents": [index.document(summary.id) for summary in summaries],
        "files": [index.file_of(summary.id) for summary in summaries],
        "headings": index.headings(summary.id for summary in summaries),
        "added": [summary.id for _, summary in index.sorted_summaries("added", 1000)[0]],
        "facets": index.facets(100),
        "dense": {query: index.search_dense(WordLengths().embed_query(query), 50) for query in QUERIES},
        "lexical": {query: index.search_lexical(query, 50) for query in QUERIES},
        "highest": {query: index.highest_lexical(query) for query in QUERIES},
    }


def faults(address: str) -> list[str]:
    """What the doctor finds wrong."""
    return [f for finding in open_store(address).examine(lambda *_: WordLengths()) for f in finding.faults]


def log_of(server: Server, schema: str) -> list[tuple[int, str, str, str]]:
    """Number, action, document and digest of every change, in order."""
    with closing(server.connect(schema)) as connection:
        rows = connection.execute("SELECT number, action, document_id, sha256 FROM changes ORDER BY number").fetchall()
    return [(int(str(number)), str(action), str(i), str(sha256)) for number, action, i, sha256 in rows]


def stored(server: Server, schema: str) -> dict[str, str]:
    """The digest of each document's text."""
    with closing(server.connect(schema)) as connection:
        return {str(i): str(d) for i, d in connection.execute("SELECT id, sha256 FROM documents").fetchall()}


def replayed(log: list[tuple[int, str, str, str]]) -> dict[str, str]:
    """The digest of each document's text, as the log tells it."""
    found: dict[str, str] = {}
    for _, action, document_id, sha256 in log:
        if action in ("add", "replace"):
            found[document_id] = sha256
        elif action == "remove":
            del found[document_id]
    return found


def bytes_below(folder: Path) -> bytes:
    """All that lies in the files below a folder."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())

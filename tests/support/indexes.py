"""Small indexes of texts written in a test, and all that an index says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from support.embedders import WordLengths

from citeqa.index.storage.snapshot import Index

# what makes a database of today one of format 1
TO_FORMAT_1 = """
DROP INDEX documents_sha256; DROP INDEX documents_root; DROP TABLE files; DROP TABLE generation;
ALTER TABLE documents DROP COLUMN pages; ALTER TABLE documents DROP COLUMN root; ALTER TABLE documents DROP COLUMN name;
ALTER TABLE documents DROP COLUMN structure; ALTER TABLE documents DROP COLUMN date_origin;
ALTER TABLE documents DROP COLUMN times; ALTER TABLE documents DROP COLUMN recognised;
ALTER TABLE passages DROP COLUMN context; DELETE FROM settings WHERE name = 'chunker.structure'; PRAGMA user_version = 0
"""
QUERIES = ["fox", "The lazy dog", "quiet harbour lights", "alpha beta", "unheard"]


def write_documents(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def results(folder: Path, embedder: Any = None) -> dict[str, Any]:
    """All an index says: its documents, its passages with their places, and both rankings for some queries."""
    with closing(Index(folder)) as index:
        summaries, total = index.summaries(1000)
        model = embedder or WordLengths()
        dense = {query: index.search_dense(model.embed_query(query), 50) for query in QUERIES}
        return {
            "summaries": summaries,
            "counts": (total, index.document_count, index.passage_count),
            "documents": [index.document(summary.id) for summary in summaries],
            "dense": dense,
            "lexical": {query: index.search_lexical(query, 50) for query in QUERIES},
            "passages": sorted(hit.passage.id for hit in dense["fox"]),
        }

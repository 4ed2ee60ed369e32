"""Small indexes of texts written in a test, and all that an index says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from support.embedders import WordLengths

from citeqa.index.storage.snapshot import Index

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

"""Files become documents, and documents become passages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
    from citeqa.index.documents.corpus import count, document, load, load_file
    from citeqa.index.documents.ids import check_id
    from citeqa.index.documents.listing import ListedFile, list_files
    from citeqa.index.documents.metadata import Description, describe
    from citeqa.index.documents.sentences import document_sentences
else:
    __getattr__ = public(
        __name__,
        {
            "chunker": ["Chunker", "ChunkerSettings", "indexed_text"],
            "corpus": ["count", "document", "load", "load_file"],
            "ids": ["check_id"],
            "listing": ["ListedFile", "list_files"],
            "metadata": ["Description", "describe"],
            "sentences": ["document_sentences"],
        },
    )

__all__ = [
    "Chunker",
    "ChunkerSettings",
    "Description",
    "ListedFile",
    "check_id",
    "count",
    "describe",
    "document",
    "document_sentences",
    "indexed_text",
    "list_files",
    "load",
    "load_file",
]

"""Passages are ranked for a query: dense by FAISS, lexical by tantivy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.index.ranking.analyzer import ANALYZER, english
    from citeqa.index.ranking.dense import DenseIndex, DensePart
    from citeqa.index.ranking.lexical import LexicalEntry, LexicalIndex
else:
    __getattr__ = public(
        __name__,
        {
            "analyzer": ["ANALYZER", "english"],
            "dense": ["DenseIndex", "DensePart"],
            "lexical": ["LexicalEntry", "LexicalIndex"],
        },
    )

__all__ = ["ANALYZER", "DenseIndex", "DensePart", "LexicalEntry", "LexicalIndex", "english"]

"""Texts become vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.index.embedding.embedder import Embedder, EmbedderInfo, Vectors
    from citeqa.index.embedding.loading import load_embedder
else:
    __getattr__ = public(__name__, {"embedder": ["Embedder", "EmbedderInfo", "Vectors"], "loading": ["load_embedder"]})

__all__ = ["Embedder", "EmbedderInfo", "Vectors", "load_embedder"]

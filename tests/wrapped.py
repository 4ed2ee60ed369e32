"""An embedder that leaves everything to another one, for those that change one thing about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from citeqa.index.embedding.embedder import Embedder, EmbedderInfo, Vectors


class Wrapped:
    """`real`, as it is."""

    def __init__(self, real: Embedder) -> None:
        self.real = real

    @property
    def info(self) -> EmbedderInfo:
        return self.real.info

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self.real.count_tokens(texts)

    def embed_query(self, text: str) -> Vectors:
        return self.real.embed_query(text)

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        return self.real.embed_passages(texts, progress)

"""Embedders for tests: one that can be checked by eye, and one that leaves everything to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from citeqa.index.embedding.embedder import Embedder, EmbedderInfo, Vectors

INFO = EmbedderInfo("word-lengths", "0", "fp32", 8, 254, "", "")


@dataclass
class WordLengths:
    """A model one can check by eye: a text's vector counts words by their letters (modulo 8), at unit length."""

    info: EmbedderInfo = INFO
    batches: list[int] = field(default_factory=list)
    interrupt_at: int | None = None

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> NDArray[np.float32]:
        self.batches.append(len(texts))
        if len(self.batches) == self.interrupt_at:
            raise KeyboardInterrupt
        if progress:
            progress(len(texts))
        return np.array([self.embed_query(text) for text in texts], dtype=np.float32).reshape(-1, 8)

    def embed_query(self, text: str) -> NDArray[np.float32]:
        counted = np.zeros(8, dtype=np.float32)
        for word in text.split():
            counted[len(word) % 8] += 1
        vector: NDArray[np.float32] = counted / np.linalg.norm(counted)
        return vector


class Wrapped:
    """`real`, as it is: for tests that change one thing about it."""

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

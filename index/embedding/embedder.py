"""What turns texts into vectors, and what identifies it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """What identifies an embedder. Two indexes may be mixed only if every value here is the same.

    `sha256` is that of the model's weights. A form of it that is shipped also has its own digest, `form_sha256`: other
    roundings of the same weights give slightly other vectors.
    """

    name: str
    sha256: str
    precision: str
    dimension: int
    max_tokens: int
    query_prefix: str
    passage_prefix: str
    form_sha256: str | None = None


class Embedder(Protocol):
    """Gives vectors of unit length; the vector of a text depends on that text alone."""

    @property
    def info(self) -> EmbedderInfo:
        """What identifies this embedder; `max_tokens` is what one text may hold besides prefix and special tokens."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many of the model's tokens each text is, without special tokens and without any cut."""

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of texts that are searched, shape `(len(texts), dimension)`, in their order.

        `progress` is called with the number of texts done since the last call.
        """

    def embed_query(self, text: str) -> Vectors:
        """The vector of a text that is searched with, shape `(dimension,)`."""

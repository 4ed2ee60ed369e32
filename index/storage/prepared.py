"""Documents on their way into a store, and from one store to another: with their passages and vectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citeqa.index.types import Document, Passage, SourceFile


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as it is stored.

    Args:
        heading: what stands before its passages when they are embedded and indexed.
        vectors: a row for each passage; None while they are still to be embedded.
        file: where it comes from, if that is known.
    """

    document: Document
    heading: str
    passages: list[Passage]
    vectors: NDArray[np.float16] | None
    file: SourceFile | None

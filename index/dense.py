"""Exact nearest passages by inner product. faiss is imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from index.ranking import Ranked, widening

Vectors = NDArray[np.float16] | NDArray[np.float32]


class DensePart:
    """Vectors in half precision (FAISS IndexScalarQuantizer QT_fp16, inner product). Never changed once made."""

    def __init__(self, faiss_index: faiss.IndexIDMap2) -> None:
        self.index = faiss_index

    @classmethod
    def build(cls, dimension: int, blocks: Iterable[tuple[NDArray[np.int64], Vectors]]) -> DensePart:
        """A part of blocks of `(ids (n,), vectors (n, dimension))`. Ids must be unique and not negative."""
        flat = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index = faiss.IndexIDMap2(flat)
        for ids, vectors in blocks:
            if vectors.shape != (len(ids), dimension):
                raise ValueError(f"vectors have shape {vectors.shape}; needed {(len(ids), dimension)}")
            index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> DensePart:
        """Read what `save` wrote. The caller has checked the file's digest: FAISS loads damaged files silently."""
        return cls(faiss.read_index(str(path)))  # type: ignore[arg-type]

    def save(self, path: Path) -> None:
        """Write to `path`, in place: the caller publishes it by renaming.

        Raises:
            OSError: if the disk refuses. FAISS itself only prints what fails when it closes a file.
        """
        with path.open("wb") as file:
            faiss.write_index(self.index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

    def __len__(self) -> int:
        return int(self.index.ntotal)


class DenseIndex:
    """Parts searched as one, each scanned in full. Vectors of unit length make the inner product a cosine.

    Immutable; searching from many threads is safe.
    """

    def __init__(self, dimension: int, parts: Sequence[DensePart], dead: Iterable[int] = ()) -> None:
        """`dead` are ids that are still in a part but must never be found."""
        self.dimension = dimension
        self.parts = tuple(parts)
        gone = np.fromiter(dead, dtype=np.int64)
        self._alive = sum(len(part) for part in parts) - len(gone)
        self._dead = faiss.IDSelectorBatch(gone) if len(gone) else None
        self._living = faiss.SearchParameters(sel=faiss.IDSelectorNot(self._dead)) if self._dead else None  # type: ignore[call-arg]

    def __len__(self) -> int:
        return self._alive

    def search(self, query: NDArray[np.float32], k: int, allowed: NDArray[np.int64] | None = None) -> list[Ranked]:
        """The `k` ids with the highest inner product, best first, and all that tie with the last of them.

        Args:
            query: shape `(dimension,)`.
            allowed: if given, only these ids, none of them dead, are searched; scores and order are those of the
                unfiltered search.
        """
        if query.shape != (self.dimension,):
            raise ValueError(f"query has shape {query.shape}; needed {(self.dimension,)}")
        params, reachable = self._living, len(self)
        if allowed is not None:
            selector = faiss.IDSelectorBatch(allowed)
            params = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
            reachable = min(reachable, len(allowed))
        row = np.ascontiguousarray(query[None], dtype=np.float32)
        # OpenMP's threads would wait for cores that the model's still hold: 13 ms instead of 0.2 on two cores. The
        # setting belongs to the calling thread, so it is made here.
        faiss.omp_set_num_threads(1)

        def best(limit: int) -> list[Ranked]:
            found: list[Ranked] = []
            for part in self.parts:
                scores, ids = part.index.search(row, min(limit, len(part)), params=params)
                found += [Ranked(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
            return sorted(found, key=lambda entry: -entry.score)[:limit]

        return widening(best, k, reachable)

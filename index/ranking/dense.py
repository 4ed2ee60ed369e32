"""Dense ranking: the passages whose vectors have the highest inner product with the query's. Only this module imports
FAISS.

A part of moderate size is scanned in full. In a larger one, inverted lists say which vectors to look at (IVF, Sivic &
Zisserman 2003; one bit a dimension, RaBitQ, Gao & Long 2024). These are then scored with the same vectors that a full
scan would score, so whatever is found has exactly the score that an exact search gives it.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from citeqa.index.cores import cores
from citeqa.index.ranking.ties import Places, Scored, with_ties
from citeqa.index.types import Ranked

Vectors = NDArray[np.float16] | NDArray[np.float32]

EXACT_UP_TO = 200_000  # parts of up to so many vectors are scanned in full, which takes a few milliseconds
WANTED = 0.995  # recall with passages as queries; questions, whose neighbours lie wider apart, miss four times as many
ACCEPTED = 0.98  # below this recall a part is scanned in full after all
DEPTHS = (10, 100)  # recall is measured at these depths; a search deeper than the last is exact
_RESCORED = 2000  # vectors that one search scores exactly
_MOST = 6  # at most a sixth of the lists are searched: with more, a full scan is not much slower
_QUERIES = 128  # vectors to measure recall with
_POINTS = 40  # vectors to train each list on: FAISS warns below 39
_BLOCK = 8192
# FAISS maps no files on macOS. On Windows it does, but takes only names in the system's code page, and a file that is
# mapped cannot be deleted there. On both the files are read into memory instead.
MAPPED = sys.platform not in ("darwin", "win32")


class DensePart:
    """Vectors in half precision (FAISS IndexScalarQuantizer QT_fp16, inner product), in one file. Immutable."""

    def __init__(self, faiss_index: faiss.IndexIDMap, lists: InvertedLists | None = None) -> None:
        self.index = faiss_index
        self.lists = lists

    @classmethod
    def build(cls, dimension: int, blocks: Iterable[tuple[NDArray[np.int64], Vectors]]) -> DensePart:
        """A part of blocks of `(ids (n,), vectors (n, dimension))`. Ids must be unique and not negative."""
        flat = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index = faiss.IndexIDMap(flat)
        for ids, vectors in blocks:
            if vectors.shape != (len(ids), dimension):
                raise ValueError(f"vectors have shape {vectors.shape}; needed {(len(ids), dimension)}")
            index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)
        return cls(index)

    @classmethod
    def open(cls, path: Path, lists: Path | None = None) -> DensePart:
        """What `save` wrote, mapped into memory where that is possible, with the lists that belong to it.

        The caller has checked the files' digests, since FAISS loads damaged files silently, and never changes the
        files: that would end the process.
        """
        index = _read(path)
        return cls(index, InvertedLists(_read(lists), index) if lists else None)

    def save(self, path: Path) -> None:
        """Write the vectors to `path`, in place: the caller publishes the file by renaming it. Raises OSError if the
        disk refuses."""
        _write(self.index, path)

    def __len__(self) -> int:
        return int(self.index.ntotal)

    def scan(self, row: NDArray[np.float32], limit: int, selector: faiss.IDSelector | None) -> Scored:
        """The `limit` best of all vectors, or of those whose ids are selected; `row` has shape `(1, dimension)`."""
        scores, ids = self.index.search(row, min(limit, len(self)), params=_selecting(selector))
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]


@dataclass(frozen=True, slots=True)
class Measured:
    """How good a part's inverted lists are. For a query, `probes` of `lists` are searched; `lists` is 0 if there are
    none. Recall is measured against the full scan with vectors of the part as queries, none of which can be found."""

    lists: int = 0
    probes: int = 0
    recall_at_10: float = 1.0
    recall_at_100: float = 1.0

    @property
    def suffices(self) -> bool:
        """Whether a search by these lists finds enough."""
        return self.lists > 0 and self.recall >= ACCEPTED

    @property
    def recall(self) -> float:
        """The lower of both recalls."""
        return min(self.recall_at_10, self.recall_at_100)


class InvertedLists:
    """Inverted lists over the rows of a part. Immutable."""

    def __init__(self, faiss_index: faiss.IndexIVFRaBitQ, vectors: faiss.IndexIDMap) -> None:
        self.index = faiss_index
        self._ids = faiss.vector_to_array(vectors.id_map)
        self._vectors = vectors  # owns the memory that `_refined` reads
        self._refined = faiss.IndexRefine(faiss_index, faiss.downcast_index(vectors.index))

    @classmethod
    def build(cls, part: DensePart) -> tuple[InvertedLists, Measured]:
        """Lists for a part whose ids ascend, trained on a sample of it, and how good they are. There are about four
        times the square root of its size, and the same part always gives the same lists."""
        faiss.omp_set_num_threads(cores())
        rows, dimension = _rows(part.index), part.index.d
        count = max(1, min(int(4 * len(rows) ** 0.5), len(rows) // _POINTS))
        index = faiss.IndexIVFRaBitQ(faiss.IndexFlatIP(dimension), dimension, count, faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.spherical, index.cp.seed = 6, True, 1
        chance = np.random.default_rng(1).permutation(len(rows))
        queries, training = chance[:_QUERIES], np.sort(chance[-_POINTS * count :])
        index.train(rows[training].astype(np.float32))
        for start in range(0, len(rows), _BLOCK):
            index.add(rows[start : start + _BLOCK].astype(np.float32))
        made = cls(index, part.index)
        return made, made._tune(queries)

    def save(self, path: Path) -> None:
        """Write the lists to `path`, in place. Raises OSError if the disk refuses."""
        _write(self.index, path)

    def all_but(self, dead: NDArray[np.int64]) -> faiss.IDSelector | None:
        """A selector of the rows of all but these ids; None if none of them is in the part."""
        rows = np.searchsorted(self._ids, dead)
        rows = rows[rows < len(self._ids)]
        rows = rows[np.isin(self._ids[rows], dead)]
        return faiss.IDSelectorNot(_bitmap(rows)) if len(rows) else None

    def search(self, row: NDArray[np.float32], limit: int, selector: faiss.IDSelector | None) -> Scored | None:
        """Most of the `limit` best, with their exact scores; None if the lists that are searched hold fewer."""
        scores, rows = self._search(row, min(limit, len(self._ids)), selector, self.index.nprobe)
        if rows[0, -1] < 0:
            return None
        return self._ids[rows[0]], scores[0]

    def _search(self, queries: NDArray[np.float32], k: int, selector: faiss.IDSelector | None, probes: int) -> Any:
        lists = faiss.IVFRaBitQSearchParameters(nprobe=probes, sel=selector, qb=4)  # type: ignore[call-arg]
        params = faiss.IndexRefineSearchParameters(k_factor=max(1, _RESCORED / k), base_index_params=lists)  # type: ignore[call-arg]
        return self._refined.search(queries, k, params=params)

    def _tune(self, queries: NDArray[np.int64]) -> Measured:
        """Have as few lists searched as give the recall that is wanted: it rises with their number, apart from bad
        estimates. `queries` are rows of the part."""
        rows = _rows(self._vectors)[queries].astype(np.float32)
        others, deepest = faiss.IDSelectorNot(_bitmap(queries)), DEPTHS[-1]
        k = max(1, min(deepest, len(self._ids) - len(queries)))
        exact, _ = faiss.downcast_index(self._vectors.index).search(rows, k, params=_selecting(others))

        def measured(probes: int) -> Measured:
            found, _ = self._search(rows, k, others, probes)
            recalls = [float((found[:, :n] >= exact[:, min(n, k) - 1, None]).mean()) for n in DEPTHS]
            return Measured(self.index.nlist, probes, *recalls)

        most = max(1, self.index.nlist // _MOST)
        choice = range(1, most + 1)
        enough = bisect_left(choice, True, key=lambda probes: measured(probes).recall >= WANTED)
        self.index.nprobe = min(enough + 1, most)
        return measured(self.index.nprobe)


class DenseIndex:
    """Several parts, searched as one. Vectors of unit length make the inner product a cosine. Immutable; threads may
    share it."""

    def __init__(self, dimension: int, parts: Sequence[DensePart], dead: Iterable[int] = ()) -> None:
        """`dead` are the ids of deleted passages that are still in a part; they are never found."""
        self.dimension = dimension
        self.parts = tuple(parts)
        gone = np.fromiter(dead, dtype=np.int64)
        self._alive = sum(len(part) for part in parts) - len(gone)
        self._not_dead = faiss.IDSelectorNot(_bitmap(gone)) if len(gone) else None
        self._rows_not_dead = [part.lists.all_but(gone) if part.lists else None for part in parts]

    def __len__(self) -> int:
        return self._alive

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.int64] | None = None,
        places: Places | None = None,
    ) -> list[Ranked]:
        """The `k` ids with the highest inner product, best first, ties by `places`; without it, also all that tie with
        the last of them.

        In a part with inverted lists some may be missed; those that are found have their exact scores. Nothing is
        missed if `allowed` is given, or if `k` is more than 100.

        Args:
            query: shape `(dimension,)`.
            allowed: only these ids are searched, none of them dead; scores and order are those of the exact search
                of everything.

        Raises:
            ValueError: if the query has another shape, or `k` is less than 1.
        """
        if query.shape != (self.dimension,):
            raise ValueError(f"query has shape {query.shape}; needed {(self.dimension,)}")
        reachable = len(self) if allowed is None else min(len(self), len(allowed))
        selector = self._not_dead if allowed is None else _bitmap(allowed)
        fast = allowed is None and k <= DEPTHS[-1]
        row = np.ascontiguousarray(query[None], dtype=np.float32)
        # One query is work for one thread; waking OpenMP's other threads for it took up to 7 ms instead of 0.1 on two
        # cores. The setting belongs to the calling thread, so it is made here.
        faiss.omp_set_num_threads(1)

        def best(limit: int) -> Scored:
            found: list[Scored] = []
            for part, rows in zip(self.parts, self._rows_not_dead, strict=True):
                some = part.lists.search(row, limit, rows) if part.lists and fast else None
                found.append(part.scan(row, limit, selector) if some is None else some)
            ids, scores = (np.concatenate(columns) for columns in zip(*found, strict=True))
            order = np.argsort(-scores, kind="stable")[:limit]
            return ids[order], scores[order]

        return with_ties(best, k, reachable, places)


def _bitmap(ids: NDArray[np.int64]) -> faiss.IDSelectorBitmap:
    """A selector of these ids: a bit for each up to the highest."""
    chosen = np.zeros(int(ids.max(initial=0)) + 1, dtype=np.bool_)
    chosen[ids] = True
    return faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))  # type: ignore[call-arg, arg-type]


def _selecting(selector: faiss.IDSelector | None) -> faiss.SearchParameters | None:
    return faiss.SearchParameters(sel=selector) if selector else None  # type: ignore[call-arg]


def _rows(index: faiss.IndexIDMap) -> NDArray[np.float16]:
    """The vectors of a part in the order of its rows, shape `(n, d)`: a view, valid as long as the index lives."""
    flat: Any = faiss.downcast_index(index.index)
    codes = faiss.rev_swig_ptr(flat.codes.data(), index.ntotal * flat.code_size)
    return codes.view(np.float16).reshape(index.ntotal, index.d)


def _read(path: Path) -> Any:
    if MAPPED:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    with path.open("rb") as file:
        return faiss.read_index(faiss.PyCallbackIOReader(file.read))  # type: ignore[attr-defined]


def _write(index: faiss.Index, path: Path) -> None:
    with path.open("wb") as file:  # FAISS itself would only print what fails when it closes a file
        faiss.write_index(index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

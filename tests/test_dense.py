"""Dense search against numpy brute force over the same half-precision values."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from index.dense import DenseIndex, DensePart

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

DIMENSION = 8


def _random(seed: int, count: int) -> Floats:
    """Vectors of about unit length whose values half precision can hold, as the catalog gives them."""
    rows = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    half = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)
    return half.astype(np.float32)


def _part(vectors: Floats, ids: Ids | None = None) -> DensePart:
    return DensePart.build(DIMENSION, [(np.arange(len(vectors), dtype=np.int64) if ids is None else ids, vectors)])


def _build(vectors: Floats, ids: Ids | None = None) -> DenseIndex:
    return DenseIndex(DIMENSION, [_part(vectors, ids)])


@given(st.integers(0, 2**32 - 1), st.integers(1, 200), st.integers(1, 220))
def test_the_best_k_are_those_of_brute_force(seed: int, count: int, k: int) -> None:
    vectors, query = _random(seed, count), _random(seed + 1, 1)[0]
    ids = np.random.default_rng(seed).permutation(10 * count)[:count].astype(np.int64)
    exact = dict(zip(ids.tolist(), (vectors.astype(np.float64) @ query).tolist(), strict=True))
    found = _build(vectors, ids).search(query, k)
    assert len(found) >= min(k, count)
    assert [entry.score for entry in found] == sorted((entry.score for entry in found), reverse=True)
    assert [entry.score for entry in found] == pytest.approx([exact[entry.id] for entry in found], abs=1e-6)
    left = exact.keys() - {entry.id for entry in found}
    assert all(exact[i] <= found[-1].score + 1e-6 for i in left)


@given(st.integers(0, 2**32 - 1), st.sets(st.integers(0, 99)), st.integers(1, 40))
def test_a_subset_has_the_scores_and_the_order_of_the_full_search(seed: int, allowed: set[int], k: int) -> None:
    index, query = _build(_random(seed, 100)), _random(seed + 1, 1)[0]
    everything = [entry for entry in index.search(query, 100) if entry.id in allowed]
    assert index.search(query, k, np.array(sorted(allowed), dtype=np.int64)) == everything[:k]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 60), max_size=5), st.sets(st.integers(0, 99)), st.data())
def test_parts_without_their_dead_search_like_one_index_of_what_is_alive(
    seed: int, sizes: list[int], gone: set[int], data: st.DataObject
) -> None:
    vectors, query = _random(seed, sum(sizes)), _random(seed + 1, 1)[0]
    ids = np.arange(len(vectors), dtype=np.int64)
    cuts = np.cumsum(sizes)[:-1]
    parts = [_part(v, i) for v, i in zip(np.split(vectors, cuts), np.split(ids, cuts), strict=True)] if sizes else []
    dead = sorted(i for i in gone if i < len(vectors))
    alive = np.setdiff1d(ids, dead)
    index, whole = DenseIndex(DIMENSION, parts, dead), _build(vectors[alive], alive)
    k = data.draw(st.integers(1, len(ids) + 5))
    assert len(index) == len(alive)
    assert sorted(index.search(query, k)) == sorted(whole.search(query, k))
    allowed = np.array(sorted(i for i in alive.tolist() if i % 2), dtype=np.int64)
    assert sorted(index.search(query, k, allowed)) == sorted(whole.search(query, k, allowed))


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 10))
def test_all_that_tie_with_the_last_are_returned(seed: int, copies: int, k: int) -> None:
    one = _random(seed, 1)
    vectors = np.concatenate([np.repeat(one, copies, axis=0), _random(seed + 1, 20) / 16])
    found = _build(vectors).search(one[0], k)
    assert {entry.id for entry in found} >= set(range(copies))
    assert len({entry.score for entry in found[:copies]}) == 1
    assert len(found) == max(k, copies) or found[-1].score == found[k - 1].score


def test_more_than_there_are_gives_all_there_are() -> None:
    index = _build(_random(1, 5))
    assert {entry.id for entry in index.search(_random(2, 1)[0], 100)} == set(range(5))


def test_ids_that_are_not_there_are_never_found() -> None:
    index = _build(_random(1, 5))
    found = index.search(_random(2, 1)[0], 10, np.array([3, 7, 99], dtype=np.int64))
    assert [entry.id for entry in found] == [3]


def test_an_empty_index_and_an_empty_subset_find_nothing() -> None:
    nothing = np.array([], dtype=np.int64)
    empty = DenseIndex(DIMENSION, [])
    assert len(empty) == 0
    assert empty.search(_random(1, 1)[0], 3) == []
    assert _build(_random(1, 5)).search(_random(1, 1)[0], 3, nothing) == []


def test_vectors_may_come_in_blocks_and_in_half_precision() -> None:
    vectors, query = _random(1, 50), _random(2, 1)[0]
    ids = np.arange(50, dtype=np.int64)
    half = vectors.astype(np.float16)
    blocks = DenseIndex(DIMENSION, [DensePart.build(DIMENSION, [(ids[:20], half[:20]), (ids[20:], half[20:])])])
    assert len(blocks) == 50
    assert blocks.search(query, 50) == _build(vectors).search(query, 50)


def test_values_half_precision_cannot_hold_are_rounded_to_the_nearest_it_can() -> None:
    value = np.float32(0.1234567)
    found = _build(np.full((1, DIMENSION), value)).search(np.eye(DIMENSION, dtype=np.float32)[0], 1)
    assert found[0].score == np.float16(value) != value


@pytest.mark.parametrize("shape", [(2, DIMENSION - 1), (3, DIMENSION), (2 * DIMENSION,)])
def test_vectors_of_another_shape_are_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"vectors have shape \({shape[0]},.*; needed \(2, 8\)"):
        DensePart.build(DIMENSION, [(np.arange(2, dtype=np.int64), np.zeros(shape, dtype=np.float32))])


@pytest.mark.parametrize("shape", [(DIMENSION + 1,), (1, DIMENSION)])
def test_a_query_of_another_shape_is_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=rf"query has shape \({shape[0]},.*; needed \(8,\)"):
        _build(_random(1, 5)).search(np.zeros(shape, dtype=np.float32), 3)


def test_fewer_than_one_is_refused() -> None:
    with pytest.raises(ValueError, match="k is 0; needed at least 1"):
        _build(_random(1, 5)).search(_random(1, 1)[0], 0)


def test_what_is_saved_and_opened_searches_identically(tmp_path: Path) -> None:
    index, queries = _build(_random(1, 300)), _random(2, 20)
    index.parts[0].save(tmp_path / "dense.faiss")
    opened = DenseIndex(DIMENSION, [DensePart.open(tmp_path / "dense.faiss")])
    assert len(opened) == 300
    assert [opened.search(query, 10) for query in queries] == [index.search(query, 10) for query in queries]


def test_threads_search_like_one() -> None:
    index, queries = _build(_random(1, 500)), _random(2, 200)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: index.search(query, 5), queries)) == [index.search(q, 5) for q in queries]

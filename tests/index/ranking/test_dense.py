"""Dense search against numpy brute force over the same half-precision values."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from citeqa.index.ranking.dense import ACCEPTED, DenseIndex, DensePart, InvertedLists, Measured

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]

DIMENSION = 8
WIDE = 32


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


# --- parts with lists


def _clustered(seed: int, count: int) -> Floats:
    """Vectors around a few centres, some of them twice, in half precision."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(12, WIDE))
    rows = centres[chance.integers(0, len(centres), count)] + chance.normal(scale=0.7, size=(count, WIDE))
    rows[::7] = rows[0]
    half = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)
    return half.astype(np.float32)


@cache
def _listed(seed: int, count: int = 3000) -> tuple[DensePart, Measured]:
    """A part with lists; its ids are odd, up to twice its size."""
    exact = DensePart.build(WIDE, [(_odd(count), _clustered(seed, count))])
    lists, measured = InvertedLists.build(exact)
    return DensePart(exact.index, lists), measured


def _odd(count: int) -> Ids:
    return np.arange(1, 2 * count, 2, dtype=np.int64)


def _both(part: DensePart, dead: Iterable[int] = ()) -> tuple[DenseIndex, DenseIndex]:
    """The same part searched by its lists and scanned in full."""
    return DenseIndex(WIDE, [part], dead), DenseIndex(WIDE, [DensePart(part.index)], dead)


@given(st.integers(0, 2), st.integers(0, 2**32 - 1), st.integers(1, 100), st.sets(st.integers(0, 6000), max_size=99))
@pytest.mark.slow
def test_what_lists_find_has_the_scores_of_the_full_scan(seed: int, asked: int, k: int, gone: set[int]) -> None:
    dead = [i for i in gone if i % 2 and i < 6000]
    listed, scanned = _both(_listed(seed)[0], dead)
    query = _clustered(asked, 2)[1]
    found, exact = listed.search(query, k), dict(scanned.search(query, 3000))
    assert len(found) >= k
    assert len({entry.id for entry in found}) == len(found)
    assert all(entry.score == exact[entry.id] for entry in found)
    assert [entry.score for entry in found] == sorted((entry.score for entry in found), reverse=True)


@given(st.integers(0, 2**32 - 1), st.integers(1, 3000), st.sets(st.integers(0, 3000)), st.integers(1, 50))
def test_filters_are_exact_over_lists(asked: int, k: int, some: set[int], every: int) -> None:
    listed, scanned = _both(_listed(0)[0])
    query = _clustered(asked, 2)[1]
    for allowed in (np.array(sorted(some), dtype=np.int64), _odd(3000)[::every]):
        assert listed.search(query, k, allowed) == scanned.search(query, k, allowed)


@given(st.integers(0, 2**32 - 1), st.integers(101, 4000), st.sets(st.sampled_from(_odd(3000).tolist()), max_size=99))
def test_what_goes_deeper_than_recall_was_measured_is_exact(asked: int, k: int, dead: set[int]) -> None:
    listed, scanned = _both(_listed(0)[0], dead)
    query = _clustered(asked, 2)[1]
    assert listed.search(query, k) == scanned.search(query, k)


@given(st.sets(st.sampled_from(_odd(3000).tolist()), max_size=2999), st.integers(1, 100))
def test_the_dead_are_never_found_however_few_live(dead: set[int], k: int) -> None:
    listed, _ = _both(_listed(0)[0], dead)
    found = {entry.id for entry in listed.search(_clustered(5, 1)[0], k)}
    assert not found & dead
    assert len(found) >= min(k, 3000 - len(dead))


@given(st.integers(0, 2), st.integers(1, 100))
def test_all_that_tie_are_found_over_lists(seed: int, k: int) -> None:
    """Every seventh vector is the same one."""
    found = _both(_listed(seed)[0])[0].search(_clustered(seed, 3000)[0], k)
    assert {entry.id for entry in found} == set(_odd(3000)[::7].tolist())


def test_recall_is_what_brute_force_measures() -> None:
    part, measured = _listed(1, 6000)
    assert measured.suffices
    assert 0 < measured.probes < measured.lists
    vectors, missed = _clustered(1, 6000), {10: 0, 100: 0}
    asked = [i for i in np.random.default_rng(9).permutation(6000)[:150].tolist() if i % 7]
    for i in asked:
        scores = np.delete(vectors.astype(np.float64) @ vectors[i], i)
        found = DenseIndex(WIDE, [part], [2 * i + 1]).search(vectors[i], 100)
        for k in missed:
            least = np.sort(scores)[-k] - 1e-6
            missed[k] += k - sum(entry.score >= least for entry in found[:k])
    assert 1 - missed[10] / 10 / len(asked) == pytest.approx(measured.recall_at_10, abs=0.01)
    assert 1 - missed[100] / 100 / len(asked) == pytest.approx(measured.recall_at_100, abs=0.01)


def test_lists_that_find_too_little_do_not_suffice() -> None:
    """Neighbours of vectors without any structure lie everywhere."""
    chance = np.random.default_rng(3).normal(size=(20_000, 128)).astype(np.float32)
    chance /= np.linalg.norm(chance, axis=1, keepdims=True)
    _, measured = InvertedLists.build(DensePart.build(128, [(np.arange(20_000, dtype=np.int64), chance)]))
    assert measured.probes == measured.lists // 6
    assert 0 < measured.recall < ACCEPTED
    assert not measured.suffices


def test_the_same_vectors_give_the_same_lists_and_opened_ones_search_identically(tmp_path: Path) -> None:
    part, again = _listed(2)[0], _listed.__wrapped__(2)[0]
    part.save(tmp_path / "vectors")
    for name, given_part in (("one", part), ("two", again)):
        assert given_part.lists
        given_part.lists.save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    opened, queries = DensePart.open(tmp_path / "vectors", tmp_path / "one"), _clustered(8, 50)
    assert opened.lists
    assert opened.lists.index.nprobe == _listed(2)[1].probes
    kept, mapped = _both(part)[0], _both(opened)[0]
    assert [mapped.search(query, 20) for query in queries] == [kept.search(query, 20) for query in queries]


def test_threads_search_lists_like_one() -> None:
    index, queries = _both(_listed(0)[0])[0], _clustered(4, 200)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda query: index.search(query, 5), queries)) == [index.search(q, 5) for q in queries]


def test_parts_of_earlier_versions_open(tmp_path: Path) -> None:
    """They were written as IndexIDMap2."""
    vectors, ids = _random(1, 50), 3 * np.arange(50, dtype=np.int64)
    flat = faiss.IndexScalarQuantizer(DIMENSION, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    earlier = faiss.IndexIDMap2(flat)
    earlier.add_with_ids(vectors, ids)
    faiss.write_index(earlier, str(tmp_path / "dense.faiss"))
    opened = DenseIndex(DIMENSION, [DensePart.open(tmp_path / "dense.faiss")], [3])
    query = _random(2, 1)[0]
    assert opened.search(query, 20) == DenseIndex(DIMENSION, [_part(vectors, ids)], [3]).search(query, 20)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux says what is mapped")
def test_files_are_mapped_not_read(tmp_path: Path) -> None:
    part = _listed(0)[0]
    assert part.lists
    part.save(tmp_path / "vectors.faiss")
    part.lists.save(tmp_path / "lists.faiss")
    opened = DensePart.open(tmp_path / "vectors.faiss", tmp_path / "lists.faiss")
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert all(str(tmp_path / name) in mapped for name in ("vectors.faiss", "lists.faiss"))
    assert len(opened) == 3000

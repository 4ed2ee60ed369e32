"""The database: what goes in comes out, filters against a plain predicate, snapshots, damage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.paths import MEMORY

from citeqa.index.documents.chunker import indexed_text
from citeqa.index.documents.corpus import document
from citeqa.index.errors import IndexDamagedError, UnknownDocumentError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.texts import Texts
from citeqa.index.types import Document, Filters, Passage, SourceFile, Span

DIMENSION = 4
DAY = date(2024, 1, 1)

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(characters, min_size=1, max_size=80).filter(str.strip)


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog(tmp_path / "catalog.sqlite3", write=True)
    yield opened
    opened.close()


def _document(document_id: str, text: str = "Some words.", **known: Any) -> Document:
    return document(document_id, text, file_sha256="0", **known)


def _vectors(count: int, seed: int = 0) -> NDArray[np.float16]:
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float16)


def _put(catalog: Catalog, *documents: Document, cuts: int = 1) -> None:
    """Store documents cut into `cuts` passages at least one character long."""
    with catalog.transaction():
        for item in documents:
            edges = sorted({round(i * len(item.text) / cuts) for i in range(cuts + 1)})
            spans = [Span(a, b) for a, b in pairwise(edges)]
            passages = [Passage(item.id, span, item.quote(span)) for span in spans]
            catalog.put(item, f"Heading of {item.id}", passages, _vectors(len(passages)))


@settings(max_examples=60)
@given(texts, st.integers(1, 5), st.none() | st.text(characters, min_size=1), st.none() | st.dates())
def test_a_document_and_its_passages_come_back_as_they_were(
    text: str, cuts: int, author: str | None, published: date | None
) -> None:
    item = _document("a/é:1", text, author=author, published=published, source="S", url="U", title="T")
    with TemporaryDirectory(dir=MEMORY) as folder:
        catalog = Catalog(Path(folder, "c.sqlite3"), write=True)
        _put(catalog, item, cuts=cuts)
        assert catalog.document(item.id) == item
        passages = list(Texts(catalog).passages(range(10)).values())
        assert [item.quote(passage.span) for passage in passages] == [passage.text for passage in passages]
        assert "".join(passage.text for passage in passages) == text
        rows = [(row.document_id, row.text) for row in catalog.lexical_entries()]
        assert rows == [(item.id, indexed_text(f"Heading of {item.id}", passage)) for passage in passages]
        catalog.close()


def test_passages_of_several_documents_come_back_in_order_of_their_ids(catalog: Catalog) -> None:
    items = [_document(name, f"The fox of {name} 🦊 sleeps at noon.") for name in ("b", "a", "c")]
    _put(catalog, *items, cuts=4)
    wanted = {number: (item.id, item.text) for number, item in enumerate([i for i in items for _ in range(4)], 1)}
    found = Texts(catalog).passages([12, 1, 7, 99, 6, 2])
    assert list(found) == [1, 2, 6, 7, 12]
    for number, passage in found.items():
        name, text = wanted[number]
        assert (passage.document_id, passage.text) == (name, text[passage.span.start : passage.span.end])


def test_boilerplate_comes_back_too(catalog: Catalog) -> None:
    item = _document("a", " date 2024-05-06 By A. B.\nWords.\n- Advertisement -\nMore. (end)")
    _put(catalog, item)
    assert len(item.boilerplate) == 3
    assert catalog.document("a").boilerplate == item.boilerplate


def test_an_unknown_document_is_named(catalog: Catalog) -> None:
    with pytest.raises(UnknownDocumentError, match="no such document: 'gone'") as caught:
        catalog.document("gone")
    assert caught.value.ids == ["gone"]


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Other"}, {"text": "Other words.", "sha256": "1"}, {"author": "B"}, {"date": DAY}, {"source": "Z"},
        {"url": "https://example.org"}, {"file_sha256": "1"}, {"encoding": "cp1252"}, {"boilerplate": (Span(0, 4),)},
    ],
)  # fmt: skip
def test_a_document_is_held_only_with_the_very_same_text_and_metadata(catalog: Catalog, change: dict[str, Any]) -> None:
    item = _document("a", author="A")
    assert catalog.is_unchanged(item) is None
    _put(catalog, item)
    assert catalog.is_unchanged(item) is True
    assert catalog.is_unchanged(replace(item, **change)) is False


def test_putting_a_document_again_replaces_it_and_never_uses_a_passage_id_again(catalog: Catalog) -> None:
    _put(catalog, _document("a", "one two three"), _document("b", "four five six"), cuts=3)
    assert catalog.counts() == (2, 6)
    _put(catalog, _document("b", "seven eight"), cuts=2)
    assert catalog.counts() == (2, 5)
    assert sorted(Texts(catalog).passages(range(100))) == [1, 2, 3, 7, 8]
    assert catalog.last_change() == 3
    assert catalog.document("b").text == "seven eight"


def test_a_transaction_that_fails_leaves_nothing_behind(catalog: Catalog) -> None:
    _put(catalog, _document("a"))

    def interrupted() -> None:
        with catalog.transaction():
            catalog.put(_document("a", "Other."), "", [], _vectors(0))
            catalog.put(_document("b"), "", [], _vectors(0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert catalog.counts() == (1, 1)
    assert catalog.document("a").text == "Some words."
    assert catalog.last_change() == 1


def test_as_many_vectors_as_passages_are_needed(catalog: Catalog) -> None:
    with pytest.raises(ValueError, match="zip"), catalog.transaction():
        catalog.put(_document("a"), "", [Passage("a", Span(0, 4), "Some")], _vectors(2))
    assert catalog.counts() == (0, 0)


def test_vectors_come_back_bit_for_bit_in_blocks(catalog: Catalog) -> None:
    item = _document("a", "x" * 50)
    passages = [Passage("a", Span(i, i + 1), "x") for i in range(50)]
    vectors = _vectors(50, seed=5)
    with catalog.transaction():
        catalog.put(item, "", passages, vectors)
    blocks = list(catalog.vectors(DIMENSION, block=20))
    assert [len(ids) for ids, _ in blocks] == [20, 20, 10]
    assert np.concatenate([ids for ids, _ in blocks]).tolist() == list(range(1, 51))
    assert np.concatenate([block for _, block in blocks]).tobytes() == vectors.tobytes()


def test_settings_come_back_with_their_types(catalog: Catalog) -> None:
    assert catalog.settings() == {}
    catalog.set_settings({"b": 3, "a": "3"})
    assert catalog.settings() == {"a": "3", "b": 3}


# --- filters

sources = st.sampled_from([None, "Reuters", "KUNA"])
days = st.none() | st.integers(0, 5).map(lambda n: DAY + timedelta(days=n))


@settings(max_examples=60)
@given(st.lists(st.tuples(sources, days), min_size=1, max_size=8), st.data())
def test_filters_leave_what_a_plain_predicate_leaves(
    known: list[tuple[str | None, date | None]], data: st.DataObject
) -> None:
    items = [_document(f"d{i}", source=source, published=day) for i, (source, day) in enumerate(known)]
    first, last = data.draw(days), data.draw(days)
    if first and last and first > last:
        first, last = last, first
    ids = data.draw(st.none() | st.frozensets(st.sampled_from([item.id for item in items])))
    filters = Filters(ids, data.draw(sources), first, last)
    expected = [
        item.id
        for item in items
        if (ids is None or item.id in ids)
        and (filters.source is None or item.source == filters.source)
        and (first is None or (item.date is not None and item.date >= first))
        and (last is None or (item.date is not None and item.date <= last))
    ]
    with TemporaryDirectory(dir=MEMORY) as folder:
        catalog = Catalog(Path(folder, "c.sqlite3"), write=True)
        _put(catalog, *items, cuts=3)
        document_ids, passage_ids = catalog.matching(filters)
        assert document_ids == expected
        assert passage_ids.dtype == np.int64
        assert sorted(passage_ids.tolist()) == passage_ids.tolist()
        assert [p.document_id for p in Texts(catalog).passages(passage_ids.tolist()).values()] == [
            i for i in expected for _ in "123"
        ]
        catalog.close()


def test_unknown_ids_are_told_sorted_and_known_ones_not(catalog: Catalog) -> None:
    _put(catalog, _document("a"), _document("é:😀"))
    assert catalog.unknown(["z", "a", "é:😀", "b", "z", "A"]) == ["A", "b", "z"]


# --- pages of summaries


@pytest.fixture
def shelf(catalog: Catalog) -> Catalog:
    _put(
        catalog,
        _document("a", title="100% cotton", author="Ana Núñez"),
        _document("b/1", title="Snake_case", source="KUNA"),
        _document("b/2", title="STRASSE und Café", published=DAY),
        _document("c", title="Snakes", source="Straße Press"),
        cuts=2,
    )
    return catalog


def test_a_list_of_all_documents_looks_into_none(shelf: Catalog) -> None:
    folded = list[str]()

    def fold(text: str) -> str:
        folded.append(text)
        return text.casefold()

    shelf._connection.create_function("fold", 1, fold)
    assert len(shelf.summaries(10, "", "")) == shelf.count("")
    assert not folded
    assert shelf.count("x") <= shelf.count("")
    assert folded


@pytest.mark.parametrize(
    ("contains", "ids"),
    [
        ("", ["a", "b/1", "b/2", "c"]),
        ("b/", ["b/1", "b/2"]),
        ("snake", ["b/1", "c"]),
        ("SNAKE_", ["b/1"]),
        ("%", ["a"]),
        ("_", ["b/1"]),
        ("0% c", ["a"]),
        ("núÑez", ["a"]),
        ("kuna", ["b/1"]),
        ("straße", ["b/2", "c"]),
        ("CAFÉ", ["b/2"]),
        ("nothing", []),
        ("'", []),
    ],
)
def test_summaries_contain_the_text_whatever_its_case_and_take_it_literally(
    shelf: Catalog, contains: str, ids: list[str]
) -> None:
    assert [summary.id for summary in shelf.summaries(10, "", contains)] == ids
    assert shelf.count(contains) == len(ids)


def test_the_text_must_stand_within_one_field(shelf: Catalog) -> None:
    assert shelf.summaries(10, "", "c snakes") == []  # the end of an id and the beginning of a title


def test_pages_of_summaries_follow_each_other_without_gap_or_repetition(shelf: Catalog) -> None:
    pages, after = [], ""
    while page := shelf.summaries(2, after, "s"):
        pages.append([summary.id for summary in page])
        after = page[-1].id
    assert pages == [["b/1", "b/2"], ["c"]]


def test_a_summary_is_the_document_without_its_text(shelf: Catalog) -> None:
    summary, held = shelf.summaries(1, "b/1", "")[0], shelf.document("b/2")
    assert summary.length == len(held.text)
    assert summary.passages == 2
    for field in ("id", "title", "author", "date", "source", "url", "sha256", "file_sha256", "encoding"):
        assert getattr(summary, field) == getattr(held, field)


# --- snapshots and damage


def test_no_copy_of_a_deleted_text_is_left_when_the_database_was_compacted(tmp_path: Path, catalog: Catalog) -> None:
    """SQLite moves rows between pages, and `secure_delete` does not reach the copies it leaves in their gaps."""
    chance, live, seen = np.random.default_rng(1), dict[str, str](), set[str]()

    def left() -> list[str]:
        data = b"".join(path.read_bytes() for path in tmp_path.glob("catalog.sqlite3*"))
        return [title for title in seen - {*live.values()} if title.encode() in data]

    for step in range(150):
        with catalog.transaction():
            for part in range(int(chance.integers(1, 4))):
                name, title = f"d{chance.integers(14)}", f"Title number {step} {part} of them"
                if name in live and chance.random() < 0.25:
                    catalog.remove(name)
                    del live[name]
                    continue
                item = replace(_document(name, "words " * int(chance.integers(5, 200))), title=title)
                catalog.put(item, f"h {title}", [], _vectors(0), SourceFile("/root/docs", f"{name}.txt"))
                live[name] = title
                seen.add(title)
        assert catalog.purge()
        if left():
            break
    else:
        pytest.skip("this SQLite left nothing")
    catalog.compact()
    assert left() == []
    assert catalog.ids() == sorted(live)


def test_a_reader_keeps_the_state_of_the_moment_it_was_opened(tmp_path: Path, catalog: Catalog) -> None:
    _put(catalog, _document("a", "Old words."))
    reader = Catalog(tmp_path / "catalog.sqlite3")
    _put(catalog, _document("a", "New words."), _document("b"))
    assert (reader.counts(), reader.last_change(), reader.document("a").text) == ((1, 1), 1, "Old words.")
    later = Catalog(tmp_path / "catalog.sqlite3")
    assert (later.counts(), later.last_change(), later.document("a").text) == ((2, 2), 3, "New words.")
    reader.close()
    later.close()


def test_a_path_may_hold_what_means_something_in_a_uri(tmp_path: Path) -> None:
    folder = tmp_path / "a?mode=memory&b#c %41 é"
    folder.mkdir()
    for write in (True, False):
        catalog = Catalog(folder / "c.sqlite3", write=write)
        assert catalog.counts() == (0, 0)
        catalog.close()
    assert (folder / "c.sqlite3").exists()


def test_reading_never_makes_a_database(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="unable to open"):
        Catalog(tmp_path / "none.sqlite3")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["garbage", "no header", "half"])
@pytest.mark.parametrize("write", [False, True])
def test_a_damaged_database_is_named_with_the_mend(tmp_path: Path, kind: str, write: bool) -> None:
    path = tmp_path / "c.sqlite3"
    catalog = Catalog(path, write=True)
    _put(catalog, *(_document(f"d{i}", "words " * 500) for i in range(50)))
    catalog.close()
    data = path.read_bytes()
    path.write_bytes(
        {"garbage": b"x" * len(data), "no header": bytes(100) + data[100:], "half": data[: len(data) // 2]}[kind]
    )
    with pytest.raises(IndexDamagedError, match=rf"the database {path} cannot be used: .+; .*move it away and index"):
        Catalog(path, write=write).summaries(100, "", "")

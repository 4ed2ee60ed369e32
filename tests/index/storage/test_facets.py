"""Documents counted by folder, source and year, chosen by folder, and listed in several orders; against brute force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.embedders import WordLengths

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.errors import UnknownFolderError
from citeqa.index.storage import schema
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.in_memory import InMemoryIndex
from citeqa.index.storage.selection import selected
from citeqa.index.types import Document, Filters, Order

IDS = ["a", "a/b", "a/b/c", "a/b/d", "a-b/c", "a0", "ab/c", "b/a/b/c", "ä/ö", "b/x", "c/d"]
TITLES = ["Zebra", "apple", "Äpfel", "", "apple", "Bear", "bear", "9", "Zebra", "x", "y"]
SOURCES = ["Gazette", "Wire", None, "gazette", "Wire", None, "Wire", "Times", "A", None, "B"]
DATES = [date(2020, 1, 1), None, date(2019, 5, 4), date(2020, 12, 31), None, date(1999, 1, 1), *[date(2021, 1, 1)] * 5]
ORDERS: list[Order] = ["title", "date", "added", "source"]


def made() -> list[Document]:
    return [
        document(i, f"Words of {i}.", file_sha256="0", title=title or None, source=source, published=day)
        for i, title, source, day in zip(IDS, TITLES, SOURCES, DATES, strict=True)
    ]


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Catalog]:
    with closing(Catalog(tmp_path / "catalog.sqlite3", write=True)) as catalog:
        with catalog.transaction():
            for item in made():
                catalog.put(item, "", [], np.empty((0, 8), np.float16))
        yield catalog


def test_facets_count_what_is_there(shelf: Catalog) -> None:
    found = shelf.facets(100)
    folders: Counter[str] = Counter()
    for document_id in IDS:
        parts = document_id.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, min(3, len(parts))))
    assert list(found.folders) == sorted(folders.items(), key=lambda one: one[0].encode())
    assert dict(found.sources) == dict(Counter(source for source in SOURCES if source))
    assert found.sources[0] == ("Wire", 3)
    assert dict(found.years) == dict(Counter(str(day.year) for day in DATES if day))
    assert [year for year, _ in found.years] == ["2021", "2020", "2019", "1999"]
    assert found.documents == len(IDS)
    assert [len(found) for found in shelf.facets(1)[1:]] == [1, 1, 1]


@pytest.mark.parametrize("sql", [schema.FOLDERS, schema.SOURCES, schema.YEARS])
def test_facets_are_counted_from_an_index_alone(shelf: Catalog, sql: str) -> None:
    """However long the texts are: no document's row is read."""
    plan = [row[3] for row in shelf._fetch(f"EXPLAIN QUERY PLAN {sql}", (9,))]
    read = [step for step in plan if "documents" in step]
    assert read
    assert all("COVERING INDEX" in step for step in read), plan


def test_a_folder_is_found_by_a_range_of_ids(shelf: Catalog) -> None:
    sql = f"EXPLAIN QUERY PLAN SELECT d.id FROM documents AS d WHERE {schema.IN_FOLDER}"
    (step,) = [row[3] for row in shelf._fetch(sql, schema.folder_range("a"))]
    assert step.startswith("SEARCH")


@given(st.frozensets(st.sampled_from(["a", "a/b", "ab", "a-b", "b", "b/a", "ä", "a/b/c", "nobody"]), min_size=1))
def test_folders_choose_what_lies_in_them(folders: frozenset[str]) -> None:
    index = InMemoryIndex(made(), WordLengths(), ChunkerSettings())
    missing = sorted(one for one in folders if not any(i.startswith(f"{one}/") for i in IDS))
    if missing:
        with pytest.raises(UnknownFolderError) as raised:
            index.select(Filters(folders=folders))
        assert raised.value.folders == missing
        return
    chosen = selected(index.select(Filters(folders=folders)))
    assert chosen
    expected = sorted(i for i in IDS if any(i.startswith(f"{one}/") for one in folders))
    assert chosen.document_ids == expected


@pytest.mark.parametrize("folders", [{"a"}, {"a/b"}, {"ä"}, {"a", "b/a"}, {"ab", "a-b"}])
def test_the_database_chooses_the_same(shelf: Catalog, folders: set[str]) -> None:
    ids, _ = shelf.matching(Filters(folders=frozenset(folders)))
    assert ids == sorted(i for i in IDS if any(i.startswith(f"{one}/") for one in folders))
    assert shelf.unknown_folders(folders | {"a/b/c", "A"}) == ["A", "a/b/c"]


def test_folders_are_checked() -> None:
    for name in ("", "a/"):
        with pytest.raises(ValueError, match="folder"):
            Filters(folders=frozenset({name}))
    assert Filters(folders=frozenset({"a"}))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [1, 3, 100])
def test_every_order_is_walked_whole_page_by_page(shelf: Catalog, order: Order, limit: int) -> None:
    last = chr(0x10FFFF)
    keys: dict[str, Callable[[Document, int], tuple[Any, ...]]] = {
        "title": lambda d, n: (d.title.casefold(), d.id.encode()),
        "date": lambda d, n: (-(d.date or date.min).toordinal(), d.id.encode()),
        "added": lambda d, n: (-n,),
        "source": lambda d, n: ((d.source or last).casefold(), d.id.encode()),
    }
    expected = [d.id for n, d in sorted(enumerate(made()), key=lambda one: keys[order](one[1], one[0]))]
    walked: list[str] = []
    after = None
    while page := shelf.sorted_summaries(order, limit, after, ""):
        walked += [summary.id for _, summary in page]
        after = (page[-1][0], page[-1][1].id)
    assert walked == expected


def test_a_place_holds_when_documents_come_and_go(shelf: Catalog) -> None:
    first = shelf.sorted_summaries("title", 3, None, "")
    key, last = first[-1][0], first[-1][1].id
    rest = [summary.id for _, summary in shelf.sorted_summaries("title", 99, (key, last), "")]
    with shelf.transaction():
        shelf.remove(last)
        shelf.put(document("new", "Words.", file_sha256="0", title="0 first"), "", [], np.empty((0, 8), np.float16))
    assert [summary.id for _, summary in shelf.sorted_summaries("title", 99, (key, last), "")] == rest

"""Slices of long texts in a database: the same as those of the text, and no more is read than they need."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.counted import counted_reading

from citeqa.index.documents.corpus import document
from citeqa.index.errors import IndexDamagedError, UnknownDocumentError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.texts import BLOCK, WHOLE, StoredText, Texts
from citeqa.index.types import Document, Passage, Span

SIGNS = ["a", "é", "“", "😀", "\n", "𝄞"]  # of one byte to four


def _text(length: int, seed: int = 0) -> str:
    chance = random.Random(seed)
    return "".join(chance.choices(SIGNS, k=length - 1)) + "."


LONG, SHORT = _text(3 * WHOLE), _text(WHOLE, 1)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "catalog.sqlite3"
    with closing(Catalog(path, write=True)) as catalog:
        for name, text in (("long", LONG), ("short", SHORT)):
            edges = range(0, len(text) + 1, len(text) // 8)
            spans = [Span(start, end) for start, end in pairwise(edges)]
            made = document(name, text, file_sha256="0")
            passages = [Passage(name, span, made.quote(span)) for span in spans]
            with catalog.transaction():
                catalog.put(made, name, passages, np.ones((len(passages), 4), np.float16))
    return path


@pytest.fixture
def catalog(path: Path) -> Iterator[Catalog]:
    with closing(Catalog(path)) as opened:
        yield opened


def test_slices_are_those_of_the_text(catalog: Catalog) -> None:
    chance, text = random.Random(2), Texts(catalog).view("long").text
    assert isinstance(text, StoredText)
    assert len(text) == len(LONG)
    edges = [0, 1, len(LONG) - 1, len(LONG), *(chance.randrange(len(LONG)) for _ in range(60))]
    for start in edges:
        for end in (*edges[:4], start + 1, start + 500, start + BLOCK):
            assert text[start:end] == LONG[start:end]
    assert text[:] == LONG
    assert text[len(LONG) : len(LONG) + 5] == ""
    assert text[7] + text[-1] == LONG[7] + LONG[-1]
    with pytest.raises(IndexError):
        text[len(LONG)]


def test_places_are_counted_in_utf16_as_in_the_text(catalog: Catalog) -> None:
    view, whole = Texts(catalog).view("long"), catalog.document("long")
    for offset in (0, 1, BLOCK, 2 * WHOLE + 1, len(LONG) - 1, len(LONG)):
        assert view.utf16(offset) == whole.utf16(offset) == len(LONG[:offset].encode("utf-16-le")) // 2


def test_all_else_of_a_document_is_the_same(catalog: Catalog) -> None:
    texts = Texts(catalog)
    view, whole = texts.view("long"), catalog.document("long")
    assert [getattr(view, name) for name in Document.__match_args__ if name != "text"] == [
        getattr(whole, name) for name in Document.__match_args__ if name != "text"
    ]
    assert texts.view("short") == catalog.document("short")
    with pytest.raises(UnknownDocumentError):
        texts.view("another")


def test_passages_are_slices_of_their_documents(catalog: Catalog) -> None:
    found = Texts(catalog).passages([1, 2, 8, 9, 16, 99])
    assert list(found) == [1, 2, 8, 9, 16]
    texts = {"long": LONG, "short": SHORT}
    assert all(one.text == texts[one.document_id][one.span.start : one.span.end] for one in found.values())
    assert {one.document_id for one in found.values()} == set(texts)


def test_each_text_is_read_once_for_the_terms_of_all_its_passages(catalog: Catalog) -> None:
    with counted_reading(catalog) as read:
        entries = list(catalog.lexical_entries())
    assert len(entries) == 16
    assert read.characters < 1.1 * len((LONG + SHORT).encode())


def test_a_long_text_is_read_through_once_and_then_in_parts(catalog: Catalog) -> None:
    texts, size = Texts(catalog), len(LONG.encode())
    with counted_reading(catalog) as read:
        texts.view("long")
    assert size <= read.characters < size + BLOCK
    for view in (texts, Texts(catalog, texts)):  # of a later view, too
        with counted_reading(catalog) as read:
            assert view.view("long").text[2 * WHOLE : 2 * WHOLE + 10] == LONG[2 * WHOLE : 2 * WHOLE + 10]
        assert 0 < read.characters < 3 * BLOCK


@pytest.mark.parametrize("name", ["long", "short"])
def test_a_text_that_was_changed_on_the_disk_is_not_quoted(path: Path, tmp_path: Path, name: str) -> None:
    changed = Path(shutil.copy(path, tmp_path))
    with closing(sqlite3.connect(changed)) as connection:
        connection.execute("UPDATE documents SET text = replace(text, '.', '!') WHERE id = ?", (name,))
        connection.commit()
    with closing(Catalog(changed)) as catalog, pytest.raises(IndexDamagedError, match=rf"the text of '{name}' has SHA"):
        Texts(catalog).view(name)

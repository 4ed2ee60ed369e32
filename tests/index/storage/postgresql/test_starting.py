"""A fresh replica starts from the files of another one: they are copied, checked, and brought up to date; whatever is
wrong with them, it ends like one that is filled from the server."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.corpora import bytes_below, change, faults, made, shown
from support.embedders import WordLengths
from support.faults import DAMAGE
from support.postgres import Server, new_schema, starting_from

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql import deriving
from citeqa.index.storage.postgresql.followed import current
from citeqa.index.storage.stores import open_store

FOXES = [made(f"d{n}", f"Fox number {n} sleeps by the quiet harbour.") for n in range(6)]
CAT = hashlib.sha256(b"A cat.").hexdigest()


@pytest.fixture
def schema() -> str:
    return new_schema()


@pytest.fixture
def there(postgres: Server, schema: str, tmp_path: Path) -> str:
    """The address with the folder of a replica that is there."""
    address = postgres.address(schema, tmp_path / "there")
    change(address, *FOXES)
    shown(address)
    return address


@pytest.fixture
def fresh(postgres: Server, schema: str, tmp_path: Path) -> str:
    """The address with the folder of a fresh replica that is to start from the one that is there."""
    return starting_from(postgres.address(schema, tmp_path / "fresh"), tmp_path / "there")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the documents that are fetched from the server, as it grows."""
    put, found = deriving._put, list[str]()

    def counted(catalog: Any, number: int, one: Any) -> list[int]:
        found.append(one.document.id)
        return put(catalog, number, one)

    monkeypatch.setattr(deriving, "_put", counted)
    return found


def filled(postgres: Server, schema: str, tmp_path: Path) -> dict[str, Any]:
    """All that a replica says that was filled from the server."""
    return shown(postgres.address(schema, tmp_path / "filled"))


def altered(folder: Path, sql: str) -> None:
    """The database of the replica in a folder, changed by something that is not the program."""
    found = current(folder)
    assert found
    with closing(sqlite3.connect(found / DATABASE)) as connection, connection:
        connection.execute(sql)


def test_only_what_changed_since_is_fetched(
    postgres: Server, schema: str, there: str, fresh: str, fetched: list[str], tmp_path: Path
) -> None:
    change(there, made("d1", "It is another fox."), made("new", "Quiet harbour."), remove=("d2",))
    found = shown(fresh)
    assert fetched == ["d1", "new"]
    assert found == filled(postgres, schema, tmp_path)
    assert faults(fresh) == []
    change(there, made("later", "A dog."))
    assert "later" in [one.id for one in shown(fresh)["documents"]]
    assert faults(there) == []


def test_it_may_be_a_copy_and_nothing_of_it_is_needed_later(
    postgres: Server, schema: str, there: str, fetched: list[str], tmp_path: Path
) -> None:
    copy = shutil.copytree(tmp_path / "there", tmp_path / "copy")
    address = starting_from(postgres.address(schema, tmp_path / "fresh"), copy)
    before = shown(address)
    shutil.rmtree(copy)
    assert fetched == []
    assert shown(address) == before == shown(there)


def test_files_from_before_texts_were_purged_end_without_them(
    postgres: Server, schema: str, there: str, fetched: list[str], tmp_path: Path
) -> None:
    change(there, made("secret", "The secret word is xylophagous."), made("d0", "The old word was quixotry."))
    shown(there)
    old = shutil.copytree(tmp_path / "there", tmp_path / "old")
    change(there, made("d0", "The new word is fox."), remove=("secret",))
    store = open_store(there)
    shown(there)
    store.purge()
    with closing(postgres.connect(schema)) as connection:
        connection.execute("VACUUM FULL documents")
    del fetched[:]
    address = starting_from(postgres.address(schema, tmp_path / "fresh"), old)
    found = shown(address)
    assert fetched == ["d0"]
    open_store(address).purge()
    held = bytes_below(tmp_path / "fresh")
    assert b"xylophagous" in bytes_below(old)
    assert b"xylophagous" not in held
    assert b"quixotry" not in held
    assert found == filled(postgres, schema, tmp_path)
    assert faults(address) == []


@pytest.mark.parametrize("damage", sorted(DAMAGE))
@pytest.mark.parametrize("what", ["*.faiss", DATABASE, "current.json", "lexical/meta.json"])
def test_damaged_files_are_not_started_from(
    there: str, fresh: str, fetched: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture, what: str, damage: str
) -> None:
    for path in sorted((tmp_path / "there").rglob(what)):
        DAMAGE[damage](path)
    del fetched[:]
    found = shown(fresh)
    assert len(fetched) == len(FOXES)
    assert f"the replica in {tmp_path / 'there'} is not started from: " in caplog.text
    assert len(found["documents"]) == len(FOXES)
    assert faults(fresh) == []
    assert len(list((tmp_path / "fresh").glob("replica-*"))) == 1


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("UPDATE documents SET text = replace(text, 'Fox', 'Dog') WHERE id = 'd3'", "the text of 'd3' has SHA-256"),
        ("UPDATE passages SET vector = zeroblob(16) WHERE document_id = 'd3'", "text or vectors of 'd3' have another"),
        (f"UPDATE documents SET text = 'A cat.', length = 6, sha256 = '{CAT}' WHERE id = 'd3'", "'d3'"),
        ("DELETE FROM passages WHERE document_id = 'd3'", "text or vectors of 'd3' have another"),
        ("UPDATE documents SET id = 'other' WHERE id = 'd3'", "refers to nothing"),
        ("INSERT INTO documents SELECT 'more', title, author, date, source, url, sha256, file_sha256, encoding, "
         "boilerplate, heading, length, text, pages, root, name, structure, date_origin, times, recognised "
         "FROM documents WHERE id = 'd3'", "it holds 7 documents, 6 are stored"),
    ],
)  # fmt: skip
def test_what_the_disk_changed_is_noticed(
    there: str, fresh: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, sql: str, reason: str
) -> None:
    before = shown(there)
    altered(tmp_path / "there", sql)
    assert shown(fresh) == before
    assert reason in caplog.text


def test_a_replica_of_another_corpus_is_not_started_from(
    postgres: Server, there: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = new_schema()
    address = starting_from(postgres.address(other, tmp_path / "fresh"), tmp_path / "there")
    change(address, made("a", "Another fox."))
    assert [one.id for one in shown(address)["documents"]] == ["a"]
    assert f"{tmp_path / 'there'} is not started from: it is of another corpus" in caplog.text


def test_a_replica_from_before_all_was_made_anew_is_not_started_from(
    postgres: Server, schema: str, there: str, fresh: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old = shutil.copytree(tmp_path / "there", tmp_path / "old")
    open_store(there).reindex(WordLengths(), ChunkerSettings(64, 0))
    found = shown(starting_from(postgres.address(schema, tmp_path / "fresh"), old))
    assert found == filled(postgres, schema, tmp_path)
    assert "all was made anew since: chunker.passage_tokens is 16 there, 64 here" in caplog.text


def test_a_replica_that_followed_what_the_server_lost_is_not_started_from(
    postgres: Server, schema: str, there: str, fresh: str, caplog: pytest.LogCaptureFixture
) -> None:
    change(there, made("phantom", "Nobody stored this."))
    shown(there)
    with closing(postgres.connect(schema)) as connection:
        connection.execute("DELETE FROM documents WHERE id = 'phantom'")
        connection.execute("DELETE FROM changes WHERE number = 7")
        connection.execute("UPDATE corpus SET change = 6")
    assert len(shown(fresh)["documents"]) == len(FOXES)
    assert "it followed what is not stored, or too long ago" in caplog.text


def test_a_folder_that_is_no_replica_s_is_told(
    postgres: Server, schema: str, there: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address = starting_from(postgres.address(schema, tmp_path / "fresh"), tmp_path / "nowhere")
    assert shown(address) == shown(there)
    assert f"{tmp_path / 'nowhere'} is not started from: there is no replica in it" in caplog.text


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_other_machine_goes_on_while_its_files_are_copied(
    there: str, fresh: str, fetched: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Its search files are replaced after their names were read; it is also further than the server was when asked."""
    copyfile, left = shutil.copyfile, [times]

    def slowly(source: Path, target: Path) -> Any:
        if left[0]:
            left[0] -= 1
            change(there, made("during", f"Written meanwhile, with {left[0]} to come."))
            shown(there)
            del fetched[:]
        return copyfile(source, target)

    monkeypatch.setattr(shutil, "copyfile", slowly)
    found = shown(fresh)
    assert found == shown(there)
    assert len(fetched) == (0 if times < 3 else len(FOXES) + 1)


def test_a_replica_that_cannot_be_gone_on_with_starts_from_another_one_too(
    there: str, fresh: str, fetched: list[str], tmp_path: Path
) -> None:
    before = shown(fresh)
    change(there, made("d1", "It is another fox."))
    shown(there)
    found: Callable[[], Path | None] = lambda: current(tmp_path / "fresh")  # noqa: E731
    damaged = found()
    assert damaged
    (damaged / DATABASE).write_bytes(b"damaged" * 1000)
    del fetched[:]
    assert shown(fresh)["documents"] != before["documents"]
    assert fetched == []
    assert found() != damaged
    assert not damaged.exists()

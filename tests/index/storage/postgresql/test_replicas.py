"""Replicas answer like a single machine, follow what changes, mend themselves, and go on when they are cut off."""

from __future__ import annotations

import json
import random
import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest
from support.corpora import CHUNKER, bytes_below, change, faults, log_of, made, says, shown
from support.embedders import WordLengths
from support.faults import DAMAGE
from support.postgres import Server, new_schema

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.errors import CiteqaError, IndexDamagedError, StoreUnreachableError
from citeqa.index.storage import generations
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql import connecting, deriving, following, replica
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.store import PostgresStore
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.stores import open_store
from citeqa.index.types import SourceFile

SENTENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "All quiet at the harbour tonight.",
    "Alpha, beta and gamma are letters.",
    "The lights go out one by one.",
]


@pytest.fixture
def schema() -> str:
    return new_schema()


@pytest.fixture
def addresses(postgres: Server, schema: str, tmp_path: Path) -> list[str]:
    """The same corpus with three machines' replicas."""
    return [postgres.address(schema, tmp_path / name) for name in ("one", "two", "three")]


@pytest.fixture
def address(addresses: list[str]) -> str:
    return addresses[0]


def mirror(folder: Path) -> Path:
    """The folder of the replica as it is now."""
    return folder / str(json.loads((folder / "current.json").read_text())["replica"])


def soon(condition: object, seconds: float = 10.0) -> bool:
    until = time.monotonic() + seconds
    assert callable(condition)
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_replicas_answer_like_an_index_in_a_folder(addresses: list[str], tmp_path: Path, seed: int) -> None:
    """The same changes to both stores: one replica follows each, one follows some, one is made at the end; documents,
    orders, facets, and both rankings with all their scores are equal."""
    chance, folder = random.Random(seed), str(tmp_path / "folder")
    there = set[str]()
    for _ in range(12):
        put = [
            made(i, " ".join(chance.choices(SENTENCES, k=chance.randint(1, 6))), title=f"About {i}", source=f"s{seed}")
            for i in chance.sample(["a", "b", "c/d", "c/e", "é", "🦊"], chance.randint(1, 3))
        ]
        gone = tuple(sorted(set(chance.sample(sorted(there), min(len(there), 1))) - {one.id for one in put}))
        there = (there | {one.id for one in put}) - set(gone)
        for address in (addresses[0], folder):
            change(address, *put, remove=gone)
        assert shown(addresses[0]) == shown(folder)
        if chance.random() < 0.3:
            assert shown(addresses[1]) == shown(folder)
    assert shown(addresses[1]) == shown(addresses[2]) == shown(folder)
    assert faults(addresses[0]) == []


@pytest.mark.parametrize("damage", sorted(DAMAGE))
@pytest.mark.parametrize("what", ["*.faiss", DATABASE, "current.json", "lexical/meta.json"])
def test_a_damaged_replica_is_made_anew(address: str, tmp_path: Path, what: str, damage: str) -> None:
    change(address, *(made(f"d{n}", f"Fox number {n} sleeps.") for n in range(5)))
    before = shown(address)
    for path in sorted((tmp_path / "one").rglob(what)):
        DAMAGE[damage](path)
    assert shown(address) == before
    assert faults(address) == []


def test_a_replica_that_is_lost_is_made_anew_while_its_view_answers(address: str, tmp_path: Path) -> None:
    change(address, made("a", "A quick fox."))
    store = open_store(address)
    with closing(store.open()) as view:
        shutil.rmtree(tmp_path / "one")
        assert view.document("a").text == "A quick fox."
        assert not view.is_current()
        assert not view.is_surely_current()
        with closing(store.open(view)) as again:
            assert isinstance(again, Index)
            assert isinstance(view, Index)
            assert says(again) == says(view)
            assert again.is_current()


def test_a_text_that_the_disk_changed_is_noticed_and_made_anew(address: str, tmp_path: Path) -> None:
    import sqlite3

    change(address, made("a", "A quick fox."))
    store = open_store(address)
    with closing(store.open()):
        pass
    with closing(sqlite3.connect(mirror(tmp_path / "one") / DATABASE)) as connection:
        connection.execute("UPDATE documents SET text = 'A quick dog.'")
        connection.commit()
    with closing(store.open()) as view:
        with pytest.raises(IndexDamagedError, match="needed"):
            view.document("a")
        assert not view.is_current()
    with closing(store.open()) as again:
        assert again.document("a").text == "A quick fox."


def test_a_replica_that_followed_what_the_server_lost_is_made_anew(postgres: Server, schema: str, address: str) -> None:
    """A standby that had not received the last change took over, or a backup was restored: the same number then means
    another change."""
    change(address, made("a", "A fox."))
    change(address, made("phantom", "Nobody stored this."))
    assert len(shown(address)["documents"]) == 2
    with closing(postgres.connect(schema)) as connection:
        for statement in (
            "DELETE FROM documents WHERE id = 'phantom'",
            "DELETE FROM changes WHERE number = 2",
            "UPDATE corpus SET change = 1",
        ):
            connection.execute(statement)
    change(address, made("b", "A dog."))
    assert [one.id for one in shown(address)["documents"]] == ["a", "b"]
    with closing(postgres.connect(schema)) as connection:  # and nothing came after it
        connection.execute("DELETE FROM documents WHERE id = 'b'")
        connection.execute("DELETE FROM changes WHERE number = 2")
        connection.execute("UPDATE corpus SET change = 1")
    assert [one.id for one in shown(address)["documents"]] == ["a"]


def test_a_corpus_that_was_made_anew_is_another_one(postgres: Server, schema: str, address: str) -> None:
    change(address, made("a", "A fox."))
    shown(address)
    with closing(postgres.connect()) as connection:
        connection.execute(f'DROP SCHEMA "{schema}" CASCADE'.encode())
    change(address, made("b", "A dog."))
    assert [one.id for one in shown(address)["documents"]] == ["b"]


def test_filling_a_replica_goes_on_after_an_interruption(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch by batch; documents that were replaced and removed in between are as they are at the end."""
    change(address, *(made(f"d{n}", f"Fox number {n} sleeps.") for n in range(40)))
    monkeypatch.setattr(deriving, "BATCH", 4)
    put, fetched = deriving._put, list[str]()

    def interrupted(catalog: object, number: int, one: object) -> list[int]:
        if len(fetched) == 21:
            raise StoreUnreachableError("here", "the wire was cut")
        fetched.append(one.document.id)  # type: ignore[attr-defined]
        return put(catalog, number, one)  # type: ignore[arg-type]

    monkeypatch.setattr(deriving, "_put", interrupted)
    with pytest.raises(StoreUnreachableError):
        open_store(address).open()
    assert not (tmp_path / "one" / "current.json").exists()
    change(address, made("d1", "It is another fox."), made("new", "Quiet harbour."), remove=("d2", "d39"))
    again = list[str]()

    def counted(catalog: object, number: int, one: object) -> list[int]:
        again.append(one.document.id)  # type: ignore[attr-defined]
        return put(catalog, number, one)  # type: ignore[arg-type]

    monkeypatch.setattr(deriving, "_put", counted)
    found = shown(address)
    assert again == [f"d{n}" for n in range(20, 39)] + ["d1", "new"]  # of 21 the last was in no whole batch
    fresh = address.replace("%2Fone", "%2Ffresh")
    assert found == shown(fresh)


def test_little_is_in_memory_at_once(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change(address, *(made(f"d{n}", f"Fox number {n} sleeps. " * 4) for n in range(100)))
    monkeypatch.setattr(deriving, "BATCH", 10)
    with open_store(address).reading() as source:
        assert isinstance(source, PostgresCatalog)
        with source.lease.snapshot():
            sizes = [sum(len(one.passages) for _, one in batch) for batch in deriving._batches(source.put_since(0))]
    assert len(sizes) == 10
    assert max(sizes) == 10


def test_what_was_deleted_is_in_no_file_of_a_replica(address: str, tmp_path: Path) -> None:
    change(address, made("a", "The secret word is xylophagous."), made("b", "A fox."))
    shown(address)
    assert b"xylophagous" in bytes_below(tmp_path / "one")
    change(address, remove=("a",))
    shown(address)
    store = open_store(address)
    store.purge()
    assert b"xylophagous" not in bytes_below(tmp_path / "one")


def test_all_made_anew_reaches_the_replicas(address: str) -> None:
    change(address, *(made(f"d{n}", " ".join(SENTENCES)) for n in range(5)))
    before = shown(address)
    store = open_store(address)
    with closing(store.open()) as view:
        store.reindex(WordLengths(), ChunkerSettings(64, 0))
        assert not view.is_current()
        assert isinstance(view, Index)
        assert says(view) == before
    after = shown(address)
    assert after["documents"] == before["documents"]
    assert after["counts"][2] < before["counts"][2]
    assert faults(address) == []


def test_replicas_that_followed_at_another_pace_settle_on_the_same_scores(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where files are large, what was deleted goes on counting in them until they are made anew."""
    monkeypatch.setattr(generations, "_FEW", 0)
    for n in range(6):
        texts = {f"d{m}": f"The fox number {n} {m}. {SENTENCES[(n + m) % 4]}" for m in range(n, 8)}
        change(addresses[0], *(made(name, text) for name, text in texts.items()))
        shown(addresses[0])
    fresh = shown(addresses[1])
    assert shown(addresses[0])["lexical"] != fresh["lexical"]
    store = open_store(addresses[0])
    assert isinstance(store, PostgresStore)
    with closing(store.open()) as view, store.following():
        time.sleep(1)
        assert view.is_current()  # something changed a moment ago
        monkeypatch.setattr(replica, "QUIET", 0.0)
        assert soon(lambda: not view.is_current(), 30)
    assert shown(addresses[0]) == fresh


def test_a_calibration_reaches_the_replicas(addresses: list[str]) -> None:
    change(addresses[0], made("a", "A fox."))
    with closing(open_store(addresses[1]).open()) as view:
        open_store(addresses[0]).calibrate('{"x": 1}')
        assert not view.is_current()
        with closing(open_store(addresses[1]).open()) as after:
            assert (after.calibration, after.change) == ('{"x": 1}', 2)


def test_a_replica_is_told_of_changes(addresses: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a notification: looking by itself would take it a minute."""
    change(addresses[0], made("a", "A fox."))
    monkeypatch.setattr(following, "LOOK", 60.0)
    store = open_store(addresses[1])
    with closing(store.open()) as view, store.following():
        time.sleep(0.3)
        change(addresses[0], made("b", "A dog."))
        assert soon(lambda: not view.is_current(), 20)
        monkeypatch.setattr(following, "LOOK", 0.1)
        change(addresses[0], made("c", "An owl."))  # ends its waiting


def test_a_notification_that_is_lost_is_made_up_for(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    change(addresses[0], made("a", "A fox."))
    monkeypatch.setattr(following, "channel_of", lambda _: "citeqa_nobody_speaks_here")
    store = open_store(addresses[1])
    with closing(store.open()) as view, store.following():
        change(addresses[0], made("b", "A dog."))
        assert soon(lambda: not view.is_current())


def test_a_view_is_only_given_with_the_change_that_was_asked_for(addresses: list[str]) -> None:
    change(addresses[0], made("a", "A fox."))
    number = change(addresses[0], made("b", "A dog."))
    with closing(open_store(addresses[1]).open(change=number)) as view:
        assert view.change == number
    assert number == len(log_of_addresses(addresses[0]))


def log_of_addresses(address: str) -> list[object]:
    with open_store(address).reading() as records:
        assert isinstance(records, PostgresCatalog)
        return records._fetch("SELECT 1 FROM changes")


@pytest.mark.faults
@pytest.mark.slow
def test_a_replica_that_is_cut_off_goes_on_answering(
    postgres: Server, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.5)
    change(addresses[0], made("a", "A quick fox."))
    before = shown(addresses[0])
    store = open_store(addresses[0])
    with closing(store.open()) as view, store.following():
        assert soon(lambda: view.lag < 1)
        postgres.stop()
        try:
            assert soon(lambda: view.lag > 2)
            assert view.is_current()
            assert isinstance(view, Index)
            assert says(view) == before
            with closing(open_store(addresses[0]).open()) as later:  # a process that starts now
                assert isinstance(later, Index)
                assert says(later) == before
            assert open_store(addresses[0]).exists()
            with pytest.raises(StoreUnreachableError):
                open_store(addresses[1]).open()
            with pytest.raises(StoreUnreachableError):
                change(addresses[0], made("b", "A dog."))
        finally:
            postgres.start()
        assert soon(lambda: view.lag < 1, 20)
        change(addresses[1], made("b", "A dog."))
        assert soon(lambda: not view.is_current())
    assert len(shown(addresses[0])["documents"]) == 2


def test_a_store_without_a_folder_for_its_replica_says_what_is_missing(postgres: Server, schema: str) -> None:
    address = postgres.address(schema)
    change(address, made("a", "A fox."))
    with pytest.raises(CiteqaError, match="say where this machine keeps its replica"):
        open_store(address).open()
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
        writer.put(made("a", "A fox."), SourceFile("/docs", "a.txt"))
        writer.commit()
    assert [action for _, action, *_ in log_of(postgres, schema)] == ["add", "file"]

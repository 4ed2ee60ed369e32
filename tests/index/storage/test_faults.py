"""Full disks, damaged and foreign files, a lost journal, a clock set back: a clear error or a mend, never a loss."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from support.embedders import WordLengths
from support.faults import (
    DAMAGE,
    SOAK,
    check_like_fresh,
    derived_files,
    faults_of,
    files_of_at_most,
    fresh,
    manifest,
    remove,
    small_disk,
    texts_of,
)
from support.indexes import results, write_documents
from support.paths import MEMORY

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.errors import CiteqaError, IndexBusyError, IndexDamagedError, IndexNotFoundError, StorageError
from citeqa.index.ranking.dense import DensePart
from citeqa.index.storage import generations
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE, REINDEXING
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import update, writing

pytestmark = [pytest.mark.faults, pytest.mark.soak]

TEXTS = {f"n{i}": f"Number {i}\n\nThe fox counts to {i}. " + "It rests by the quiet harbour. " * i for i in range(20)}


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """In memory, if there is room for files: where nobody pulls the plug, forcing them onto a disk proves nothing."""
    with TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as temporary:
        yield Path(temporary)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "docs", **TEXTS)


@pytest.fixture
def folder(docs: Path, tmp_path: Path) -> Path:
    update(tmp_path / "index", [docs], WordLengths())
    return tmp_path / "index"


def synced(folder: Path, docs: Path) -> None:
    with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
        sync(writer, plan(writer.catalog, docs))


def holding(folder: Path, words: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


# --- search files, when the next thing is a change and not a question


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("few", [0, 512])
def test_nothing_is_built_upon_damaged_search_files(
    folder: Path, docs: Path, monkeypatch: pytest.MonkeyPatch, damage: str, few: int
) -> None:
    monkeypatch.setattr(generations, "_FEW", few)
    new = {**TEXTS, "n3": "Number 3\n\nOther words now.", "z": "Last\n\nOne more fox."}
    for number in range(len(derived_files(folder))):
        copy = shutil.copytree(folder, folder.with_name(str(number)))
        DAMAGE[damage](derived_files(copy)[number])
        update(copy, [write_documents(docs, **new)], WordLengths())
        assert texts_of(copy) == new  # opening it makes again what was only taken over
        check_like_fresh(copy, new)


def test_search_files_of_another_index_are_noticed(folder: Path, tmp_path: Path) -> None:
    before = results(folder)
    other = write_documents(tmp_path / "other", **{name: text.replace("fox", "dog") for name, text in TEXTS.items()})
    update(tmp_path / "second", [other], WordLengths())
    theirs = manifest(tmp_path / "second").generation
    remove(folder / "generations" / manifest(folder).generation)
    shutil.copytree(tmp_path / "second" / "generations" / theirs, folder / "generations" / manifest(folder).generation)
    assert results(folder) == before
    assert faults_of(folder) == []


def test_a_view_shares_nothing_with_an_earlier_one_whose_files_only_have_the_same_name(
    folder: Path, docs: Path, tmp_path: Path
) -> None:
    shutil.copy(folder / DATABASE, tmp_path / "backup.sqlite3")
    update(folder, [write_documents(docs, z="Last\n\nOne more fox.")], WordLengths())
    with closing(Index(folder)) as before:
        (folder / DATABASE).unlink()
        remove(folder / "generations")
        shutil.copy(tmp_path / "backup.sqlite3", folder / DATABASE)  # a backup is put back
        update(folder, [write_documents(docs, z="Last\n\nSome dogs walk.")], WordLengths())
        with closing(Index(folder, before)) as now, closing(Index(folder)) as alone:
            vector = WordLengths().embed_query("Last Some dogs walk.")
            assert now.search_dense(vector, 50) == alone.search_dense(vector, 50)


def test_files_that_nobody_may_change_are_left_alone(docs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("immutable") / "index"
    update(folder, [docs], WordLengths())
    before, files = results(folder), derived_files(folder)
    found = subprocess.run(["chattr", "+i", *map(str, files)], capture_output=True, check=False)
    if found.returncode:
        pytest.skip(f"files cannot be made immutable here: {found.stderr.decode().strip()}")
    try:
        assert results(folder) == before
        update(folder, [write_documents(docs, z="Last\n\nOne more fox.")], WordLengths())
        check_like_fresh(folder, {**TEXTS, "z": "Last\n\nOne more fox."})
    finally:
        subprocess.run(["chattr", "-i", *(str(path) for path in files if path.exists())], check=True)


# --- disks that are full or fail

MORE = {f"m{i}": f"More {i}\n\nThe dog counts to {i}. " + "It sleeps by the lighthouse. " * 50 for i in range(20)}


@pytest.mark.parametrize("removing", [False, True])
def test_a_full_disk_loses_nothing_and_room_mends_it(tmp_path: Path, removing: bool) -> None:
    with small_disk(tmp_path / "disk", 8192) as leave:
        folder, docs = tmp_path / "disk" / "index", write_documents(tmp_path / "docs", **TEXTS)
        synced(folder, docs)
        before, refused = results(folder), set()
        write_documents(docs, **MORE)
        if removing:
            (docs / "n3.txt").unlink()
        for free in range(0, 400, 4 if SOAK else 20):
            leave(free)
            try:
                synced(folder, docs)
                break
            except StorageError as error:
                assert "No space left" in str(error) or "full" in str(error)  # noqa: PT017
                assert "nothing that was stored is lost" in str(error)  # noqa: PT017
                refused.add(str(error))
            assert results(folder) == before
        else:
            raise AssertionError("it never had room enough")
        assert len(refused) > 1
        expected = {**TEXTS, **MORE}
        if removing:
            del expected["n3"]
        leave(8192)
        check_like_fresh(folder, expected)


@pytest.mark.parametrize("size", [0, 1000, 3000, 20_000, 60_000, 90_000])
def test_files_that_cannot_grow_lose_nothing(folder: Path, docs: Path, size: int) -> None:
    before = results(folder)
    write_documents(docs, **MORE)
    with files_of_at_most(size), pytest.raises(StorageError, match="nothing that was stored is lost"):
        update(folder, [docs], WordLengths())
    assert results(folder) == before
    update(folder, [docs], WordLengths())
    check_like_fresh(folder, {**TEXTS, **MORE})


def test_vectors_that_are_not_written_whole_are_an_error(tmp_path: Path) -> None:
    part = DensePart.build(8, [(np.arange(50), np.ones((50, 8), dtype=np.float32))])
    with files_of_at_most(500), pytest.raises(OSError, match="File too large"):
        part.save(tmp_path / "part.faiss")
    part.save(tmp_path / "part.faiss")
    assert len(DensePart.open(tmp_path / "part.faiss")) == 50


def test_what_is_durable_is_not_called_failed_because_the_journal_cannot_be_emptied(folder: Path) -> None:
    with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
        writer.remove("n3")
        purge = writer.catalog.purge

        def without_room() -> bool:
            with files_of_at_most(0):
                return purge()

        writer.catalog.purge = without_room  # type: ignore[method-assign]
        writer.commit()
    assert texts_of(folder).keys() == TEXTS.keys() - {"n3"}


@pytest.mark.parametrize("size", [0, 3000, 20_000])
def test_a_rebuild_without_room_leaves_the_index_as_it_is(folder: Path, size: int) -> None:
    before = results(folder)
    with files_of_at_most(size), pytest.raises(StorageError):
        reindex(folder, WordLengths(), ChunkerSettings(16, 0))
    assert results(folder) == before
    reindex(folder, WordLengths(), ChunkerSettings(16, 0))
    assert not (folder / REINDEXING).exists()
    check_like_fresh(folder, TEXTS)


def test_a_write_that_fails_again_and_again_takes_no_more_room(
    folder: Path, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if sql == "COMMIT":
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(sql, *values)

    write_documents(docs, **MORE)
    connect = sqlite3.connect
    with monkeypatch.context() as patch:
        patch.setattr(sqlite3, "connect", lambda *args, **known: connect(*args, **known, factory=Failing))
        for _ in range(5):
            with pytest.raises(CiteqaError):
                update(folder, [docs], WordLengths())
    assert len(list((folder / "generations").iterdir())) <= 2
    update(folder, [docs], WordLengths())
    assert len(list((folder / "generations").iterdir())) == 1


# --- the database


def test_a_lost_journal_is_noticed_and_not_taken_for_an_earlier_state(folder: Path, docs: Path) -> None:
    with closing(Catalog(folder / DATABASE)) as reading:  # keeps what is committed in the journal
        assert reading.counts()[0] == 20
        update(folder, [write_documents(docs, z="Last\n\nOne more fox.")], WordLengths())
        data = (folder / DATABASE).read_bytes()
    generations = shutil.copytree(folder / "generations", folder.with_name("kept"))
    for opening in (lambda: Index(folder), lambda: synced(folder, docs)):
        remove(folder)
        folder.mkdir()
        shutil.copytree(generations, folder / "generations")
        (folder / DATABASE).write_bytes(data)
        with pytest.raises(IndexDamagedError, match=r"changes after 20 are lost.*index the documents again"):
            opening()
        assert (folder / DATABASE).read_bytes() == data
    remove(folder / "generations")  # as the message says: to go on with what is there
    synced(folder, docs)
    check_like_fresh(folder, {**TEXTS, "z": "Last\n\nOne more fox."})


@pytest.mark.parametrize("damage", ["deleted", "cut", "noise", "one byte"])
def test_a_damaged_journal_is_noticed(folder: Path, docs: Path, tmp_path: Path, damage: str) -> None:
    reading = Catalog(folder / DATABASE)
    assert reading.counts()[0] == 20
    for name in ("y", "z"):
        update(folder, [write_documents(docs, **{name: f"Last {name}\n\nOne more fox."})], WordLengths())
    copy = shutil.copytree(folder, tmp_path / "copy")
    reading.close()
    expected, journal = results(folder), copy / f"{DATABASE}-wal"
    size = journal.stat().st_size
    if damage == "one byte":
        data = bytearray(journal.read_bytes())
        data[size // 2] ^= 1
        journal.write_bytes(data)
    else:
        DAMAGE[damage](journal)
    try:
        assert results(copy) == expected
    except IndexDamagedError as error:
        assert "index the documents again" in str(error)  # noqa: PT017


def test_a_text_that_is_not_the_one_that_was_stored_is_never_cited(folder: Path) -> None:
    data = (folder / DATABASE).read_bytes()
    assert b"The fox counts to 7." in data
    (folder / DATABASE).write_bytes(data.replace(b"The fox counts to 7.", b"The fox counts to 8."))
    with closing(Index(folder)) as index:
        assert index.document("n3").text == TEXTS["n3"]
        with pytest.raises(IndexDamagedError, match=r"the text of 'n7' has SHA-256 .*, needed .*index the documents"):
            index.document("n7")
    assert any("'n7' has SHA-256" in fault for fault in faults_of(folder))


def test_noise_in_the_database_is_an_error_or_does_no_harm(folder: Path, tmp_path: Path) -> None:
    """Every page in turn overwritten: what is answered all the same is what was stored."""
    with closing(Catalog(folder / DATABASE, write=True)) as catalog:
        catalog.purge()
    expected, data = results(folder), (folder / DATABASE).read_bytes()
    chance, noticed = random.Random(5), 0
    for start in range(0, len(data), 4096):
        length = chance.choice([1, 16, 200, 4096])
        at = start + chance.randrange(4097 - length)
        copy = shutil.copytree(folder, tmp_path / str(start))
        (copy / DATABASE).write_bytes(data[:at] + chance.randbytes(length) + data[at + length :])
        for reading in (lambda: results(copy), lambda: faults_of(copy)):  # noqa: B023
            try:
                found = reading()
            except CiteqaError as error:
                noticed += 1
                assert "again" in str(error) or "another" in str(error)  # noqa: PT017
                continue
            if isinstance(found, dict):
                texts = {item.id: item.text for item in expected["documents"]}
                assert all(texts.get(item.id) == item.text for item in found["documents"])
            else:
                noticed += bool(found)
        remove(copy)
    assert noticed > 5


def test_search_files_are_never_made_from_a_database_that_is_damaged(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DATABASE)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM documents WHERE id = 'n3'")  # its passages stay, and refer to nothing
    derived_files(folder)[0].unlink()
    with pytest.raises(IndexDamagedError, match="refers to nothing"):
        Index(folder)


# --- what a crash leaves


def test_a_text_that_was_taken_away_does_not_outlive_a_crash(folder: Path, docs: Path) -> None:
    """As if the program had been killed between the commit and what follows it."""
    write_documents(docs, secret="Secret\n\nThe codeword is Quetzalcoatlus rex.")
    synced(folder, docs)
    generation = manifest(folder).generation
    before = shutil.copytree(folder / "generations" / generation, folder.with_name("before"))
    (docs / "secret.txt").unlink()
    reading = Catalog(folder / DATABASE)
    assert reading.counts()[0] == 21
    synced(folder, docs)
    copy = shutil.copytree(folder, folder.with_name("killed"))
    reading.close()
    shutil.copytree(before, copy / "generations" / generation)
    assert holding(copy, b"Quetzalcoatlus")
    synced(copy, docs)
    assert not holding(copy, b"Quetzalcoatlus")
    assert [path.name for path in (copy / "generations").iterdir()] == [manifest(copy).generation]


def test_a_text_that_was_taken_away_does_not_stay_in_an_unfinished_rebuild(folder: Path, docs: Path) -> None:
    write_documents(docs, secret="Secret\n\nThe codeword is Quetzalcoatlus rex.")
    synced(folder, docs)
    shutil.copytree(folder, folder / REINDEXING)
    (docs / "secret.txt").unlink()
    synced(folder, docs)
    assert not holding(folder, b"Quetzalcoatlus")
    assert not (folder / REINDEXING).exists()


def test_a_damaged_unfinished_rebuild_is_begun_again(folder: Path) -> None:
    (folder / REINDEXING).mkdir()
    (folder / REINDEXING / DATABASE).write_bytes(b"damaged" * 1000)
    reindex(folder, WordLengths(), ChunkerSettings(16, 0))
    check_like_fresh(folder, TEXTS)


def test_an_index_that_was_never_finished_is_called_so(tmp_path: Path, docs: Path) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    Catalog(folder / DATABASE, write=True).close()
    with pytest.raises(IndexNotFoundError, match="was never finished; run again: citeqa index FOLDER"):
        Index(folder)
    assert faults_of(folder) == ["it has no settings: the first run was interrupted"]
    synced(folder, docs)
    check_like_fresh(folder, TEXTS)


# --- others at the same time, and other times


def test_who_writes_is_named_to_whoever_comes_second(folder: Path, docs: Path) -> None:
    with (
        writing(folder, WordLengths, ChunkerSettings(), "counting foxes"),
        pytest.raises(IndexBusyError, match=rf"another process \({os.getpid()}, counting foxes, since 2.*try again"),
    ):
        synced(folder, docs)
    synced(folder, docs)


def test_a_view_answers_across_a_rebuild_and_then_the_next_one_does(folder: Path) -> None:
    expected, seen = results(folder), []

    def look(*_: int) -> None:
        with closing(Index(folder)) as during:
            seen.append(during.search_lexical("fox", 50) == expected["lexical"]["fox"])

    with closing(Index(folder)) as before:
        reindex(folder, WordLengths(), ChunkerSettings(16, 0), look)
        assert before.search_lexical("fox", 50) == expected["lexical"]["fox"]
        assert not before.is_current()
        with closing(Index(folder, before)) as after:
            assert after.passage_count > before.passage_count
    assert seen
    assert all(seen)
    check_like_fresh(folder, TEXTS)


def test_nothing_depends_on_the_clock(folder: Path, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Backwards(datetime):
        year_now = 2030

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            cls.year_now -= 1
            return datetime(cls.year_now, 1, 1, tzinfo=tz)

    for module in ("catalog", "generations", "lock"):
        monkeypatch.setattr(f"citeqa.index.storage.{module}.datetime", Backwards)
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 8)
    expected = dict(TEXTS)
    for number in range(4):
        expected["n5"] = f"Number 5\n\nThe fox counts backwards, {number}."
        expected[f"z{number}"] = "Last\n\nOne more fox."
        write_documents(docs, **expected)
        for path in docs.iterdir():
            os.utime(path, (0, 1000 - number))
        with closing(Index(folder)) as before:
            synced(folder, docs)
            assert not before.is_current()
            with closing(Index(folder, before)) as after:
                assert after.document("n5").text == expected["n5"]
    reindex(folder, WordLengths(), ChunkerSettings(16, 0))
    check_like_fresh(folder, expected)
    assert Backwards.year_now < 2020


def test_a_rebuild_of_the_search_files_does_not_need_the_model(folder: Path) -> None:
    before = results(folder)
    remove(folder / "generations")
    with closing(Index(folder)) as index:
        assert index.passage_count == before["counts"][2]
    assert results(fresh(folder, TEXTS)) == before


def test_a_document_is_put_back_after_it_was_lost_with_a_failed_write(folder: Path) -> None:
    with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
        writer.put(document("z", "Last\n\nOne more fox.", file_sha256=""))
        with files_of_at_most(0), pytest.raises(StorageError):
            writer.commit()
        writer.commit()  # what waits is still there
    assert texts_of(folder) == {**TEXTS, "z": "Last\n\nOne more fox."}
    assert faults_of(folder) == []

"""Many writers at once: no change is lost, none is half there, and their numbers become visible in their order."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from support.corpora import CHUNKER, change, faults, log_of, made, replayed, shown, stored
from support.embedders import WordLengths
from support.postgres import Server, new_schema

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.errors import (
    ChangedMeanwhileError,
    IndexMismatchError,
    IndexNotFoundError,
    UnknownDocumentError,
)
from citeqa.index.storage.stores import open_store
from citeqa.index.types import SourceFile


@pytest.fixture
def schema() -> str:
    return new_schema()


@pytest.fixture
def address(postgres: Server, schema: str, tmp_path: Path) -> str:
    return postgres.address(schema, tmp_path / "replica")


def together(*calls: Callable[[], object]) -> None:
    """Make calls at once, in a thread each; what they raise is raised."""
    barrier = threading.Barrier(len(calls))

    def call(one: Callable[[], object]) -> None:
        barrier.wait()
        one()

    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(call, one) for one in calls]:
            done.result()


def test_a_change_that_commits_late_is_not_skipped(postgres: Server, schema: str, address: str) -> None:
    """A step that has its number, but has not committed yet, holds back those behind it: a replica that looks in
    between sees neither, and then both."""
    change(address, made("a", "A fox."))
    store = open_store(address)
    with closing(store.open()) as view, closing(postgres.connect(schema)) as late:
        assert view.change == 1
        late.execute("BEGIN")
        late.execute("UPDATE corpus SET change = change + 1")
        late.execute("INSERT INTO changes VALUES (2, now(), 'remove', 'a', '')")
        late.execute("DELETE FROM documents WHERE id = 'a'")
        with ThreadPoolExecutor(1) as pool:
            behind = pool.submit(change, address, made("b", "Quiet harbour."))
            time.sleep(0.5)
            assert not behind.done()
            with closing(store.open()) as between:
                assert (between.change, between.document_count) == (1, 1)
            late.execute("COMMIT")
            assert behind.result() == 3
    with closing(store.open()) as after:
        assert (after.change, [one.id for one in after.summaries(9)[0]]) == (3, ["b"])


def test_at_every_moment_the_log_that_is_visible_has_no_gaps(postgres: Server, schema: str, address: str) -> None:
    change(address, made("first", "A fox."))
    stopped, gaps = threading.Event(), list[object]()

    def look() -> None:
        with closing(postgres.connect(schema)) as connection:
            while not stopped.is_set():
                sql = "SELECT count(*), max(number), (SELECT change FROM corpus) FROM changes"
                row = connection.execute(sql).fetchone()
                if row is None or len(set(row)) != 1:
                    gaps.append(row)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        together(*(lambda w=w: [change(address, made(f"{w}/{n}", f"Fox {n}.")) for n in range(12)] for w in range(5)))
    finally:
        stopped.set()
        looking.join()
    assert gaps == []
    log = log_of(postgres, schema)
    assert [number for number, *_ in log] == list(range(1, 62))
    assert replayed(log) == stored(postgres, schema)


def test_writers_of_the_same_documents_leave_what_the_last_of_them_wrote(
    postgres: Server, schema: str, address: str
) -> None:
    """Whole batches of the same documents, in any order, removed in between: nobody fails, nothing is half there."""
    change(address, made("first", "A fox."))
    ids = [f"d{number}" for number in range(8)]

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(8):
            some = chance.sample(ids, 5)
            put = [made(i, f"Text {seed} {number} of the fox in {i}.") for i in some[:4]]
            try:
                change(address, *put, remove=tuple(some[4:]))
            except UnknownDocumentError:
                change(address, *put)

    together(*(lambda seed=seed: write(seed) for seed in range(4)))
    assert replayed(log_of(postgres, schema)) == stored(postgres, schema)
    with closing(open_store(address).open()) as index:
        assert {one.id: one.sha256 for one in index.summaries(99)[0]} == stored(postgres, schema)
    assert faults(address) == []


def test_what_was_to_be_new_replaces_nothing(postgres: Server, schema: str, address: str) -> None:
    change(address, made("first", "A fox."))
    store = open_store(address)
    with (
        store.writing(WordLengths, CHUNKER, "testing") as one,
        store.writing(WordLengths, CHUNKER, "testing") as other,
    ):
        for writer, text in ((one, "The first."), (other, "The second.")):
            writer.expect("a", None)
            writer.put(made("a", text))
        one.commit()
        with pytest.raises(ChangedMeanwhileError):
            other.commit()
    assert stored(postgres, schema)["a"] == made("a", "The first.").sha256
    with store.writing(WordLengths, CHUNKER, "testing") as late:
        late.expect("a", made("a", "Something else.").sha256)
        late.put(made("a", "The third."))
        with pytest.raises(ChangedMeanwhileError):
            late.commit()
    assert len(log_of(postgres, schema)) == 2


def test_doing_it_again_changes_nothing(postgres: Server, schema: str, address: str) -> None:
    one = made("a", "A fox.")
    assert change(address, one) == change(address, one) == 1
    assert change(address, remove=("a",)) == 2
    with pytest.raises(UnknownDocumentError):
        change(address, remove=("a",))
    assert [action for _, action, *_ in log_of(postgres, schema)] == ["add", "remove"]


def test_many_processes_may_begin_a_corpus_at_once(postgres: Server, schema: str, address: str) -> None:
    together(*(lambda n=n: change(address, made(f"d{n}", f"Fox {n}.")) for n in range(5)))
    assert sorted(stored(postgres, schema)) == [f"d{n}" for n in range(5)]


def test_a_writer_goes_on_where_another_has_begun_the_corpus_meanwhile(
    postgres: Server, schema: str, address: str
) -> None:
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as waiting:
        change(address, made("a", "A fox."))
        waiting.put(made("b", "A dog."))
        waiting.commit()
    assert sorted(stored(postgres, schema)) == ["a", "b"]


def test_of_two_that_begin_a_corpus_with_other_settings_one_is_refused(
    postgres: Server, schema: str, address: str
) -> None:
    store = open_store(address)
    with store.writing(WordLengths, ChunkerSettings(16, 0), "testing") as one:
        one.put(made("a", "A fox."))
        with (
            pytest.raises(IndexMismatchError, match=r"chunker\.passage_tokens is 16 there, 32 here"),
            store.writing(WordLengths, ChunkerSettings(32, 0), "testing") as other,
        ):
            other.put(made("b", "A dog."))
        one.commit()
    assert sorted(stored(postgres, schema)) == ["a"]


def test_a_writer_notices_that_all_was_made_anew_with_other_settings(
    postgres: Server, schema: str, address: str
) -> None:
    change(address, made("a", "A fox."))
    store = open_store(address)
    with store.writing(WordLengths, CHUNKER, "testing") as writer:
        writer.put(made("b", "A dog."))
        assert store.reindex(WordLengths(), ChunkerSettings(32, 0)).documents == 1
        with pytest.raises(IndexMismatchError, match=r"chunker\.passage_tokens is 32 there, 16 here"):
            writer.commit()
    assert sorted(stored(postgres, schema)) == ["a"]


def test_documents_that_are_written_while_all_is_made_anew_are_made_anew_too(address: str, tmp_path: Path) -> None:
    change(address, *(made(f"d{n}", f"The fox number {n} sleeps. It is quiet at the harbour.") for n in range(30)))
    store, begun = open_store(address), threading.Event()

    def progress(documents: int, passages: int) -> None:
        begun.set()
        time.sleep(0.002)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(store.reindex, WordLengths(), ChunkerSettings(32, 0), progress)
        assert begun.wait(20)
        change(address, made("new", "The lights go out one by one."), remove=("d0",))
        assert done.result().documents == 30
    again = str(tmp_path / "folder")
    with open_store(again).writing(WordLengths, ChunkerSettings(32, 0), "testing") as writer:
        with open_store(address).reading() as records:
            for document_id in [*(f"d{n}" for n in range(1, 30)), "new"]:
                writer.put(records.document(document_id))
        writer.commit()
    found, wanted = shown(address), shown(again)
    assert {name: found[name] for name in ("counts", "documents", "dense", "lexical")} == {
        name: wanted[name] for name in ("counts", "documents", "dense", "lexical")
    }
    assert faults(address) == []


def test_any_text_comes_back_as_it_was(address: str) -> None:
    strange = made(
        "ä/ö 🦊", "Bell \x07 and \U0001f98a\r\n\ttabs. \ufeffEnd \uffff", title="Ti\x00tle", author="O'Neil\\x00"
    )
    change(address, strange)
    with open_store(address).reading() as records:
        assert records.document(strange.id) == strange
        assert records.is_unchanged(strange) is True
    assert shown(address)["documents"] == [strange]


def test_where_a_document_comes_from_reaches_the_replicas(address: str) -> None:
    one = made("a", "A fox.")
    change(address, one)
    assert shown(address)["files"] == [None]
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
        writer.put(one, SourceFile("/docs", "a.txt"))
        writer.commit()
    assert shown(address)["files"] == [SourceFile("/docs", "a.txt")]


def test_words_of_deleted_documents_leave_the_feedback(address: str) -> None:
    change(address, made("a", "A quick fox."), made("b", "A lazy dog."))
    store = open_store(address)
    for i, words in (("a", "quick fox"), ("b", "lazy dog")):
        store.keep_feedback({"id": i, "answers": [words], "spans": [{"document_id": i, "text": words}]}, [i])
    change(address, remove=("a",))
    lines = list(store.feedback())
    assert b"quick fox" not in lines[0]
    assert b"lazy dog" in lines[1]


def test_tables_of_another_version_are_refused_or_upgraded(postgres: Server, schema: str, address: str) -> None:
    change(address, made("a", "A fox."))
    with closing(postgres.connect(schema)) as connection:
        connection.execute("UPDATE corpus SET version = 99")
        with pytest.raises(IndexMismatchError, match="have version 99, this program knows version"):
            open_store(address).open()
        with pytest.raises(IndexMismatchError, match="have version 99"):
            change(address, made("b", "A dog."))


def test_nothing_is_made_by_looking(postgres: Server, schema: str, address: str) -> None:
    with pytest.raises(IndexNotFoundError, match="citeqa index FOLDER --store 'postgresql://tester@127"):
        open_store(address).open()
    with closing(postgres.connect()) as connection:
        assert connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone() == (None,)

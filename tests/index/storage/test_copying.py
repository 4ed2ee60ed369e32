"""An index is copied between stores with its vectors, either way, and answers alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.corpora import CHUNKER, change, faults, made, shown
from support.embedders import WordLengths
from support.postgres import Server, new_schema

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.errors import IndexMismatchError, IndexNotFoundError
from citeqa.index.formats.choice import Choice, Part
from citeqa.index.storage import copying
from citeqa.index.storage.adding import add_paths
from citeqa.index.storage.copying import copy, differences
from citeqa.index.storage.stores import open_store
from citeqa.index.storage.sync import plan, sync

TEXTS = {f"d{n}": f"The fox number {n} sleeps. It is quiet at the harbour. Alpha and beta." for n in range(9)}


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """A synced folder's index, with a calibration and feedback, not in the order of its ids."""
    address = str(tmp_path / "index")
    docs = tmp_path / "docs"
    docs.mkdir()
    for name, text in TEXTS.items():
        (docs / f"{name}.txt").write_text(text, encoding="utf-8")
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
        sync(writer, plan(writer.records, docs))
    change(address, made("later", "The lights go out one by one."), remove=("d3",))
    change(address, made("b", "A quick fox."))
    change(address, made("a", "A lazy dog."))
    store = open_store(address)
    store.calibrate('{"x": 1}')
    store.keep_feedback({"question": "Who?"}, [])
    return address


@pytest.fixture
def server(postgres: Server, tmp_path: Path) -> str:
    return postgres.address(new_schema(), tmp_path / "replica")


def test_there_and_back_again_all_is_as_it_was(folder: str, server: str, tmp_path: Path) -> None:
    back = str(tmp_path / "back")
    for one, other in ((folder, server), (server, back)):
        assert copy(open_store(one), open_store(other)).added == 11
    assert shown(folder) == shown(server) == shown(back)
    assert faults(server) == faults(back) == []
    for address in (server, back):
        store = open_store(address)
        assert store.settings() == open_store(folder).settings()
        assert (store.calibration(), list(store.feedback())) == ('{"x": 1}', [b'{"question": "Who?"}'])
        with store.reading() as records:
            planned = plan(records, tmp_path / "docs")
            assert [file.name for file, _ in planned.changed] == ["d3.txt"]


def test_a_copy_that_was_interrupted_goes_on(folder: str, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 6)
    seen = 0

    def progress(documents: int, passages: int) -> None:
        nonlocal seen
        seen += documents
        if seen > 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(open_store(folder), open_store(server), progress)
    report = copy(open_store(folder), open_store(server))
    assert report.unchanged >= 4
    assert report.added == 11 - report.unchanged
    assert copy(open_store(folder), open_store(server)).unchanged == 11
    assert shown(server) == shown(folder)


def test_what_differs_is_found_and_other_settings_are_refused(folder: str, server: str, tmp_path: Path) -> None:
    copy(open_store(folder), open_store(server))
    change(server, made("a", "Another dog."))
    assert differences(open_store(folder), open_store(server)) == ["a"]
    other = str(tmp_path / "other")
    with open_store(other).writing(WordLengths, ChunkerSettings(32, 0), "testing") as writer:
        writer.check_settings()
    with pytest.raises(IndexMismatchError, match=r"chunker\.passage_tokens is 32 there, 16 here"):
        copy(open_store(server), open_store(other))
    with pytest.raises(IndexNotFoundError):
        copy(open_store(str(tmp_path / "nothing")), open_store(server))
    with pytest.raises(NotImplementedError):
        copying._Named(WordLengths().info).embed_query("fox")


@pytest.mark.parametrize("of", [1, 3])
def test_parts_of_a_folder_make_the_same_index_as_the_whole(server: str, folder: str, tmp_path: Path, of: int) -> None:
    """Machines sync and index a part each; together that is everything, and each takes away only what was its own."""
    docs = tmp_path / "docs"
    (docs / "many.jsonl").write_text(
        "\n".join(f'{{"id": "m{n}", "text": "Row {n} of the fox."}}' for n in range(12)), encoding="utf-8"
    )
    parts = [Choice(part=Part(number, of)) for number in range(1, of + 1)]

    def sync_all(address: str, choices: list[Choice]) -> list[int]:
        added = []
        for choice in choices:
            with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
                report = sync(writer, plan(writer.records, docs, choice=choice))
                added.append(report.added + report.replaced + report.removed)
        return added

    whole = str(tmp_path / "whole")
    assert sync_all(whole, [Choice()]) == [21]
    done = sync_all(server, parts)
    assert sum(done) == 21
    assert max(done) < 21 or of == 1
    assert sync_all(server, parts) == [0] * of
    (docs / "d1.txt").unlink()
    (docs / "d2.txt").write_text("Nobody sleeps at the harbour.", encoding="utf-8")
    assert sum(sync_all(server, parts)) == sum(sync_all(whole, [Choice()])) == 2
    found, wanted = shown(server), shown(whole)
    assert {n: found[n] for n in ("counts", "documents", "files", "dense")} == {
        n: wanted[n] for n in ("counts", "documents", "files", "dense")
    }
    indexed = str(tmp_path / "indexed")
    counts = [add_paths(open_store(indexed), [docs], WordLengths(), CHUNKER, choice=part).added for part in parts]
    assert sum(counts) == 20
    assert shown(indexed)["documents"] == wanted["documents"]
    assert 0 not in counts

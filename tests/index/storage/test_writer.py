"""Bringing an index up to date: what is added, replaced, left alone, refused, and kept when a run is interrupted."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from support.embedders import INFO, WordLengths
from support.indexes import results, write_documents
from support.paths import SEEDS

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.errors import IndexBusyError, IndexDamagedError, IndexMismatchError, IndexNotFoundError
from citeqa.index.storage import generations
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.texts import Texts
from citeqa.index.storage.writer import stored_settings, update
from citeqa.index.types import FormatReport, Report


def stored(folder: Path, document_id: str) -> list[tuple[Any, ...]]:
    """Rows of a document's passages, numbers and vectors included."""
    with closing(Catalog(folder / "catalog.sqlite3")) as catalog:
        ids = [i for i, passage in Texts(catalog).passages(range(1000)).items() if passage.document_id == document_id]
        vectors = {int(i): v.tobytes() for block, rows in catalog.vectors(8) for i, v in zip(block, rows, strict=True)}
        return [(i, passage, vectors[i]) for i, passage in Texts(catalog).passages(ids).items()]


def generation_of(folder: Path) -> str:
    """The name of the published search files."""
    with closing(Catalog(folder / "catalog.sqlite3")) as catalog:
        return manifest_of(catalog).generation


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_documents(
        tmp_path / "docs",
        a="A fox\n\nThe quick brown fox jumps over the lazy dog. " + "It rests by the quiet harbour. " * 40,
        b="Harbour lights\n\nAll quiet at the harbour tonight. The lights go out one by one.",
        c="Letters\n\nAlpha, beta and gamma are letters. No fox and no dog among them.",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "index"


# --- added, replaced, unchanged, skipped


def test_a_report_says_what_was_done_and_what_there_is(docs: Path, folder: Path) -> None:
    (docs / "d.pdf").write_bytes(b"%PDF")
    first = update(folder, [docs], WordLengths())
    assert (first.added, first.replaced, first.unchanged, first.documents) == (3, 0, 0, 3)
    assert [skipped.name for skipped in first.skipped] == [str(docs / "d.pdf")]
    write_documents(docs, b="Harbour lights\n\nDark now.", e="New here.")
    second = update(folder, [docs], WordLengths())
    assert (second.added, second.replaced, second.unchanged, second.documents) == (1, 1, 2, 4)
    assert second.passages == results(folder)["counts"][2] == len(results(folder)["passages"])


def test_nothing_is_embedded_or_published_again_when_nothing_changed(docs: Path, folder: Path) -> None:
    update(folder, [docs], WordLengths())
    generation = generation_of(folder)
    again = WordLengths()
    report = update(folder, [docs], again)
    assert (report.added, report.replaced, report.unchanged) == (0, 0, 3)
    assert sum(again.batches) == 0
    assert generation_of(folder) == generation


def test_documents_that_are_no_longer_given_stay(docs: Path, folder: Path) -> None:
    update(folder, [docs], WordLengths())
    report = update(folder, [docs / "a.txt"], WordLengths())
    assert (report.unchanged, report.documents) == (1, 3)


def test_replacing_a_document_leaves_every_row_of_the_others_as_it_was(docs: Path, folder: Path) -> None:
    update(folder, [docs], WordLengths())
    before = {name: stored(folder, name) for name in "abc"}
    write_documents(docs, b="Harbour lights\n\nDark now.")
    update(folder, [docs], WordLengths())
    assert stored(folder, "a") == before["a"] != []
    assert stored(folder, "c") == before["c"] != []
    assert [row[1].text for row in stored(folder, "b")] == ["Harbour lights\n\nDark now."]
    assert stored(folder, "b")[0][0] > max(row[0] for rows in before.values() for row in rows)


def test_new_metadata_alone_replaces_a_document(tmp_path: Path, folder: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    for source, expected in (("KUNA", (1, 0)), ("Reuters", (0, 1))):
        rows.write_text(json.dumps({"id": "a", "text": "Words.", "source": source}))
        report = update(folder, [rows], WordLengths())
        assert (report.added, report.replaced) == expected
        assert results(folder)["summaries"][0].source == source


def test_no_documents_and_documents_without_passages_make_an_index_too(tmp_path: Path, folder: Path) -> None:
    docs = write_documents(tmp_path / "docs")
    assert update(folder, [docs], WordLengths()) == Report(0, 0, 0, (), 0, 0)
    write_documents(docs, a="- Advertisement -\n")
    assert update(folder, [docs], WordLengths()) == Report(
        1, 0, 0, (), 1, 0, change=1, formats=(FormatReport("plain text", 1, 0, 0, 0),)
    )
    found = results(folder)
    assert (found["passages"], found["lexical"]["fox"], found["summaries"][0].title) == ([], [], "Untitled")


def test_progress_adds_up_to_all_files_and_all_passages(docs: Path, folder: Path) -> None:
    (docs / "d.pdf").write_bytes(b"%PDF")
    done: list[tuple[int, int]] = []
    report = update(folder, [docs], WordLengths(), progress=lambda *counts: done.append(counts))
    assert sum(documents for documents, _ in done) == 4
    assert sum(passages for _, passages in done) == report.passages


# --- the same again


def test_building_twice_gives_the_same_passages_and_the_same_answers(
    seeds_index: Path, tmp_path: Path, embedder: SentenceTransformerEmbedder
) -> None:
    update(tmp_path / "again", [SEEDS], embedder)
    assert results(tmp_path / "again", embedder) == results(seeds_index, embedder)


def test_the_order_of_the_files_and_the_number_of_runs_do_not_show(docs: Path, tmp_path: Path) -> None:
    update(tmp_path / "at once", [docs], WordLengths())
    for name in "cab":
        update(tmp_path / "one by one", [docs / f"{name}.txt"], WordLengths())
    assert results(tmp_path / "one by one") == results(tmp_path / "at once")


def test_an_index_with_replaced_documents_is_like_one_made_afresh(docs: Path, tmp_path: Path) -> None:
    update(tmp_path / "replaced", [docs], WordLengths())
    write_documents(docs, a="A dog\n\nThe lazy dog sleeps. No fox.", d="Alpha fox.")
    update(tmp_path / "replaced", [docs], WordLengths())
    update(tmp_path / "fresh", [docs], WordLengths())
    assert results(tmp_path / "replaced") == results(tmp_path / "fresh")


# --- refused


@pytest.mark.parametrize(
    ("info", "chunker", "message"),
    [
        (INFO, ChunkerSettings(overlap_sentences=2), "chunker.overlap_sentences is 1 there, 2 here"),
        (INFO, ChunkerSettings(passage_tokens=64), "chunker.passage_tokens is 128 there, 64 here"),
        (replace(INFO, name="tiny"), None, "embedder.name is 'word-lengths' there, 'tiny' here"),
        (replace(INFO, sha256="1"), None, "embedder.sha256 is '0' there, '1' here"),
        (replace(INFO, precision="int8"), None, "embedder.precision is 'fp32' there, 'int8' here"),
        (replace(INFO, passage_prefix="passage: "), None, "embedder.passage_prefix is '' there, 'passage: ' here"),
    ],
)
def test_other_settings_are_refused_with_both_values_and_nothing_is_changed(
    docs: Path, folder: Path, info: EmbedderInfo, chunker: ChunkerSettings | None, message: str
) -> None:
    update(folder, [docs], WordLengths())
    before = results(folder)
    write_documents(docs, d="Something new.")
    with pytest.raises(IndexMismatchError) as caught:
        update(folder, [docs], WordLengths(info), chunker)
    assert message in str(caught.value)
    assert "from the stored texts: citeqa index --rebuild" in str(caught.value)
    assert results(folder) == before


def test_an_index_of_another_real_model_is_refused(seeds_index: Path, embedder: SentenceTransformerEmbedder) -> None:
    with pytest.raises(
        IndexMismatchError, match=r"embedder\.dimension is 384 there, 8 here; .*embedder\.name is 'all-MiniLM"
    ):
        update(seeds_index, [SEEDS], WordLengths())
    with closing(Index(seeds_index)) as index:
        index.check(embedder.info)
        with pytest.raises(IndexMismatchError, match=r"embedder\.sha256 is '53aa51172d"):
            index.check(replace(embedder.info, sha256="0"))


def test_the_settings_an_index_was_made_with_can_be_read(docs: Path, folder: Path) -> None:
    assert stored_settings(folder) == {}
    update(folder, [docs], WordLengths(), ChunkerSettings(64, 2))
    found = stored_settings(folder)
    assert (found["chunker.passage_tokens"], found["chunker.overlap_sentences"]) == (64, 2)
    stored = {f"embedder.{name}": value for name, value in asdict(INFO).items() if name != "form_sha256"}
    assert stored.items() <= found.items()
    assert "embedder.form_sha256" not in found  # only of a form that is shipped


def test_an_index_of_a_later_format_is_refused_before_anything_is_written(docs: Path, folder: Path) -> None:
    update(folder, [docs], WordLengths())
    with closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 99")
    write_documents(docs, d="Something new.")
    for opening in (lambda: update(folder, [docs], WordLengths()), lambda: Index(folder)):
        with pytest.raises(IndexMismatchError, match=r"has format 99, this program reads format 3; use the version"):
            opening()
    with closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection:
        assert connection.execute("SELECT count(*) FROM documents").fetchone() == (3,)


def test_a_path_that_does_not_exist_leaves_no_index_behind(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        update(folder, [tmp_path / "nowhere"], WordLengths())
    with pytest.raises(IndexNotFoundError):
        Index(folder).close()


def test_a_damaged_database_is_not_written_to(docs: Path, folder: Path) -> None:
    update(folder, [docs], WordLengths())
    (folder / "catalog.sqlite3").write_bytes(b"damaged" * 1000)
    with pytest.raises(IndexDamagedError, match="move it away and index the documents again"):
        update(folder, [docs], WordLengths())
    assert (folder / "catalog.sqlite3").read_bytes() == b"damaged" * 1000


def test_only_one_process_writes_and_others_can_read_meanwhile(docs: Path, folder: Path) -> None:
    update(folder, [docs], WordLengths())
    before = results(folder)
    hold = (
        "import sys, filelock as f; lock = f.FileLock(sys.argv[1]); lock.acquire(); print('held', flush=True); input()"
    )
    command = [sys.executable, "-c", hold, str(folder / "writer.lock")]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        write_documents(docs, d="Something new.")
        with pytest.raises(IndexBusyError, match=f"another process is writing to the index in {folder}"):
            update(folder, [docs], WordLengths())
        assert results(folder) == before
        other.communicate("\n")
    assert update(folder, [docs], WordLengths()).added == 1


# --- interrupted


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupted_run_keeps_what_it_committed_and_the_next_one_completes_it(
    docs: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 1)
    with pytest.raises(KeyboardInterrupt):
        update(folder, [docs], WordLengths(interrupt_at=at))
    assert [summary.id for summary in results(folder)["summaries"]] == list("abc"[: at - 1])
    resumed = update(folder, [docs], WordLengths())
    assert (resumed.added, resumed.unchanged) == (4 - at, at - 1)
    update(tmp_path / "fresh", [docs], WordLengths())
    assert results(folder) == results(tmp_path / "fresh")


@pytest.mark.faults
@pytest.mark.slow
def test_wherever_a_run_is_interrupted_whole_documents_that_are_embedded_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Interrupted at each report of progress in turn: what is stored are whole documents, none that was reported as
    done is missing, and the next run completes them."""
    monkeypatch.setattr("citeqa.index.storage.collecting.SLICE", 3)
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 16)
    texts = {f"d{number}": "One. " * 40 * (1 + number % 3) for number in range(7)}
    docs = write_documents(tmp_path / "docs", **texts)
    update(tmp_path / "whole", [docs], WordLengths(), ChunkerSettings(passage_tokens=16))
    with closing(Index(tmp_path / "whole")) as index:
        passages = {one.id: one.passages for one in index.summaries(10)[0]}
    assert len(set(passages.values())) == 3
    for count in range(1, 1000):
        folder, calls, done = tmp_path / str(count), 0, 0

        def progress(documents: int, embedded: int, last: int = count) -> None:
            nonlocal calls, done
            calls, done = calls + 1, done + documents
            if calls == last:
                raise KeyboardInterrupt

        try:
            update(folder, [docs], WordLengths(), ChunkerSettings(passage_tokens=16), progress)
        except KeyboardInterrupt:
            pass
        else:
            break
        with closing(Index(folder)) as index:
            kept = {one.id: one.passages for one in index.summaries(10)[0]}
        assert kept.items() <= passages.items()
        assert len(kept) >= done
        report = update(folder, [docs], WordLengths(), ChunkerSettings(passage_tokens=16))
        assert (report.documents, report.unchanged) == (7, len(kept))
    else:
        raise AssertionError("progress is reported too often")
    assert count > 20


def test_what_was_not_committed_is_neither_stored_nor_found(
    docs: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(folder, [docs], WordLengths())
    before, generation = results(folder), generation_of(folder)
    write_documents(docs, b="Harbour lights\n\nDark now.")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("sync_tree", "_digests"):
        with monkeypatch.context() as patch:
            patch.setattr(generations, name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                update(folder, [docs], WordLengths())
        assert (results(folder), generation_of(folder)) == (before, generation)
    assert update(folder, [docs], WordLengths()).replaced == 1
    update(tmp_path / "fresh", [docs], WordLengths())
    assert results(folder) == results(tmp_path / "fresh")


def test_batches_are_as_large_as_they_need_to_be_and_no_larger_than_one_document_more(
    docs: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 3)
    model = WordLengths()
    report = update(folder, [docs], model)
    assert sum(model.batches) == report.passages
    assert len(model.batches) > 1

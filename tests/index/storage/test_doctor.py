"""What is wrong with an index is found, named, and comes with what mends it; everything can be given back."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.embedders import INFO, WordLengths
from support.indexes import QUERIES, results, write_documents

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexBusyError, IndexNotFoundError
from citeqa.index.storage.backup import backup, export_jsonl
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.doctor import examine
from citeqa.index.storage.layout import DATABASE, REINDEXING
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import update, writing
from citeqa.index.types import Finding


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    texts = {f"n{i}": f"Number {i}\n\nThe fox counts to {i}. The lazy dog sleeps by the harbour." for i in range(20)}
    return write_documents(tmp_path / "docs", **texts)


@pytest.fixture
def folder(docs: Path, tmp_path: Path) -> Path:
    update(tmp_path / "index", [docs], WordLengths())
    return tmp_path / "index"


def sick(folder: Path, model: Embedder | None = None) -> list[Finding]:
    return [finding for finding in examine(folder, lambda *_: model or WordLengths()) if finding.faults]


def execute(sql: str) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection, connection:
            connection.execute(sql)

    return damage


def overwrite_pages(folder: Path) -> None:
    with closing(Catalog(folder / "catalog.sqlite3", write=True)) as catalog:
        catalog.purge()
    data = bytearray((folder / "catalog.sqlite3").read_bytes())
    for start in range(8 * 4096, len(data), 4096):
        data[start : start + 16] = b"\xff" * 16
    (folder / "catalog.sqlite3").write_bytes(data)


def cut_a_file(folder: Path) -> None:
    path = next(folder.glob("generations/*/dense-*.faiss"))
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[:-1])


NAN = "x'" + np.full(8, np.nan, dtype=np.float16).tobytes().hex() + "'"


def test_a_healthy_index_has_no_faults(folder: Path) -> None:
    assert sick(folder) == []


@pytest.mark.parametrize(
    ("damage", "checked", "fault", "mend"),
    [
        (overwrite_pages, "the database", "", "backup"),
        (execute("UPDATE documents SET text = text || 'x' WHERE id = 'n3'"), "each text", "'n3' has SHA-256", "backup"),
        (execute('UPDATE passages SET "end" = 9999 WHERE id = 3'), "each passage", "9999) of", "--rebuild"),
        (execute("UPDATE passages SET vector = x'00' WHERE id = 3"), "each vector", "1 vectors do not", "--rebuild"),
        (execute(f"UPDATE passages SET vector = {NAN} WHERE id = 3"), "each vector", "passage 3", "--rebuild"),
        (
            execute("DELETE FROM passages WHERE id = 3"),
            "they hold",
            "has 20 passages, the database 19",
            "--rebuild",
        ),
        (cut_a_file, "the search files", "has SHA-256", "opened"),
    ],
)
def test_damage_is_found_and_named_with_its_mend(
    folder: Path, damage: Callable[[Path], None], checked: str, fault: str, mend: str
) -> None:
    damage(folder)
    found = sick(folder)
    assert len(found) == 1
    assert found[0].checked.startswith(checked)
    assert any(fault in text for text in found[0].faults)
    assert mend in found[0].mend


def test_another_model_is_found(folder: Path) -> None:
    found = sick(folder, WordLengths(replace(INFO, sha256="1")))
    assert [finding.checked for finding in found] == ["the embedding model is the one it was made with"]
    assert "embedder.sha256 is '0' there, '1' here" in found[0].faults[0]


# --- made again


def same_answers(folder: Path, other: Path, model: WordLengths) -> bool:
    with closing(Index(folder)) as one, closing(Index(other)) as two:
        return all(
            a.search_dense(model.embed_query(q), 30) == b.search_dense(model.embed_query(q), 30)
            and a.search_lexical(q, 30) == b.search_lexical(q, 30)
            for q in QUERIES
            for a, b in [(one, two)]
        )


def test_a_rebuild_gives_what_a_fresh_index_gives_and_open_views_stay(folder: Path, docs: Path, tmp_path: Path) -> None:
    other, chunker = WordLengths(replace(INFO, sha256="1", name="other")), ChunkerSettings(16, 0)
    with closing(Index(folder)) as before:
        hits = before.search_lexical("fox", 30)
        report = reindex(folder, other, chunker)
        assert before.search_lexical("fox", 30) == hits
    update(tmp_path / "fresh", [docs], other, chunker)
    assert report.documents == 20
    assert same_answers(folder, tmp_path / "fresh", other)
    assert results(folder, other)["counts"] == results(tmp_path / "fresh", other)["counts"]
    assert not (folder / REINDEXING).exists()
    assert sick(folder, other) == []


@pytest.mark.parametrize("at", [1, 2, 3])
def test_an_interrupted_rebuild_leaves_the_index_as_it_is_and_is_gone_on_with(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("citeqa.index.storage.collecting.BATCH", 5)
    before = results(folder)
    with pytest.raises(KeyboardInterrupt):
        reindex(folder, WordLengths(interrupt_at=at), ChunkerSettings(64, 0))
    assert results(folder) == before
    model = WordLengths()
    reindex(folder, model, ChunkerSettings(64, 0))
    assert sum(model.batches) == 20 - 5 * (at - 1)
    assert Index(folder).settings["chunker.passage_tokens"] == 64


def test_a_rebuild_keeps_what_is_known_of_files(folder: Path, docs: Path) -> None:
    def never() -> Embedder:
        raise AssertionError("the model was loaded")

    with writing(folder, never, ChunkerSettings(), "testing") as writer:
        sync(writer, plan(writer.catalog, docs))
    reindex(folder, WordLengths(), ChunkerSettings(64, 0))
    with writing(folder, never, ChunkerSettings(64, 0), "testing") as writer:
        assert sync(writer, plan(writer.catalog, docs)).unchanged == 20


def test_nobody_writes_during_a_rebuild(folder: Path, tmp_path: Path) -> None:
    with writer_lock(folder, "testing"), pytest.raises(IndexBusyError, match="testing"):
        reindex(folder, WordLengths(), ChunkerSettings())
    with pytest.raises(IndexNotFoundError):
        reindex(tmp_path / "nowhere", WordLengths(), ChunkerSettings())


# --- given back


def test_exported_rows_make_the_same_documents(folder: Path, tmp_path: Path) -> None:
    with closing(Catalog(folder / DATABASE)) as catalog:
        assert export_jsonl(catalog, tmp_path / "rows.jsonl") == 20
    update(tmp_path / "again", [tmp_path / "rows.jsonl"], WordLengths())
    assert same_answers(folder, tmp_path / "again", WordLengths())
    with closing(Index(folder)) as one, closing(Index(tmp_path / "again")) as two:
        for summary in one.summaries(100)[0]:
            ours, theirs = one.document(summary.id), two.document(summary.id)
            assert (ours.title, ours.text, ours.sha256) == (theirs.title, theirs.text, theirs.sha256)


def test_exported_rows_keep_where_pages_begin(tmp_path: Path) -> None:
    rows = [{"id": "a", "text": "One page. Another page.", "pages": [0, 10]}, {"id": "b", "text": "No pages."}]
    rows += [
        {"id": f"bad{n}", "text": "x", "pages": bad} for n, bad in enumerate(([1], [0, 9], [0, 0], ["0"], "0", [True]))
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = update(tmp_path / "index", [tmp_path / "rows.jsonl"], WordLengths())
    assert (report.added, len(report.skipped)) == (2, 6)
    assert all("pages" in skipped.reason for skipped in report.skipped)
    with closing(Catalog(tmp_path / "index" / DATABASE)) as catalog:
        export_jsonl(catalog, tmp_path / "again.jsonl")
        assert catalog.document("a").page(10) == 2
    exported = [json.loads(line) for line in (tmp_path / "again.jsonl").read_text().splitlines()]
    assert [row.get("pages") for row in exported] == [[0, 10], None]


def test_a_backup_is_an_index_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    with closing(Catalog(folder / "catalog.sqlite3", write=True)) as catalog, catalog.transaction():
        catalog.remove("n3")  # somebody is writing meanwhile, and has not committed
        assert backup(folder, tmp_path / "copy" / "catalog.sqlite3") == 20
    assert results(tmp_path / "copy")["counts"] == (20, 20, 20)


def test_what_fails_half_way_leaves_the_old_file(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "rows.jsonl"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("citeqa.index.storage.backup.sync", full)
    with closing(Catalog(folder / DATABASE)) as catalog, pytest.raises(OSError, match="No space"):
        export_jsonl(catalog, target)
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "index", "rows.jsonl"]

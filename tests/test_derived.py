"""The search files: published whole or not at all, and made again from the database whatever happens to them."""

from __future__ import annotations

import json
import logging
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from test_builder import WordLengths, results, write_documents

from index import derived
from index.builder import update
from index.catalog import Catalog
from index.derived import DerivedDamagedError, open_generation, publish, read_manifest
from index.errors import IndexBusyError, IndexMismatchError
from index.files import sha256, write_json
from index.store import Index, writer_lock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = write_documents(
        tmp_path / "docs",
        a="A fox\n\nThe quick brown fox jumps over the lazy dog.",
        b="Harbour lights\n\nAll quiet at the harbour tonight.",
    )
    update(tmp_path / "index", [docs], WordLengths())
    return tmp_path / "index"


def _generation(folder: Path) -> Path:
    return folder / "generations" / read_manifest(folder).generation


def test_the_manifest_names_what_the_index_was_made_with_and_every_file_with_its_digest(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert (manifest.format, manifest.documents, manifest.passages, manifest.last_change) == (1, 2, 2, 2)
    assert manifest.settings["embedder.name"] == "word-lengths"
    assert {"embedder.sha256", "embedder.precision", "chunker.passage_tokens", "analyzer"} <= manifest.settings.keys()
    generation = _generation(folder)
    assert manifest.files == {name: sha256(generation / name) for name in manifest.files}
    written = {str(path.relative_to(generation)) for path in generation.rglob("*") if path.is_file()}
    assert {name for name in written if not name.endswith(".lock")} == set(manifest.files)
    assert "dense.faiss" in manifest.files


@pytest.mark.parametrize("damage", ["deleted", "emptied", "cut", "longer", "one bit"])
def test_a_damaged_file_is_made_again_and_the_results_are_the_same(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = results(folder)
    for number, name in enumerate(read_manifest(folder).files):
        copy = shutil.copytree(folder, folder.with_name(str(number)))
        path = _generation(copy) / name
        data = path.read_bytes()
        flipped = bytes([data[0] ^ 1]) + data[1:]
        path.write_bytes({"emptied": b"", "cut": data[:-1], "longer": data + b"x", "one bit": flipped}.get(damage, b""))
        if damage == "deleted":
            path.unlink()
        caplog.clear()
        assert results(copy) == before
        assert [record.levelno for record in caplog.records if record.name.startswith("index")] == [logging.WARNING]
        assert f"making the search files in {copy} again" in caplog.text
        assert name in caplog.text
        caplog.clear()
        assert results(copy) == before
        assert not caplog.records


@pytest.mark.parametrize("lost", ["manifest.json", "generations"])
def test_lost_files_are_made_again(folder: Path, lost: str) -> None:
    before = results(folder)
    path = folder / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert results(folder) == before


NULLS = json.dumps(
    {"format": 1, "settings": {}, "documents": 2, "passages": 2, "last_change": 2, "generation": "x", "written": ""}
    | {"files": None}
)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"null", b"[]", b'"x"', b'{"format": 1}', b"\xff\xfe", b'{"format": 1, "more": 2}',
        NULLS.encode(), b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_made_again(folder: Path, content: bytes) -> None:
    before, manifest = results(folder), read_manifest(folder)
    (folder / "manifest.json").write_bytes(content)
    assert results(folder) == before
    assert read_manifest(folder).settings == manifest.settings


def test_damage_is_reported_with_both_digests(folder: Path) -> None:
    manifest = read_manifest(folder)
    path = _generation(folder) / "dense.faiss"
    path.unlink()
    path.write_bytes(b"damaged")
    with pytest.raises(DerivedDamagedError) as caught:
        open_generation(folder, manifest)
    assert str(caught.value) == f"{path} has SHA-256 {sha256(path)}, needed {manifest.files['dense.faiss']}"


def test_a_manifest_of_another_format_is_refused_with_both_numbers_and_left_alone(folder: Path) -> None:
    path = folder / "manifest.json"
    text = path.read_text().replace('"format": 1', '"format": 99')
    path.write_text(text)
    with pytest.raises(IndexMismatchError, match=r"has format 99, this program reads format 1; index .* \(--index\)"):
        Index(folder)
    assert path.read_text() == text


def test_damaged_files_cannot_be_made_again_while_another_process_writes(folder: Path) -> None:
    (_generation(folder) / "dense.faiss").unlink()
    with writer_lock(folder), pytest.raises(IndexBusyError):
        Index(folder)
    assert results(folder)["counts"] == (2, 2, 2)


def test_files_that_are_behind_the_database_are_brought_up_to_date_at_open(folder: Path, tmp_path: Path) -> None:
    older = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "catalog" not in path.name}
    write_documents(tmp_path / "docs", b="Harbour lights\n\nDark now.", c="Something new.")
    update(folder, [tmp_path / "docs"], WordLengths())
    expected = results(folder)
    shutil.rmtree(folder / "generations")
    for path, data in older.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert read_manifest(folder).last_change == 2
    assert results(folder) == expected
    assert read_manifest(folder).last_change == 4


def test_only_the_published_generation_is_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "generations" / ".00000009-abcd.tmp" / "lexical").mkdir(parents=True)  # what a crash leaves
    for number in range(3):
        write_documents(tmp_path / "docs", b=f"Harbour lights\n\nNight {number}.")
        update(folder, [tmp_path / "docs"], WordLengths())
        assert [path.name for path in (folder / "generations").iterdir()] == [read_manifest(folder).generation]


def test_publishing_that_fails_leaves_the_files_in_use_as_they_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "catalog" not in path.name}
    for function in ("sync_tree", "write_json"):
        with monkeypatch.context() as patch, closing(Catalog(folder / "catalog.sqlite3", write=True)) as catalog:
            patch.setattr(derived, function, full)
            with pytest.raises(OSError, match="No space left"):
                publish(folder, catalog)
        assert {path: path.read_bytes() for path in before} == before
        assert not list((folder / "generations").glob(".*"))
    assert results(folder)["counts"] == (2, 2, 2)


def test_json_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"é": [1, "2"]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": [1, "2"]}
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": [1, "2"]}
    assert list(tmp_path.iterdir()) == [path]

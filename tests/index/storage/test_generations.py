"""The search files: published whole or not at all, and made again from the database whatever happens to them."""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.embedders import INFO, WordLengths
from support.faults import remove
from support.indexes import TO_FORMAT_1, results, write_documents
from support.paths import MEMORY

from citeqa.index.atomic import sha256, write_json
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.errors import GenerationDamagedError, IndexBusyError, StorageError
from citeqa.index.ranking.dense import DensePart, InvertedLists, Measured
from citeqa.index.storage import generations
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.doctor import examine
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import Manifest, manifest_of
from citeqa.index.storage.opening import open_generation
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.settings import settings_of
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update, writing
from citeqa.index.types import Passage, Span


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = write_documents(
        tmp_path / "docs",
        a="A fox\n\nThe quick brown fox jumps over the lazy dog.",
        b="Harbour lights\n\nAll quiet at the harbour tonight.",
    )
    update(tmp_path / "index", [docs], WordLengths())
    return tmp_path / "index"


def manifest(folder: Path) -> Manifest:
    with closing(Catalog(folder / "catalog.sqlite3")) as catalog:
        return manifest_of(catalog)


def _generation(folder: Path) -> Path:
    return folder / "generations" / manifest(folder).generation


def test_the_manifest_names_every_file_with_its_digest(folder: Path) -> None:
    found, generation = manifest(folder), _generation(folder)
    assert (found.documents, found.passages, found.last_passage, found.dead) == (2, 2, 2, ())
    assert found.files == {name: sha256(generation / name) for name in found.files}
    written = {path.relative_to(generation).as_posix() for path in generation.rglob("*") if path.is_file()}
    assert {name for name in written if not name.endswith(".lock")} == set(found.files)
    assert {part.file for part in found.parts} == {name for name in found.files if name.startswith("dense")}


@pytest.mark.parametrize("damage", ["deleted", "emptied", "cut", "longer", "one bit"])
def test_a_damaged_file_is_made_again_and_the_results_are_the_same(
    folder: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    before = results(folder)
    for number, name in enumerate(manifest(folder).files):
        copy = shutil.copytree(folder, folder.with_name(str(number)))
        path = _generation(copy) / name
        data = path.read_bytes()
        flipped = bytes([data[0] ^ 1]) + data[1:]
        path.write_bytes({"emptied": b"", "cut": data[:-1], "longer": data + b"x", "one bit": flipped}.get(damage, b""))
        if damage == "deleted":
            path.unlink()
        caplog.clear()
        assert results(copy) == before
        ours = [record.levelno for record in caplog.records if record.name.startswith("citeqa.index")]
        assert ours == [logging.WARNING]
        assert f"rebuilding the search files in {copy}" in caplog.text
        assert name in caplog.text
        caplog.clear()
        assert results(copy) == before
        assert not caplog.records


def test_lost_files_are_made_again(folder: Path) -> None:
    before = results(folder)
    remove(folder / "generations")
    assert results(folder) == before


@pytest.mark.parametrize("content", ["", "{", "null", "[]", '"x"', "{}", '{"generation": 1, "parts": [], "dead": []}'])
def test_a_damaged_manifest_is_made_again(folder: Path, content: str) -> None:
    before = results(folder)
    with closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection, connection:
        connection.execute("UPDATE generation SET manifest = ?", (content,))
    assert results(folder) == before
    assert manifest(folder).passages == 2


def test_damage_is_reported_with_both_digests(folder: Path) -> None:
    found = manifest(folder)
    path = _generation(folder) / found.parts[0].file
    path.unlink()
    path.write_bytes(b"damaged")
    with pytest.raises(GenerationDamagedError) as caught:
        open_generation(folder, found, 8)
    assert str(caught.value) == f"{path} has SHA-256 {sha256(path)}, needed {found.files[path.name]}"


def test_damaged_files_cannot_be_made_again_while_another_process_writes(folder: Path) -> None:
    (_generation(folder) / manifest(folder).parts[0].file).unlink()
    with writer_lock(folder, "testing"), pytest.raises(IndexBusyError, match=r"process \(\d+, testing, since 2"):
        Index(folder)
    assert results(folder)["counts"] == (2, 2, 2)


@pytest.mark.parametrize("by_writing", [False, True])
def test_an_index_of_format_1_is_upgraded_when_it_is_opened(folder: Path, tmp_path: Path, by_writing: bool) -> None:
    before = results(folder)
    with closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection:
        connection.executescript(TO_FORMAT_1)
    (folder / "manifest.json").write_text('{"format": 1}')
    if by_writing:
        assert update(folder, [tmp_path / "docs"], WordLengths()).unchanged == 2
    assert results(folder) == before
    assert (folder / "manifest.json").exists() == by_writing
    write_documents(tmp_path / "docs", c="Something new.")
    assert update(folder, [tmp_path / "docs"], WordLengths()).unchanged == 2


def test_a_rebuild_finds_the_structure_of_texts_read_before_there_was_one(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_documents(tmp_path / "docs", t="Item\tPrice\nFan\t5\nSiphon\t7\n", p="Only words.")
    update(folder, [tmp_path / "docs"], WordLengths())
    known = results(folder)["documents"]
    with closing(sqlite3.connect(folder / "catalog.sqlite3")) as connection, connection:
        connection.execute("UPDATE documents SET structure = ''")
        connection.execute("UPDATE documents SET name = 'p.docx' WHERE id = 'p'")
    with closing(Index(folder)) as index:
        assert [line.split()[0] for line in index.advice] == ["4"]
        assert not index.document("t").structure
    reindex(folder, WordLengths(), ChunkerSettings())
    assert results(folder)["documents"] == known
    assert "the structure of 1 documents is not known: citeqa sync FOLDER" in caplog.text
    assert update(folder, [tmp_path / "docs"], WordLengths()).unchanged == 4
    with closing(Index(folder)) as index:
        assert not index.advice


def test_only_the_published_generation_is_kept(folder: Path, tmp_path: Path) -> None:
    (folder / "generations" / ".00000009-abcd.tmp" / "lexical").mkdir(parents=True)  # what a crash leaves
    for number in range(3):
        write_documents(tmp_path / "docs", b=f"Harbour lights\n\nNight {number}.")
        update(folder, [tmp_path / "docs"], WordLengths())
        assert [path.name for path in (folder / "generations").iterdir()] == [manifest(folder).generation]


@pytest.mark.parametrize("links", [True, False])
def test_one_change_writes_new_files_and_takes_over_the_others(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    def unsupported(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(generations, "_FEW", 0)
    if not links:
        monkeypatch.setattr(os, "link", unsupported)
    docs = write_documents(tmp_path / "docs", **{f"n{i}": f"Number {i}\n\nThe fox counts to {i}." for i in range(40)})
    update(folder, [docs], WordLengths())
    before, inodes = manifest(folder), {path.stat().st_ino for path in _generation(folder).rglob("*")}
    write_documents(docs, n7="Number 7\n\nThe dog counts.", z="Last\n\nOne more fox.")
    update(folder, [docs], WordLengths())
    after = manifest(folder)
    assert after.parts[: len(before.parts)] == before.parts
    assert len(after.parts) == len(before.parts) + 1
    assert len(after.dead) == 1
    kept = {name for name in after.files if after.files[name] == before.files.get(name)}
    assert {part.file for part in before.parts} <= kept
    assert any(name.startswith("lexical/") for name in kept)
    if links:
        assert all((_generation(folder) / name).stat().st_ino in inodes for name in kept)
    shutil.rmtree(tmp_path / "fresh", ignore_errors=True)
    update(tmp_path / "fresh", [docs], WordLengths())
    assert results(folder)["dense"] == results(tmp_path / "fresh")["dense"]


def test_a_part_that_is_worn_is_made_again_without_its_dead(folder: Path, tmp_path: Path) -> None:
    docs = write_documents(tmp_path / "docs", **{f"n{i}": f"Number {i}\n\nThe fox counts to {i}." for i in range(40)})
    update(folder, [docs], WordLengths())
    with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
        for i in range(20):
            writer.remove(f"n{i}")
            writer.commit()
            found = manifest(folder)
            assert sum(part.count for part in found.parts) - len(found.dead) == found.passages == 41 - i
            assert all(sum(p.first <= d <= p.last for d in found.dead) * 4 <= p.count for p in found.parts)
    with closing(Index(folder)) as index:
        assert {hit.passage.document_id for hit in index.search_dense(WordLengths().embed_query("fox"), 100)} == (
            {"a", "b"} | {f"n{i}" for i in range(20, 40)}
        )


@settings(max_examples=25)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_the_number_of_parts_grows_with_the_logarithm_of_what_they_hold(batches: list[int]) -> None:
    with TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as temporary:
        folder, number = Path(temporary, "index"), 0
        for batch in batches:
            with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
                for _ in range(batch):
                    number += 1
                    writer.put(document(f"d{number}", f"Number {number}.", file_sha256=""))
                writer.commit()
            found = manifest(folder)
            assert sum(part.count for part in found.parts) == found.passages == number
            assert len(found.parts) <= math.log2(number) + 1


def test_what_fails_leaves_the_state_and_the_files_in_use_as_they_are(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    before, files = results(folder), {p: p.read_bytes() for p in _generation(folder).rglob("*") if p.is_file()}
    docs = write_documents(tmp_path / "docs", c="Something new.")
    for function in ("sync_tree", "sync", "sha256"):
        with monkeypatch.context() as patch:
            patch.setattr(generations, function, full)
            with pytest.raises(StorageError, match="No space left"):
                update(folder, [docs], WordLengths())
        assert results(folder) == before
        assert {path: path.read_bytes() for path in files} == files
        assert not list((folder / "generations").glob(".*"))
    update(folder, [docs], WordLengths())
    assert results(folder)["counts"] == (3, 3, 3)


def test_json_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"é": [1, "2"]})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": [1, "2"]}
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text(encoding="utf-8")) == {"é": [1, "2"]}
    assert list(tmp_path.iterdir()) == [path]


# --- parts with lists


class Grown:
    """A database whose documents have 25 passages each, with vectors by chance around a few centres, and its search
    files; parts of more than 1,500 vectors get lists."""

    EXACT_UP_TO = 1500

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self._chance = np.random.default_rng(1)
        self._centres = self._chance.normal(size=(8, INFO.dimension))
        self._count = 0
        self.catalog = Catalog(folder / "catalog.sqlite3", write=True)
        with self.catalog.transaction():
            self.catalog.set_settings(settings_of(INFO, ChunkerSettings()))

    def change(self, add: int = 0, remove: Iterable[int] = ()) -> Manifest:
        """Add so many documents, take these away, publish, and delete the generation before."""
        with self.catalog.transaction():
            gone = [f"d{i:04}" for i in remove]
            dead = [i for name in gone for i in self.catalog.remove(name)]
            for _ in range(add):
                text = f"{self._count:04} " * 25
                made = document(f"d{self._count:04}", text, file_sha256="")
                spans = [Span(5 * i, 5 * i + 4) for i in range(25)]
                passages = [Passage(made.id, span, made.quote(span)) for span in spans]
                rows = self._centres[self._chance.integers(0, 8, 25)] + self._chance.normal(
                    scale=0.1, size=(25, INFO.dimension)
                )
                rows /= np.linalg.norm(rows, axis=1, keepdims=True)
                self.catalog.put(made, "", passages, rows.astype(np.float16))
                self._count += 1
            advanced = generations.next_generation(self.folder, self.catalog, dead, gone, exact_up_to=self.EXACT_UP_TO)
        generations.delete_generations(self.folder, but=advanced.generation)
        return advanced

    def check(self) -> None:
        """What is found is alive and has the score of brute force; filters and deep searches miss nothing."""
        query = self._centres[0].astype(np.float32)
        ids, rows = (np.concatenate(blocks) for blocks in zip(*self.catalog.vectors(INFO.dimension), strict=True))
        exact = dict(zip(ids.tolist(), (rows.astype(np.float64) @ query).tolist(), strict=True))
        with closing(Index(self.folder)) as index:
            dense = index._opened.dense
            assert len(dense) == len(exact)
            for found in (dense.search(query, 50), dense.search(query, 10**6), dense.search(query, 10**6, ids[::3])):
                assert [entry.score for entry in found] == pytest.approx([exact[e.id] for e in found], abs=1e-5)
            assert {entry.id for entry in dense.search(query, 10**6)} == exact.keys()
            assert {entry.id for entry in dense.search(query, 10**6, ids[::3])} == set(ids[::3].tolist())


@pytest.fixture
def grown(tmp_path: Path) -> Iterator[Grown]:
    made = Grown(tmp_path / "grown")
    with closing(made.catalog):
        yield made


@pytest.mark.slow
def test_a_part_gets_lists_as_it_grows_and_loses_them_as_it_shrinks(grown: Grown) -> None:
    small = grown.change(add=50)
    assert [(part.count, part.lists, part.measured) for part in small.parts] == [(1250, "", Measured())]
    grown.check()
    large = grown.change(add=50)
    assert [part.count for part in large.parts] == [2500]
    assert large.parts[0].lists in large.files
    assert large.parts[0].measured.suffices
    grown.check()
    worn = grown.change(remove=range(20))
    assert (worn.parts, len(worn.dead)) == (large.parts, 500)
    grown.check()
    again = grown.change(remove=range(20, 60))
    assert [(part.count, part.lists, part.measured) for part in again.parts] == [(1000, "", Measured())]
    assert {name for name in again.files if name.startswith("dense")} == {again.parts[0].file}
    grown.check()


def test_doctor_says_how_vectors_are_searched_and_how_well(grown: Grown) -> None:
    def told() -> list[str]:
        found = list(examine(grown.folder, lambda *_: WordLengths()))
        assert not any(finding.faults for finding in found)
        return [finding.checked for finding in found if finding.checked.startswith("dense search")]

    grown.change(add=50)
    assert told() == ["dense search is exact"]
    measured = grown.change(add=100).parts[0].measured
    assert told() == [
        f"dense search of 3,750 of 3,750 vectors looks at {measured.probes} of {measured.lists} lists: recall@10 "
        f"{measured.recall_at_10:.3f}, recall@100 {measured.recall_at_100:.3f} of passages; with filters it is exact"
    ]


def test_small_additions_leave_the_large_part_and_its_lists_as_they_are(grown: Grown) -> None:
    before = grown.change(add=100)
    files = {
        name: (grown.folder / "generations" / before.generation / name).stat().st_ino for name in before.parts[0].files
    }
    assert len(files) == 2
    for _ in range(10):
        after = grown.change(add=2)
        assert after.parts[0] == before.parts[0]
        assert files == {name: (grown.folder / "generations" / after.generation / name).stat().st_ino for name in files}
    grown.check()


def test_a_part_whose_lists_miss_too_much_stays_exact_and_is_not_tried_again(
    grown: Grown, monkeypatch: pytest.MonkeyPatch
) -> None:
    poor, tried = Measured(40, 10, 0.97, 0.9), []

    def build(part: DensePart) -> tuple[InvertedLists, Measured]:
        tried.append(len(part))
        return InvertedLists.build(part)[0], poor

    monkeypatch.setattr(generations, "InvertedLists", SimpleNamespace(build=build))
    found = grown.change(add=100)
    assert [(part.lists, part.measured) for part in found.parts] == [("", poor)]
    grown.change(add=1)
    assert tried == [2500]
    grown.check()


def test_damaged_lists_are_made_again(grown: Grown, caplog: pytest.LogCaptureFixture) -> None:
    name = grown.change(add=100).parts[0].lists
    path = grown.folder / "generations" / manifest(grown.folder).generation / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)
    grown.check()
    assert f"{name} has SHA-256" in caplog.text
    grown.check()


def test_a_manifest_from_before_there_were_lists_opens_and_gets_them_with_the_next_change(grown: Grown) -> None:
    grown.EXACT_UP_TO = 10_000
    grown.change(add=100)
    stored = json.loads(grown.catalog.generation() or "")
    for part in stored["parts"]:
        del part["lists"], part["measured"]
    with grown.catalog.transaction():
        grown.catalog.set_generation(json.dumps(stored))
    grown.check()
    assert manifest(grown.folder).parts[0].measured == Measured()
    grown.EXACT_UP_TO = 1500
    assert grown.change(add=1).parts[0].lists
    grown.check()


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 70), st.sets(st.integers(0, 200), max_size=60)), min_size=1, max_size=3))
@pytest.mark.slow
def test_whatever_changes_everything_alive_is_found(changes: list[tuple[int, set[int]]]) -> None:
    with TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as temporary:
        grown = Grown(Path(temporary, "index"))
        with closing(grown.catalog):
            grown.change(add=65)
            for add, remove in changes:
                gone = [i for i in sorted(remove) if grown.catalog.contains(f"d{i:04}")]
                found = grown.change(add, gone[: grown.catalog.counts()[0] - 1])
                assert all(bool(part.lists) == part.measured.suffices for part in found.parts)
                assert all((part.measured.lists > 0) == (part.count > grown.EXACT_UP_TO) for part in found.parts)
                grown.check()

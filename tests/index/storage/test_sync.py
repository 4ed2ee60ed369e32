"""An index kept in step with a folder: what a plan sees, what a run does, and what it never does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.embedders import WordLengths
from support.indexes import results, write_documents
from support.paths import MEMORY

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import EmptyFolderError
from citeqa.index.formats import registry
from citeqa.index.formats import text as text_format
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.registry import FORMATS
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, preview, sync
from citeqa.index.storage.writer import update, writing
from citeqa.index.types import Report

FOX = "A fox\n\nThe quick brown fox jumps over the lazy dog."
HARBOUR = "Harbour lights\n\nAll quiet at the harbour tonight."


def never() -> Embedder:
    raise AssertionError("the model was loaded")


def run(
    index: Path, docs: Path, loading: Callable[[], Embedder] = WordLengths, *, empty: bool = False
) -> tuple[int, int, int, int, int]:
    """Sync, after a preview that must have said the same; gives added, replaced, unchanged, skipped, removed."""
    with writing(index, loading, ChunkerSettings(), "testing") as writer:
        given = plan(writer.catalog, docs, empty=empty)
        expected = counts(preview(writer.catalog, given))
        found = counts(sync(writer, given))
    assert found == expected
    return found


def counts(report: Report) -> tuple[int, int, int, int, int]:
    return report.added, report.replaced, report.unchanged, len(report.skipped), report.removed


def ids(index: Path) -> list[str]:
    return [summary.id for summary in results(index)["summaries"]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "docs", a=FOX, b=HARBOUR)


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "index"


def test_what_is_new_is_added_what_changed_replaced_what_is_gone_removed(docs: Path, index: Path) -> None:
    assert run(index, docs) == (2, 0, 0, 0, 0)
    write_documents(docs, b="Harbour lights\n\nDark now.", c="Letters\n\nAlpha and beta.")
    (docs / "a.txt").unlink()
    assert run(index, docs) == (1, 1, 0, 0, 1)
    assert ids(index) == ["b", "c"]
    with closing(Index(index)) as opened:
        assert opened.document("b").text == "Harbour lights\n\nDark now."
        assert opened.search_lexical("fox", 5) == []


def test_nothing_new_loads_no_model_and_publishes_nothing(docs: Path, index: Path) -> None:
    run(index, docs)
    generation = next((index / "generations").iterdir()).name
    os.utime(docs / "a.txt", (0, 0))  # a file is told by its bytes, not by its date
    assert run(index, docs, never) == (0, 0, 2, 0, 0)
    assert next((index / "generations").iterdir()).name == generation


def test_removing_and_renaming_embed_nothing(docs: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(index, docs)
    (docs / "sub").mkdir()
    (docs / "a.txt").rename(docs / "sub" / "fox.txt")
    (docs / "b.txt").unlink()

    def embed(*_: object) -> NoReturn:
        raise AssertionError("something was embedded")

    with monkeypatch.context() as patched:
        patched.setattr(WordLengths, "embed_passages", embed)
        assert run(index, docs) == (1, 0, 0, 0, 2)
    assert ids(index) == ["sub/fox"]
    with closing(Index(index)) as opened:
        hit = opened.search_dense(WordLengths().embed_query("The quick brown fox"), 1)[0]
        assert hit.passage.document_id == "sub/fox"
        assert opened.document("sub/fox").quote(hit.passage.span) == hit.passage.text
    (docs / "sub" / "fox.txt").unlink()
    write_documents(docs, z=HARBOUR)
    run(index, docs)
    (docs / "z.txt").unlink()
    write_documents(docs)
    (docs / "note.bin").write_bytes(b"x")
    assert run(index, docs, never, empty=True) == (0, 0, 0, 1, 1)


def test_a_file_that_can_no_longer_be_read_keeps_what_it_was(docs: Path, index: Path) -> None:
    run(index, docs)
    (docs / "a.txt").write_bytes(b"\x00\x01\x02")
    assert run(index, docs) == (0, 0, 1, 1, 0)
    assert ids(index) == ["a", "b"]
    assert run(index, docs, never) == (0, 0, 1, 1, 0)  # it is named again, and not read again
    write_documents(docs, a=FOX)
    assert run(index, docs, never) == (0, 0, 2, 0, 0)
    (docs / "a.txt").unlink()
    assert run(index, docs, never)[4] == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_keeps_its_documents(docs: Path, index: Path) -> None:
    write_documents(docs / "sub", c="Letters\n\nAlpha.")
    run(index, docs)
    (docs / "sub").chmod(0)
    try:
        assert run(index, docs)[3:] == (1, 0)
    finally:
        (docs / "sub").chmod(0o755)
    assert ids(index) == ["a", "b", "sub/c"]


def test_a_folder_that_cannot_be_listed_keeps_its_documents(
    docs: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_documents(docs / "sub", c="Letters\n\nAlpha.")
    run(index, docs)
    listed = os.scandir

    def refused(path: str) -> object:
        if str(path).endswith("sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refused)
    assert run(index, docs)[3:] == (1, 0)
    monkeypatch.undo()
    assert ids(index) == ["a", "b", "sub/c"]


def test_an_empty_folder_is_taken_for_a_mistake_unless_it_is_meant(docs: Path, index: Path) -> None:
    run(index, docs)
    for file in docs.iterdir():
        file.unlink()
    with pytest.raises(EmptyFolderError, match=r"holds no files, but 2 documents came from it.*--empty"):
        run(index, docs)
    assert ids(index) == ["a", "b"]
    assert run(index, docs, empty=True) == (0, 0, 0, 0, 2)
    assert ids(index) == []
    with pytest.raises(NotADirectoryError):
        run(index, docs / "nowhere")


def test_a_folder_that_holds_only_strays_is_taken_for_a_mistake(docs: Path, index: Path) -> None:
    run(index, docs)
    for file in docs.iterdir():
        file.unlink()
    (docs / "desktop.ini").write_text("[x]")
    with pytest.raises(EmptyFolderError, match="holds no files, but 2 documents"):
        run(index, docs)
    (docs / "driver.sys").write_bytes(b"x")
    with pytest.raises(EmptyFolderError, match="holds no files that can be read, but 2 documents"):
        run(index, docs)
    (docs / "THIS_IS_A_MOUNT_POINT").write_text("Nothing is mounted here.")
    with pytest.raises(EmptyFolderError, match="holds none of the files that it held, but 2 documents"):
        run(index, docs)
    assert ids(index) == ["a", "b"]
    write_documents(docs, b=HARBOUR)
    assert run(index, docs) == (1, 0, 1, 1, 1)


def test_files_that_were_all_renamed_are_followed(docs: Path, index: Path) -> None:
    write_documents(docs, c="Letters\n\nAlpha.")
    run(index, docs)
    (docs / "b.txt").unlink()
    (docs / "c.txt").unlink()
    (docs / "a.txt").rename(docs / "z.txt")
    assert run(index, docs) == (1, 0, 0, 0, 3)


def test_pipes_are_named_and_never_waited_for(docs: Path, index: Path) -> None:
    os.mkfifo(docs / "pipe.txt")
    assert run(index, docs) == (2, 0, 0, 1, 0)
    assert run(index, docs, never) == (0, 0, 2, 1, 0)


def test_files_are_read_again_once_when_their_format_is_read_differently(
    docs: Path, index: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (docs / "rows.jsonl").write_text(json.dumps({"id": "r", "text": "A row."}))
    run(index, docs)
    newer = [replace(known, version=known.version + 1) if "plain" in known.name else known for known in FORMATS]
    monkeypatch.setattr(registry, "FORMATS", newer)
    with closing(Catalog(index / "catalog.sqlite3")) as catalog:
        planned = plan(catalog, docs)
    assert (planned.again, [listed.name for listed, _ in planned.changed]) == (2, ["a.txt", "b.txt"])
    assert planned.same == {"JSONL": 1}
    with monkeypatch.context() as patched, caplog.at_level("INFO", logger="citeqa.index.storage.sync"):
        patched.setattr(text_format, "extract", lambda data: Extracted(data.decode().upper()))
        assert run(index, docs) == (0, 2, 1, 0, 0)
    assert "2 unchanged files are read again: this version reads their formats differently" in caplog.messages
    assert run(index, docs, never) == (0, 0, 3, 0, 0)


def test_files_of_an_index_of_before_are_read_again(docs: Path, index: Path) -> None:
    run(index, docs)
    with closing(Catalog(index / "catalog.sqlite3", write=True)) as catalog, catalog.transaction():
        catalog.record_versions(os.path.realpath(docs), {})
    with closing(Catalog(index / "catalog.sqlite3")) as catalog:
        assert plan(catalog, docs).again == 2
    assert run(index, docs, never) == (0, 0, 2, 0, 0)
    with closing(Catalog(index / "catalog.sqlite3")) as catalog:
        assert plan(catalog, docs).again == 0


def test_what_an_interrupted_run_did_not_read_again_is_read_by_the_next(
    docs: Path, index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(index, docs)
    newer = [replace(known, version=known.version + 1) if "plain" in known.name else known for known in FORMATS]
    monkeypatch.setattr(registry, "FORMATS", newer)
    monkeypatch.setattr(text_format, "extract", lambda data: Extracted(data.decode().upper()))
    with pytest.raises(KeyboardInterrupt):
        run(index, docs, lambda: WordLengths(interrupt_at=1))
    with closing(Catalog(index / "catalog.sqlite3")) as catalog:
        assert plan(catalog, docs).again == 2
    assert run(index, docs) == (0, 2, 0, 0, 0)


def test_only_what_came_from_the_folder_is_removed(docs: Path, index: Path, tmp_path: Path) -> None:
    other = write_documents(tmp_path / "other", c="Letters\n\nAlpha.")
    update(index, [other], WordLengths())
    run(index, docs)
    (docs / "b.txt").unlink()
    assert run(index, docs)[4] == 1
    assert ids(index) == ["a", "c"]


def test_documents_that_were_indexed_before_are_adopted(docs: Path, index: Path) -> None:
    update(index, [docs], WordLengths())
    assert run(index, docs) == (0, 0, 2, 0, 0)
    update(index, [docs], WordLengths())  # and stay the folder's when they are indexed once more
    (docs / "b.txt").unlink()
    assert run(index, docs, never) == (0, 0, 1, 0, 1)


def test_an_id_is_never_taken_from_another_file_or_folder(docs: Path, index: Path, tmp_path: Path) -> None:
    run(index, docs)
    other = write_documents(tmp_path / "other", a="Another a\n\nNot a fox.")
    assert run(index, other) == (1, 0, 0, 0, 0)
    assert ids(index) == ["a", "b", "other/a"]
    assert run(index, other, never) == run(index, other, never) == (0, 0, 1, 0, 0)
    (other / "a.txt").unlink()
    assert run(index, other, never, empty=True) == (0, 0, 0, 0, 1)
    (docs / "rows.jsonl").write_text(
        json.dumps({"id": "b", "text": "Stolen."}) + "\n" + json.dumps({"id": "r", "text": "Row."})
    )
    assert run(index, docs) == (1, 0, 2, 1, 0)
    assert results(index)["counts"][0] == 3
    with closing(Index(index)) as opened:
        assert (opened.document("a").text, opened.document("b").text) == (FOX, HARBOUR)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_two_folders_with_a_file_of_one_name_are_two_documents_however_they_are_read(
    index: Path, tmp_path: Path, order: tuple[str, str]
) -> None:
    folders = [write_documents(tmp_path / name, minutes=f"Minutes of {name}\n\nAll were there.") for name in order]
    expected = ["minutes", f"{order[1]}/minutes"] if order[1] > "m" else sorted(["minutes", f"{order[1]}/minutes"])
    for number, folder in enumerate(folders):
        report = update(index, [folder], WordLengths())
        assert (report.added, report.replaced, report.skipped) == (1, 0, ())
        assert report.documents == number + 1
    assert ids(index) == expected
    for again in (folders, folders[::-1], folders[:1]):
        report = update(index, again, WordLengths())
        assert (report.added, report.replaced, report.unchanged, report.skipped) == (0, 0, len(again), ())
    assert run(index, folders[0], never) == run(index, folders[1], never) == (0, 0, 1, 0, 0)
    together, synced = tmp_path / "together", tmp_path / "synced"
    update(together, folders, WordLengths())
    for folder in folders:
        run(synced, folder)
    assert ids(together) == ids(synced) == expected


def test_a_changed_file_replaces_its_own_document_and_a_single_file_is_one_of_its_folder(
    docs: Path, index: Path, tmp_path: Path
) -> None:
    update(index, [docs], WordLengths())
    write_documents(docs, a="A fox\n\nIt sleeps.")
    assert update(index, [docs / "a.txt"], WordLengths()).replaced == 1
    (docs / "a.md").write_text("Not a fox.")
    assert update(index, [docs / "a.md"], WordLengths()).added == 1
    assert ids(index) == ["a", "a.md", "b"]
    other = write_documents(tmp_path / "other", b="Another b.")
    for _ in range(2):
        update(index, [other / "b.txt"], WordLengths())
        assert ids(index) == ["a", "a.md", "b", "other/b"]


def test_a_folder_that_moved_keeps_its_documents(docs: Path, index: Path, tmp_path: Path) -> None:
    update(index, [docs], WordLengths())
    moved = docs.rename(tmp_path / "moved")
    assert update(index, [moved], WordLengths()).unchanged == 2
    assert ids(index) == ["a", "b"]
    assert run(index, moved, never) == (0, 0, 2, 0, 0)


def test_rows_of_another_folder_with_the_same_ids_are_other_documents(docs: Path, index: Path, tmp_path: Path) -> None:
    def rows(folder: Path, name: str, text: str) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps({"id": "r", "text": text}))
        return folder / name

    one, two = rows(docs, "one.jsonl", "One."), rows(tmp_path / "other", "one.jsonl", "Two.")
    assert update(index, [one], WordLengths()).added == 1
    assert update(index, [two], WordLengths()).added == 1
    assert ids(index) == ["other/r", "r"]
    third = update(index, [rows(docs, "two.jsonl", "Three.")], WordLengths())
    assert [item.reason for item in third.skipped] == [f"its id 'r' was already taken by {one}"]
    assert update(index, [rows(docs, "two.jsonl", "One.")], WordLengths()).unchanged == 1
    assert update(index, [rows(docs, "one.jsonl", "One, again.")], WordLengths()).skipped == ()


def test_rows_come_go_and_move_between_files(docs: Path, index: Path) -> None:
    def rows(name: str, **texts: str) -> None:
        lines = [json.dumps({"id": i, "text": text}) for i, text in texts.items()]
        (docs / name).write_text("\n".join(lines))

    rows("one.jsonl", p="One fox.", q="Two foxes.")
    assert run(index, docs) == (4, 0, 0, 0, 0)
    rows("one.jsonl", p="One fox.")
    rows("two.jsonl", q="Two foxes.", r="Three.")
    assert run(index, docs) == (1, 0, 4, 0, 0)
    rows("one.jsonl", p="One dog.")
    assert run(index, docs) == (0, 1, 4, 0, 0)
    (docs / "two.jsonl").unlink()
    assert run(index, docs) == (0, 0, 3, 0, 2)
    assert ids(index) == ["a", "b", "p"]


def test_an_id_that_changes_with_its_neighbours_moves(docs: Path, index: Path) -> None:
    run(index, docs)
    (docs / "a.md").write_text("Other words.")
    assert run(index, docs) == (2, 0, 1, 0, 1)
    assert ids(index) == ["a.md", "a.txt", "b"]
    (docs / "a.md").unlink()
    assert run(index, docs) == (1, 0, 1, 0, 2)
    assert ids(index) == ["a", "b"]


def test_a_removed_text_is_in_no_file_any_more(docs: Path, index: Path) -> None:
    write_documents(docs, secret="Secret\n\nThe codeword is Quetzalcoatlus rex.")
    run(index, docs)
    assert _holding(index, b"Quetzalcoatlus")
    write_documents(docs, secret="Secret\n\nThere is no codeword.")
    run(index, docs)
    assert not _holding(index, b"Quetzalcoatlus")
    (docs / "secret.txt").unlink()
    run(index, docs)
    assert not _holding(index, b"no codeword")


def _holding(folder: Path, words: bytes) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()]


names = st.sampled_from(["a.txt", "b.txt", "a.md", "sub/c.txt"])
contents = st.sampled_from([FOX, HARBOUR, "Letters\n\nAlpha, beta.", "\x00", ""])


@settings(max_examples=25)
@given(st.lists(st.dictionaries(names, contents), min_size=1, max_size=5))
def test_any_sequence_of_folders_ends_like_a_fresh_index_of_the_last(states: list[dict[str, str]]) -> None:
    with TemporaryDirectory(dir=MEMORY) as temporary:
        docs, index = Path(temporary, "docs"), Path(temporary, "index")
        (docs / "sub").mkdir(parents=True)
        for state in states:
            readable = {name: text for name, text in state.items() if text.strip("\x00")}
            for file in [path for path in docs.rglob("*") if path.is_file()]:
                file.unlink()
            for name, text in readable.items():
                (docs / name).write_text(text)
            run(index, docs, empty=True)
        update(Path(temporary, "fresh"), [docs], WordLengths())
        assert results(index) == results(Path(temporary, "fresh"))
        with closing(Catalog(index / "catalog.sqlite3")) as catalog:
            assert set(catalog.files(os.path.realpath(docs))) == set(states[-1]) & set(readable)


def test_what_was_removed_or_replaced_by_other_means_is_as_the_folder_has_it_again(docs: Path, index: Path) -> None:
    (docs / "rows.jsonl").write_text(json.dumps({"id": "row", "text": "A row of letters."}))
    run(index, docs)
    with writing(index, WordLengths, ChunkerSettings(), "testing") as writer:
        writer.put(document("a", "Other words.", file_sha256="0" * 64))
        writer.remove("b")
        writer.commit()
    assert run(index, docs) == (1, 1, 1, 0, 0)
    assert run(index, docs, never) == (0, 0, 3, 0, 0)
    assert [found.text for found in results(index)["documents"]] == [FOX, HARBOUR, "A row of letters."]


def test_an_index_inside_the_folder_is_no_document_of_it(docs: Path) -> None:
    assert run(docs / "index", docs) == (2, 0, 0, 0, 0)
    assert run(docs / "index", docs, never) == (0, 0, 2, 0, 0)

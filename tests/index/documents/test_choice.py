"""How files are read is the user's choice: rows as documents, other endings as text; what is refused says what to
do."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.embedders import WordLengths

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import count, load
from citeqa.index.formats.choice import Choice
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import writing
from citeqa.index.types import Document, Report, Skipped

MAILS = (
    b"From a@example.org Thu Nov 26 19:20:14 2026\nFrom: Ines <a@example.org>\nSubject: Keys\nDate: Thu, 26 Nov 2026 "
    b"19:20:14 +0000\nMessage-ID: <k/1@example.org>\n\nThe keys hang here.\n>From now on.\n\nFrom here it is far.\n\n"
    b"From b@example.org Fri Nov 27 09:00:00 2026\nFrom: b@example.org\nSubject: Rope\n\nThe rope is long.\n\n"
    b"From b@example.org Fri Nov 27 09:00:01 2026\nFrom: b@example.org\nMessage-ID: <k/1@example.org>\n\nAgain.\n\n"
    b"From b@example.org Fri Nov 27 09:00:02 2026\nno mail at all\n"
)


def _read(folder: Path, choice: Choice = Choice()) -> tuple[dict[str, Document], dict[str, str]]:  # noqa: B008
    items = list(load([folder], choice))
    assert count([folder], choice) == len(items)
    skipped = {Path(item.name).name: item.reason for item in items if isinstance(item, Skipped)}
    return {item.id: item for item in items if isinstance(item, Document)}, skipped


def test_a_message_of_an_mbox_file_is_a_document(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "inbox.mbox").write_bytes(MAILS)
    documents, skipped = _read(tmp_path)
    texts = {name: item.text.strip() for name, item in documents.items()}
    rope = next(name for name, text in texts.items() if text == "The rope is long.")
    assert texts == {
        "2026/inbox/k-1@example.org": "The keys hang here.\nFrom now on.\n\nFrom here it is far.",
        rope: "The rope is long.",
        "2026/inbox/k-1@example.org-2": "Again.",
    }
    first = documents["2026/inbox/k-1@example.org"]
    assert (first.title, first.author, str(first.date)) == ("Keys", "Ines", "2026-11-26")
    assert str(documents[rope].date) == "2026-11-27"  # of the line that begins it
    assert list(skipped) == ["inbox.mbox, message 4"]
    (tmp_path / "b.mbox").write_bytes(b"Only words.")
    assert _read(tmp_path)[1]["b.mbox"].startswith("it is not an mbox file")


def test_with_rows_each_row_is_a_document_with_the_names_of_its_columns(tmp_path: Path) -> None:
    (tmp_path / "ports.csv").write_text('Port,Depth,Date\nHull,"14,5",2024-05-12\nBergen,,x\n')
    assert list(_read(tmp_path)[0]) == ["ports"]
    documents, _ = _read(tmp_path, Choice(rows=True))
    assert {name: (item.text, item.title) for name, item in documents.items()} == {
        "ports/2": ("Port\tDepth\tDate\nHull\t14,5\t2024-05-12", "Hull"),
        "ports/3": ("Port\tDate\nBergen\tx", "Bergen"),
    }  # fmt: skip
    assert str(documents["ports/2"].date) == "2024-05-12"
    assert documents["ports/2"].structure.tables[0].header_rows == 1


def test_rows_with_id_and_text_are_documents_as_in_jsonl(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("id\ttitle\ttext\textra\nx/1\tFox\tThe fox sleeps.\t7\ny\t\t\t\n")
    documents, skipped = _read(tmp_path, Choice(rows=True))
    assert [(item.id, item.title, item.text) for item in documents.values()] == [("x/1", "Fox", "The fox sleeps.")]
    assert list(skipped) == ["a.tsv, row 3"]


def test_a_table_without_names_has_no_rows_to_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    assert _read(tmp_path, Choice(rows=True))[1] == {
        "a.csv": "its first row does not name the columns, which a document a row needs"
    }


def test_other_endings_are_read_as_text_where_that_is_chosen(tmp_path: Path) -> None:
    files = {"a.log": b"It rained.", "b.tex": b"\\section{x}", "c.xyz": b"\xff\xfe", "old.doc": b"words",
             "d.zip": b"PK",              "Minutes 12.05.2024": b"The board met."}  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    documents, skipped = _read(tmp_path)
    assert list(documents) == ["Minutes 12.05.2024"]
    assert skipped["old.doc"] == "files ending in '.doc' are not read: save it as DOCX"
    assert skipped["d.zip"] == "files ending in '.zip' are not read: unpack it and give the folder"
    assert skipped["a.log"].startswith("files ending in '.log' are not read, unless as text with --as-text; known: .")
    documents, skipped = _read(tmp_path, Choice(as_text=True))
    assert sorted(documents) == ["Minutes 12.05.2024", "a", "b"]
    assert sorted(skipped) == ["c.xyz", "d.zip", "old.doc"]
    assert skipped["c.xyz"] == "it is not text in UTF-8"
    assert sorted(_read(tmp_path, Choice(text_endings=frozenset({".tex"})))[0]) == ["Minutes 12.05.2024", "b"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    made.mkdir()
    (made / "ports.csv").write_text("Port,Depth\nHull,14\nBergen,9\n")
    (made / "a.log").write_text("It rained.")
    return made


def _synced(folder: Path, choice: Choice) -> tuple[Report, set[str]]:
    with writing(folder.parent / "index", WordLengths, ChunkerSettings(), "testing") as writer:
        report = sync(writer, plan(writer.records, folder, choice=choice))
        ids = {name for names in writer.records.documents_by_file(str(folder.resolve())).values() for name in names}
    return report, ids


def test_another_choice_reads_unchanged_files_again(folder: Path) -> None:
    assert _synced(folder, Choice())[1] == {"ports"}
    report, ids = _synced(folder, Choice(rows=True, as_text=True))
    assert ids == {"ports/2", "ports/3", "a"}
    assert report.skipped == ()
    assert _synced(folder, Choice(rows=True, as_text=True))[0].unchanged == 3
    assert _synced(folder, Choice(text_endings=frozenset({".log"})))[1] == {"ports", "a"}

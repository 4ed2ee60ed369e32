"""The registry of formats: two toy formats, added by one line each, are read wherever files are read."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from support import toy_cards, toy_letter
from support.embedders import WordLengths

from citeqa.api.http import uploads
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import count, load
from citeqa.index.documents.listing import list_files
from citeqa.index.formats import registry
from citeqa.index.formats.registry import FORMATS, Format, Runs, format_of, known_endings
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import update, writing
from citeqa.index.types import Document, Skipped

LETTER = Format("letter", toy_letter.__name__, (".letter",))
CARDS = Format("cards", toy_cards.__name__, (".cards", ".cards.gz"), runs=Runs.HERE, many=True)


@pytest.fixture(params=[Runs.HERE, Runs.IN_CHILD])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with files of both toy formats, which are registered; the parts of cards are read here or in a child."""
    cards = Format(CARDS.name, CARDS.module, CARDS.endings, runs=request.param, many=True)
    monkeypatch.setattr(registry, "FORMATS", (*FORMATS, LETTER, cards))
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.letter").write_text("Dear fox\nThe fox sleeps at noon.")
    (docs / "b.cards").write_text("owl: The owl wakes.\n---\nno id at all\n---\nbirds/heron: The heron stands.")
    (docs / "c.txt").write_text("Plain words.")
    (docs / "d.letter").write_text("No text")
    return docs


def test_both_become_documents_and_what_fails_is_named_with_its_part(folder: Path) -> None:
    items = list(load([folder]))
    documents = {item.id: item for item in items if isinstance(item, Document)}
    assert {i: item.text for i, item in documents.items()} == {
        "a": "The fox sleeps at noon.", "owl": "The owl wakes.", "birds/heron": "The heron stands.",
        "c": "Plain words.",
    }  # fmt: skip
    assert documents["a"].title == "Dear fox"
    assert documents["owl"].file_sha256 == hashlib.sha256(b"owl: The owl wakes.").hexdigest()
    assert [item for item in items if isinstance(item, Skipped)] == [
        Skipped(f"{folder / 'b.cards'}, card 2", "it has no id"),
        Skipped(str(folder / "d.letter"), "it has no text below its title"),
    ]
    assert count([folder]) == len(items) == 6


def test_they_are_listed_with_an_id_where_a_file_is_one_document(folder: Path) -> None:
    assert [(file.name, file.id) for file in list_files(folder)[0]] == [
        ("a.letter", "a"), ("b.cards", ""), ("c.txt", "c"), ("d.letter", "d"),
    ]  # fmt: skip


def test_they_are_indexed_and_kept_in_step(folder: Path, tmp_path: Path) -> None:
    report = update(tmp_path / "index", [folder], WordLengths())
    assert (report.added, len(report.skipped)) == (4, 2)
    (folder / "b.cards").write_text("owl: The owl sleeps.\n---\neel: The eel swims.")
    with writing(tmp_path / "index", WordLengths, ChunkerSettings(), "testing") as writer:
        sync(writer, plan(writer.records, folder))
        (folder / "b.cards").unlink()
        sync(writer, plan(writer.records, folder))
    with closing(Index(tmp_path / "index")) as index:
        held = {summary.id for summary in index.summaries(10)[0]}
        assert held == {"a", "c"}  # the heron was of the folder's file too, though it was not there any more
        assert index.search_lexical("fox", 5)[0].passage.document_id == "a"


def test_an_upload_is_read_as_the_same_file_in_a_folder(folder: Path) -> None:
    found = uploads._from_file("a.letter", io.BytesIO((folder / "a.letter").read_bytes()), "letters/a")
    assert (found.id, found.title, found.text) == ("letters/a", "Dear fox", "The fox sleeps at noon.")


def test_their_endings_are_named_among_the_known_ones(folder: Path) -> None:
    (folder / "e.xyz").write_text("?")
    reasons = {Path(item.name).name: item.reason for item in load([folder / "e.xyz"]) if isinstance(item, Skipped)}
    assert ".cards, .cards.gz, .csv" in reasons["e.xyz"]
    assert ".letter, .markdown" in reasons["e.xyz"]


def test_a_format_is_found_by_its_ending_whatever_its_case() -> None:
    names = ("a", "A.TXT", "b.PDF", "c.jsonl.GZ", "d.gz", "e.tar.gz", "f.xyz", "g 12.05.2024", "to Mr. H")
    found = {name: format_of(Path(name)) for name in names}
    assert {name: known and known.name for name, known in found.items()} == {
        "a": "plain text", "A.TXT": "plain text", "b.PDF": "PDF", "c.jsonl.GZ": "JSONL", "d.gz": None, "e.tar.gz": None,
        "f.xyz": None, "g 12.05.2024": "plain text", "to Mr. H": "plain text",
    }  # fmt: skip


def test_no_ending_and_no_name_is_taken_twice() -> None:
    for taken in (Counter(ending for known in FORMATS for ending in known.endings), Counter(f.name for f in FORMATS)):
        assert max(taken.values()) == 1
    assert all(ending == ending.lower() for ending in known_endings())

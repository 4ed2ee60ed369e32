"""What users said of answers quotes documents: the words go with the documents, and what else was said stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.embedders import WordLengths

from citeqa.index.appending import append_row
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.storage import writer as writers
from citeqa.index.storage.traces import FEEDBACK
from citeqa.index.storage.writer import writing
from citeqa.index.types import Document, Span
from citeqa.rag.evaluation.judgements import DocumentSpan, judgement_row
from citeqa.rag.evaluation.questions import load

FOX, OWL = "The fox sleeps at midday.", "The owl hoots at midnight."


def _document(name: str, text: str) -> Document:
    return document(name, text, file_sha256="0")


def put(folder: Path, *documents: Document, gone: tuple[str, ...] = ()) -> None:
    with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
        for item in documents:
            writer.put(item)
        for name in gone:
            writer.remove(name)
        writer.commit()


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / FEEDBACK).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    fox, owl = _document("fox", FOX), _document("owl", OWL)
    put(tmp_path, fox, owl)
    midday, midnight = DocumentSpan(fox, Span(18, 24)), DocumentSpan(owl, Span(17, 25))
    for question, verdict, place in (
        ("When does the fox sleep?", "right", midday),
        ("When does the owl hoot?", "right", midnight),
        ("Who sleeps?", "wrong", midday),
    ):
        append_row(tmp_path / FEEDBACK, judgement_row(question, verdict, [place]))  # type: ignore[arg-type]
    with (tmp_path / FEEDBACK).open("a", encoding="utf-8") as file:
        file.write("a person's own line\n")
    return tmp_path


def test_the_words_of_a_removed_document_go_and_what_was_said_stays(folder: Path) -> None:
    put(folder, gone=("fox",))
    text = (folder / FEEDBACK).read_text(encoding="utf-8")
    assert "midday" not in text
    assert text.endswith("a person's own line\n")
    (folder / FEEDBACK).write_text(text.removesuffix("a person's own line\n"), encoding="utf-8")
    first, second, third = rows(folder)
    assert (first["verdict"], first["question"], first["spans"], first["answers"]) == (
        "right", "When does the fox sleep?", [], [],
    )  # fmt: skip
    assert [(one["document_id"], one["start"], one["end"]) for one in first["deleted"]] == [("fox", 18, 24)]
    assert len(first["deleted"][0]["document_sha256"]) == 64
    assert second["answers"] == ["midnight"]
    assert (third["rejected"], len(third["deleted"])) == ([], 1)
    assert [question.question for question in load(folder / FEEDBACK)] == ["When does the owl hoot?"]


def test_words_that_another_text_of_the_document_holds_too_stay(folder: Path) -> None:
    before = (folder / FEEDBACK).read_text(encoding="utf-8")
    put(folder, _document("fox", "Now the fox sleeps at midday."))
    assert (folder / FEEDBACK).read_text(encoding="utf-8") == before
    put(folder, _document("fox", "The fox never sleeps."))
    assert "midday" not in (folder / FEEDBACK).read_text(encoding="utf-8")


def test_what_a_killed_writer_left_is_forgotten_by_the_next(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "forget", lambda *_: None)
    put(folder, gone=("fox",))
    assert "midday" in (folder / FEEDBACK).read_text(encoding="utf-8")
    monkeypatch.undo()
    put(folder)
    assert "midday" not in (folder / FEEDBACK).read_text(encoding="utf-8")


def test_feedback_never_makes_a_folder_again_that_was_removed(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(Exception, match="does not exist any more"):
        append_row(gone / FEEDBACK, {"id": "a"})
    assert not gone.exists()

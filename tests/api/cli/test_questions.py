"""`citeqa questions`: a sitting typed line by line, and what it leaves on the disk."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from citeqa.api.cli.main import main
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.writer import update
from citeqa.index.types import Span
from citeqa.rag.evaluation.locate import occurrences, sentences_in
from citeqa.rag.evaluation.questions import Question, load

NIGHT = "🦊 The fox sleeps at noon. The owl sleeps at noon.\nNobody \x1b[31mknows why."
ELSEWHERE = "A dictionary of words.\nThe hedgehog rolls itself up when it is afraid, seen 12 times."

Sitting = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("questions")
    (folder / "night.txt").write_text(NIGHT, encoding="utf-8", newline="")
    (folder / "words.txt").write_text(ELSEWHERE, encoding="utf-8", newline="")
    update(folder / "index", [folder / "night.txt", folder / "words.txt"], embedder)
    return folder / "index"


@pytest.fixture
def sitting(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, index: Path
) -> Sitting:
    """Types lines into `citeqa questions`; gives the exit status and what was printed."""
    monkeypatch.chdir(tmp_path)

    def run(*lines: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["citeqa", "questions", "set.jsonl", "--index", str(index)])
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(line + "\n" for line in lines)))
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int | None)
        return ended.value.code or 0, capsys.readouterr().out

    return run


def only(path: Path) -> Question:
    (question,) = load(path)
    return question


def marked(path: Path, text: str) -> list[str]:
    question = only(path)
    assert question.answers == tuple(dict.fromkeys(text[span.start : span.end] for _, span in question.spans))
    return [text[span.start : span.end] for _, span in question.spans]


def test_the_answer_that_is_shown_can_be_taken_by_its_number(sitting: Sitting, tmp_path: Path) -> None:
    status, told = sitting("When does the fox sleep?", "1", "", "")
    assert status == 0
    assert "1 added to set.jsonl" in told
    assert "\x1b[31m" not in told
    (shown,) = marked(tmp_path / "set.jsonl", NIGHT)
    assert "noon" in shown


def test_words_that_stand_in_several_places_are_chosen_from(sitting: Sitting, tmp_path: Path) -> None:
    _, told = sitting("When does the owl sleep?", "at noon", "2", "", "")
    assert "places:" in told
    (_, span), *none = only(tmp_path / "set.jsonl").spans
    assert (span, none) == (Span(NIGHT.rindex("at noon"), NIGHT.rindex("at noon") + 7), [])
    (kept,) = [json.loads(line) for line in (tmp_path / "set.jsonl").read_text(encoding="utf-8").splitlines()]
    assert kept["spans"][0]["text"] == "at noon"
    assert len(kept["spans"][0]["document_sha256"]) == 64


def test_words_of_another_document_are_found_by_its_name(sitting: Sitting, tmp_path: Path) -> None:
    sitting("What rolls up?", "@nowhere hedgehog", "@words The hedgehog", "")
    assert marked(tmp_path / "set.jsonl", ELSEWHERE) == ["The hedgehog"]


def test_a_number_in_quotes_is_words(sitting: Sitting, tmp_path: Path) -> None:
    sitting("How often has it been seen?", '@words "12"', "")
    assert marked(tmp_path / "set.jsonl", ELSEWHERE) == ["12"]


def test_words_that_occur_nowhere_are_not_accepted(sitting: Sitting, tmp_path: Path) -> None:
    _, told = sitting("When does the fox sleep?", "at midnight", "99", "", "")
    assert "exactly these words" in told
    assert "no number 99" in told
    assert "0 added" in told
    assert not (tmp_path / "set.jsonl").exists()


def test_a_passage_opens_into_its_sentences(sitting: Sitting, tmp_path: Path) -> None:
    """The numbers of passages follow those of the answers, which are as many as the reader finds."""
    _, told = sitting("Who sleeps at noon?", "", "")
    numbers = told.partition("passages:")[2].split()
    sitting("Who sleeps at noon?", numbers[0], "1", "", "")
    (document,) = only(tmp_path / "set.jsonl").documents
    (found,) = marked(tmp_path / "set.jsonl", {"night": NIGHT, "words": ELSEWHERE}[document])
    assert found in ("🦊 The fox sleeps at noon.", "A dictionary of words.")


def test_several_places_and_an_unanswerable_question(sitting: Sitting, tmp_path: Path) -> None:
    _, told = sitting("Who sleeps?", "The fox", "The owl", "The owl", "", "What does it cost?", "-", "")
    assert "2 added" in told
    first, second = load(tmp_path / "set.jsonl")
    assert (first.answers, first.documents) == (("The fox", "The owl"), frozenset({"night"}))
    assert (second.question, second.answerable) == ("What does it cost?", False)


def test_what_was_kept_before_the_input_ended_stays(sitting: Sitting, tmp_path: Path) -> None:
    status, _ = sitting("Who sleeps?", "The fox", "", "And then", "The owl")
    assert status == 0
    assert [question.question for question in load(tmp_path / "set.jsonl")] == ["Who sleeps?", "And then"]


def test_a_set_made_here_can_be_evaluated_on(
    sitting: Sitting, tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sitting("When does the fox sleep?", "1", "", "")
    monkeypatch.setattr(sys, "argv", ["citeqa", "evaluate", "set.jsonl", "--index", str(index), "--output", "o.json"])
    with pytest.raises(SystemExit):
        main()
    (row,) = json.loads((tmp_path / "o.json").read_text(encoding="utf-8"))["rows"]
    assert (row["exact_match"], row["in_sentence"], row["right"]) == (1, True, True)


def test_words_are_found_at_every_place_and_sentences_are_bare(index: Path, embedder: Embedder) -> None:
    from citeqa.index.storage.snapshot import Index

    document = Index(index).document("night")
    assert [place.span.start for place in occurrences([document], "noon")] == [20, 44]
    assert [place.span.start for place in occurrences([document], "noon", Span(21, 60))] == [44]
    assert occurrences([document], "") == []
    found = [place.document.quote(place.span) for place in sentences_in(document, Span(30, 55))]
    assert found == ["The owl sleeps at noon.", "Nobody \x1b[31mknows why."]

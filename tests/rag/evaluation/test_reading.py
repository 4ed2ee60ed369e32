"""The reading evaluation, with a reader whose every answer is written down here: each figure by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from support.paths import public_data

from citeqa.index.context import Context
from citeqa.index.documents.corpus import document
from citeqa.index.errors import QuestionSetError
from citeqa.index.types import Document, Span
from citeqa.rag.evaluation.questions import Question, load, sample_evenly
from citeqa.rag.evaluation.reading import main, measure
from citeqa.rag.reader.protocol import ReaderInfo
from citeqa.rag.types import ScoredSpan

TEXT = "🦊 The fox sleeps at noon.\n\nThe owl wakes at dusk."
NOON, DUSK = Span(0, 25), Span(27, 49)
DOCUMENTS = {"animals": document("animals", TEXT, file_sha256="", title="Animals")}


class Script:
    """Answers from a list: for each question its words and their margin, or nothing."""

    info = ReaderInfo("script", "0", "fp32")

    def __init__(self, answers: dict[str, tuple[str, float] | None]) -> None:
        self._answers = answers
        self.read_over: list[tuple[str, str]] = []

    @property
    def confidence_file(self) -> None:
        return None

    def read(
        self, question: str, texts: Sequence[str], headings: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[ScoredSpan]]:
        self.read_over += zip(headings, texts, strict=True)
        return [self._spans(question, text) for text in texts]

    def _spans(self, question: str, text: str) -> list[ScoredSpan]:
        given = self._answers[question]
        if given is None:
            return []
        words, margin = given
        start = text.index(words)
        return [ScoredSpan(Span(start, start + len(words)), margin), ScoredSpan(Span(0, 1), margin - 1)]


def question(name: str, split: str, *answers: str, written_for: Span | None = NOON) -> Question:
    place = ("animals", written_for) if written_for else None
    return Question(name, name, answers, frozenset({"animals"} if answers else ()), bool(answers), split, (), place)


QUESTIONS = [
    question("when", "report", "noon", "at noon"),
    question("who", "report", "owl", written_for=DUSK),
    question("what", "report", "sleeps"),
    question("why", "report"),
    question("where", "report", written_for=DUSK),
    question("fit when", "fit", "noon"),
    question("fit why", "fit"),
]
ANSWERS: dict[str, tuple[str, float] | None] = {
    "when": ("at noon", 5.0),  # exact
    "who": ("The owl wakes", 1.0),  # 1 of 2 tokens: F1 2/3
    "what": None,
    "why": ("fox", 4.0),
    "where": ("dusk", -2.0),
    "fit when": ("noon", 2.0),
    "fit why": ("fox", -1.0),
}


def test_the_figures_by_hand() -> None:
    """The threshold comes from "fit": answering from 2 up gets both right there."""
    measured = measure(QUESTIONS, DOCUMENTS, Script(ANSWERS), "report")
    assert measured["threshold"] == {"chosen on": ["fit"], "margin": 2.0, "overall F1 there": 1.0}
    assert list(measured["figures"]) == ["report"]
    figures = measured["figures"]["report"]
    assert (figures["answerable"], figures["unanswerable"], figures["threshold"]) == (3, 2, 2.0)
    assert (figures["EM"]["hits"], figures["EM"]["total"]) == (1, 3)
    assert figures["F1"]["value"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert figures["AUROC"] == pytest.approx((2 + 1 + 0) / 6)  # 5, 1 and none against 4 and -2
    assert figures["HasAns F1"]["value"] == pytest.approx(1 / 3)  # "who" is refused
    assert figures["HasAns EM"]["hits"] == 1
    assert figures["NoAns EM"]["hits"] == figures["NoAns F1"]["value"] * 2 == 1
    assert figures["overall EM"]["value"] == figures["overall F1"]["value"] == 2 / 5
    assert figures["best overall F1"] == 3 / 5  # from 5 up: "when" and both refusals
    assert figures["best threshold"] == 5.0


def test_the_values_of_every_question_that_is_reported() -> None:
    rows = measure(QUESTIONS, DOCUMENTS, Script(ANSWERS), "report")["rows"]
    assert [row["id"] for row in rows] == ["when", "who", "what", "why", "where"]
    assert rows[1] == {
        "id": "who", "question": "who", "split": "report", "answerable": True, "answers": ("owl",),
        "answer": "The owl wakes", "margin": 1.0, "exact_match": 0.0, "f1": pytest.approx(2 / 3),
    }  # fmt: skip
    assert (rows[2]["answer"], rows[2]["margin"], rows[2]["f1"]) == ("", None, 0.0)
    json.dumps(rows, allow_nan=False)


def test_the_reader_gets_the_paragraph_whole_and_the_title_as_its_heading() -> None:
    reader, told = Script(ANSWERS), []
    measure(QUESTIONS[:2] + QUESTIONS[5:], DOCUMENTS, reader, "report", lambda: told.append(1))
    noon, dusk = ("Animals", "🦊 The fox sleeps at noon."), ("Animals", "The owl wakes at dusk.")
    assert reader.read_over == [noon, dusk, noon, noon]
    assert len(told) == 4


def test_a_threshold_that_refuses_everything_is_no_number_in_json() -> None:
    """On "fit" the unanswerable question scores above the answerable one: refusing both is best."""
    measured = measure(QUESTIONS, DOCUMENTS, Script(ANSWERS | {"fit why": ("fox", 9.0)}), "report")
    assert measured["threshold"]["margin"] is None
    assert measured["figures"]["report"]["threshold"] is None
    assert measured["figures"]["report"]["overall F1"]["value"] == 2 / 5
    json.dumps(measured, allow_nan=False)


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ([question("when", "report", written_for=None)], "'when' does not say which paragraph it was written for"),
        (
            [question("when", "report", written_for=Span(0, 500))],
            r"'when' was written for a paragraph that does not exist: .*500",
        ),
        (QUESTIONS[:5], "the set needs the split 'report' and another one; its questions are in: report"),
        (QUESTIONS[5:], "the set needs the split 'report' and another one; its questions are in: fit"),
    ],
    ids=["no paragraph", "outside", "no other split", "no such split"],
)
def test_what_cannot_be_measured_is_named(questions: list[Question], message: str) -> None:
    with pytest.raises(QuestionSetError, match=message):
        measure(questions, DOCUMENTS, Script(ANSWERS), "report")


def test_a_document_that_is_not_in_the_corpus_is_named() -> None:
    nothing: dict[str, Document] = {}
    with pytest.raises(QuestionSetError, match="'when' was written for 'animals', which is not in the corpus"):
        measure(QUESTIONS, nothing, Script(ANSWERS), "report")


def test_a_limit_takes_as_many_of_each_split_evenly_spread() -> None:
    questions = [question(str(number), "report") for number in range(10)] + [question("f", "fit")]
    assert [chosen.id for chosen in sample_evenly(questions, 3)] == ["f", "0", "3", "6"]
    assert len(sample_evenly(questions, 100)) == 11


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """The questions and their document as files."""
    rows: list[dict[str, Any]] = []
    for one in QUESTIONS:
        assert one.written_for
        name, span = one.written_for
        rows.append(
            {"id": one.id, "question": f"{one.question} does it sleep?", "answers": list(one.answers)}
            | {"documents": sorted(one.documents), "answerable": one.answerable, "split": one.split}
            | {"written_for": {"document": name, "paragraph": [span.start, span.end]}}
        )
    questions, corpus = tmp_path / "questions.jsonl", tmp_path / "corpus.jsonl"
    questions.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    corpus.write_text(json.dumps({"id": "animals", "title": "Animals", "text": TEXT}), encoding="utf-8")
    return questions, corpus


def test_the_command_reads_with_the_shipped_reader_and_writes_what_it_found(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["reading", *map(str, files), "--output", str(tmp_path / "out.json"), "--limit", "4"]
    monkeypatch.setattr(sys, "argv", arguments)
    main()
    printed = capsys.readouterr()
    assert "split report; threshold chosen on fit" in printed.out
    assert "read 6 of 6" in printed.err
    written = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(written) == {"about", "figures", "rows"}
    assert written["figures"]["report"]["answerable"] + written["figures"]["report"]["unanswerable"] == 4
    assert len(written["rows"]) == 4
    assert all(row["answer"] in TEXT for row in written["rows"])
    assert {"what", "date", "reader", "questions", "corpus", "threshold", "limit"} <= set(written["about"])
    for name in written["figures"]["report"]:
        assert name in printed.out


def test_a_fault_of_the_question_set_is_one_line(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["reading", *map(str, files), "--split", "none"])
    with pytest.raises(SystemExit, match=r"error: the set needs the split 'none' and another one"):
        main()


@pytest.mark.data
def test_every_question_of_the_public_set_names_a_paragraph_of_its_corpus() -> None:
    lines = public_data("squad_dev", "corpus.jsonl").read_text(encoding="utf-8").split("\n")
    texts = {row["id"]: row["text"] for row in map(json.loads, filter(None, lines))}
    for one in load(public_data("squad_dev", "questions.jsonl")):
        assert one.written_for
        name, span = one.written_for
        assert span.end <= len(texts[name])
        assert all(document != name or span.contains(place) for document, place in one.spans)

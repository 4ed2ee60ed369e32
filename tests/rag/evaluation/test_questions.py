"""Question sets are read as written, and what is wrong with one is told by line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from citeqa.index.errors import QuestionSetError
from citeqa.index.types import Span
from citeqa.rag.evaluation.questions import Question, load

GOOD: dict[str, Any] = {
    "id": "q1",
    "question": "How many?",
    "answers": ["nine", "9"],
    "documents": ["d"],
    "answerable": True,
}
UNANSWERABLE: dict[str, Any] = {"id": "q2", "question": "Why?", "answers": [], "documents": [], "answerable": False}


def written(folder: Path, *rows: dict[str, Any] | str) -> Path:
    path = folder / "questions.jsonl"
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_question_is_read_field_by_field(tmp_path: Path) -> None:
    span = {"document_id": "e", "start": 5, "end": 9, "text": "nine"}
    row = GOOD | {"split": "fit", "documents": ["d", "e"], "spans": [span], "kind": "number"}
    assert load(written(tmp_path, row)) == [
        Question("q1", "How many?", ("nine", "9"), frozenset({"d", "e"}), True, "fit", (("e", Span(5, 9)),))
    ]


def test_without_a_split_and_spans_it_belongs_to_all(tmp_path: Path) -> None:
    (question,) = load(written(tmp_path, UNANSWERABLE))
    assert question == Question("q2", "Why?", (), frozenset(), False, "all", ())


def test_a_pair_of_numbers_is_a_span_of_the_only_document(tmp_path: Path) -> None:
    (question,) = load(written(tmp_path, GOOD | {"spans": [[5, 9], [20, 21]]}))
    assert question.spans == (("d", Span(5, 9)), ("d", Span(20, 21)))


def test_the_paragraph_a_question_was_written_for_is_read(tmp_path: Path) -> None:
    (question,) = load(written(tmp_path, UNANSWERABLE | {"written_for": {"document": "d", "paragraph": [0, 742]}}))
    assert question.written_for == ("d", Span(0, 742))
    (question,) = load(written(tmp_path, UNANSWERABLE))
    assert question.written_for is None


def test_questions_keep_their_order_and_blank_lines_are_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, "", UNANSWERABLE, "   ", GOOD)
    assert [question.id for question in load(path)] == ["q2", "q1"]


def without(field: str) -> dict[str, Any]:
    return {name: value for name, value in GOOD.items() if name != field}


@pytest.mark.parametrize(
    "row",
    [
        "{",
        "[]",
        '"text"',
        "null",
        without("id"),
        without("question"),
        without("answers"),
        without("documents"),
        without("answerable"),
        GOOD | {"question": "  \n"},
        GOOD | {"question": 5},
        GOOD | {"question": None},
        GOOD | {"answerable": False},
        UNANSWERABLE | {"answerable": True},
        GOOD | {"answers": 9},
        GOOD | {"documents": None},
        GOOD | {"spans": [[9, 5]]},
        GOOD | {"spans": [[5, 5]]},
        GOOD | {"spans": [[-1, 5]]},
        GOOD | {"spans": [[5]]},
        GOOD | {"spans": [5]},
        GOOD | {"spans": ["59"]},
        GOOD | {"spans": 5},
        GOOD | {"spans": [[5, 9]], "documents": ["d", "e"]},
        GOOD | {"spans": [{"start": 5, "end": 9}]},
        GOOD | {"spans": [{"document_id": "d", "start": "5", "end": "9"}]},
        GOOD | {"written_for": None},
        GOOD | {"written_for": {"document": "d"}},
        GOOD | {"written_for": {"paragraph": [0, 5]}},
        GOOD | {"written_for": {"document": 1, "paragraph": [0, 5]}},
        GOOD | {"written_for": {"document": "d", "paragraph": [5, 0]}},
        GOOD | {"written_for": {"document": "d", "paragraph": [0, 5, 9]}},
    ],
    ids=repr,
)
def test_a_line_that_is_no_question_is_named_by_its_number(tmp_path: Path, row: dict[str, Any] | str) -> None:
    path = written(tmp_path, UNANSWERABLE, "", row)
    with pytest.raises(QuestionSetError, match=r"questions\.jsonl, line 3: not a question: ."):
        load(path)


@pytest.mark.parametrize(
    "row",
    [
        GOOD | {"answers": "nine"},
        GOOD | {"documents": "doc"},
        GOOD | {"answerable": "false"},
        GOOD | {"answers": [9]},
        GOOD | {"id": None},
    ],
    ids=repr,
)
def test_a_value_of_the_wrong_type_is_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(QuestionSetError, match=r"line 1"):
        load(written(tmp_path, row))


@pytest.mark.parametrize("answer", ["", "  "])
def test_an_accepted_answer_without_words_is_refused(tmp_path: Path, answer: str) -> None:
    with pytest.raises(QuestionSetError, match=r"line 1"):
        load(written(tmp_path, GOOD | {"answers": [answer]}))


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_a_line_ends_only_at_a_line_feed(tmp_path: Path, mark: str) -> None:
    (question,) = load(written(tmp_path, GOOD | {"question": f"How{mark}many?"}))
    assert question.question == f"How{mark}many?"


def test_two_questions_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match="same id"):
        load(written(tmp_path, GOOD, UNANSWERABLE | {"id": "q1"}))


@pytest.mark.parametrize("content", [b"", b"\n \n"])
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.jsonl").write_bytes(content)
    with pytest.raises(QuestionSetError, match=r"empty\.jsonl has no questions"):
        load(tmp_path / "empty.jsonl")


def test_a_missing_file_and_one_in_another_encoding_are_named(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match=r"gone\.jsonl cannot be read"):
        load(tmp_path / "gone.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(json.dumps(GOOD | {"question": "Où?"}, ensure_ascii=False).encode("latin-1"))
    with pytest.raises(QuestionSetError, match=r"latin\.jsonl cannot be read"):
        load(tmp_path / "latin.jsonl")


def test_the_day_a_question_was_asked_on_is_read(tmp_path: Path) -> None:
    row = {"id": "a", "question": "What happened last week?", "answers": [], "documents": [], "answerable": False}
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in (row | {"date": "2022-09-02"}, row | {"id": "b"})))
    assert [question.asked_on for question in load(path)] == [date(2022, 9, 2), None]
    path.write_text(json.dumps(row | {"date": "last week"}))
    with pytest.raises(QuestionSetError, match="line 1"):
        load(path)

"""Question sets: JSONL, one question per line.

`id, question, answers` (every accepted string; empty if unanswerable), `documents` (ids of the documents that contain
one), `answerable`; optional `split`, `spans` (either `{"document_id", "start", "end"}` or, for a single document,
`[start, end]`), `date`, the day on which it was asked, and `written_for`, the paragraph that the question was written
about, also for unanswerable ones (`{"document", "paragraph": [start, end]}`). Positions are half-open code points of
the document's text.

Rows with a `verdict` are users' judgements of answers; those about one question are consolidated first (see
`judgements`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from citeqa.index.errors import QuestionSetError
from citeqa.index.types import Span
from citeqa.rag.evaluation.judgements import consolidated

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """A question and everything that counts as its answer.

    `spans` are the positions of accepted answers by document. If the set gives none, they are empty, and the accepted
    strings in the accepted documents count. `written_for` is the document and the paragraph that the question was
    written about, if the set says so. `grades` are those of the relevant documents, if a set grades them; such a set
    may have no answers. `asked_on` is the day that "last week" in the question counts from; None if the set does not
    say.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    documents: frozenset[str]
    answerable: bool
    split: str
    spans: tuple[tuple[str, Span], ...]
    written_for: tuple[str, Span] | None = None
    grades: tuple[tuple[str, int], ...] = ()
    asked_on: date | None = None

    @property
    def relevant(self) -> dict[str, int]:
        """The relevant documents, each with its grade: 1 if the set has no grades."""
        return dict(self.grades) or dict.fromkeys(sorted(self.documents), 1)


def load(path: Path) -> list[Question]:
    """Read a question set.

    Raises:
        QuestionSetError: naming the line and the fault.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionSetError(f"{path} cannot be read: {error}") from None
    questions: list[Question] = []
    judgements: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
                if "verdict" in row:
                    for one in consolidated([row]):
                        _question(one)  # reports a fault with its line
                    judgements.append(row)
                else:
                    questions.append(_question(row))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise QuestionSetError(f"{path}, line {number}: not a question: {error!r}") from None
    questions += [_question(row) for row in consolidated(judgements)]
    if not questions:
        raise QuestionSetError(f"{path} has no questions")
    if len({question.id for question in questions}) < len(questions):
        raise QuestionSetError(f"{path}: two questions have the same id")
    return questions


def sample_evenly(questions: Sequence[Question], limit: int) -> list[Question]:
    """At most `limit` questions of each split, evenly spread over it."""
    chosen = []
    for split in sorted({question.split for question in questions}):
        in_split = [question for question in questions if question.split == split]
        count = min(limit, len(in_split))
        chosen += [in_split[number * len(in_split) // count] for number in range(count)]
    return chosen


def _question(row: dict[str, Any]) -> Question:
    documents = _strings(row, "documents")
    answers = _strings(row, "answers")
    answerable = _typed(row, "answerable", bool)
    if answerable != bool(answers):
        raise ValueError("'answers' must be non-empty if and only if 'answerable' is true")
    if not _typed(row, "question", str).strip():
        raise ValueError("'question' is blank")
    return Question(
        id=_typed(row, "id", str),
        question=row["question"],
        answers=tuple(answers),
        documents=frozenset(documents),
        answerable=answerable,
        split=_typed({"split": "all"} | row, "split", str),
        spans=tuple(_span(span, documents) for span in _typed({"spans": []} | row, "spans", list)),
        written_for=_written_for(_typed(row, "written_for", dict)) if "written_for" in row else None,
        asked_on=date.fromisoformat(_typed(row, "date", str)) if "date" in row else None,
    )


def _typed(row: dict[str, Any], name: str, kind: type[T]) -> T:
    value = row[name]
    if type(value) is not kind:
        raise ValueError(f"{name!r} must be of type {kind.__name__}")
    return value


def _strings(row: dict[str, Any], name: str) -> list[str]:
    values: list[Any] = _typed(row, name, list)
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise ValueError(f"{name!r} must be a list of strings that are not blank")
    return values


def _span(value: Any, documents: list[str]) -> tuple[str, Span]:
    if isinstance(value, dict):
        return value["document_id"], Span(value["start"], value["end"])
    (document,) = documents
    return document, Span(*value)


def _written_for(value: dict[str, Any]) -> tuple[str, Span]:
    return _typed(value, "document", str), Span(*_typed(value, "paragraph", list))

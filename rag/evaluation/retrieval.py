"""Measures retrieval alone: what is found for each question, without reading."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from citeqa.index.errors import QuestionSetError
from citeqa.rag.evaluation.failures import FailureStage
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.relevance import Excerpt, ShownExcerpt, expected, retrieval_values
from citeqa.rag.evaluation.report import by_split, latencies, retrieval

DEPTH = 100  # passages looked at
KIND = "retrieval"

Search = Callable[[str, int], Sequence[Excerpt]]


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """What was found for one question; `relevance.retrieval_values` describes the measures. The question failed if none
    of the first ten passages is relevant."""

    id: str
    question: str
    split: str
    answerable: bool
    answers: tuple[str, ...]
    documents: tuple[str, ...]
    success_at_1: float
    success_at_5: float
    success_at_10: float
    reciprocal_rank: float
    answer_in_600: bool | None
    answer_in_3000: bool | None
    place_in_600: bool | None
    place_in_3000: bool | None
    measures: Mapping[str, float]
    returned: tuple[ShownExcerpt, ...]
    milliseconds: float
    expected: str
    stage: FailureStage


def run(
    questions: Sequence[Question],
    search: Search,
    text: Callable[[str], str],
    progress: Callable[[], None] = lambda: None,
) -> list[RetrievalResult]:
    """One row for each question that has a relevant document, in order. Unanswerable ones have none.

    Args:
        search: returns the best passages, at most the given number, best first.
        text: returns the text of a document by its id.

    Raises:
        QuestionSetError: if no question has a relevant document.
    """
    rows = []
    for question in questions:
        if question.documents:
            rows.append(_row(question, search, text))
        progress()
    if not rows:
        raise QuestionSetError("none of these questions has an answer, so there is nothing to find")
    return rows


def _row(question: Question, search: Search, text: Callable[[str], str]) -> RetrievalResult:
    start = time.perf_counter()
    excerpts = search(question.question, DEPTH)
    taken = (time.perf_counter() - start) * 1000
    found = retrieval_values(question, excerpts, deepest=DEPTH)
    lost: FailureStage = "" if found["success_at_10"] else "not retrieved"
    return RetrievalResult(
        id=question.id,
        question=question.question,
        split=question.split,
        answerable=question.answerable,
        answers=question.answers,
        documents=tuple(sorted(question.documents)),
        milliseconds=taken,
        expected=expected(question, text) if lost else "",
        stage=lost,
        **found,
    )


def summary(rows: Sequence[RetrievalResult]) -> dict[str, Any]:
    """The figures of a run; see `report.retrieval`."""
    return {"questions": len(rows), **retrieval(rows), **latencies([row.milliseconds for row in rows])}


def record(rows: Sequence[RetrievalResult], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything about a run, in the form of `report.record`."""
    return {
        "about": {**about, "measured": KIND},
        "figures": by_split(rows, summary),
        "rows": [asdict(row) for row in rows],
    }

"""Several questions in one request, compared with the same questions asked one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service
from citeqa.rag.answerer import Answerer
from citeqa.rag.options import DEFAULTS, AskOptions
from citeqa.rag.types import Response

QUESTION = "How much aid did the US pledge to Cubans?"


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    with serving(service) as client:
        yield client._http


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timing_ms"}


def test_each_question_of_a_batch_is_answered_as_if_it_came_alone(http: httpx.Client) -> None:
    questions: list[dict[str, Any]] = [
        {"question": QUESTION, "k": 2},
        {"question": "Who discovered penicillin?"},
        {"question": "What did Rubio say?", "filters": {"date_to": "2025-05-07"}, "min_confidence": 0},
    ]
    results = http.post("/api/ask/batch", json={"questions": questions}).raise_for_status().json()["results"]
    assert [result["problem"] for result in results] == [None] * 3
    alone = [http.post("/api/ask", json=question).raise_for_status().json() for question in questions]
    assert [timeless(result["response"]) for result in results] == [timeless(answer) for answer in alone]


WRONG = [
    {"question": ""},
    {"question": "Who?", "k": 0},
    {"question": "Who?", "unknown": 1},
    {"question": "Who?", "filters": {"document_ids": ["gone"]}},
    {"question": "Who?", "filters": {"date_from": "2026-01-02", "date_to": "2026-01-01"}},
    {"question": "x" * 2001},
    "Who?",
    None,
    [],
    {},
]


def test_what_is_wrong_with_one_question_does_not_concern_the_others(http: httpx.Client) -> None:
    mixed = [{"question": QUESTION}, *WRONG, {"question": QUESTION}]
    results = http.post("/api/ask/batch", json={"questions": mixed}).raise_for_status().json()["results"]
    assert [result["response"] is None for result in results] == [False, *[True] * len(WRONG), False]
    for wrong, result in zip(WRONG, results[1:-1], strict=True):
        alone = http.post("/api/ask", content=json.dumps(wrong), headers={"content-type": "application/json"})
        assert (alone.status_code, result["problem"]["status"]) == (422, 422)
        if isinstance(wrong, dict):
            assert result["problem"] == alone.json()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "#/questions"),
        ({"questions": []}, "#/questions"),
        ({"questions": "Who?"}, "#/questions"),
        ({"questions": [{"question": "Who?"}] * 51}, "#/questions"),
        ({"questions": [{"question": "Who?"}], "k": 5}, "#/k"),
    ],
)
def test_a_batch_that_is_none_is_answered_422(http: httpx.Client, body: Any, pointer: str) -> None:
    answer = http.post("/api/ask/batch", json=body)
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


class Failing(Answerer):
    """Fails at one question as no answerer should."""

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> Response:
        if "zero" in question:
            raise ZeroDivisionError
        return super().ask(question, options)


def test_a_question_that_fails_unexpectedly_fails_alone(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    failing = Failing.__new__(Failing)
    failing.__dict__.update(service.answerer.__dict__)
    asked = [{"question": QUESTION}, {"question": "Who divides by zero?"}, {"question": QUESTION}]
    with serving(Service(service.index, failing)) as client:
        results = client._http.post("/api/ask/batch", json={"questions": asked}).raise_for_status().json()["results"]
        alone = client._http.post("/api/ask", json=asked[1])
    assert [result["response"] is None for result in results] == [False, True, False]
    assert alone.status_code == 500
    assert results[1]["problem"] == alone.json()
    assert sum("ZeroDivisionError" in record.exc_text for record in caplog.records if record.exc_text) == 2

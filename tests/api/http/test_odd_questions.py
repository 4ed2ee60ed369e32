"""Odd requests that once were answered 500: each is answered, or told what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    with serving(service) as client:
        yield client._http


ODD = [
    {"question": "What happened laſt week?"},
    {"question": "What happened thıs week?"},
    {"question": "Who spoke in ſept 2024?"},
    {"question": "What happened after 9999-12-31?"},
    {"question": "What happened before 0001-01-01?"},
    {"question": "What happened next week?", "today": "9999-12-31"},
    {"question": "What happened last week?", "today": "0001-01-01"},
    {"question": "What was reported after today?", "today": "9999-12-31"},
    {"question": "What was reported before today?", "today": "0001-01-01"},
]


@pytest.mark.parametrize("path", ["/api/ask", "/api/search"])
@pytest.mark.slow
def test_odd_times_are_answered(http: httpx.Client, path: str) -> None:
    assert [http.post(path, json=body).status_code for body in ODD] == [200] * len(ODD)


def test_one_odd_question_does_not_sink_a_batch(http: httpx.Client) -> None:
    results = http.post("/api/ask/batch", json={"questions": ODD}).raise_for_status().json()["results"]
    assert [result["problem"] for result in results] == [None] * len(ODD)


def test_a_sentence_that_begins_behind_its_quote_is_no_sentence(http: httpx.Client) -> None:
    document_id = http.get("/api/documents").json()["documents"][0]["id"]
    text = http.get(f"/api/documents/{document_id}").json()["text"]
    at = len(text) - 60
    for start in (0, at + 1, len(text), at - (at - len(text)), 10**30):
        citation: dict[str, Any] = {"document_id": document_id, "document_sha256": "0" * 64}
        citation |= {"start": at, "end": at + 40, "quote": text[at : at + 40]}
        citation |= {"sentence": {"text": text[:30], "start": start}}
        verdict = http.post("/api/verify", json={"citation": citation})
        assert (verdict.status_code, verdict.json()["status"]) == (200, "moved")

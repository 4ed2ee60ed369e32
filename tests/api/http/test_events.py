"""An answer in two steps: the passages as soon as they are found, then what was read in them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.servers import figures, in_this_process

from citeqa.api.caching import AnswerCache
from citeqa.api.http.app import create_app
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index.context import Context
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.reader.onnx_reader import OnnxReader
from citeqa.rag.types import ScoredSpan

QUESTION = "How much aid did the US pledge to Cubans?"
EVENTS = {"accept": "text/event-stream"}


class Gated:
    """The shipped reader, which reads when it may, and fails when it should."""

    def __init__(self, reader: OnnxReader) -> None:
        self._reader, self.info, self.confidence_file = reader, reader.info, reader.confidence_file
        self.go, self.fails, self.asked = threading.Event(), False, 0
        self.go.set()

    def read(
        self, question: str, texts: Sequence[str], headings: Sequence[str], contexts: Sequence[Context] = ()
    ) -> list[list[ScoredSpan]]:
        self.asked += 1
        assert self.go.wait(20)
        if self.fails:
            raise RuntimeError("a secret of the inside")
        return self._reader.read(question, texts, headings, contexts)


@pytest.fixture
def gated(reader: OnnxReader) -> Gated:
    return Gated(reader)


@pytest.fixture
def http(seeds_index: Path, embedder: Embedder, gated: Gated) -> Iterator[httpx.Client]:
    settings = Settings.model_construct(answering=1, queue=1)
    with closing(Index(seeds_index)) as index:
        service = Service(index, Answerer(index, embedder, gated, confidence.load()[0]), AnswerCache(10))
        with in_this_process(create_app(service, settings=settings), settings) as client:
            yield client


def read(response: httpx.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events of a stream as they come, by the rules of the HTML standard that the service makes use of."""
    name = ""
    for line in response.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)


def events(http: httpx.Client, **body: Any) -> list[tuple[str, dict[str, Any]]]:
    with http.stream("POST", "/api/ask", json={"question": QUESTION, **body}, headers=EVENTS) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(read(response))


def plain(http: httpx.Client, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = http.post("/api/ask", json={"question": QUESTION, **body}).json()
    return found


def test_the_passages_come_before_anything_is_read_and_the_answer_is_that_of_the_json(
    http: httpx.Client, gated: Gated
) -> None:
    gated.go.clear()
    with http.stream("POST", "/api/ask", json={"question": QUESTION, "k": 3}, headers=EVENTS) as response:
        stream = read(response)
        name, found = next(stream)
        assert name == "evidence"
        assert not gated.go.is_set()
        gated.go.set()
        [(name, answer)] = stream
    assert name == "answer"
    searched = http.post("/api/search", json={"question": QUESTION, "k": 3}).json()
    assert {**found, "timing_ms": 0} == {**searched, "timing_ms": 0}
    assert {**answer, "timing_ms": 0} == {**plain(http, k=3), "timing_ms": 0}
    assert answer["answered"]


def test_what_a_follow_up_takes_over_comes_before_the_passages(http: httpx.Client) -> None:
    previous = {"question": "Who met Marco Rubio?", "answer": "Wang Yi", "title": ""}
    asked = {"question": "When did he arrive?", "previous": previous}
    said = http.post("/api/context", json=asked).json()
    assert said["chips"]
    (first, taken), (second, _), (third, answer) = events(http, **asked)
    assert (first, second, third) == ("context", "evidence", "answer")
    assert taken == said
    assert answer | {"timing_ms": {}} == plain(http, **asked) | {"timing_ms": {}}
    names = [name for name, _ in events(http, **asked, context="Cuba")]
    assert names == ["context", "evidence", "answer"]


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/event-stream"])
def test_who_does_not_ask_for_events_first_gets_json(http: httpx.Client, accept: str) -> None:
    response = http.post("/api/ask", json={"question": QUESTION}, headers={"accept": accept})
    assert response.json()["answered"]


def test_an_answer_that_is_kept_comes_with_its_passages_and_is_not_read_again(http: httpx.Client, gated: Gated) -> None:
    first, again = events(http), events(http)
    assert gated.asked > 0
    before = gated.asked
    assert [name for name, _ in again] == ["evidence", "answer"]
    assert again[0][1]["evidence"] == again[1][1]["evidence"]
    assert again[1][1]["answer"] == first[1][1]["answer"] == plain(http)["answer"]
    assert gated.asked == before
    counted = figures(http.get("/metrics").text)
    assert counted["citeqa_cached_total"] == 2
    assert counted['citeqa_questions_total{outcome="answered"}'] == 3


def test_what_is_wrong_with_the_question_has_a_status_and_what_goes_wrong_later_is_an_event(
    http: httpx.Client, gated: Gated
) -> None:
    refused = http.post("/api/ask", json={"question": QUESTION, "filters": {"document_ids": ["no"]}}, headers=EVENTS)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    gated.fails = True
    (_, found), (name, problem) = events(http)
    assert found["evidence"]
    assert (name, problem["status"]) == ("problem", 500)
    assert "secret" not in json.dumps(problem)
    gated.fails = False
    assert [name for name, _ in events(http)] == ["evidence", "answer"]


def test_one_that_leaves_between_the_steps_gives_up_its_turn(http: httpx.Client, gated: Gated) -> None:
    gated.go.clear()
    with http.stream("POST", "/api/ask", json={"question": QUESTION}, headers=EVENTS) as response:
        assert next(read(response))[0] == "evidence"
    gated.go.set()  # the only turn is free again, and whoever left is counted as one who left
    assert plain(http, k=2)["answered"]
    for _ in range(100):
        counted = figures(http.get("/metrics").text)
        if 'citeqa_requests_total{method="POST",route="/api/ask",status="499"}' in counted:
            break
        time.sleep(0.05)
    assert counted['citeqa_requests_total{method="POST",route="/api/ask",status="499"}'] == 1
    assert counted["citeqa_queue_answering"] == 0


def test_events_wait_for_their_turn_and_are_refused_as_others_are(http: httpx.Client, gated: Gated) -> None:
    gated.go.clear()
    waiting = [threading.Thread(target=events, args=(http,), kwargs={"k": k}) for k in (1, 2)]
    for thread in waiting:
        thread.start()
    for _ in range(200):
        if figures(http.get("/metrics").text)["citeqa_queue_waiting"] == 1:
            break
        time.sleep(0.05)
    refused = http.post("/api/ask", json={"question": QUESTION}, headers=EVENTS)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    gated.go.set()
    for thread in waiting:
        thread.join(20)


def test_openapi_tells_of_the_stream(http: httpx.Client) -> None:
    responses = http.get("/openapi.json").json()["paths"]["/api/ask"]["post"]["responses"]
    assert set(responses["200"]["content"]) == {"application/json", "text/event-stream"}
    assert "`evidence`" in responses["200"]["description"]

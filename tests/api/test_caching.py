"""Answers that are kept: the same as without, within bounds, answered once, never out of date."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from support.servers import ConfiguredServer, figures

from citeqa.api import caching
from citeqa.api.caching import AnswerCache
from citeqa.api.http.app import create_app
from citeqa.api.live import LiveService
from citeqa.api.schemas import AskResponse
from citeqa.api.service import Service, ask_over
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.storage.writer import update
from citeqa.index.types import Filters
from citeqa.rag.answerer import Answerer
from citeqa.rag.options import DEFAULTS, AskOptions
from citeqa.rag.types import Response

QUESTION = "How much aid did the United States pledge to the Cubans?"
LAST_WEEK = "What was reported last week about Cuba?"
DAY = date(2026, 3, 4)
VARIATIONS: dict[str, list[Any]] = {
    "question": [QUESTION, QUESTION + " ", QUESTION.lower(), LAST_WEEK],
    "k": [1, 2],
    "min_confidence": [None, 0.0, 1.0],
    "context": [None, "", "Jamaica"],
    "today": [DAY, DAY + timedelta(days=30)],
    "look": [None, "once", "twice"],
    "use_dates": [True, False],
    "filters": [
        Filters(),
        Filters(frozenset({"001_6fe46eaa118b1c1d"})),
        Filters(frozenset({"002_73ec0a3e5fd5a0e3"})),
        Filters(source="nobody"),
        Filters(date_from=DAY),
        Filters(date_to=DAY),
    ],
}


class Counting(Answerer):
    """Counts how often it answers, and may be held up."""

    asked = 0
    go = threading.Event()
    go.set()

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> Response:
        self.asked += 1
        assert self.go.wait(60)
        return super().ask(question, options)


@pytest.fixture
def answerer(service: Service) -> Counting:
    original = service.answerer
    return Counting(service.index, original.embedder, original._reader, original._confidence, original.second)


def without_timing(response: AskResponse) -> str:
    return response.model_dump_json(exclude={"timing_ms"})


def answering(answerer: Answerer, service: Service) -> Callable[[str, AskOptions], AskResponse]:
    return lambda question, options: ask_over(service.index, answerer, question, options)


def ask(cache: AnswerCache, answerer: Answerer, service: Service, **how: Any) -> tuple[str, bool]:
    question = how.pop("question", QUESTION)
    response, kept = cache.ask(question, AskOptions(**how), answering(answerer, service))
    assert set(response.timing_ms) == {"retrieve", "read", "total"}
    assert (response.timing_ms["retrieve"] == response.timing_ms["read"] == 0) == kept
    return without_timing(response), kept


def test_the_same_question_is_answered_once(answerer: Counting, service: Service) -> None:
    cache = AnswerCache(10)
    first, second = ask(cache, answerer, service), ask(cache, answerer, service)
    assert (first[1], second[1], answerer.asked) == (False, True, 1)
    assert first[0] == second[0]


@pytest.mark.slow
def test_whatever_differs_the_answer_is_that_of_its_own_request(answerer: Counting, service: Service) -> None:
    """Every request differs from the first in one or two things; each is asked twice, in a shuffled order."""
    plain = {name: values[0] for name, values in VARIATIONS.items()}
    requests = [plain]
    for name, values in VARIATIONS.items():
        requests += [plain | {name: value} for value in values[1:]]
    requests += [
        plain | {"question": LAST_WEEK, name: value} for name in ("today", "use_dates") for value in VARIATIONS[name]
    ]
    distinct = list({repr(request): request for request in requests}.values())
    cache = AnswerCache(1000)
    expected: dict[str, str] = {}
    asked = distinct * 2
    Random(3).shuffle(asked)
    for request in asked:
        if repr(request) not in expected:
            how = {name: value for name, value in request.items() if name != "question"}
            response = service.answerer.ask(request["question"], AskOptions(**how))
            expected[repr(request)] = without_timing(AskResponse.of(response, service.index))
        assert ask(cache, answerer, service, **request)[0] == expected[repr(request)]
    assert answerer.asked == len(distinct)


def test_the_order_of_the_documents_in_a_filter_does_not_matter(answerer: Counting, service: Service) -> None:
    ids = [item.id for item in service.index.summaries(3)[0]]
    cache = AnswerCache(10)
    for order in itertools.permutations(ids):
        ask(cache, answerer, service, filters=Filters(frozenset(order)))
    assert answerer.asked == 1


def test_what_counts_from_today_is_answered_anew_tomorrow(
    answerer: Counting, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Day(date):
        now = DAY

        @classmethod
        def today(cls) -> date:  # type: ignore[override]
            return cls.now

    monkeypatch.setattr(caching, "date", Day)
    cache = AnswerCache(10)
    work = answering(answerer, service)
    monday, again = (cache.ask(LAST_WEEK, DEFAULTS, work)[0].dates.understood[0] for _ in range(2))
    Day.now = DAY + timedelta(days=7)
    later = cache.ask(LAST_WEEK, DEFAULTS, work)[0].dates.understood[0]
    assert monday == again
    assert monday.date_from
    assert later.date_from == monday.date_from + timedelta(days=7)
    assert answerer.asked == 2


def test_those_asked_for_last_are_kept_up_to_a_number(answerer: Counting, service: Service) -> None:
    cache = AnswerCache(2)
    for k in (1, 2, 1, 3):  # 2 was asked for longest ago when 3 needs room
        ask(cache, answerer, service, k=k)
    assert [ask(cache, answerer, service, k=k)[1] for k in (1, 3, 2)] == [True, True, False]


def test_those_asked_for_last_are_kept_up_to_so_many_bytes(
    answerer: Counting, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def size(k: int) -> int:
        return (
            len(
                AskResponse.of(service.answerer.ask(QUESTION, AskOptions(k=k)), service.index)
                .model_dump_json()
                .encode()
            )
            + 100
        )

    monkeypatch.setattr(caching, "MOST_BYTES", size(1) + size(2))
    cache = AnswerCache(1000)
    for k in (1, 2, 3):  # the third is larger than the first, and stays within what the first and the second leave
        ask(cache, answerer, service, k=k)
    assert [ask(cache, answerer, service, k=k)[1] for k in (3, 1)] == [True, False]
    monkeypatch.setattr(caching, "MOST_BYTES", 100)
    small = AnswerCache(1000)
    assert [ask(small, answerer, service)[1] for _ in range(2)] == [False, False]  # too large for any room


def test_none_are_kept_where_it_is_off(answerer: Counting, service: Service) -> None:
    cache = AnswerCache(0)
    assert [ask(cache, answerer, service)[1] for _ in range(3)] == [False] * 3
    assert answerer.asked == 3


def test_what_fails_is_not_kept(answerer: Counting, service: Service) -> None:
    cache = AnswerCache(10)
    for _ in range(2):
        with pytest.raises(UnknownDocumentError):
            ask(cache, answerer, service, filters=Filters(frozenset({"nowhere"})))
    assert answerer.asked == 2


def test_while_it_is_being_answered_the_same_waits_and_others_do_not(answerer: Counting, service: Service) -> None:
    cache = AnswerCache(10)
    answerer.go = threading.Event()
    with ThreadPoolExecutor(9) as pool:
        same = [pool.submit(ask, cache, answerer, service) for _ in range(8)]
        other = pool.submit(ask, cache, answerer, service, k=1)
        while answerer.asked < 2:  # one of the eight, and the other
            time.sleep(0.01)
        answerer.go.set()
        found = [one.result() for one in same]
        assert other.result()[1] is False
    assert answerer.asked == 2
    assert sorted(kept for _, kept in found) == [False] + [True] * 7
    assert len({answer for answer, _ in found}) == 1


# --- over HTTP, while the index changes


FERRY = "The ferry to Inishbofin leaves at {}."


@pytest.fixture
def living(tmp_path: Path, embedder: Embedder, models: Path) -> Iterator[LiveService]:
    (tmp_path / "ferry.txt").write_text(FERRY.format("half past nine"))
    update(tmp_path / "index", [tmp_path / "ferry.txt"], embedder)
    with closing(LiveService(tmp_path / "index", models, cache=100)) as service:
        yield service


def test_a_change_of_the_index_is_never_missed(living: LiveService) -> None:
    with TestClient(create_app(living)) as http:

        def answered() -> tuple[Any, bool]:
            said = http.post(
                "/api/ask", json={"question": "When does the ferry to Inishbofin leave?", "min_confidence": 0}
            ).json()
            return said["answer"] and said["answer"]["text"].removeprefix("at "), said["timing_ms"]["read"] == 0

        assert [answered() for _ in range(2)] == [("half past nine", False), ("half past nine", True)]
        for text in ("noon", "ten", "half past nine"):  # the last is what it was: another state all the same
            living.put(document("ferry", FERRY.format(text), file_sha256="0" * 64))
            assert [answered() for _ in range(2)] == [(text, False), (text, True)]
        living.remove("ferry")
        assert answered() == (None, False)


def test_hits_are_counted_and_are_no_fast_stages(living: LiveService) -> None:
    with TestClient(create_app(living)) as http:
        for _ in range(3):
            http.post("/api/ask", json={"question": "When does the ferry leave?"}).raise_for_status()
        batch = {"questions": [{"question": "When does the ferry leave?"}, {"question": "Who is captain?"}] * 2}
        http.post("/api/ask/batch", json=batch).raise_for_status()
        told = figures(http.get("/metrics").text)
    assert told["citeqa_cached_total"] == 5
    assert told['citeqa_stage_seconds_count{stage="total"}'] == told['citeqa_stage_seconds_count{stage="read"}'] == 2
    assert sum(value for name, value in told.items() if name.startswith("citeqa_questions_total")) == 7


def test_texts_that_come_with_a_question_are_not_kept(living: LiveService) -> None:
    with TestClient(create_app(living)) as http:
        for text in ("noon", "ten"):
            body = {"question": "When does the ferry leave?", "min_confidence": 0}
            given = http.post("/api/read", json=body | {"documents": [{"id": "f", "text": FERRY.format(text)}]}).json()
            assert given["answer"]["text"].removeprefix("at ") == text
            assert given["timing_ms"]["read"] > 0


def test_the_setting_says_how_many_are_kept(seeds_index: Path, tmp_path: Path) -> None:
    with ConfiguredServer(seeds_index, tmp_path / "log", cache=1) as server, server.client() as http:
        for k in (1, 1, 2, 1):
            http.post("/api/ask", json={"question": QUESTION, "k": k}).raise_for_status()
        assert figures(http.get("/metrics").text)["citeqa_cached_total"] == 1

"""Follow-up questions: the frozen set, what is carried over, and the route that says it."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import FOLLOWUPS, QUESTIONS, SEEDS, public_data

from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service
from citeqa.rag.evaluation.questions import load
from citeqa.rag.followup import CHIPS, Turn, carried, points_back

KEYS = ["id", "corpus", "kind", "previous", "question", "full", "answers", "documents", "split"]


@cache
def load_rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FOLLOWUPS.read_text(encoding="utf-8").splitlines()]


@cache
def texts(corpus: str) -> dict[str, str]:
    if corpus == "seeds":
        return {path.stem: path.read_bytes().decode() for path in SEEDS.glob("*.txt")}
    rows = public_data("wikinews", "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row["text"] for row in map(json.loads, rows)}


def test_the_set_is_large_halved_and_tidy() -> None:
    rows = load_rows()
    assert [row["id"] for row in rows] == [f"f{number:03d}" for number in range(1, len(rows) + 1)]
    assert all(list(row) == KEYS for row in rows)
    assert all(count >= 24 for count in Counter(row["corpus"] for row in rows).values())
    for split in ("fit", "report"):
        kinds = Counter((row["corpus"], row["kind"] == "topic switch") for row in rows if row["split"] == split)
        assert kinds["seeds", False] >= 11
        assert kinds["wikinews", False] >= 15
        assert kinds["seeds", True] >= 3
        assert kinds["wikinews", True] >= 3


def test_a_topic_switch_is_asked_in_full() -> None:
    for row in load_rows():
        assert (row["question"] == row["full"]) == (row["kind"] == "topic switch"), row["id"]


@pytest.mark.parametrize("corpus", ["seeds", pytest.param("wikinews", marks=pytest.mark.data)])
def test_answers_stand_verbatim_in_their_documents(corpus: str) -> None:
    documents = texts(corpus)
    for row in load_rows():
        if row["corpus"] == corpus:
            held = [documents[name] for name in row["documents"]]
            assert all(any(answer in text for text in held) for answer in row["answers"]), row["id"]
            assert all(any(answer in text for answer in row["answers"]) for text in held), row["id"]
            assert row["previous"]["answer"] in documents[row["previous"]["document"]], row["id"]


def turn(row: dict[str, Any]) -> Turn:
    return Turn(row["previous"]["question"], row["previous"]["answer"])


FIT = [row for row in load_rows() if row["split"] == "fit"]


@pytest.mark.parametrize("row", FIT, ids=[row["id"] for row in FIT])
def test_follow_ups_carry_over_and_complete_questions_do_not(row: dict[str, Any]) -> None:
    assert bool(carried(row["question"], turn(row))) == (row["kind"] != "topic switch")


MET = Turn("Where did Rubio meet Holness in March 2025?", "in Kingston, Jamaica", "A visit")


@pytest.mark.parametrize(
    ("question", "chips"),
    [
        ("And when was that?", ("in Kingston, Jamaica", "Rubio", "Holness", "March 2025")),
        ("And where did Holness go then?", ("in Kingston, Jamaica", "Rubio", "March 2025")),
        ("How large is the city there?", ("in Kingston, Jamaica", "Rubio", "Holness", "March 2025")),
        ("How many people live in Kingston?", ()),
        ("What did Trump say about his visit?", ()),
        ("Where do the gangs get their guns?", ()),
        ("What did Trump say about it?", ("in Kingston, Jamaica", "Rubio", "Holness", "March 2025")),
        ("How long did it take Zapata to cross the Channel?", ()),
        ("Were there any boats near Dover?", ()),
        ("Who discovered penicillin?", ()),
        ("What was the reason?", ("in Kingston, Jamaica", "Rubio", "Holness", "March 2025")),
        ("Which year?", ("in Kingston, Jamaica", "Rubio", "Holness", "March 2025")),
        ("What did the mayor say this week?", ()),
    ],
)
def test_what_is_carried_over(question: str, chips: tuple[str, ...]) -> None:
    assert carried(question, MET) == chips


@pytest.mark.parametrize(
    ("previous", "chips"),
    [
        (Turn("How many buffalo were released?", "ten"), ("ten", "buffalo", "released")),
        (Turn("Who was it?", "", "Fire on London Bridge"), ("Fire", "London Bridge")),
        (Turn("who was it?"), ()),
        (
            Turn(
                "What did he say?", "I thank Ann Reed of New York for all that she has done for us in these long years"
            ),
            ("Ann Reed of New York",),
        ),
        (Turn("What was McCain's office in May 2008?", "senator"), ("senator", "McCain", "May 2008")),
    ],
)
def test_names_come_before_the_topic_and_long_answers_give_their_names(previous: Turn, chips: tuple[str, ...]) -> None:
    assert carried("And why?", previous) == chips


TEXTS = st.text() | st.lists(
    st.sampled_from(
        ["And", "he", "there", "Rubio", "of", "New", "York", "May", "2019", ",", ".", "’s", "it", "U.S.", "İ"]
    )
).map(" ".join)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_chips_are_words_of_the_turn_before_that_the_question_lacks(
    question: str, asked: str, answer: str, title: str
) -> None:
    chips = carried(question, Turn(asked, answer, title))
    assert len(chips) <= CHIPS
    assert len(set(chips)) == len(chips)
    for chip in chips:
        assert chip.strip() == chip != ""
        assert chip in asked or chip in answer or chip in title
    if chips:
        assert points_back(question)


def test_questions_that_stand_alone_are_hardly_ever_taken_for_follow_ups() -> None:
    """Asked one after the other, as if the topic changed each time; those of the split fit, 144."""
    questions = [row.question for row in load(QUESTIONS) if row.split == "fit"]
    taken = [question for question in questions if points_back(question)]
    assert len(questions) > 100
    assert len(taken) <= len(questions) / 20, taken


def test_over_http_the_context_is_the_chips_joined(service: Service) -> None:
    previous = {"question": MET.question, "answer": MET.answer, "title": MET.title}
    with serving(service) as client:
        http = client._http
        for question in ("And when was that?", "Who discovered penicillin?"):
            chips = list(carried(question, MET))
            body = {"question": question, "previous": previous}
            response = http.post("/api/context", json=body).raise_for_status().json()
            assert response == {"context": " ".join(chips) or None, "chips": chips}
            assert http.post("/api/ask", json={"question": question, "context": response["context"]}).is_success
            alone = http.post("/api/ask", json={"question": question, "context": response["context"]}).json()
            once = http.post("/api/ask", json=body).json()
            assert once | {"timing_ms": {}} == alone | {"timing_ms": {}}
            batch = http.post("/api/ask/batch", json={"questions": [body]}).json()
            assert batch["results"][0]["response"] | {"timing_ms": {}} == alone | {"timing_ms": {}}
            both = http.post("/api/ask", json={**body, "context": "Cuba"}).json()
            named = http.post("/api/ask", json={"question": question, "context": "Cuba"}).json()
            assert both | {"timing_ms": {}} == named | {"timing_ms": {}}  # what is named counts
        unanswered = {"question": "And why?", "previous": {"question": "Where is Rubio?"}}
        assert http.post("/api/context", json=unanswered).json() == {"context": "Rubio", "chips": ["Rubio"]}
        for wrong in ({"question": "And why?"}, {**unanswered, "more": 1}, {"question": " ", "previous": previous}):
            problem = http.post("/api/context", json=wrong)
            assert problem.status_code == 422
            assert problem.headers["content-type"] == "application/problem+json"

"""What people say of answers: over HTTP to a real server, on the disk, and as a question set in the end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.servers import Server

from citeqa.index.appending import append_row
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import QuestionSetError
from citeqa.index.storage.writer import update
from citeqa.index.types import Document, Span
from citeqa.rag.evaluation.judgements import DocumentSpan, consolidated, judgement_row
from citeqa.rag.evaluation.questions import load

TEXT = "🦊 The fox sleeps at noon.\nThe owl sleeps at noon."
NOON = (17, 24)  # "at noon" of the fox; the owl's stands at 40
BAD = "qzxmarkqzx"


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    folder = tmp_path_factory.mktemp("feedback")
    (folder / "night.txt").write_text(TEXT, encoding="utf-8", newline="")
    update(folder / "index", [folder / "night.txt"], embedder)
    return folder / "index"


@pytest.fixture(scope="module")
def http(index: Path) -> Iterator[httpx.Client]:
    """A client of a server that may write."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CITEQA_WRITING", "1")
        server = Server(index)
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client
    server.stop()


def cited(http: httpx.Client, start: int = NOON[0], end: int = NOON[1]) -> dict[str, Any]:
    served = http.get("/api/documents/night").json()
    quote = served["text"][start:end]
    return {"document_id": "night", "document_sha256": served["sha256"], "start": start, "end": end, "quote": quote}


def say(http: httpx.Client, verdict: str, citation: Any, question: str = "When does it sleep?") -> httpx.Response:
    return http.post("/api/feedback", json={"question": question, "verdict": verdict, "citation": citation})


def rows(index: Path) -> list[dict[str, Any]]:
    path = index / "feedback.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_what_is_said_is_a_question_set_at_once(http: httpx.Client, index: Path) -> None:
    before = len(rows(index))
    assert say(http, "right", cited(http), "When does the fox sleep?").status_code == 204
    assert say(http, "missing", cited(http, 40, 47), "When does the owl sleep?").status_code == 204
    assert say(http, "missing", None, "When does the bat sleep?").status_code == 204
    assert say(http, "wrong", cited(http), "When does the cat sleep?").status_code == 204
    assert len(rows(index)) == before + 4
    asked = {question.question: question for question in load(index / "feedback.jsonl")}
    fox, owl = asked["When does the fox sleep?"], asked["When does the owl sleep?"]
    assert (fox.answers, fox.documents) == (("at noon",), frozenset({"night"}))
    assert (fox.spans, owl.spans) == ((("night", Span(*NOON)),), (("night", Span(40, 47)),))
    assert not asked["When does the bat sleep?"].answerable
    assert "When does the cat sleep?" not in asked  # nobody said what is right


def test_the_answer_may_be_empty_of_words(http: httpx.Client) -> None:
    response = say(http, "missing", None, "What does the fox say?")
    assert (response.status_code, response.content) == (204, b"")


NOT_VALID: dict[str, tuple[Any, str]] = {
    "a verdict that is none": ({"verdict": "perhaps"}, "#/verdict"),
    "no verdict": ({"verdict": None}, "#/verdict"),
    "a blank question": ({"question": " "}, "#/question"),
    "a right answer that is nowhere": ({"citation": None}, "#"),
    "a field that is not there": ({"stars": 5}, "#/stars"),
    "a document that is not there": ({"document_id": BAD}, "#/citation/document_id"),
    "another text": ({"document_sha256": "0" * 64}, "#/citation/document_sha256"),
    "other words": ({"quote": "at Noon"}, "#/citation/quote"),
    "another place": ({"start": 16, "end": 23}, "#/citation/quote"),
    "a place in UTF-16 units": ({"start": 18, "end": 25}, "#/citation/quote"),
    "a reversed place": ({"start": 24, "end": 17}, "#/citation/quote"),
    "a place beyond the text": ({"start": 1000, "end": 1007}, "#/citation/quote"),
    "a start that is text": ({"start": "17"}, "#/citation/start"),
    "a field too many in the citation": ({"document_title": BAD}, "#/citation/document_title"),
}
CITED = ("document_id", "document_sha256", "quote", "start", "end", "document_title")


@pytest.mark.parametrize("name", NOT_VALID)
def test_what_is_not_valid_is_refused_with_a_pointer_and_not_kept(http: httpx.Client, index: Path, name: str) -> None:
    changes, pointer = NOT_VALID[name]
    before = rows(index)
    body: dict[str, Any] = {"question": "When?", "verdict": "right", "citation": cited(http)}
    for field, value in changes.items():
        (body["citation"] if field in CITED else body)[field] = value
    response = http.post("/api/feedback", json=body)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert pointer in [fault["pointer"] for fault in response.json()["errors"]]
    assert BAD not in response.text.replace("document_title", "")
    assert rows(index) == before


def test_the_citation_must_be_named_even_if_it_is_null(http: httpx.Client) -> None:
    response = http.post("/api/feedback", json={"question": "When?", "verdict": "missing"})
    assert [fault["pointer"] for fault in response.json()["errors"]] == ["#/citation"]


def test_another_site_cannot_say_anything(http: httpx.Client, index: Path) -> None:
    before = rows(index)
    body = {"question": "When?", "verdict": "missing", "citation": None}
    assert http.post("/api/feedback", json=body, headers={"origin": "https://evil.example"}).status_code == 403
    assert (
        http.post("/api/feedback", content=json.dumps(body), headers={"content-type": "text/plain"}).status_code == 415
    )
    assert rows(index) == before


def test_where_writing_is_not_enabled_nothing_is_kept(index: Path) -> None:
    before = rows(index)
    server = Server(index)
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        response = say(client, "missing", None)
    server.stop()
    assert response.status_code == 403
    assert rows(index) == before


def test_many_at_once_are_all_kept_whole(http: httpx.Client, index: Path) -> None:
    before = len(rows(index))
    questions = [f"Question {number} {'x' * 1500}?" for number in range(24)]

    def some(part: int) -> None:
        with httpx.Client(base_url=http.base_url, timeout=60, trust_env=False) as client:
            for question in questions[part::4]:
                assert say(client, "missing", None, question).status_code == 204

    threads = [threading.Thread(target=some, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {said["question"] for said in rows(index)[before:]} == set(questions)


DOCUMENT = Document("d", "D", "The fox sleeps at noon.", None, None, None, None, "0" * 64, "0" * 64)
FOX, SLEEPS = DocumentSpan(DOCUMENT, Span(4, 7)), DocumentSpan(DOCUMENT, Span(8, 14))


@pytest.mark.parametrize(
    ("said", "accepted"),
    [
        ([("right", [FOX])], ["fox"]),
        ([("right", [FOX]), ("missing", [SLEEPS])], ["fox", "sleeps"]),
        ([("right", [FOX]), ("right", [FOX])], ["fox"]),
        ([("right", [FOX]), ("wrong", [FOX])], None),
        ([("right", [FOX]), ("wrong", [SLEEPS])], ["fox"]),
        ([("wrong", [FOX]), ("right", [FOX])], ["fox"]),
        ([("missing", [])], []),
        ([("missing", []), ("right", [FOX])], ["fox"]),
        ([("right", [FOX]), ("missing", [])], []),
        ([("missing", []), ("wrong", [FOX])], []),
        ([("missing", []), ("wrong", [])], None),
        ([("wrong", [])], None),
    ],
)
def test_the_last_word_counts(said: list[tuple[Any, list[DocumentSpan]]], accepted: list[str] | None) -> None:
    spellings = ["Who sleeps?", " who  SLEEPS? "]
    found = consolidated(judgement_row(spellings[n % 2], verdict, places) for n, (verdict, places) in enumerate(said))
    if accepted is None:
        assert found == []
    else:
        (question,) = found
        assert (question["answers"], question["answerable"]) == (accepted, bool(accepted))


def test_what_is_right_must_stand_somewhere() -> None:
    with pytest.raises(ValueError, match="must be cited"):
        judgement_row("Who?", "right")
    with pytest.raises(ValueError, match="outside document"):
        judgement_row("Who?", "right", [DocumentSpan(DOCUMENT, Span(20, 99))])


def test_a_broken_verdict_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    append_row(path, judgement_row("Who?", "missing"))
    append_row(path, {"id": "x", "question": "Who?", "verdict": "right", "answerable": True})
    with pytest.raises(QuestionSetError, match="line 2"):
        load(path)


LINES = st.lists(st.dictionaries(st.text(max_size=3), st.text(max_size=20) | st.integers(), max_size=3), max_size=4)


@given(held=LINES, torn=st.integers(0, 30))
@settings(max_examples=30)
def test_a_line_that_was_torn_is_cut_off_and_whole_ones_stay(
    tmp_path_factory: pytest.TempPathFactory, held: list[dict[str, Any]], torn: int
) -> None:
    path = tmp_path_factory.mktemp("append") / "set.jsonl"
    for one in held:
        append_row(path, one)
    with path.open("ab") as file:
        file.write(json.dumps({"torn": "x" * 100}).encode()[:torn])
    append_row(path, {"last": 1})
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [*held, {"last": 1}]


def test_a_last_line_without_an_end_that_is_whole_stays(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text('{"by": "hand"}', encoding="utf-8")
    append_row(path, {"last": 1})
    assert path.read_text(encoding="utf-8") == '{"by": "hand"}\n{"last": 1}\n'

"""The HTTP contract, asked of a real server process."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paths import QUESTIONS, SEEDS

from citeqa.api.evaluation.local import serving
from citeqa.api.http import create_app
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexDamagedError, MissingExtraError, StorageError
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag import confidence
from citeqa.rag.answerer import Answerer
from citeqa.rag.evaluation.questions import load
from citeqa.rag.reader.onnx_reader import OnnxReader

CITEQA = Path(sysconfig.get_path("scripts")) / "citeqa"
ANSWERABLE = "How much aid did the US pledge to Cubans?"
SEVERAL = "In which kinds of partnership with the Caribbean does Rubio want to go deeper?"
ELSEWHERE = "Who discovered penicillin?"
MAX_BODY: int = Settings.model_fields["max_body"].default
MARK = "qzxmarkqzx"  # stands in bad values, and must not come back
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def url(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server process over the seed articles, on a free port; it must end cleanly, with nothing in its log."""
    log = tmp_path_factory.mktemp("server") / "stderr"
    with log.open("w") as stderr:
        command = [str(CITEQA), "serve", "--index", str(seeds_index), "--host", "127.0.0.1", "--port", "0"]
        process = subprocess.Popen(command, stderr=stderr, stdin=subprocess.DEVNULL)
    while not (found := re.search(r"http://\S+:\d+/", log.read_text())):
        assert process.poll() is None, f"the server ended with status {process.poll()}: {log.read_text()}"
        time.sleep(0.05)
    yield found.group()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) in (0, 130)
    assert "error" not in log.read_text().lower(), log.read_text()


@pytest.fixture(scope="module")
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def odd(
    tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, reader: OnnxReader
) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    """A server over documents with odd ids and characters, in a thread of this process, and their texts."""
    folder = tmp_path_factory.mktemp("odd")
    texts = {name: f"🦊 The fox of {name} sleeps at noon. 𝒳 marks the den. – “Yes.”\r\n" for name in ODD_IDS}
    rows = [{"id": name, "text": text, "source": "Fable", "date": "2026-01-02"} for name, text in texts.items()]
    (folder / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    update(folder / "index", [folder / "odd.jsonl"], embedder)
    index = Index(folder / "index")
    service = Service(index, Answerer(index, embedder, reader, confidence.load()[0]))
    with serving(service) as client:
        yield client._http, texts
    service.close()


ODD_IDS = [
    "notes/2026/a b",
    "Straße/ünïcode",
    "日本/資料",
    "🦊",
    "a:1-2",
    "50%25 off?#x&y=z",
    'quote\'d "id"',
    "a+b",
    "\\",
]


def ask(http: httpx.Client, **body: Any) -> dict[str, Any]:
    answer: dict[str, Any] = http.post("/api/ask", json=body).raise_for_status().json()
    return answer


def timeless(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "timing_ms"}


ASK_FIELDS = {
    "question",
    "answered",
    "answer",
    "reason",
    "alternatives",
    "conflicts",
    "guesses",
    "evidence",
    "dates",
    "index",
    "timing_ms",
}
CITATION_FIELDS = {
    *("document_id", "title", "author", "date", "source", "url", "page", "start", "end", "start_utf16", "end_utf16"),
    *("quote", "sentence", "document_sha256"),
    *("table", "items", "date_origin", "time_start", "time_end", "recognised"),
}
EVIDENCE_FIELDS = {
    *("passage_id", "document_id", "title", "author", "date", "source", "url", "text", "start", "end"),
    *("start_utf16", "end_utf16", "score", "dense_rank", "lexical_rank", "also_in", "document_sha256"),
}


def test_an_answer_has_exactly_the_fields_of_the_contract(http: httpx.Client) -> None:
    answer = ask(http, question=ANSWERABLE, k=3, min_confidence=0)
    assert set(answer) == ASK_FIELDS
    assert (answer["question"], answer["answered"], answer["reason"]) == (ANSWERABLE, True, None)
    assert set(answer["answer"]) == {"text", "confidence", "also_in", "citation"}
    assert 0 < answer["answer"]["confidence"] < 1
    citation = answer["answer"]["citation"]
    assert set(citation) == CITATION_FIELDS
    assert set(citation["sentence"]) == {"text", "start", "end", "start_utf16", "end_utf16"}
    assert (citation["author"], citation["date"], citation["page"]) == ("Simon Lewis", "2026-02-26", None)
    assert citation["quote"] == answer["answer"]["text"]
    assert "9 million" in citation["quote"]
    assert citation["quote"] in citation["sentence"]["text"]
    others = ask(http, question=SEVERAL)["alternatives"]
    assert 1 <= len(others) <= 3
    for one in others + answer["alternatives"] + answer["conflicts"]:
        assert set(one) - {"newer"} == {"text", "score", "citation"}
        assert ("newer" in one) == (one in answer["conflicts"])
        assert set(one["citation"]) == CITATION_FIELDS
        assert one["text"] == one["citation"]["quote"]
    assert [set(one) for one in answer["evidence"]] == [EVIDENCE_FIELDS] * 3
    index = {"documents": 5, "passages": answer["index"]["passages"], "embedder": "all-MiniLM-L6-v2", "change": 5}
    assert answer["index"] == index
    assert set(answer["timing_ms"]) == {"retrieve", "read", "total"}


def test_an_abstention_has_exactly_the_fields_of_the_contract(http: httpx.Client) -> None:
    answer = ask(http, question=ELSEWHERE)
    assert set(answer) == ASK_FIELDS
    assert (answer["answered"], answer["answer"], answer["alternatives"]) == (False, None, [])
    assert set(answer["reason"]) == {"code", "message", "confidence", "threshold"}
    assert answer["reason"]["code"] == "not_in_the_sources"
    assert answer["reason"]["confidence"] < answer["reason"]["threshold"]
    assert [set(one) for one in answer["evidence"]] == [EVIDENCE_FIELDS] * 5
    assert answer["guesses"] == []  # the documents do not mention penicillin


def test_a_guess_has_exactly_the_fields_of_the_contract(http: httpx.Client) -> None:
    answer = ask(http, question=ANSWERABLE, min_confidence=1)
    assert not answer["answered"]
    assert 1 <= len(answer["guesses"]) <= 3
    assert "9 million" in answer["guesses"][0]["text"]
    for guess in answer["guesses"]:
        assert set(guess) == {"text", "score", "confidence", "citation"}
        assert set(guess["citation"]) == CITATION_FIELDS
        assert guess["text"] == guess["citation"]["quote"]
        assert 0.05 <= guess["confidence"] <= 1
    assert ask(http, question=ANSWERABLE, min_confidence=0)["guesses"] == []


def test_filters_that_leave_nothing_are_the_reason(http: httpx.Client) -> None:
    answer = ask(http, question=ANSWERABLE, filters={"date_from": "2030-01-01"})
    assert (answer["reason"]["code"], answer["reason"]["confidence"], answer["evidence"]) == ("filtered_out", None, [])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"date_from": "2026-02-26", "date_to": "2026-02-26"}, {"002_73ec0a3e5fd5a0e3"}),
        ({"date_to": "2025-05-07"}, {"001_6fe46eaa118b1c1d", "004_ce34eba21ef0286a"}),
        ({"document_ids": ["003_06306681cd2de5d0"]}, {"003_06306681cd2de5d0"}),
        ({"source": None, "date_from": None}, {path.stem for path in SEEDS.glob("*.txt")}),
    ],
)
def test_filters_leave_exactly_what_they_allow(http: httpx.Client, filters: dict[str, Any], expected: set[str]) -> None:
    answer = ask(http, question="What did Marco Rubio say?", filters=filters, k=50, min_confidence=0)
    assert {found["document_id"] for found in answer["evidence"]} == expected
    assert answer["answer"]["citation"]["document_id"] in expected


def test_every_field_may_be_null_where_the_contract_says_so(http: httpx.Client) -> None:
    nulls = dict.fromkeys(("filters", "min_confidence", "context", "today"))
    assert timeless(ask(http, question=ANSWERABLE, **nulls)) == timeless(ask(http, question=ANSWERABLE))


def test_k_never_changes_the_answer(http: httpx.Client) -> None:
    few, many = ask(http, question=ANSWERABLE, k=1), ask(http, question=ANSWERABLE, k=50)
    assert (few["answer"], few["alternatives"]) == (many["answer"], many["alternatives"])
    assert few["evidence"] == many["evidence"][:1]


def test_min_confidence_is_the_threshold(http: httpx.Client) -> None:
    assert ask(http, question=ELSEWHERE, min_confidence=0)["answered"]
    refused = ask(http, question=ANSWERABLE, min_confidence=1)
    assert (refused["answered"], refused["reason"]["threshold"]) == (False, 1)


def test_times_in_the_question_are_told_and_can_be_switched_off(http: httpx.Client) -> None:
    question = "What did articles published last week say about Cuba?"
    answer = ask(http, question=question, today="2026-03-04", min_confidence=0)
    understood = [
        {
            "text": "last week",
            "start": question.index("last"),
            "end": question.index("last") + 9,
            "date_from": "2026-02-23",
            "date_to": "2026-03-01",
            "use": "filter",
        }
    ]
    assert answer["dates"] == {"understood": understood, "applied": True}
    assert {found["date"] for found in answer["evidence"]} <= {"2026-02-26", None}
    off = ask(http, question=question, today="2026-03-04", use_dates=False)
    assert off["dates"] == {"understood": understood, "applied": False}
    own = ask(http, question=question, today="2026-03-04", filters={"date_to": "2025-12-31"})
    assert own["dates"]["applied"] is False
    assert {found["date"] for found in own["evidence"]} <= {"2024-03-21", "2025-05-07"}
    later = ask(http, question=question, today="2025-05-12")
    assert later["dates"]["understood"][0]["date_to"] == "2025-05-11"
    found = http.post("/api/search", json={"question": question, "today": "2026-03-04"}).raise_for_status().json()
    assert {piece["date"] for piece in found["evidence"]} <= {"2026-02-26", None}


def test_search_gives_the_evidence_of_ask_in_the_order_of_its_scores(http: httpx.Client) -> None:
    found = http.post("/api/search", json={"question": ANSWERABLE, "k": 10}).raise_for_status().json()
    assert set(found) == {"question", "evidence", "index", "timing_ms"}
    answer = ask(http, question=ANSWERABLE, k=10)
    by_score = sorted(answer["evidence"], key=lambda piece: -piece["score"])
    assert (found["question"], found["evidence"], found["index"]) == (ANSWERABLE, by_score, answer["index"])


@cache
def served_text(http: httpx.Client, document_id: str) -> str:
    return str(http.get(f"/api/documents/{quote(document_id)}").raise_for_status().json()["text"])


def assert_exact(http: httpx.Client, response: dict[str, Any]) -> int:
    """Checks every slice of a response against the text as served; gives how many there were."""
    citations = [one["citation"] for one in response["alternatives"] + response["conflicts"]]
    if response["answer"]:
        assert response["answer"]["text"] == response["answer"]["citation"]["quote"]
        citations += [response["answer"]["citation"], *response["answer"]["also_in"]]
    slices = [(c["document_id"], c, c["quote"]) for c in citations]
    slices += [(c["document_id"], c["sentence"], c["sentence"]["text"]) for c in citations]
    slices += [(found["document_id"], found, found["text"]) for found in response["evidence"]]
    for document_id, place, words in slices:
        text = served_text(http, document_id)
        assert text[place["start"] : place["end"]] == words
        units = text.encode("utf-16-le")[2 * place["start_utf16"] : 2 * place["end_utf16"]]
        assert units.decode("utf-16-le") == words
    for c in citations:
        assert c["sentence"]["start"] <= c["start"] < c["end"] <= c["sentence"]["end"]
    return len(slices)


@pytest.mark.parametrize("question", [question.question for question in load(QUESTIONS)][3::9][:12])
def test_every_quote_is_exact_on_the_text_as_served(http: httpx.Client, question: str) -> None:
    assert assert_exact(http, ask(http, question=question)) >= 5
    assert assert_exact(http, ask(http, question=question, min_confidence=0, k=10)) >= 10


def test_eight_clients_at_once_get_the_same_answers(http: httpx.Client, url: str) -> None:
    questions = [ANSWERABLE, ELSEWHERE, "When was Maduro removed from power?"]
    expected = [timeless(ask(http, question=question)) for question in questions]

    def one_client(number: int) -> list[dict[str, Any]]:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            return [timeless(ask(client, question=question)) for question in questions]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(one_client, range(8))) == [expected] * 8


def test_documents_are_listed_without_their_texts(http: httpx.Client) -> None:
    page = http.get("/api/documents").raise_for_status().json()
    assert set(page) == {"documents", "next_cursor", "total"}
    assert (page["next_cursor"], page["total"]) == (None, 5)
    assert [one["id"] for one in page["documents"]] == sorted(path.stem for path in SEEDS.glob("*.txt"))
    assert not any("text" in one for one in page["documents"])
    for one in page["documents"]:
        whole = http.get(f"/api/documents/{one['id']}").json()
        shared = set(one) & set(whole)
        assert {"id", "title", "author", "date", "source", "url", "sha256"} <= shared
        assert {name: one[name] for name in shared} == {name: whole[name] for name in shared}
        assert one["length"] == len(whole["text"])


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 1000])
def test_paging_gives_every_document_once_in_order(http: httpx.Client, limit: int) -> None:
    ids: list[str] = []
    parameters: dict[str, Any] = {"limit": limit}
    while True:
        page = http.get("/api/documents", params=parameters).raise_for_status().json()
        assert page["total"] == 5
        assert len(page["documents"]) <= limit
        ids += [one["id"] for one in page["documents"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert ids == sorted(path.stem for path in SEEDS.glob("*.txt"))


def test_q_finds_part_of_a_title_or_an_author_in_any_case(http: httpx.Client) -> None:
    for q, expected in (
        ("simon LEWIS", ["002_73ec0a3e5fd5a0e3"]),
        ("cbsi technical", ["004_ce34eba21ef0286a"]),
        ("003_0", ["003_06306681cd2de5d0"]),
        ("%", []),
        ("_73", ["002_73ec0a3e5fd5a0e3"]),
        (MARK, []),
    ):
        page = http.get("/api/documents", params={"q": q}).raise_for_status().json()
        assert ([one["id"] for one in page["documents"]], page["total"]) == (expected, len(expected))
    page = http.get("/api/documents", params={"q": "rubio", "limit": 1}).json()
    rest = http.get("/api/documents", params={"q": "rubio", "limit": 9, "cursor": page["next_cursor"]}).json()
    assert page["total"] == rest["total"] == 1 + len(rest["documents"]) >= 3


def test_a_document_is_served_as_its_file_stands(http: httpx.Client) -> None:
    for path in SEEDS.glob("*.txt"):
        document = http.get(f"/api/documents/{path.stem}").raise_for_status().json()
        assert document["text"].encode() == path.read_bytes().removeprefix(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ODD_IDS)
def test_a_document_with_an_odd_id_is_found_by_it(odd: tuple[httpx.Client, dict[str, str]], name: str) -> None:
    http, texts = odd
    for path in (quote(name), quote(name, safe="")):
        document = http.get(f"/api/documents/{path}").raise_for_status().json()
        assert (document["id"], document["text"]) == (name, texts[name])
    answer = ask(http, question="When does the fox sleep?", filters={"document_ids": [name]}, min_confidence=0)
    assert answer["answer"]["citation"]["document_id"] == name
    assert answer["evidence"][0]["passage_id"].startswith(f"{name}:")
    assert assert_exact(http, answer)


def test_offsets_behind_emojis_are_exact_in_both_counts(odd: tuple[httpx.Client, dict[str, str]]) -> None:
    http, _ = odd
    answer = ask(http, question="When does the fox sleep?", k=50, min_confidence=0)
    assert assert_exact(http, answer) >= len(ODD_IDS)
    citation = ask(http, question="What marks the den?", filters={"document_ids": ["🦊"]}, min_confidence=0)
    places = [citation["answer"]["citation"], *(one["citation"] for one in citation["alternatives"])]
    assert any(place["start_utf16"] > place["start"] for place in places)


def test_odd_ids_are_paged_in_order(odd: tuple[httpx.Client, dict[str, str]]) -> None:
    http, texts = odd
    ids, cursor = [], None
    for _ in texts:
        page = http.get("/api/documents", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        ids += [one["id"] for one in page["documents"]]
        cursor = page["next_cursor"]
    assert (ids, cursor) == (sorted(texts), None)


def test_alive_and_ready(http: httpx.Client) -> None:
    assert http.get("/api/health").raise_for_status().json()["status"] == "alive"
    ready = http.get("/api/ready").raise_for_status().json()
    assert ready["status"] == "ready"
    assert ready["index"] == ask(http, question=ANSWERABLE)["index"]
    assert {"citeqa", "onnxruntime", "faiss-cpu", "tantivy", "tokenizers"} <= set(ready["versions"])


def loaded_by(page: str) -> list[str]:
    return re.findall(r"<(?:script|link|img)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)", page)


def test_the_documentation_loads_nothing_from_elsewhere(http: httpx.Client) -> None:
    page = http.get("/docs").raise_for_status()
    loaded = loaded_by(page.text)
    assert len(loaded) >= 2
    assert not [address for address in loaded if re.match(r"(https?:)?//", address)]
    assert [http.get(address).status_code for address in loaded] == [200] * len(loaded)
    assert "://" not in page.headers["content-security-policy"]


def test_the_contract_is_described_with_its_errors(http: httpx.Client) -> None:
    paths = http.get("/openapi.json").raise_for_status().json()["paths"]
    assert set(paths) >= {
        *("/api/ask", "/api/search", "/api/documents", "/api/documents/{document_id}", "/api/health", "/api/ready")
    }
    for path in ("/api/ask", "/api/search"):
        responses = paths[path]["post"]["responses"]
        for status in ("400", "413", "415", "422"):
            assert set(responses[status]["content"]) == {"application/problem+json"}


def test_the_page_may_run_only_our_own_files(http: httpx.Client) -> None:
    page = http.get("/").raise_for_status()
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "://" not in policy
    loaded = loaded_by(page.text)
    assert loaded
    assert [http.get(address).status_code for address in loaded] == [200] * len(loaded)


def body(**values: Any) -> bytes:
    return json.dumps({"question": "Who?"} | values).encode()


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The response is a problem detail with this status, and has nothing of the request in it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == status
    assert all(isinstance(problem[name], str) and problem[name] for name in ("type", "title", "detail"))
    assert MARK not in response.text
    if status == 422:
        assert problem["errors"]
        for fault in problem["errors"]:
            assert set(fault) == {"pointer", "detail"}
            assert fault["detail"]
    return problem


LONG = MARK + "x" * 2000
INVALID = {
    "an empty body": (b"", "#"),
    "no fields": (b"{}", "#/question"),
    "no question": (b'{"k": 5}', "#/question"),
    "an empty question": (body(question=""), "#/question"),
    "a blank question": (body(question=" \n\t\u3000"), "#/question"),
    "a question too long": (body(question=LONG), "#/question"),
    "a number for a question": (body(question=5), "#/question"),
    "null for a question": (body(question=None), "#/question"),
    "a list for a question": (body(question=[MARK]), "#/question"),
    "an array": (json.dumps([MARK]).encode(), "#"),
    "a string": (json.dumps(MARK).encode(), "#"),
    "null": (b"null", "#"),
    "an unknown field": (body(unknown=MARK), "#/unknown"),
    "k 0": (body(k=0), "#/k"),
    "k 51": (body(k=51), "#/k"),
    "k negative": (body(k=-1), "#/k"),
    "k a string": (body(k="5"), "#/k"),
    "k text": (body(k=MARK), "#/k"),
    "k 5.0": (body(k=5.0), "#/k"),
    "k true": (body(k=True), "#/k"),
    "k null": (body(k=None), "#/k"),
    "k huge": (body(k=10**30), "#/k"),
    "confidence below 0": (body(min_confidence=-0.01), "#/min_confidence"),
    "confidence above 1": (body(min_confidence=1.01), "#/min_confidence"),
    "confidence a string": (body(min_confidence=MARK), "#/min_confidence"),
    "confidence true": (body(min_confidence=True), "#/min_confidence"),
    "confidence 1e999": (b'{"question": "Who?", "min_confidence": 1e999}', "#/min_confidence"),
    "a context too long": (body(context=LONG), "#/context"),
    "a number for a context": (body(context=5), "#/context"),
    "filters a string": (body(filters=MARK), "#/filters"),
    "filters a list": (body(filters=[MARK]), "#/filters"),
    "an unknown filter": (body(filters={"author": MARK}), "#/filters/author"),
    "an unknown filter with a slash": (body(filters={"a/b~c": MARK}), "#/filters/a~1b~0c"),
    "no ids": (body(filters={"document_ids": []}), "#/filters/document_ids"),
    "ids a string": (body(filters={"document_ids": MARK}), "#/filters/document_ids"),
    "an id a number": (body(filters={"document_ids": ["a", 5]}), "#/filters/document_ids/1"),
    "too many ids": (body(filters={"document_ids": [MARK] * 1001}), "#/filters/document_ids"),
    "an empty source": (body(filters={"source": ""}), "#/filters/source"),
    "a source too long": (body(filters={"source": LONG}), "#/filters/source"),
    "dates reversed": (body(filters={"date_from": "2026-01-02", "date_to": "2026-01-01"}), "#/filters"),
    "a day that never was": (body(filters={"date_from": "2026-02-30"}), "#/filters/date_from"),
    "a date and a time": (body(filters={"date_to": "2026-02-03T00:00:00"}), "#/filters/date_to"),
    "a date written otherwise": (body(filters={"date_from": "20260203"}), "#/filters/date_from"),
    "a date in other digits": (body(filters={"date_from": "२०२६-०२-०३"}), "#/filters/date_from"),
    "a week date": (body(filters={"date_from": "2026-W06"}), "#/filters/date_from"),
    "a date in words": (body(filters={"date_from": MARK}), "#/filters/date_from"),
    "a date a number": (body(filters={"date_from": 20260203}), "#/filters/date_from"),
    "today no date": (body(today=MARK), "#/today"),
    "a switch that is a word": (body(use_dates="yes"), "#/use_dates"),
    "a lone surrogate": (b'{"question": "' + MARK.encode() + b'\\ud800"}', "#/question"),
    "a lone surrogate in a source": (b'{"question": "Who?", "filters": {"source": "\\udfff"}}', "#/filters/source"),
}


@pytest.mark.parametrize("name", INVALID)
def test_what_is_not_valid_is_answered_422_with_a_pointer(http: httpx.Client, name: str) -> None:
    content, pointer = INVALID[name]
    problem = assert_problem(http.post("/api/ask", content=content, headers=JSON), 422)
    assert pointer in [fault["pointer"] for fault in problem["errors"]]


@pytest.mark.parametrize("name", [name for name in INVALID if "confidence" not in name and "context" not in name])
def test_search_is_as_strict_as_ask(http: httpx.Client, name: str) -> None:
    content, pointer = INVALID[name]
    problem = assert_problem(http.post("/api/search", content=content, headers=JSON), 422)
    assert pointer in [fault["pointer"] for fault in problem["errors"]]


@pytest.mark.parametrize("field", ["min_confidence", "context"])
def test_search_has_none_of_the_other_fields_of_ask(http: httpx.Client, field: str) -> None:
    problem = assert_problem(http.post("/api/search", content=body(**{field: None}), headers=JSON), 422)
    assert [fault["pointer"] for fault in problem["errors"]] == [f"#/{field}"]


def test_every_fault_is_told_at_once(http: httpx.Client) -> None:
    content = body(question=5, k=0, filters={"date_from": MARK, "unknown": 1})
    problem = assert_problem(http.post("/api/ask", content=content, headers=JSON), 422)
    pointers = {fault["pointer"] for fault in problem["errors"]}
    assert pointers == {"#/question", "#/k", "#/filters/date_from", "#/filters/unknown"}


def test_a_lone_surrogate_in_the_name_of_a_field_is_answered_422(http: httpx.Client) -> None:
    content = b'{"question": "Who?", "\\ud800": 1}'
    assert_problem(http.post("/api/ask", content=content, headers=JSON), 422)


def test_documents_that_are_not_there_are_named(http: httpx.Client) -> None:
    ids = ["002_73ec0a3e5fd5a0e3", "gone/1", "gone/2"]
    for path in ("/api/ask", "/api/search"):
        problem = assert_problem(http.post(path, content=body(filters={"document_ids": ids}), headers=JSON), 422)
        (fault,) = problem["errors"]
        assert fault["pointer"] == "#/filters/document_ids"
        assert "gone/1" in fault["detail"]
        assert "gone/2" in fault["detail"]
        assert "002_" not in fault["detail"]


MALFORMED = {
    "blanks": b"  ",
    "half an object": b'{"question": "' + MARK.encode(),
    "no JSON": MARK.encode(),
    "single quotes": b"{'question': 'Who?'}",
    "a comma too many": b'{"question": "Who?",}',
    "two values": b'{"question": "Who?"} {}',
    "a raw line feed": b'{"question": "Who\n?"}',
    "invalid UTF-8": b'{"question": "' + MARK.encode() + b'\xff"}',
    "Latin-1": '{"question": "Où?"}'.encode("latin-1"),
    "deep arrays": b'{"question": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep and open": b"[" * 400_000,
    "a number of 5000 digits": b'{"question": "Who?", "k": ' + b"1" * 5000 + b"}",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_json_is_answered_400(http: httpx.Client, name: str) -> None:
    assert_problem(http.post("/api/ask", content=MALFORMED[name], headers=JSON), 400)


@pytest.mark.parametrize(
    "content", [body().decode().encode("utf-16"), body().decode().encode("utf-32"), b'{"question": "\xed\xa0\x80"}']
)
def test_json_that_is_not_in_utf8_is_answered_400(http: httpx.Client, content: bytes) -> None:
    assert_problem(http.post("/api/ask", content=content, headers=JSON), 400)


@pytest.mark.parametrize("field", ["k", "min_confidence", "question", "unknown"])
@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_refused(http: httpx.Client, field: str, value: str) -> None:
    content = f'{{"question": "Who?", "{field}": {value}}}'.encode()
    response = http.post("/api/ask", content=content, headers=JSON)
    assert_problem(response, 422 if response.status_code == 422 else 400)


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", MARK]
)
@pytest.mark.parametrize("path", ["/api/ask", "/api/search"])
def test_another_content_type_is_answered_415(http: httpx.Client, path: str, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    assert_problem(http.post(path, content=body(), headers=headers), 415)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"])
def test_json_may_be_announced_in_every_way_that_means_it(http: httpx.Client, kind: str) -> None:
    assert http.post("/api/ask", content=body(), headers={"content-type": kind}).status_code == 200


def test_a_body_at_the_limit_is_read_and_one_beyond_it_answered_413(http: httpx.Client) -> None:
    full = body().ljust(MAX_BODY)
    assert http.post("/api/ask", content=full, headers=JSON).status_code == 200
    assert_problem(http.post("/api/ask", content=full + b" ", headers=JSON), 413)


def in_pieces(size: int) -> Iterator[bytes]:
    yield body()
    for _ in range(size // 1000):
        yield b" " * 1000


def test_a_body_without_a_length_is_measured_as_it_comes(http: httpx.Client) -> None:
    assert http.post("/api/ask", content=in_pieces(MAX_BODY // 2), headers=JSON).status_code == 200
    assert_problem(http.post("/api/ask", content=in_pieces(2 * MAX_BODY), headers=JSON), 413)


def test_what_is_refused_for_its_size_does_not_stop_the_next(http: httpx.Client) -> None:
    for _ in range(3):
        assert_problem(http.post("/api/ask", content=b" " * (3 * MAX_BODY), headers=JSON), 413)
        assert ask(http, question=ANSWERABLE, min_confidence=0)["answered"]


@pytest.mark.parametrize(
    "path",
    [
        f"/{MARK}",
        f"/api/{MARK}",
        f"/static/{MARK}.js",
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2fsettings.py",
        f"/api/documents/{MARK}",
        "/api/documents/",
        "/api/documents/..%2f..%2fseeds",
        "/api/documents/%00",
        "/api/documents/%ff",
        "/api/ask/more",
    ],
)
def test_what_is_not_there_is_answered_404(http: httpx.Client, path: str) -> None:
    assert_problem(http.get(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/ask", "POST"),
        ("PUT", "/api/ask", "POST"),
        ("DELETE", "/api/search", "POST"),
        ("POST", "/api/health", "GET, HEAD"),
        ("PATCH", "/api/documents", "GET, HEAD, POST"),
        ("PATCH", "/api/documents/002_73ec0a3e5fd5a0e3", "DELETE, GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("POST", "/static/", "GET, HEAD"),
        ("DELETE", "/metrics", "GET, HEAD"),
    ],
)
def test_a_method_that_is_not_there_is_answered_405_with_those_that_are(
    http: httpx.Client, method: str, path: str, allowed: str
) -> None:
    response = http.request(method, path)
    assert_problem(response, 405)
    assert response.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("cursor", mark) for mark in (MARK, "=", "a", "_w==", "é", "YQ==YQ==", "a b")),
        *(("limit", limit) for limit in ("0", "1001", "-1", "five", "1.5", "", MARK)),
        ("q", LONG),
        ("cursor", LONG),
    ],
)
def test_a_bad_query_parameter_is_answered_422_and_named(http: httpx.Client, name: str, value: str) -> None:
    problem = assert_problem(http.get("/api/documents", params={name: value}), 422)
    assert [fault["pointer"] for fault in problem["errors"]] == [f"query/{name}"]


def test_errors_carry_the_headers_that_guard_the_page(http: httpx.Client) -> None:
    for response in (http.get("/nothing"), http.post("/api/ask", content=b"{", headers=JSON)):
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
DATES = st.dates().map(str) | ANYTHING
BODIES = ANYTHING | st.fixed_dictionaries(
    {"question": st.text(max_size=30) | ANYTHING},
    optional={
        "k": st.integers(-2, 60) | ANYTHING,
        "min_confidence": st.floats() | ANYTHING,
        "context": st.text(max_size=30) | ANYTHING,
        "today": DATES,
        "filters": ANYTHING
        | st.fixed_dictionaries(
            {},
            optional={
                "document_ids": st.lists(st.sampled_from([path.stem for path in SEEDS.glob("*.txt")]) | st.text()),
                "source": st.text(max_size=9) | ANYTHING,
                "date_from": DATES,
                "date_to": DATES,
            },
        ),
    },
)


@settings(max_examples=60)
@given(BODIES)
def test_no_json_whatever_it_holds_breaks_the_service(http: httpx.Client, value: Any) -> None:
    response = http.post("/api/ask", content=json.dumps(value).encode(), headers=JSON)
    if response.status_code == 200:
        assert set(response.json()) == ASK_FIELDS
    else:
        assert_problem(response, 422 if response.status_code == 422 else 400)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_service(http: httpx.Client, content: bytes) -> None:
    response = http.post("/api/ask", content=content, headers=JSON)
    assert_problem(response, 422 if response.status_code == 422 else 400)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StorageError("/secret/catalog.sqlite3", "No space left on device"), 507),
        (IndexDamagedError("/secret"), 503),
        (MissingExtraError("the embedding model '/secret/model'", "models"), 503),
    ],
)
def test_a_full_disk_a_damaged_index_and_a_missing_extra_are_told_without_their_places(
    service: Service, error: Exception, status: int
) -> None:
    """Errors that tests/test_faults.py brings about in earnest, as a client is told them."""
    app = create_app(service)

    @app.get("/api/broken")
    def broken() -> None:
        raise error

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://citeqa") as client:
            return await client.get("/api/broken")

    assert "secret" not in json.dumps(assert_problem(anyio.run(get), status))


def test_an_error_inside_shows_nothing_of_the_inside(seeds_index: Path, embedder: Embedder, reader: OnnxReader) -> None:
    """A service whose index was closed under it cannot answer: the caller learns that, and no more."""
    index = Index(seeds_index)
    closed = Service(index, Answerer(index, embedder, reader, confidence.load()[0]))
    closed.close()
    transport = httpx.ASGITransport(create_app(closed), raise_app_exceptions=False)

    async def get() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://citeqa") as client:
            return await client.get("/api/documents/002_73ec0a3e5fd5a0e3")

    problem = assert_problem(anyio.run(get), 500)
    assert "sqlite" not in json.dumps(problem).lower()
    assert "closed" not in json.dumps(problem).lower()

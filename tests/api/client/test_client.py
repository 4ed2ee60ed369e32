"""The client against real servers: what it gives, what it raises, what it sends again, and the command line over it."""

from __future__ import annotations

import asyncio
import inspect
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.servers import READ, WRITE, ConfiguredServer

from citeqa.api.cli.main import main
from citeqa.api.client.aio import AsyncClient
from citeqa.api.client.calls import ATTEMPTS
from citeqa.api.client.client import Client
from citeqa.api.client.errors import (
    BusyError,
    RefusedError,
    ServiceError,
    UnexpectedAnswerError,
    UnreachableError,
)
from citeqa.api.schemas import DocumentIn
from citeqa.api.service import Service
from citeqa.index.errors import CiteqaError
from citeqa.index.types import Filters
from citeqa.rag.citation.verification import Claim
from citeqa.rag.options import AskOptions

QUESTION = "How much aid did the US pledge to Cubans?"


@pytest.fixture(scope="module")
def server(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfiguredServer]:
    log = tmp_path_factory.mktemp("client") / "log"
    started = ConfiguredServer(seeds_index, log, read_keys=READ, write_keys=WRITE)
    yield started
    assert started.stop() == 0


@pytest.fixture(scope="module")
def client(server: ConfiguredServer) -> Iterator[Client]:
    with Client(server.url + "/", READ) as opened:
        yield opened


def test_every_method_returns_its_own_type(client: Client, service: Service) -> None:
    answer = client.ask(
        QUESTION, AskOptions(k=2, filters=Filters(frozenset({"002_73ec0a3e5fd5a0e3"})), min_confidence=0)
    )
    assert answer.answer
    assert "9 million" in answer.answer.text
    assert len(answer.evidence) == 2
    c = answer.answer.citation
    document = client.document(c.document_id)
    assert document.text[c.start : c.end] == c.quote
    claim = Claim(c.document_id, c.document_sha256, c.start, c.end, c.quote, c.sentence.text, c.sentence.start)
    for cited in (c, claim, client.verify(c).citation):  # what a client returns, it also takes
        assert cited
        verdict = client.verify(cited)
        assert (verdict.status, verdict.citation) == ("valid", c)
    carried = client.context("And why?", answer)
    assert carried.chips
    assert client.search(QUESTION, AskOptions(k=3)).evidence[0].passage_id == answer.evidence[0].passage_id
    assert [one.id for one in client.all_documents()] == [one.id for one in client.documents(limit=9).documents]
    assert client.ready().authentication
    batch = client.batch([QUESTION, "Who discovered penicillin?"], AskOptions(min_confidence=0))
    assert [result.response and result.response.question for result in batch.results] == [
        QUESTION,
        "Who discovered penicillin?",
    ]
    read = client.read(
        "When was it opened?",
        [DocumentIn(id="h", text="The harbour was opened in 1987.")],
        AskOptions(min_confidence=0),
    )
    assert read.answer
    assert read.answer.text == "1987"


def test_all_documents_are_given_page_by_page(client: Client) -> None:
    first = client.documents(limit=2)
    second = client.documents(limit=2, cursor=first.next_cursor)
    assert [one.id for one in first.documents + second.documents] == [one.id for one in client.all_documents()][:4]


def test_a_refusal_says_why_and_by_which_id_the_log_has_it(server: ConfiguredServer, client: Client) -> None:
    with Client(server.url) as nobody, pytest.raises(RefusedError, match="CITEQA_KEY") as refused:
        nobody.ask(QUESTION)
    assert (refused.value.status, refused.value.problem.title) == (401, "Unauthorized")
    assert refused.value.request_id
    assert server.log_line(refused.value.request_id)["status"] == 401
    with pytest.raises(RefusedError, match=r"#/filters/document_ids: No such document: gone") as wrong:
        client.ask(QUESTION, AskOptions(filters=Filters(frozenset({"gone"}))))
    assert wrong.value.status == 422
    with pytest.raises(RefusedError, match="no document with this id"):
        client.document("a/../b")
    with pytest.raises(RefusedError) as forbidden:
        client.add(DocumentIn(id="a", text="b"))
    assert forbidden.value.status == 403
    assert isinstance(refused.value, ServiceError | CiteqaError)


@pytest.mark.slow
def test_documents_are_added_uploaded_judged_and_deleted(seeds_index: Path, tmp_path: Path) -> None:
    index, text = tmp_path / "index", "The lighthouse of Rook Point was built in 1871." + "\n" * 200_000
    shutil.copytree(seeds_index, index)
    (tmp_path / "rook.txt").write_text(text, encoding="utf-8")
    sent: list[tuple[int, int]] = []
    with (
        ConfiguredServer(index, tmp_path / "log", writing="true") as server,
        Client(server.url) as client,
    ):
        assert client.add(DocumentIn(id="ferry", text="The ferry leaves at noon.")).change == client.change
        asked = client.ask("When does the ferry leave?", AskOptions(min_confidence=0))
        answer, answer_shows = asked.answer, asked.index.change
        assert answer
        assert answer.citation.document_id == "ferry"
        client.feedback("When does the ferry leave?", "right", answer.citation)
        client.feedback("Who built it?", "missing")
        assert client.change == client.ready().index.change == answer_shows
        uploaded = client.upload(tmp_path / "rook.txt", document_id="rook", progress=lambda *given: sent.append(given))
        assert (uploaded.id, client.document("rook").text) == ("rook", text)
        client.delete("rook")
        with pytest.raises(RefusedError, match="no document with this id"):
            client.document("rook")
        assert client.change == client.ready().index.change
        client.change += 1
        with pytest.raises(BusyError, match="not yet"):
            client.search("When does the ferry leave?")
    assert [size for _, size in sent] == [len(text)] * len(sent)
    assert sorted(set(sent)) == sent
    assert len(sent) > 1
    assert sent[-1] == (len(text), len(text))
    kept = [json.loads(line) for line in (index / "feedback.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["question"] for row in kept] == ["When does the ferry leave?", "Who built it?"]


def test_the_client_that_awaits_does_the_same(server: ConfiguredServer, client: Client) -> None:
    async def asked() -> None:
        async with AsyncClient(server.url, READ) as service:
            found = await service.ask(QUESTION, AskOptions(min_confidence=0))
            expected = client.ask(QUESTION, AskOptions(min_confidence=0))
            assert found.model_dump(exclude={"timing_ms"}) == expected.model_dump(exclude={"timing_ms"})
            assert found.answer
            assert (await service.verify(found.answer.citation)).status == "valid"
            assert [one.id async for one in service.all_documents()] == [one.id for one in client.all_documents()]
            with pytest.raises(RefusedError) as refused:
                await service.delete("a")
            assert refused.value.status == 403
        async with AsyncClient("http://127.0.0.1:9", timeout=5) as nowhere:
            with pytest.raises(UnreachableError):
                await nowhere.ready()

    asyncio.run(asked())


def test_both_clients_have_the_same_methods_and_say_the_same_of_them() -> None:
    def methods(of: type) -> dict[str, tuple[str, str | None]]:
        found = {name: value for name, value in vars(of).items() if not name.startswith("_") or name == "__init__"}
        signatures = {
            name: str(inspect.signature(value)).replace("AsyncIterator", "Iterator") for name, value in found.items()
        }
        return {name: (signatures[name], inspect.getdoc(value)) for name, value in found.items()}

    assert methods(AsyncClient) == methods(Client)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "http://[::1]:9", "http://", "http://a b", "http://no.invalid"])
def test_an_unreachable_service_is_named(url: str) -> None:
    with Client(url, timeout=5) as nowhere, pytest.raises(UnreachableError):
        nowhere.ready()


Answer = tuple[int, dict[str, str], bytes] | None


@pytest.fixture
def scripted() -> Iterator[Callable[[list[Answer]], tuple[Client, list[str]]]]:
    """Starts a server that gives the answers written down in order, None breaks the connection off; and a client."""
    stack: list[Callable[[], None]] = []

    def start(answers: list[Answer]) -> tuple[Client, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                asked.append(f"{self.command} {self.path}")
                answer = answers[len(asked) - 1]
                if answer is None:
                    self.close_connection = True
                    return
                status, headers, content = answer
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(content))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_DELETE = do_POST  # noqa: N815

            def log_message(self, *given: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        client = Client(f"http://127.0.0.1:{server.server_port}", timeout=5)
        stack.extend((client.close, server.shutdown, server.server_close, thread.join))
        return client, asked

    yield start
    for step in stack:
        step()


BUSY: Answer = (503, {"Retry-After": "0"}, b"{}")
READY: Answer = (
    200,
    {},
    json.dumps(
        {
            "status": "ready",
            "index": {"documents": 1, "passages": 1, "embedder": "x", "change": 1},
            "confidence": {"fitted_to": "shipped", "threshold": 0.5, "questions": None, "unused": None},
            "versions": {},
            "look": "once",
            "lag": 0,
            "advice": [],
            "originals": False,
            "writing": False,
            "authentication": False,
        }
    ).encode(),
)


@pytest.mark.parametrize("first", [BUSY, (429, {"Retry-After": "0"}, b"x"), None], ids=["503", "429", "broken off"])
def test_requests_that_change_nothing_are_repeated(
    scripted: Callable[[list[Answer]], tuple[Client, list[str]]], first: Answer
) -> None:
    client, asked = scripted([first, READY])
    assert client.ready().index.documents == 1
    assert len(asked) == 2


def test_a_change_is_sent_again_only_if_nothing_was_done(
    scripted: Callable[[list[Answer]], tuple[Client, list[str]]],
) -> None:
    client, asked = scripted([BUSY, (204, {}, b""), None, (204, {}, b"")])
    client.delete("a")
    assert len(asked) == 2
    with pytest.raises(UnreachableError):
        client.delete("a")
    assert asked == ["DELETE /api/documents/a"] * 3


def test_the_number_of_attempts_is_limited(scripted: Callable[[list[Answer]], tuple[Client, list[str]]]) -> None:
    client, asked = scripted([BUSY] * 9)
    with pytest.raises(BusyError):
        client.ready()
    assert len(asked) == ATTEMPTS


@pytest.mark.parametrize("answer", [(503, {"Retry-After": "3600"}, b""), (500, {}, b""), (404, {}, b"<html>")])
def test_errors_that_waiting_would_not_fix_are_raised_at_once(
    scripted: Callable[[list[Answer]], tuple[Client, list[str]]], answer: Answer
) -> None:
    client, asked = scripted([answer] * 3)
    with pytest.raises(RefusedError):
        client.ready()
    assert len(asked) == 1


@pytest.mark.parametrize("content", [b"", b"<html>hello</html>", b"{}", b'{"status": "ready"}', b"\xff"])
def test_a_response_that_is_not_from_citeqa_is_refused(
    scripted: Callable[[list[Answer]], tuple[Client, list[str]]], content: bytes
) -> None:
    client, _ = scripted([(200, {}, content)])
    with pytest.raises(UnexpectedAnswerError, match="version of citeqa"):
        client.ready()


@pytest.fixture
def citeqa(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """Runs a command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["citeqa", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


COMMANDS = {
    "ask": ("ask", QUESTION, "--k", 2, "--min-confidence", 0),
    "abstain": ("ask", "Who discovered penicillin?", "--min-confidence", 1),
    "filters": ("ask", "What did Rubio say?", "--from", "2026-02-26", "--to", "2026-02-26", "--min-confidence", 0),
    "search": ("search", "maritime security", "--k", 3),
    "documents": ("documents",),
    "some documents": ("documents", "--contains", "rubio"),
}


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["text", "json"])
def test_a_command_says_the_same_of_a_service_as_of_its_index(
    citeqa: Callable[..., tuple[int, str, str]],
    server: ConfiguredServer,
    seeds_index: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    form: tuple[str, ...],
) -> None:
    here = citeqa(*COMMANDS[name], *form, "--index", seeds_index)
    monkeypatch.setenv("CITEQA_KEY", READ)
    there = citeqa(*COMMANDS[name], *form, "--url", server.url)
    assert here[0] == there[0] == 0
    if form:
        said, expected = json.loads(there[1]), json.loads(here[1])
        said.pop("timing_ms", None), expected.pop("timing_ms", None)
        assert said == expected
    else:
        assert there[1] == here[1]


def test_a_citation_is_verified_by_a_service_as_by_its_index(
    citeqa: Callable[..., tuple[int, str, str]],
    server: ConfiguredServer,
    seeds_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CITEQA_KEY", READ)
    monkeypatch.setenv("CITEQA_URL", server.url)
    answer = json.loads(citeqa("ask", QUESTION, "--min-confidence", 0, "--json")[1])
    file = tmp_path / "citation.json"
    for sha256, status in ((answer["answer"]["citation"]["document_sha256"], 0), ("0" * 64, 0)):
        answer["answer"]["citation"]["document_sha256"] = sha256
        file.write_text(json.dumps(answer))
        there, here = citeqa("verify", file), citeqa("verify", file, "--index", seeds_index)
        assert there[:2] == here[:2]
        assert there[0] == status
    answer["answer"]["citation"]["document_id"] = "gone"
    file.write_text(json.dumps(answer))
    assert citeqa("verify", file) == citeqa("verify", file, "--index", seeds_index)
    assert citeqa("verify", file)[0] == 1


def test_the_command_line_says_what_went_wrong_with_a_service(
    citeqa: Callable[..., tuple[int, str, str]], server: ConfiguredServer, seeds_index: Path
) -> None:
    status, out, err = citeqa("ask", QUESTION, "--url", server.url)
    assert (status, out) == (1, "")
    assert "answers 401" in err
    assert "CITEQA_KEY" in err
    status, out, err = citeqa("ask", QUESTION, "--url", "http://127.0.0.1:9")
    assert (status, out) == (1, "")
    assert "cannot be reached" in err
    assert citeqa("ask", QUESTION, "--url", server.url, "--index", seeds_index)[0] == 2
    assert citeqa("ask", QUESTION, "--url", "ftp://somewhere")[0] == 2

"""Documents added, replaced and removed over HTTP, and citations verified: asked of a real server process."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.made_files import docx, epub, paragraph, pdf
from support.paths import ROOT
from support.servers import Server

from citeqa.api.settings import Settings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update

MARK = "qzxmarkqzx"  # stands in bad values, and must not come back
JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=b"}
MAX_BODY: int = Settings.model_fields["max_body"].default
MAX_UPLOAD: int = Settings.model_fields["max_upload"].default
OWL = "The owl of 🦊 hoots at midnight.\r\nIt has three eyes. "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Path:
    docs = tmp_path_factory.mktemp("writing")
    (docs / "fox.txt").write_text("The fox sleeps at noon. Its den is under the old mill.")
    update(docs / "index", [docs / "fox.txt"], embedder)
    return docs / "index"


@pytest.fixture(scope="module")
def http(folder: Path) -> Iterator[httpx.Client]:
    """A server that may write."""
    server = Server(folder, 0, "--writing")
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client
    assert server.stop() in (0, 130)


@pytest.fixture(scope="module")
def closed(seeds_index: Path) -> Iterator[httpx.Client]:
    """A server that may not."""
    server = Server(seeds_index)
    with httpx.Client(base_url=server.url, timeout=60, trust_env=False) as client:
        yield client
    assert server.stop() in (0, 130)


def change_of(written: httpx.Response) -> int:
    change = int(written.headers["citeqa-change"])
    assert written.json()["change"] == change
    return change


def address(document_id: str) -> str:
    return f"/api/documents/{quote(document_id, safe='')}"


def post(http: httpx.Client, **document: Any) -> httpx.Response:
    return http.post("/api/documents", json=document)


def upload(http: httpx.Client, name: str, data: bytes, **fields: str) -> httpx.Response:
    return http.post("/api/documents", files={"file": (name, data)}, data=fields)


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem of a response, which must have the one shape and nothing of the request in it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert MARK not in response.text
    found: dict[str, Any] = response.json()
    assert (found["type"], found["status"]) == ("about:blank", status)
    assert list(found) == ["type", "title", "status", "detail", "errors"]
    return found


def found_first(http: httpx.Client, question: str) -> dict[str, Any]:
    answer = http.post("/api/search", json={"question": question, "k": 1}).raise_for_status().json()
    first: dict[str, Any] = answer["evidence"][0]
    return first


# --- added, replaced, removed


def test_what_is_replaced_is_named_and_may_be_refused(http: httpx.Client) -> None:
    assert post(http, id="nests", text=OWL).json()["replaced"] is None
    refused = http.post("/api/documents", json={"id": "nests", "text": "Other."}, headers={"If-None-Match": "*"})
    assert problem(refused, 412)["detail"] == "There is a document with this id, and nothing is to be replaced."
    assert http.get(address("nests")).json()["text"] == OWL
    replaced = upload(http, "nests.txt", b"Herons nest in May.")
    assert (replaced.status_code, replaced.json()["replaced"]) == (200, hashlib.sha256(OWL.encode()).hexdigest())
    assert http.delete(address("nests")).status_code == 204
    added = http.post("/api/documents", json={"id": "nests", "text": OWL}, headers={"If-None-Match": "*"})
    assert added.status_code == 201
    assert http.delete(address("nests")).status_code == 204
    problem(http.post("/api/documents", json={"id": "n", "text": "x"}, headers={"If-None-Match": '"a"'}), 422)


@pytest.mark.parametrize(
    "name",
    ["owl", "a b/ü🦊", "日本/資料", "50%25 off?#x&y=z", "\\", "a:1-2", 'quote\'d "id"', "..a/b..", " "],
)
def test_a_document_is_added_replaced_and_removed_under_any_id(http: httpx.Client, name: str) -> None:
    added = post(http, id=name, text=OWL, title="Owls", author="A", date="2026-03-01", source="S", url="https://x/")
    assert added.status_code == 201, added.text
    assert added.headers["location"] == f"/api/documents/{quote(name)}"
    served = http.get(address(name)).raise_for_status().json()
    assert served | {"replaced": None, "change": change_of(added)} == added.json()
    assert (served["text"], served["title"], served["author"]) == (OWL, "Owls", "A")
    assert (served["date"], served["source"], served["url"]) == ("2026-03-01", "S", "https://x/")
    assert served["sha256"] == hashlib.sha256(OWL.encode()).hexdigest()
    first = found_first(http, "When does the owl hoot?")
    assert first["document_id"] == name
    assert OWL[first["start"] : first["end"]] == first["text"]

    again = post(http, id=name, text=OWL, title="Owls", author="A", date="2026-03-01", source="S", url="https://x/")
    kept = served | {"replaced": served["sha256"], "change": change_of(again)}
    assert (again.status_code, again.json()) == (200, kept)
    assert "location" not in again.headers
    replaced = post(http, id=name, text="The owl hoots at dawn now.")
    assert replaced.status_code == 200
    assert replaced.json()["author"] is None
    assert found_first(http, "When does the owl hoot?")["text"] == "The owl hoots at dawn now."

    removed = http.delete(address(name))
    assert (removed.status_code, removed.content) == (204, b"")
    problem(http.get(address(name)), 404)
    problem(http.delete(address(name)), 404)
    assert found_first(http, "When does the owl hoot?")["document_id"] == "fox"


FILES = {
    "note.txt": "Herons nest in May.".encode("utf-8-sig"),
    "latin.txt": "Die Störche brüten im Frühling auf den Dächern der Stadt, wie jedes Jahr zuvor.".encode("latin-1"),
    "note.md": b"# Cranes\n\nHerons nest in May.",
    "page.html": b"<html><head><title>T</title></head><body><article><p>Herons nest in May, says the warden of the"
    b" marsh.</p></article></body></html>",
    "pages.pdf": pdf(["Storks return."], ["Herons nest in May."]),
    "word.docx": docx(paragraph("Herons ", "nest in May.")),
    "book.epub": epub(
        '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><p>Herons nest in May.</p></body></html>'
    ),
    "mail.eml": b"From: a@b.example\r\nSubject: Birds\r\n\r\nHerons nest in May.\r\n",
    "row.jsonl": b'{"id": "row", "text": "Herons nest in May."}\n',
    "packed.jsonl.gz": gzip.compress(b'{"id": "packed", "text": "Herons nest in May."}\n'),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_every_format_is_read_as_in_a_folder(
    http: httpx.Client, tmp_path: Path, embedder: Embedder, name: str
) -> None:
    (tmp_path / name).write_bytes(FILES[name])
    update(tmp_path / "index", [tmp_path / name], embedder)
    with closing(Index(tmp_path / "index")) as index:
        expected = index.document(index.summaries(1)[0][0].id)
    sent = upload(http, name, FILES[name])
    assert sent.status_code == 201, sent.text
    assert {field: sent.json()[field] for field in ("id", "title", "text", "sha256", "file_sha256", "encoding")} == {
        field: getattr(expected, field) for field in ("id", "title", "text", "sha256", "file_sha256", "encoding")
    }
    assert upload(http, name, FILES[name]).status_code == 200
    assert http.delete(address(expected.id)).status_code == 204


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("a.txt", "own/id 1", "own/id 1"),
        ("../../etc/passwd.txt", None, "passwd"),
        ("C:\\docs\\report.txt", None, "report"),
        ("no ending", None, "no ending"),
        (".txt", None, ".txt"),
        (unicodedata.normalize("NFD", "späß 🦊.md"), None, "späß 🦊"),
    ],
)
def test_an_uploaded_file_has_the_id_given_or_its_name(
    http: httpx.Client, name: str, given: str | None, expected: str
) -> None:
    sent = upload(http, name, b"Herons nest in May.", **({"id": given} if given else {}))
    assert (sent.status_code, sent.json()["id"]) == (201, expected)
    assert http.delete(address(expected)).status_code == 204


def test_a_citation_of_an_uploaded_file_names_its_page(http: httpx.Client) -> None:
    assert upload(http, "pages.pdf", FILES["pages.pdf"]).status_code == 201
    body = {"question": "When do herons nest?", "min_confidence": 0}
    answer = http.post("/api/ask", json=body).raise_for_status().json()["answer"]
    assert (answer["citation"]["document_id"], answer["citation"]["page"]) == ("pages", 2)
    assert http.delete(address("pages")).status_code == 204


# --- refused


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ({"id": f"{MARK}/..", "text": "x y."}, "#/id"),
        ({"id": "..", "text": "x y."}, "#/id"),
        ({"id": f"/{MARK}", "text": "x y."}, "#/id"),
        ({"id": f"{MARK}//b", "text": "x y."}, "#/id"),
        ({"id": f"{MARK}\n", "text": "x y."}, "#/id"),
        ({"id": "ü" * 257, "text": "x y."}, "#/id"),
        ({"id": "", "text": "x y."}, "#/id"),
        ({"id": 7, "text": "x y."}, "#/id"),
        ({"id": MARK}, "#/text"),
        ({"id": MARK, "text": ""}, "#/text"),
        ({"id": MARK, "text": " \n\t"}, "#/text"),
        ({"id": MARK, "text": f"{MARK}\0"}, "#/text"),
        ({"id": MARK, "text": "x y.", "date": "2026-02-30"}, "#/date"),
        ({"id": MARK, "text": "x y.", "date": 20260230}, "#/date"),
        ({"id": MARK, "text": "x y.", "title": ""}, "#/title"),
        ({"id": MARK, "text": "x y.", "a/~b": MARK}, "#/a~1~0b"),
        ([], "#"),
    ],
)
def test_json_that_is_no_document_is_answered_422_with_a_pointer(
    http: httpx.Client, document: Any, pointer: str
) -> None:
    found = problem(http.post("/api/documents", json=document), 422)
    assert [error["pointer"] for error in found["errors"]] == [pointer]
    assert http.get("/api/documents").json()["total"] == 1


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.txt", b"", "it is empty"),
        ("blank.md", b" \r\n", "it is empty"),
        ("binary.txt", bytes(range(256)) * 8, "it is not text in any known encoding"),
        ("picture.gif", b"GIF89a", "files ending in '.gif' are not read"),
        ("locked.pdf", pdf(["Herons."], extra=b"/Encrypt << /Filter /Standard /V 4 >>"), ""),
        ("broken.docx", b"PK\x03\x04", ""),
        ("two.jsonl", b'{"id": "a", "text": "A."}\n{"id": "b", "text": "B."}\n', "it holds several documents"),
        ("bad.jsonl", b'{"id": "a"}\n', "text"),
        ("none.jsonl", b"", "it is empty"),
        ("..", b"Herons.", "its name cannot be a file's"),
        ("n" * 300 + ".txt", b"Herons.", "its name cannot be a file's"),
    ],
)
def test_a_file_that_cannot_be_read_is_answered_422_with_the_reason(
    http: httpx.Client, name: str, data: bytes, reason: str
) -> None:
    found = problem(upload(http, name, data), 422)
    assert [error["pointer"] for error in found["errors"]] == ["#/file"]
    assert reason in found["errors"][0]["detail"]
    assert found["errors"][0]["detail"]
    assert http.get("/api/documents").json()["total"] == 1


@pytest.mark.parametrize(
    ("files", "fields", "pointer"),
    [
        ([("file", ("a.txt", b"x y."))], {"title": MARK}, "#/title"),
        ([("file", ("a.txt", b"x y."))], {"id": f"{MARK}/.."}, "#/id"),
        ([("file", ("a.txt", b"x y."))], {"id": ["a", "b"]}, "#/id"),
        ([("other", ("a.txt", b"x y."))], {}, "#/other"),
        ([("id", ("a.txt", b"x y."))], {"file": MARK}, "#/file"),
    ],
)
def test_a_form_with_other_fields_is_answered_422_with_a_pointer(
    http: httpx.Client, files: Any, fields: dict[str, Any], pointer: str
) -> None:
    found = problem(http.post("/api/documents", files=files, data=fields), 422)
    assert [error["pointer"] for error in found["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b'{"id": "a", "text"', JSON),
        (b'{"id": "a", "text": "\\ud800"}', JSON),
        ('{"id": "a", "text": "é"}'.encode("latin-1"), JSON),
        (b"no form", FORM),
        (b"--b\r\n", {"content-type": "multipart/form-data"}),
        (b'--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n' * 2 + b"--b--", FORM),
    ],
)
def test_what_is_neither_json_nor_a_form_is_answered_400(
    http: httpx.Client, content: bytes, headers: dict[str, str]
) -> None:
    detail = problem(http.post("/api/documents", content=content, headers=headers), 400)["detail"]
    assert ("form" in detail) == ("form" in headers["content-type"])


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/pdf", None])
def test_another_content_type_is_answered_415(http: httpx.Client, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    problem(http.post("/api/documents", content=b"id=a", headers=headers), 415)


def test_a_document_may_be_larger_than_a_question_but_not_without_end(http: httpx.Client) -> None:
    text = "Herons nest. " * (2 * MAX_BODY // 13)
    skipped = problem(post(http, id="a b", text=text, nothing=1), 422)  # it was read: it has a field too many
    assert skipped["errors"][0]["pointer"] == "#/nothing"
    assert (
        "64,000,000"
        in problem(http.post("/api/documents", content=b"x" * (MAX_UPLOAD + 1), headers=JSON), 413)["detail"]
    )
    problem(http.post("/api/ask", content=b"x" * (MAX_BODY + 1), headers=JSON), 413)


def test_only_the_services_own_page_and_programs_may_write(http: httpx.Client) -> None:
    for origin in ("http://elsewhere.example", "null", "http://[", "http://[::1", "//", "http://]/"):
        refused = http.post("/api/documents", json={"id": "a", "text": "x y."}, headers={"origin": origin})
        problem(refused, 403)
        problem(http.delete("/api/documents/fox", headers={"origin": origin}), 403)
    own = str(http.base_url).rstrip("/")
    sent = http.post("/api/documents", json={"id": "a", "text": "x y."}, headers={"origin": own})
    assert sent.status_code == 201
    assert http.delete("/api/documents/a", headers={"origin": own}).status_code == 204


def test_writing_must_be_allowed(closed: httpx.Client) -> None:
    for refused in (
        post(closed, id="a", text="x y."),
        upload(closed, "a.txt", b"x y."),
        closed.post("/api/documents", content=b"no document", headers={"content-type": "text/plain"}),
        closed.delete("/api/documents/nothing"),
        closed.delete("/api/documents/001_6fe46eaa118b1c1d"),
    ):
        assert "--writing" in problem(refused, 403)["detail"]
    problem(closed.post("/api/documents", content=b"x" * (MAX_BODY + 1), headers=JSON), 413)
    assert closed.get("/api/documents").json()["total"] == 5


@pytest.mark.slow
def test_while_another_process_writes_it_is_said_who_and_when_to_try_again(http: httpx.Client, folder: Path) -> None:
    with writer_lock(folder, "making everything again"):
        for busy in (post(http, id="a", text="x y."), http.delete("/api/documents/fox")):
            assert "making everything again, since 2" in problem(busy, 503)["detail"]
            assert int(busy.headers["retry-after"]) > 0
        assert found_first(http, "Where is the den?")["document_id"] == "fox"
    assert post(http, id="a", text="x y.").status_code == 201
    assert http.delete("/api/documents/a").status_code == 204


def test_the_contract_describes_what_may_be_posted(http: httpx.Client) -> None:
    described = http.get("/openapi.json").json()["paths"]["/api/documents"]["post"]
    kinds = described["requestBody"]["content"]
    assert set(kinds["application/json"]["schema"]["properties"]) == {
        *("id", "text", "title", "author", "date", "source", "url")
    }
    assert set(kinds["multipart/form-data"]["schema"]["properties"]) == {"file", "id"}
    assert {"200", "201", "400", "403", "413", "415", "422", "503"} <= set(described["responses"])


# --- verified


def test_the_example_of_the_documentation_is_real(http: httpx.Client) -> None:
    page = (ROOT / "docs" / "how-to" / "own-documents.md").read_text(encoding="utf-8")
    first = re.search(r'This one is of the file.*?\s+said "(.*?)"', page, re.DOTALL)
    posted = re.search(r"/api/documents -H .*?-d '(.*?)'", page, re.DOTALL)
    example = re.search(r"/api/verify -H .*?-d '(.*?)'\n(.*?)\n```", page, re.DOTALL)
    assert first
    assert posted
    assert example
    replacement = json.loads(posted[1])
    text = " ".join(first[1].split()) + "\n"
    assert upload(http, "ferry.txt", text.encode(), id=replacement["id"]).status_code == 201
    given = json.loads(example[1])
    assert verify(http, given["citation"])["status"] == "valid"
    assert post(http, **replacement).status_code == 200
    assert http.post("/api/verify", json=given).text == example[2]
    assert http.delete(address(replacement["id"])).status_code == 204


@pytest.fixture(scope="module")
def citation(closed: httpx.Client) -> dict[str, Any]:
    body = {"question": "How much aid did the US pledge to Cubans?", "min_confidence": 0}
    found: dict[str, Any] = closed.post("/api/ask", json=body).raise_for_status().json()["answer"]["citation"]
    return found


def verify(http: httpx.Client, citation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = http.post("/api/verify", json={"citation": citation}).raise_for_status().json()
    assert list(found) == ["status", "citation", "nearest"]
    return found


def test_a_citation_is_valid_just_as_it_came(closed: httpx.Client, citation: dict[str, Any]) -> None:
    assert verify(closed, citation) == {"status": "valid", "citation": citation, "nearest": None}
    needed = {name: citation[name] for name in ("document_id", "document_sha256", "start", "end", "quote")}
    assert verify(closed, needed)["status"] == "valid"


def test_a_citation_moves_changes_and_goes_with_its_document(http: httpx.Client) -> None:
    words = "The ferry to Inishbofin leaves at half past nine."
    assert post(http, id="ferry", text=f"Notice. {words}").status_code == 201
    body = {"question": "When does the ferry to Inishbofin leave?", "min_confidence": 0}
    given = http.post("/api/ask", json=body).raise_for_status().json()["answer"]["citation"]
    assert given["document_id"] == "ferry"

    post(http, id="ferry", text=f"Notice 🦊 of today. Nothing else. {words}")
    moved = verify(http, given)
    assert (moved["status"], moved["nearest"]) == ("moved", None)
    text = http.get(address("ferry")).json()["text"]
    assert text[moved["citation"]["start"] : moved["citation"]["end"]] == given["quote"] == moved["citation"]["quote"]
    assert moved["citation"]["start_utf16"] == moved["citation"]["start"] + 1
    assert verify(http, moved["citation"])["status"] == "valid"

    post(http, id="ferry", text="Notice. The ferry to Inishbofin leaves at noon now.")
    changed = verify(http, given)
    assert (changed["status"], changed["citation"]) == ("changed", None)
    assert changed["nearest"]["quote"] == "The ferry to Inishbofin leaves at noon now."

    assert http.delete(address("ferry")).status_code == 204
    assert verify(http, given) == {"status": "gone", "citation": None, "nearest": None}
    post(http, id="renamed", text=f"Notice. {words}")
    renamed = verify(http, given)
    assert (renamed["status"], renamed["citation"]["document_id"]) == ("moved", "renamed")
    assert http.delete(address("renamed")).status_code == 204


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"document_sha256": MARK}, "#/citation/document_sha256"),
        ({"start": -1}, "#/citation/start"),
        ({"start": "1"}, "#/citation/start"),
        ({"quote": ""}, "#/citation/quote"),
        ({"quote": MARK * 99}, "#/citation"),
        ({"document_id": None}, "#/citation/document_id"),
        ({"sentence": MARK}, "#/citation/sentence"),
    ],
)
def test_what_is_no_citation_is_answered_422_with_a_pointer(
    closed: httpx.Client, citation: dict[str, Any], change: dict[str, Any], pointer: str
) -> None:
    found = problem(closed.post("/api/verify", json={"citation": citation | change}), 422)
    assert [error["pointer"] for error in found["errors"]] == [pointer]
    assert problem(closed.post("/api/verify", json={"citation": citation, MARK[:3] + "y": 1}), 422)
    problem(closed.post("/api/verify", content=json.dumps({}), headers={"content-type": "text/plain"}), 415)


def events(reply: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    assert reply.headers["content-type"].startswith("text/event-stream")
    pairs = re.findall(r"event: (.*)\ndata: (.*)\n\n", reply.text)
    return [(name, json.loads(data)) for name, data in pairs]


def test_a_document_that_is_stored_tells_how_far_it_is(http: httpx.Client) -> None:
    streamed = {"accept": "text/event-stream"}
    text = "".join(f"Lighthouse {n} was lit by keeper {n * 7} of the guild.\n\n" for n in range(2000))
    reply = http.post("/api/documents", files={"file": ("lights.txt", text)}, headers=streamed)
    *before, (name, stored) = events(reply)
    assert {one for one, _ in before} == {"progress"}
    passages = http.get("/api/documents", params={"q": "lights"}).json()["documents"][0]["passages"]
    done = [told["passages"] for _, told in before]
    assert done == sorted(done)
    assert any(0 < passed < passages for passed in done)
    assert done[-1] == passages
    assert (name, stored["id"], stored["replaced"]) == ("stored", "lights", None)
    again = http.post("/api/documents", json={"id": "lights", "text": "Dark."}, headers=streamed)
    assert events(again)[-1][1]["replaced"] == stored["sha256"]
    assert events(again)[-1][1]["change"] > stored["change"]
    refused = http.post("/api/documents", json={"id": "lights", "text": "x"}, headers=streamed | {"if-none-match": "*"})
    assert events(refused)[-1][0] == "problem"
    assert events(refused)[-1][1]["status"] == 412
    assert http.post("/api/documents", json={"id": "lights"}, headers=streamed).status_code == 422
    assert http.delete("/api/documents/lights").status_code == 204

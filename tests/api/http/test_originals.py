"""The files that documents came from: given where they lie, and only while they are what was read."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.made_files import pdf
from support.servers import in_this_process

from citeqa.api.http.app import create_app
from citeqa.api.live import LiveService
from citeqa.api.settings import Settings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.writer import update

TEXT = "The fox sleeps at noon. Its den is under the old mill.\n" * 40
HTML = "<html><body><script>alert(1)</script><p>The owl hoots at midnight in the barn.</p></body></html>"


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("originals") / "docs"
    (folder / "sub ü").mkdir(parents=True)
    (folder / "fox.txt").write_text(TEXT)
    (folder / "sub ü" / "owl's 1.html").write_text(HTML)
    (folder / "plan.pdf").write_bytes(pdf(["The harbour was opened in 1987."]))
    (folder / "rows.jsonl").write_text('{"id": "row", "text": "Row one."}\n')
    (folder.parent / "secret.txt").write_text("The codeword is Quetzal.")
    (folder.parent / ".env").write_text("KEY=secret")
    return folder


@contextmanager
def serving(index: Path, models: Path, **more: object) -> Iterator[httpx.Client]:
    chosen = Settings(**{"originals": True, "writing": True} | more)  # type: ignore[arg-type]
    with (
        closing(LiveService(index, models)) as live,
        in_this_process(create_app(live, settings=chosen), chosen) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def http(docs: Path, models: Path, embedder: Embedder) -> Iterator[httpx.Client]:
    update(docs.parent / "index", [docs], embedder)
    with serving(docs.parent / "index", models) as client:
        yield client


def original(http: httpx.Client, document_id: str, **headers: str) -> httpx.Response:
    return http.get(f"/api/originals/{quote(document_id, safe='')}", headers=headers)


def test_a_pdf_is_shown_and_everything_else_is_saved(http: httpx.Client, docs: Path) -> None:
    assert http.get("/api/ready").json()["originals"] is True
    for document_id, name, kind, how in (
        ("plan", "plan.pdf", "application/pdf", "inline"),
        ("fox", "fox.txt", "application/octet-stream", "attachment"),
        ("sub ü/owl's 1", "sub ü/owl's 1.html", "application/octet-stream", "attachment"),
    ):
        got = original(http, document_id)
        content = (docs / name).read_bytes()
        assert (got.status_code, got.content) == (200, content)
        assert got.headers["content-type"] == kind
        file_name = quote(Path(name).name, safe="")
        assert got.headers["content-disposition"] == f"{how}; filename*=UTF-8''{file_name}"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-length"] == str(len(content))
        assert "content-encoding" not in got.headers
        policy = got.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "script-src" not in policy
        assert ("sandbox" in policy) == (how == "attachment")
        head = http.head(f"/api/originals/{quote(document_id, safe='')}", headers={"range": "bytes=0-1"})
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(content))


def test_a_range_is_given_as_asked(http: httpx.Client) -> None:
    content = TEXT.encode()
    size, tag = len(content), f'"{hashlib.sha256(content).hexdigest()}"'
    for asked, first, last in (
        ("bytes=0-9", 0, 9), ("bytes=5-5", 5, 5), ("bytes=100-", 100, size - 1), ("bytes=-7", size - 7, size - 1),
        (f"bytes=3-{size * 9}", 3, size - 1), (f"bytes=-{size * 9}", 0, size - 1),
    ):  # fmt: skip
        got = original(http, "fox", range=asked)
        assert (got.status_code, got.content) == (206, content[first : last + 1]), asked
        assert got.headers["content-range"] == f"bytes {first}-{last}/{size}"
    assert original(http, "fox", range="bytes=0-3", **{"if-range": tag}).status_code == 206
    assert original(http, "fox", range="bytes=0-3", **{"if-range": '"other"'}).content == content
    for whole in ("bytes=9-2", "bytes=-", "bytes=0-1,4-5", "lines=1-2", "bytes=a-b"):
        got = original(http, "fox", range=whole)
        assert (got.status_code, got.content) == (200, content), whole
    for beyond in (f"bytes={size}-", f"bytes={size + 9}-", f"bytes={size + 9}-{size + 10}", "bytes=-0"):
        got = original(http, "fox", range=beyond)
        assert (got.status_code, got.headers["content-range"]) == (416, f"bytes */{size}")


def test_only_the_file_that_was_read_is_given(http: httpx.Client, docs: Path) -> None:
    assert original(http, "fox").status_code == 200
    status = (docs / "fox.txt").stat()
    (docs / "fox.txt").write_text(TEXT.replace("noon", "dusk"))
    os.utime(docs / "fox.txt", ns=(status.st_atime_ns, status.st_mtime_ns))  # as long and as old as before
    assert original(http, "fox").status_code == 410
    (docs / "fox.txt").unlink()
    assert original(http, "fox").status_code == 410
    (docs / "fox.txt").symlink_to(docs.parent / "secret.txt")
    assert original(http, "fox").status_code == 410
    (docs / "fox.txt").unlink()
    os.mkfifo(docs / "fox.txt")  # nothing waits for it
    assert original(http, "fox").status_code == 410
    (docs / "fox.txt").unlink()
    (docs / "fox.txt").mkdir()
    assert original(http, "fox").status_code == 410
    (docs / "fox.txt").rmdir()
    (docs / "fox.txt").write_text(TEXT)
    assert original(http, "fox").status_code == 200


def test_a_row_and_a_text_have_no_file(http: httpx.Client) -> None:
    assert original(http, "row").status_code == 404
    assert http.post("/api/documents", json={"id": "text", "text": "A text."}).status_code == 201
    assert original(http, "text").status_code == 404
    assert "original" in original(http, "text").json()["detail"]


def test_a_document_says_whether_its_file_can_be_fetched(http: httpx.Client, docs: Path, models: Path) -> None:
    def says(client: httpx.Client, document_id: str) -> bool:
        told: bool = client.get(f"/api/documents/{quote(document_id, safe='')}").json()["original"]
        return told

    assert says(http, "plan")
    assert says(http, "sub ü/owl's 1")
    assert not says(http, "row")
    assert not http.post("/api/documents", json={"id": "text", "text": "A text."}).json()["original"]
    assert not says(http, "text")
    (docs / "fox.txt").rename(docs / "away")
    assert not says(http, "fox")
    (docs / "away").rename(docs / "fox.txt")
    assert says(http, "fox")
    with serving(docs.parent / "index", models, originals=False) as closed:
        assert not says(closed, "plan")


def test_a_document_that_was_replaced_is_not_that_of_its_file(tmp_path: Path, models: Path, embedder: Embedder) -> None:
    (tmp_path / "fox.txt").write_text(TEXT)
    update(tmp_path / "index", [tmp_path / "fox.txt"], embedder)
    with serving(tmp_path / "index", models) as http:
        for text, of_the_file in (("The fox sleeps at dusk.", False), (TEXT, True)):
            added = http.post("/api/documents", files={"file": ("fox.txt", text)}).json()
            found = http.get("/api/documents/fox").json()["original"]
            assert added["original"] is found is of_the_file
            assert original(http, "fox").status_code == (200 if of_the_file else 410)


HOSTILE = ["../secret", "../secret.txt", "..%2fsecret", "fox.txt", "/etc/passwd", "sub ü/../fox", "./fox", "fox\0", "",
           "%2e%2e/secret", "..\\secret", "C:\\secret", "~/.env", "file:///etc/passwd", "docs/fox", "fox/", "x" * 600,
           "../.env", "\u202efox", "catalog.sqlite3", "../index/catalog.sqlite3"]  # fmt: skip


@pytest.mark.slow
def test_no_id_leads_to_another_file(http: httpx.Client) -> None:
    ways = [(one, quote(one), quote(one, safe=""), quote(quote(one, safe=""), safe="")) for one in HOSTILE]
    for address in itertools.chain.from_iterable(ways):
        path = b"/api/originals/" + quote(address, safe="/%.~\\:").encode()
        got = http.send(http.build_request("GET", http.base_url.copy_with(raw_path=path)))
        itself = got.status_code == 200 and got.content == TEXT.encode()  # the client resolved the dots by itself
        assert itself or got.status_code in (404, 422), address
        assert b"Quetzal" not in got.content
        assert b"root:" not in got.content


def test_any_id_gives_the_file_of_its_document_or_nothing(http: httpx.Client, docs: Path) -> None:
    files = {"fox": "fox.txt", "plan": "plan.pdf", "sub ü/owl's 1": "sub ü/owl's 1.html"}
    pieces = st.sampled_from(
        ["..", ".", "/", "fox", "plan", ".pdf", "secret", "%2e", "\\", "sub ü", "owl's 1", "\0", " "]
    )

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(pieces, min_size=1, max_size=6).map("".join))
    def check(document_id: str) -> None:
        got = original(http, document_id)
        if document_id in files:
            assert got.content == (docs / files[document_id]).read_bytes()
        else:
            assert got.status_code in (404, 422)

    check()


def test_they_are_off_by_default_and_need_the_key(http: httpx.Client, docs: Path, models: Path) -> None:
    index = docs.parent / "index"
    assert not Settings().originals
    assert not Settings().keep_originals
    with serving(index, models, originals=False) as closed:
        assert original(closed, "fox").status_code == 403
        assert original(closed, "nothing").status_code == 403
        assert closed.get("/api/ready").json()["originals"] is False
    with serving(index, models, read_keys=["r" * 20], write_keys=["w" * 20]) as locked:
        assert original(locked, "fox").status_code == 401
        assert original(locked, "fox", authorization=f"Bearer {'r' * 20}").status_code == 200


@pytest.mark.parametrize("keeps", [True, False])
def test_an_upload_is_kept_only_if_it_is_said_and_as_long_as_its_document(
    docs: Path, tmp_path: Path, models: Path, embedder: Embedder, keeps: bool
) -> None:
    update(tmp_path / "index", [docs / "fox.txt"], embedder)
    kept = tmp_path / "index" / "originals"

    def upload(http: httpx.Client, name: str, content: bytes, **headers: str) -> httpx.Response:
        return http.post("/api/documents", files={"file": (name, content)}, headers=headers)

    with serving(tmp_path / "index", models, keep_originals=keeps) as http:
        first, second = pdf(["The ferry leaves at noon."]), pdf(["The ferry leaves at dusk."])
        assert upload(http, "ferry.pdf", first).status_code == 201
        got = original(http, "ferry")
        assert got.status_code == (200 if keeps else 404)
        assert http.get("/api/documents/ferry").json()["original"] is keeps
        if not keeps:
            assert not kept.exists()
            return
        assert (got.content, got.headers["content-type"]) == (first, "application/pdf")
        assert "ferry.pdf" in got.headers["content-disposition"]
        assert upload(http, "ferry.pdf", second, **{"if-none-match": "*"}).status_code == 412
        assert [one.name for one in kept.iterdir()] == [hashlib.sha256(first).hexdigest()]
        assert upload(http, "ferry.pdf", second).json()["original"]
        assert original(http, "ferry").content == second
        assert [one.name for one in kept.iterdir()] == [hashlib.sha256(second).hexdigest()]
        (kept / ".left.new").write_bytes(b"of an interrupted run")
        assert http.delete("/api/documents/ferry").status_code == 204
        assert not list(kept.iterdir())
        assert original(http, "ferry").status_code == 404

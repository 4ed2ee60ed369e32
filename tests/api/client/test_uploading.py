"""Uploads that tell how far they are: by both clients, from a real service, and from one that goes wrong."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from support.servers import in_this_process

from citeqa.api.client import AsyncClient, BusyError, Client, RefusedError, UnexpectedAnswerError, UnreachableError
from citeqa.api.http.app import create_app
from citeqa.api.live import LiveService
from citeqa.api.schemas import DocumentIn, DocumentStored
from citeqa.api.settings import Settings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.writer import update

TEXT = "".join(f"Lighthouse {n} was lit by keeper {n * 7} of the guild.\n\n" for n in range(40))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, models: Path, embedder: Embedder) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("uploading")
    (folder / "owl.txt").write_text("The owl hoots at midnight.", encoding="utf-8")
    update(folder / "index", [folder / "owl.txt"], embedder)
    chosen = Settings(writing=True)
    with (
        closing(LiveService(folder / "index", models)) as live,
        in_this_process(create_app(live, settings=chosen), chosen) as client,
    ):
        yield str(client.base_url)


@pytest.fixture
def lights(tmp_path: Path) -> Path:
    (tmp_path / "lights \u2028 1.txt").write_text(TEXT, encoding="utf-8")
    return tmp_path / "lights \u2028 1.txt"


def test_both_clients_tell_how_many_passages_are_embedded(url: str, lights: Path) -> None:
    sent: list[int] = []
    done: list[int] = []

    async def awaited() -> tuple[DocumentStored, int | None]:
        async with AsyncClient(url) as service:
            told = await service.upload(
                lights, document_id="l", progress=lambda n, _: sent.append(n), embedded=done.append
            )
            return told, service.change

    with Client(url) as client:
        first = client.upload(lights, document_id="l", progress=lambda n, _: sent.append(n), embedded=done.append)
        assert (first.text, first.replaced, first.change) == (TEXT, None, client.change)
        passages = client.documents(q="l", limit=1).documents[0].passages
        assert done[-1] == passages
        lights.write_text(TEXT[:-1], encoding="utf-8")
        second, change = asyncio.run(awaited())
        assert (second.text, second.replaced, second.change) == (TEXT[:-1], first.sha256, change)
        assert change == first.change + 1
        assert client.upload(lights).id == lights.stem  # whole, and as ever
    assert sent[-1] == lights.stat().st_size


def test_a_document_that_is_sent_as_text_is_told_of_as_a_file_is(url: str) -> None:
    text = TEXT.replace("Lighthouse", "Windmill")
    done: list[int] = []
    with Client(url) as client:
        first = client.add(DocumentIn(id="t", text=text), embedded=done.append)
        assert (first.text, first.replaced, first.change) == (text, None, client.change)
        assert done[-1] == client.documents(q="Windmill", limit=1).documents[0].passages
        assert client.add(DocumentIn(id="t", text=text[:-1])).replaced == first.sha256  # whole, and as ever

    async def awaited() -> DocumentStored:
        async with AsyncClient(url) as service:
            return await service.add(DocumentIn(id="t", text=text), embedded=done.append)

    assert asyncio.run(awaited()).sha256 == first.sha256


def test_what_is_wrong_with_an_upload_is_raised(url: str, lights: Path) -> None:
    done: list[int] = []
    with Client(url) as client, pytest.raises(RefusedError) as refused:
        client.upload(lights, document_id="a/../b", embedded=done.append)
    assert (refused.value.status, done) == (422, [])


def test_what_is_called_may_fail(url: str, lights: Path) -> None:
    def fail(_: int) -> None:
        raise ValueError("of the one who called")

    with Client(url) as client, pytest.raises(ValueError, match="of the one who called"):
        client.upload(lights, embedded=fail)


@contextmanager
def streaming(*pieces: bytes | float) -> Iterator[Client]:
    """A client of a service that answers with these pieces, each at once, and waits for the seconds between them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("X-Request-ID", "r1")
            self.end_headers()
            for piece in pieces:
                if isinstance(piece, bytes):
                    self.wfile.write(piece)
                else:
                    time.sleep(piece)

        def log_message(self, *given: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with Client(f"http://127.0.0.1:{server.server_port}", timeout=0.5) as client:
        yield client
    server.shutdown()
    server.server_close()
    thread.join()


STEP = b'event: progress\ndata: {"passages": 7}\n\n'


@pytest.mark.parametrize(
    ("end", "error", "says"),
    [
        (b"", UnreachableError, "broke off"),
        (
            b'event: problem\ndata: {"title": "x", "status": 507, "detail": "The disk is full."}\n\n',
            RefusedError,
            "full",
        ),
        (b'event: problem\ndata: {"title": "x", "status": 503, "detail": "Busy."}\n\n', BusyError, "Busy"),
        (b"event: stored\ndata: {}\n\n", UnexpectedAnswerError, "version of citeqa"),
        (b"event: progress\ndata: none\n\n", UnexpectedAnswerError, "version of citeqa"),
        (b"x" * 2_000_000, UnreachableError, "no end"),
    ],
)
def test_an_upload_that_goes_wrong_on_the_way_is_named(
    lights: Path, end: bytes, error: type[Exception], says: str
) -> None:
    with streaming(STEP[:20], STEP[20:], end) as client, pytest.raises(error, match=says) as raised:
        client.upload(lights, embedded=lambda _: None)
    if isinstance(raised.value, RefusedError):
        assert raised.value.request_id == "r1"


def test_an_upload_may_take_longer_than_the_timeout_while_it_gets_on(lights: Path) -> None:
    done: list[int] = []
    steps = [piece for _ in range(4) for piece in (STEP, 0.2)]
    with streaming(*steps) as client, pytest.raises(UnreachableError, match="broke off"):
        client.upload(lights, embedded=done.append)
    assert done == [7] * 4

"""Nothing small stops the service: what one kind of requests costs, no other kind waits for."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from support.servers import in_this_process

from citeqa.api.http import create_app, limits
from citeqa.api.live import LiveService, Stored
from citeqa.api.settings import Settings
from citeqa.index.types import Document

SETTINGS = Settings.model_construct(writing=True, timeout=10)
QUESTION = {"question": "How much aid did the US pledge to Cubans?"}


class SlowWriter(LiveService):
    """A service whose writer is busy until it is let go."""

    def __init__(self, folder: Path, models: Path) -> None:
        super().__init__(folder, models)
        self.go, self.at_once, self.most_at_once = threading.Event(), 0, 0

    def store(self, document: Document, **options: object) -> Stored:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.go.wait(timeout=60)
        self.at_once -= 1
        return Stored(former=None, done=True, change=1)


@pytest.fixture(scope="module")
def writer(seeds_index: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowWriter]:
    folder = tmp_path_factory.mktemp("bounded") / "index"
    shutil.copytree(seeds_index, folder)
    with closing(SlowWriter(folder, models)) as service:
        yield service


def test_nothing_waits_for_writers_however_many_there_are(writer: SlowWriter) -> None:
    def post(number: int) -> int:
        document = {"id": f"d{number}", "text": "The owl hoots."}
        return http.post("/api/documents", json=document, timeout=60).status_code

    with in_this_process(create_app(writer, settings=SETTINGS), SETTINGS) as http, ThreadPoolExecutor(60) as pool:
        try:
            posts = [pool.submit(post, number) for number in range(60)]
            while sum(one.done() for one in posts) < 60 - limits.WRITING - limits.WRITERS_WAITING:
                threading.Event().wait(0.01)
            assert {one.result() for one in posts if one.done()} == {503}
            assert http.get("/api/health").status_code == 200
            assert http.get("/api/ready").status_code == 200
            assert http.post("/api/ask", json=QUESTION).json()["answered"]
            assert http.get("/api/documents").json()["total"] == 5
            assert writer.at_once == limits.WRITING
        finally:
            writer.go.set()
        assert {one.result() for one in posts} == {201, 503}
    assert writer.most_at_once == limits.WRITING

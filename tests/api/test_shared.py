"""A service on each of two machines over one corpus in PostgreSQL: what one writes, the other shows."""

from __future__ import annotations

import json
import logging
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from support.postgres import PASSWORD, Server, new_schema
from support.servers import PROGRAM, in_this_process

from citeqa.api.http.app import create_app
from citeqa.api.live import LiveService
from citeqa.api.settings import Settings, effective
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import CiteqaError
from citeqa.index.storage.adding import add_documents
from citeqa.index.storage.postgresql import connecting
from citeqa.index.storage.postgresql.address import Address, shown
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import open_store

FERRY = "Notice to travellers. The ferry to Inishbofin leaves at half past nine. Tickets are blue."
QUESTION = {"question": "When does the ferry to Inishbofin leave?", "min_confidence": 0}
SETTINGS = Settings(writing=True, timeout=10, max_lag=2)


@pytest.fixture
def schema() -> str:
    return new_schema()


@pytest.fixture
def machines(
    postgres: Server, schema: str, tmp_path: Path, embedder: Embedder, models: Path
) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    addresses = [postgres.address(schema, tmp_path / name) for name in ("one", "two")]
    store = open_store(addresses[0])
    with store.writing(lambda: embedder, chunker_of({}), "testing") as writer:
        add_documents(writer, [document("fox", "The quick brown fox jumps.", file_sha256="0" * 64)])
    with (
        closing(LiveService(addresses[0], models)) as one,
        closing(LiveService(addresses[1], models)) as other,
        one.following(),
        other.following(),
        in_this_process(create_app(one, settings=SETTINGS), SETTINGS) as first,
        in_this_process(create_app(other, settings=SETTINGS), SETTINGS) as second,
    ):
        yield first, second


@pytest.mark.slow
def test_what_one_machine_stores_the_other_answers_with(machines: tuple[httpx.Client, httpx.Client]) -> None:
    one, other = machines
    stored = one.post("/api/documents", json={"id": "ferry", "text": FERRY}).raise_for_status()
    change = stored.json()["change"]
    assert stored.headers["Citeqa-Change"] == str(change)
    mine = one.post("/api/ask", json=QUESTION).raise_for_status().json()  # at once, where it was written
    theirs = other.post("/api/ask", json=QUESTION | {"min_change": change}).raise_for_status().json()
    assert "half past nine" in mine["answer"]["text"]
    for said in (mine, theirs):
        said.pop("timing_ms")
    assert mine == theirs
    assert (
        one.post("/api/documents", json={"id": "ferry", "text": FERRY}, headers={"If-None-Match": "*"}).status_code
        == 412
    )
    gone = other.delete("/api/documents/ferry").raise_for_status()
    later = int(gone.headers["Citeqa-Change"])
    assert later > change
    assert one.get("/api/documents/ferry", params={"min_change": later}).status_code == 404
    assert one.get("/api/documents", params={"min_change": later + 1}).status_code == 503


def test_feedback_may_go_to_any_machine(
    machines: tuple[httpx.Client, httpx.Client], postgres: Server, schema: str
) -> None:
    for machine in machines:
        said = {"question": "Who?", "verdict": "missing", "citation": None}
        machine.post("/api/feedback", json=said).raise_for_status()
    lines = [json.loads(line) for line in open_store(postgres.address(schema)).feedback()]
    assert [line["question"] for line in lines] == ["Who?", "Who?"]


@pytest.mark.faults
@pytest.mark.slow
def test_a_machine_that_is_cut_off_answers_and_says_that_it_is_not_ready(
    machines: tuple[httpx.Client, httpx.Client], postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "PATIENCE", 0.3)
    one, _ = machines
    ready = one.get("/api/ready").raise_for_status().json()
    assert ready["lag"] < 2
    postgres.stop()
    try:
        time.sleep(2.5)
        said = one.get("/api/ready")
        assert (said.status_code, said.json()["status"]) == (503, 503)
        assert "shows change 1 and has been out of touch for" in said.json()["detail"]
        assert one.post("/api/ask", json=QUESTION).raise_for_status().json()["index"]["change"] == 1
        refused = one.post("/api/documents", json={"id": "ferry", "text": FERRY})
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
        assert PASSWORD not in refused.text
    finally:
        postgres.start()
    until = time.monotonic() + 20
    while one.get("/api/ready").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.1)
    one.post("/api/documents", json={"id": "ferry", "text": FERRY}).raise_for_status()


# --- the address, and its password


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://ann:secret@host:5432/db", "postgresql://ann@host:5432/db"),
        ("postgresql://ann:se%40cret@host/db?schema=x", "postgresql://ann@host/db?schema=x"),
        ("postgresql://host/db?password=secret&schema=x", "postgresql://host/db?schema=x"),
        ("postgresql://ann:sec@ret:x@host/db?sslpassword=secret", "postgresql://ann@host/db"),
        ("postgresql://ann:secret/with?marks@host/db", "postgresql://ann@host/db"),
        ("postgresql://host/db?replica_folder=%2Fa&replica_from=%2Fb&schema=x", "postgresql://host/db?schema=x"),
        (
            "postgresql://ann:secret@one:5432,two:5433/db?target_session_attrs=read-write",
            "postgresql://ann@one:5432,two:5433/db?target_session_attrs=read-write",
        ),
        ("/folder", "/folder"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str, said: str) -> None:
    assert shown(address) == said


@pytest.mark.parametrize(
    "change",
    [
        ("tester:", "nobody:"),
        ("127.0.0.1", "127.0.0.1:1/x?y=z&host=127.0.0.1"),
        ("schema=", "nonsense=1&schema="),
        ("schema=", "schema=A;B&x="),
        ("postgresql://", "postgresql://["),
        ("postgresql://", "other://"),
        ("schema=", "sslmode=verify-full&schema="),
        ("/postgres?", "/nowhere?"),
    ],
)
def test_no_error_and_no_log_holds_the_password(
    postgres: Server, schema: str, tmp_path: Path, change: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    address = postgres.address(schema, tmp_path / "replica")
    encoded = address.partition(":")[2].partition(":")[2].partition("@")[0]
    caplog.set_level(logging.DEBUG)
    with pytest.raises(CiteqaError) as error:
        open_store(address.replace(*change)).settings()
    for told in (str(error.value), repr(error.value), caplog.text):
        assert PASSWORD not in told
        assert encoded not in told
    assert encoded in address


@pytest.mark.slow
def test_the_program_shows_no_password_and_answers_from_the_store(
    postgres: Server, schema: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path
) -> None:
    address = postgres.address(schema)
    monkeypatch.setenv("CITEQA_STORE", address)
    monkeypatch.setenv("CITEQA_REPLICA_FOLDER", str(tmp_path / "replica"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "ferry.txt").write_text(FERRY, encoding="utf-8")
    said = ""
    for command in (
        ["serve", "--print-config"],
        ["ask", "When does the ferry leave?"],
        ["serve", "--port", "0"],
        ["sync", "docs"],
        ["ask", "When does the ferry to Inishbofin leave?", "--min-confidence", "0"],
        ["doctor"],
        ["documents"],
        ["index", "docs", "--passage-tokens", "32"],
        ["export", "backup.sqlite3"],
        ["remove", "ferry"],
        ["documents", "--index", "nothing"],
        ["documents", "--index", "nothing", "--store", address],
    ):
        done = subprocess.run([*PROGRAM, *command], check=False, capture_output=True, text=True)
        said += done.stdout + done.stderr
    assert "half past nine" in said
    assert "citeqa index FOLDER --store 'postgresql://tester@127.0.0.1" in said
    assert "chunker.passage_tokens is 128 there, 32 here" in said
    assert "cannot be combined with --index" in said
    assert "there is no index in nothing" in said
    assert not (tmp_path / ".citeqa").exists()
    encoded = Address.of(address).conninfo.partition(":")[2].partition(":")[2].partition("@")[0]
    assert PASSWORD not in said
    assert encoded not in said


def test_the_folders_of_replicas_are_part_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEQA_STORE", "postgresql://ann:secret@host/db?schema=x")
    alone = Address.of(str(effective({}).settings.address))
    assert alone.folder
    assert alone.folder.parent.name == "replicas"
    assert alone.start is None
    monkeypatch.setenv("CITEQA_REPLICA_FOLDER", "/our/replica")
    monkeypatch.setenv("CITEQA_REPLICA_FROM", "/their/replica")
    both = Address.of(str(effective({}).settings.address))
    assert (both.folder, both.start, both.schema) == (Path("/our/replica"), Path("/their/replica"), "x")
    assert both.conninfo == alone.conninfo
    monkeypatch.setenv("CITEQA_STORE", "postgresql://host/db?replica_from=%2Fnearer")
    assert Address.of(str(effective({}).settings.address)).start == Path("/nearer")


def test_a_folder_on_the_command_line_overrides_a_store_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITEQA_STORE", "postgresql://ann:secret@host/db")
    assert effective({"index": Path("here")}).settings.address == Path("here")
    found = effective({}).settings
    assert found.shown_address == "postgresql://ann@host/db"
    assert "secret" not in repr(found)

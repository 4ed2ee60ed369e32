"""Assistants' tools, used with the protocol's own client against the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from support.servers import PROGRAM, READ

from citeqa.index.storage.snapshot import Index

QUESTION = "How much aid did the US pledge to Cubans?"
TOOLS = {"ask", "search", "document", "verify"}


class Session:
    """Calls tools; an error of a tool is given as its words."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def call(self, tool: str, **arguments: Any) -> Any:
        result = await self.client.call_tool(tool, arguments)
        words = "".join(getattr(part, "text", "") for part in result.content)
        if result.is_error:
            return words
        assert json.loads(words) == result.structured_content
        return result.structured_content


@asynccontextmanager
async def over_stdio(index: Path) -> AsyncIterator[Session]:
    arguments = [*PROGRAM[1:], "mcp", "--index", str(index)]
    async with Client(StdioServerParameters(command=sys.executable, args=arguments, env=dict(os.environ))) as client:
        yield Session(client)


@pytest.fixture(scope="module")
def over_http(seeds_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("mcp") / "log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [*PROGRAM, "mcp", "--http", "--index", str(seeds_index), "--port", "0"],
            stderr=stderr,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"CITEQA_READ_KEYS": READ},
        )
    while "ready at" not in log.read_text():
        assert process.poll() is None, log.read_text()
        anyio.run(anyio.sleep, 0.05)
    yield log.read_text().partition("ready at ")[2].split()[0] + "mcp"
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, b"")
    assert "Traceback" not in log.read_text()


@asynccontextmanager
async def with_key(url: str) -> AsyncIterator[Session]:
    async with (
        httpx2.AsyncClient(headers={"authorization": f"Bearer {READ}"}, timeout=60, trust_env=False) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield Session(client)


async def everything(session: Session, index: Index) -> None:
    """What an assistant does: find, quote, read around it, check."""
    listed = (await session.client.list_tools()).tools
    assert {tool.name for tool in listed} == TOOLS
    assert all(tool.description and tool.annotations and tool.annotations.read_only_hint for tool in listed)
    answer = await session.call("ask", question=QUESTION, min_confidence=0)
    citation = answer["answer"]["citation"]
    document = index.document(citation["document_id"])
    assert document.text[citation["start"] : citation["end"]] == answer["answer"]["text"] == citation["quote"]
    piece = await session.call("document", document_id=document.id, start=citation["start"], length=len("$9 million"))
    assert piece["text"] == document.text[piece["start"] : piece["end"]]
    assert (piece["length"], piece["document_sha256"]) == (len(document.text), document.sha256)
    assert (await session.call("verify", citation=citation))["status"] == "valid"
    forged = citation | {"quote": citation["quote"].replace("9", "8")}
    assert (await session.call("verify", citation=forged))["status"] == "changed"
    found = await session.call("search", question="Marco Rubio", k=2, date_from="2026-02-26", date_to="2026-02-26")
    assert {one["document_id"] for one in found["evidence"]} == {"002_73ec0a3e5fd5a0e3"}
    refused = await session.call("ask", question="Who discovered penicillin?", min_confidence=1)
    assert (refused["answered"], refused["reason"]["code"]) == (False, "not_in_the_sources")


async def mistakes(session: Session, index: Index) -> None:
    """What an assistant gets wrong is told in words it can act on."""
    assert "no such document: 'gone'" in await session.call("document", document_id="gone")
    assert "no such document: 'gone'" in await session.call("ask", question="Who?", document_ids=["gone"])
    assert "date_from is after date_to" in await session.call(
        "search", question="Who?", date_from="2026-01-02", date_to="2026-01-01"
    )
    assert "question" in await session.call("ask", question="")
    assert "question" in await session.call("ask")
    assert "code points" in await session.call(
        "verify",
        citation={"document_id": "a", "document_sha256": "0" * 64, "start": 0, "end": 9, "quote": "short"},
    )
    assert (await session.call("document", document_id="002_73ec0a3e5fd5a0e3", start=10**9))["text"] == ""


Doing = Callable[[Session, Index], Awaitable[None]]


def test_over_standard_input_and_output(seeds_index: Path, seeds: Index) -> None:
    async def run() -> None:
        async with over_stdio(seeds_index) as session:
            await everything(session, seeds)
            await mistakes(session, seeds)

    anyio.run(run)


def test_over_http_with_a_key(over_http: str, seeds: Index) -> None:
    async def run() -> None:
        async with with_key(over_http) as session:
            await everything(session, seeds)
            await mistakes(session, seeds)

    anyio.run(run)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer wrong"}, 401),
        ({"authorization": f"Bearer {READ}", "host": "evil.example"}, 421),
        ({"authorization": f"Bearer {READ}", "origin": "https://evil.example"}, 403),
    ],
)
def test_over_http_requests_without_the_key_are_refused(over_http: str, headers: dict[str, str], status: int) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepted = {"accept": "application/json, text/event-stream"}
    answer = httpx.post(over_http, json=call, headers=accepted | headers, trust_env=False, timeout=30)
    assert answer.status_code == status
    assert "ask" not in answer.text


def test_standard_output_holds_nothing_but_the_protocol(seeds_index: Path) -> None:
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    done = subprocess.run(
        [*PROGRAM, "mcp", "--index", str(seeds_index)],
        input=json.dumps(hello) + "\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["result"]["serverInfo"]["name"] == "citeqa"
    assert done.returncode == 0


def test_without_the_package_the_way_to_get_it_is_named(seeds_index: Path) -> None:
    program = "import sys; sys.modules['mcp'] = None; from citeqa.api.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "mcp", "--index", str(seeds_index)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'citeqa[mcp]'" in done.stderr

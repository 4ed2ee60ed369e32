"""The examples for other libraries, run with the real libraries. `make integrations` makes their environment first."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.paths import ROOT
from support.servers import Server

PYTHON = ROOT / ".integrations" / "bin" / "python"
QUESTION = "Why did Claver-Carone praise Andrew Holness?"
DOCUMENT = "003_06306681cd2de5d0"
ANSWER = "for his leadership in tackling crime and steering Jamaica’s economic policies"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="the libraries are not installed; make integrations installs them"),
]


@pytest.fixture(scope="module")
def server(seeds_index: Path) -> Iterator[Server]:
    started = Server(seeds_index)
    yield started
    started.stop()


def _printed(server: Server, *program: str) -> str:
    """What a program prints that runs with the libraries and with citeqa's own sources."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "build" / "links", ROOT / "examples"))),
        "PYTHONIOENCODING": "utf-8",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "CITEQA_TEST_URL": server.url,
    }
    done = subprocess.run(
        [str(PYTHON), *program], env=environment, capture_output=True, text=True, encoding="utf-8", timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_langchain_retrieves(server: Server) -> None:
    printed = _printed(server, str(ROOT / "examples" / "langchain_retriever.py"), server.url, QUESTION)
    first, *more = printed.splitlines()
    assert first.startswith(f"{DOCUMENT}:")
    assert len(more) >= 2


_CHAIN = """
import asyncio, os
from citeqa import Client
from langchain_core.runnables import RunnableLambda
from langchain_retriever import CiteqaRetriever
with Client(os.environ["CITEQA_TEST_URL"]) as client:
    chain = CiteqaRetriever(client=client, k=2) | RunnableLambda(lambda found: [one.metadata for one in found])
    now, later = chain.invoke("Rubio"), asyncio.run(chain.ainvoke("Rubio"))
    assert now == later and len(now) == 2, (now, later)
    text = client.document(now[0]["document_id"]).text
    (passage, *_) = CiteqaRetriever(client=client, k=2).invoke("Rubio")
    assert passage.page_content == text[now[0]["start"] : now[0]["end"]]
    print("exact")
"""


def test_the_retriever_works_in_a_chain_and_awaited_and_says_where_the_words_stand(server: Server) -> None:
    assert _printed(server, "-c", _CHAIN) == "exact\n"


def test_haystack_answers(server: Server) -> None:
    printed = _printed(server, str(ROOT / "examples" / "haystack_component.py"), server.url, QUESTION)
    assert printed.startswith(ANSWER)
    nothing = _printed(
        server, str(ROOT / "examples" / "haystack_component.py"), server.url, "Who won the chess title in 1972?"
    )
    assert nothing == ""


_PIPELINE = """
import os
from citeqa import Client
from haystack import Pipeline
from haystack_component import CiteqaReader
with Client(os.environ["CITEQA_TEST_URL"]) as client:
    pipeline = Pipeline()
    pipeline.add_component("reader", CiteqaReader(client))
    (answer,) = pipeline.run({"reader": {"query": %r}})["reader"]["answers"]
    place = answer.document_offset
    assert answer.document.content[place.start : place.end] == answer.data
    print(answer.document.id)
"""


def test_the_answer_of_the_component_is_cited_to_the_character(server: Server) -> None:
    assert _printed(server, "-c", _PIPELINE % QUESTION).startswith(f"{DOCUMENT}:")

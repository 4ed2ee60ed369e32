"""Questions about texts that come with them: over HTTP, and compared with an index of the same texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.paths import SEEDS

from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import load
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.in_memory import InMemoryIndex
from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Document, Filters

QUESTION = "How much aid did the US pledge to Cubans?"
HARBOUR = {"id": "harbour", "text": "🦊 The harbour was opened on 4 May 1987 by the mayor, Ingrid Solheim.\r\n"}


@pytest.fixture(scope="module")
def http(service: Service) -> Iterator[httpx.Client]:
    with serving(service) as client:
        yield client._http


def test_texts_are_read_as_they_came_and_cited_to_the_character(http: httpx.Client) -> None:
    body = {"question": "When was the harbour opened?", "documents": [HARBOUR | {"source": "Gazette"}]}
    answer = http.post("/api/read", json=body).raise_for_status().json()
    citation = answer["answer"]["citation"]
    assert answer["answer"]["text"] == "4 May 1987"
    assert HARBOUR["text"][citation["start"] : citation["end"]] == citation["quote"] == "4 May 1987"
    assert (citation["start_utf16"], citation["source"]) == (citation["start"] + 1, "Gazette")
    assert answer["index"] == {"documents": 1, "passages": 1, "embedder": "all-MiniLM-L6-v2", "change": 0}
    assert http.get("/api/documents/harbour").status_code == 404


def test_texts_that_do_not_answer_are_abstained_from_with_the_reason(http: httpx.Client) -> None:
    body = {"question": "Who discovered penicillin?", "documents": [HARBOUR]}
    answer = http.post("/api/read", json=body).raise_for_status().json()
    assert (answer["answered"], answer["reason"]["code"]) == (False, "not_in_the_sources")
    assert "penicillin" in answer["reason"]["message"]


def test_reading_all_documents_of_an_index_answers_as_the_index_does(http: httpx.Client, seeds: Index) -> None:
    documents = [seeds.document(summary.id) for summary in seeds.summaries(99)[0]]
    given = [{"id": document.id, "text": document.text} for document in documents]
    for question in (QUESTION, "What did Rubio say before 2026?"):
        read = http.post("/api/read", json={"question": question, "documents": given}).raise_for_status().json()
        asked = http.post("/api/ask", json={"question": question}).raise_for_status().json()
        assert read["answer"] == asked["answer"]
        assert read["reason"] == asked["reason"]
        assert [found["passage_id"] for found in read["evidence"]] == [
            found["passage_id"] for found in asked["evidence"]
        ]
        assert read["index"] == asked["index"] | {"change": 0}


def test_texts_are_filtered_as_documents_are(http: httpx.Client) -> None:
    dated = [HARBOUR | {"id": day, "date": day} for day in ("1987-05-04", "1990-01-01")]
    body: dict[str, Any] = {"question": "When was the harbour opened?", "documents": dated, "min_confidence": 0}
    for filters, left in (
        ({"date_to": "1988-01-01"}, {"1987-05-04"}),
        ({"document_ids": ["1990-01-01"]}, {"1990-01-01"}),
        ({"source": "nobody"}, set()),
    ):
        answer = http.post("/api/read", json=body | {"filters": filters}).raise_for_status().json()
        assert {found["document_id"] for found in answer["evidence"]} == left
    unknown = http.post("/api/read", json=body | {"filters": {"document_ids": ["harbour"]}})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "#/filters/document_ids")
    for question in ("What happened after 1 January 1989?", "What opened before 1988?", "What is the latest?"):
        http.post("/api/read", json=body | {"question": question}).raise_for_status()


@pytest.mark.parametrize(
    ("documents", "pointer"),
    [
        ([], "#/documents"),
        ([HARBOUR] * 101, "#/documents"),
        ([HARBOUR, HARBOUR], "#/documents/1/id"),
        ([HARBOUR, {"id": "../up", "text": "x"}], "#/documents/1/id"),
        ([{"id": "a", "text": " \n"}], "#/documents/0/text"),
        ([{"id": "a", "text": "x\0y"}], "#/documents/0/text"),
        ([{"id": "a"}], "#/documents/0/text"),
        ([{"id": "a", "text": "x " * 50_001}], "#/documents"),
        ([{"id": "a", "text": "x", "unknown": 1}], "#/documents/0/unknown"),
        (None, "#/documents"),
    ],
)
def test_texts_that_cannot_be_read_are_answered_422(http: httpx.Client, documents: Any, pointer: str) -> None:
    answer = http.post("/api/read", json={"question": "Who?", "documents": documents})
    assert answer.status_code == 422, answer.text
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]


TEXTS = st.text(st.sampled_from("ab .,\n🦊é\u0301漢字\r-1"), min_size=1, max_size=60).filter(lambda text: text.strip())


@settings(max_examples=25)
@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
def test_whatever_the_texts_are_every_quote_is_exact(http: httpx.Client, texts: list[str], question: str) -> None:
    documents = [{"id": f"d{number}", "text": text} for number, text in enumerate(texts)]
    body = {"question": question, "documents": documents, "min_confidence": 0, "k": 50}
    answer = http.post("/api/read", content=json.dumps(body), headers={"content-type": "application/json"})
    given = answer.raise_for_status().json()
    by_id = {document["id"]: document["text"] for document in documents}
    citations = [one["citation"] for one in given["alternatives"]]
    citations += [given["answer"]["citation"]] if given["answer"] else []
    for citation in citations:
        assert by_id[citation["document_id"]][citation["start"] : citation["end"]] == citation["quote"]
    for found in given["evidence"]:
        assert by_id[found["document_id"]][found["start"] : found["end"]] == found["text"]


@pytest.fixture(scope="module")
def given_seeds(embedder: Embedder) -> InMemoryIndex:
    documents = [item for item in load([SEEDS]) if isinstance(item, Document)]
    return InMemoryIndex(documents, embedder, ChunkerSettings())


FILTERS = [
    Filters(),
    Filters(document_ids=frozenset({"002_73ec0a3e5fd5a0e3", "003_06306681cd2de5d0"})),
    Filters(source="nobody"),
    Filters(date_from=date(2025, 5, 7)),
    Filters(date_to=date(2025, 5, 7), undated=True),
    Filters(date_from=date(2026, 2, 26), date_to=date(2026, 2, 26)),
]


@pytest.mark.parametrize("filters", FILTERS, ids=["none", "documents", "source", "from", "to, undated", "one day"])
@pytest.mark.parametrize("query", ["Rubio", "maritime security in the Caribbean", "penicillin", "…"])
def test_given_texts_are_ranked_as_an_index_ranks_them(
    given_seeds: InMemoryIndex, seeds: Index, embedder: Embedder, query: str, filters: Filters
) -> None:
    vector = embedder.embed_query(query)
    own_selection, selection = given_seeds.select(filters), seeds.select(filters)
    for own, stored in (
        (given_seeds.rank_dense(vector, 20, own_selection), seeds.search_dense(vector, 20, selection)),
        (given_seeds.rank_lexical(query, 20, own_selection), seeds.search_lexical(query, 20, selection)),
    ):
        passages = given_seeds.fetch([entry.id for entry in own])
        assert [passages[entry.id] for entry in own] == [hit.passage for hit in stored]
        np.testing.assert_allclose([entry.score for entry in own], [hit.score for hit in stored], rtol=1e-6)


def test_two_given_texts_may_not_have_one_id(embedder: Embedder, seeds: Index) -> None:
    document = seeds.document("002_73ec0a3e5fd5a0e3")
    with pytest.raises(ValueError, match="the same id"):
        InMemoryIndex([document, document], embedder, ChunkerSettings())


def test_nothing_of_a_reading_is_written(http: httpx.Client, seeds_index: Path) -> None:
    def state() -> set[tuple[str, int, int]]:
        return {
            (str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in seeds_index.rglob("*") if "-shm" not in p.name
        }

    before = state()
    http.post("/api/read", json={"question": "When?", "documents": [HARBOUR]}).raise_for_status()
    assert state() == before


def test_texts_of_more_tokens_than_the_models_may_read_are_refused_before_they_are_read(http: httpx.Client) -> None:
    dense = {"id": "dense", "text": "漢字" * 20_000}  # a token a character, where English has one in four or five
    answer = http.post("/api/read", json={"question": "When?", "documents": [dense]})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == "#/documents"
    assert "tokens; 30,000 are allowed" in fault["detail"]

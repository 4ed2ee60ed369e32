"""Stores by their addresses: the one in a folder and a toy in memory keep the same contract, and a service answers from
either. The toy was added by one line in the registry of stores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.embedders import WordLengths
from support.postgres import Server, new_schema
from support.toy_store import KEPT, ToyStore

from citeqa.api.live import LiveService
from citeqa.api.service import Service
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import CiteqaError, IndexMismatchError, IndexNotFoundError, UnknownDocumentError
from citeqa.index.storage.adding import add_documents
from citeqa.index.storage.backup import export_jsonl
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.stores import STORES, existing_store, open_store
from citeqa.index.types import Document, Filters, Report, Skipped
from citeqa.rag.citation.verification import Claim, verify
from citeqa.rag.options import AskOptions

FERRY = "Notice to travellers. The ferry to Inishbofin leaves at half past nine. Tickets are blue."
QUESTION = "When does the ferry to Inishbofin leave?"
FOX = "The quick brown fox jumps over the lazy dog."
CHUNKER = ChunkerSettings(64, 0)


@pytest.fixture(params=["folder", "postgresql", "toy"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == "folder":
        yield str(tmp_path / "index")
    elif request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        yield server.address(new_schema(), tmp_path / "replica")
    else:
        monkeypatch.setitem(STORES, "toy", ToyStore)
        yield "toy://here"
        KEPT.clear()


def made(document_id: str, text: str) -> Document:
    return document(document_id, text, file_sha256="0" * 64)


def fill(address: str, *documents: Document, embedder: Embedder | None = None) -> Report:
    model = embedder or WordLengths()
    with open_store(address).writing(lambda: model, CHUNKER, "testing") as writer:
        return add_documents(writer, documents)


# --- the contract


def test_an_index_is_there_from_the_first_write_on(address: str) -> None:
    store = open_store(address)
    assert not store.exists()
    assert store.settings() == {}
    with store.reading() as records:
        assert (records.ids(), records.counts()[0]) == ([], 0)
    for fail in (store.open, lambda: existing_store(address), lambda: store.reindex(WordLengths(), CHUNKER)):
        with pytest.raises(IndexNotFoundError, match="there is no index in"):
            fail()
    assert not store.exists()  # looking made none
    fill(address, made("fox", FOX))
    assert existing_store(address).exists()
    assert chunker_of(store.settings()) == CHUNKER


def test_what_was_added_is_listed_found_and_reported(address: str) -> None:
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
        report = add_documents(writer, [made("fox", FOX), Skipped("x.bin", "it is no text"), made("ferry", FERRY)])
    assert (report.added, report.documents, report.skipped) == (2, 2, (Skipped("x.bin", "it is no text"),))
    again = fill(address, made("fox", FOX), made("ferry", FERRY + " And pink."))
    assert (again.added, again.replaced, again.unchanged) == (0, 1, 1)
    with closing(open_store(address).open()) as index:
        assert (index.document_count, index.embedder_name, index.precision) == (2, "word-lengths", "fp32")
        assert [summary.id for summary in index.summaries(1)[0]] == ["ferry"]
        assert [summary.id for summary in index.summaries(5, after="ferry")[0]] == ["fox"]
        assert index.document("ferry").text.endswith("pink.")
        assert index.with_text(made("fox", FOX).sha256) == ["fox"]
        ranked = index.rank_lexical("fox", 5, index.select(Filters(document_ids=frozenset({"fox"}))))
        assert [index.fetch([entry.id])[entry.id].text for entry in ranked] == [FOX]
        assert index.rank_dense(WordLengths().embed_query(FOX), 1)
        with pytest.raises(UnknownDocumentError):
            index.document("owl")


def test_a_view_stays_as_it_is_and_knows_when_it_is_old(address: str) -> None:
    fill(address, made("fox", FOX))
    store = open_store(address)
    with closing(store.open()) as before:
        assert before.is_current()
        assert before.is_surely_current()
        report = fill(address, made("owl", "The owl wakes."))
        assert not before.is_current()
        with closing(store.open(before)) as after:
            assert not before.is_surely_current()
            assert (before.document_count, after.document_count) == (1, 2)
            assert after.is_current()
            assert after.is_surely_current()
            assert 0 < before.change < after.change == report.change


def test_what_is_not_committed_is_dropped(address: str) -> None:
    fill(address, made("fox", FOX))
    with open_store(address).writing(WordLengths, CHUNKER, "testing") as writer:
        writer.put(made("owl", "The owl wakes."))
        writer.remove("fox")
        with pytest.raises(UnknownDocumentError):
            writer.remove("eel")
        assert writer.records.ids() == ["fox"]
    with open_store(address).reading() as records:
        assert (records.ids(), records.is_unchanged(made("fox", FOX))) == (["fox"], True)


def test_other_settings_are_refused_until_it_is_reindexed_with_them(address: str) -> None:
    fill(address, made("fox", FOX))
    other = ChunkerSettings(32, 1)
    with (
        open_store(address).writing(WordLengths, other, "testing") as writer,
        pytest.raises(IndexMismatchError, match=r"chunker\.passage_tokens is 64 there, 32 here"),
    ):
        writer.check_settings()
    assert open_store(address).reindex(WordLengths(), other).replaced == 1
    assert chunker_of(open_store(address).settings()) == other


def test_it_is_examined_and_given_back(address: str, tmp_path: Path) -> None:
    fill(address, made("fox", FOX))
    store = open_store(address)
    assert [fault for finding in store.examine(lambda *_: WordLengths()) for fault in finding.faults] == []
    assert store.backup(tmp_path / "backup") == 1
    with store.reading() as records:
        assert export_jsonl(records, tmp_path / "documents.jsonl") == 1
    assert '"id": "fox"' in (tmp_path / "documents.jsonl").read_text(encoding="utf-8")
    assert store.purge()


def test_feedback_is_kept_in_its_order(address: str) -> None:
    fill(address, made("fox", FOX))
    store = open_store(address)
    assert list(store.feedback()) == []
    for number in range(3):
        store.keep_feedback({"question": f"Wer? {number} ü"}, ["fox"])
    assert [json.loads(line)["question"] for line in store.feedback()] == [f"Wer? {n} ü" for n in range(3)]


def test_an_address_of_no_kind_of_store_is_refused() -> None:
    with pytest.raises(CiteqaError, match=r"cannot be kept at cloud://x: there is no kind of store called 'cloud'"):
        open_store("cloud://x")


# --- the services


def test_a_service_answers_from_any_store(address: str, embedder: Embedder, models: Path) -> None:
    fill(address, made("ferry", FERRY), made("fox", FOX), embedder=embedder)
    with closing(Service.open(address, models)) as service:
        response = service.answerer.ask(QUESTION, AskOptions(min_confidence=0))
        assert response.answer
        assert "half past nine" in response.answer.text
        claim = Claim.of(response.answer.citation)
        assert verify(service.index, claim).status == "valid"


def test_a_live_service_writes_to_any_store(address: str, embedder: Embedder, models: Path) -> None:
    fill(address, made("fox", FOX), embedder=embedder)
    with closing(LiveService(address, models)) as live, live.following():
        assert live.put(made("ferry", FERRY)) is True
        answer = live.now.answerer.ask(QUESTION, AskOptions(min_confidence=0)).answer
        assert answer is not None
        assert "half past nine" in answer.text
        assert live.put(made("ferry", FERRY)) is False
        live.remove("ferry")
        assert [summary.id for summary in live.now.index.summaries(5)[0]] == ["fox"]

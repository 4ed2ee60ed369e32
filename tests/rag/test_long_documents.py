"""Questions whose results lie in a very long document read only what they need of its text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import pytest
from support.counted import counted_reading
from support.embedders import WordLengths
from support.readers import ScriptedReader

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.storage.prepared import Prepared
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sqlite_store import SqliteStore
from citeqa.index.types import Passage, Span
from citeqa.rag.answerer import Answerer
from citeqa.rag.citation.verification import Claim, verify
from citeqa.rag.confidence import Confidence, Features
from citeqa.rag.manuscript.checking import Checker
from citeqa.rag.options import AskOptions
from citeqa.rag.types import Response

PARAGRAPHS = 20_000
MEGABYTE = 1_000_000
READ = 300_000  # bytes of a text of 4,000,000 that a question may read
QUESTION = "Who opened station 12345?"
SURE = Confidence(0.0, intercept=0.0, weights=Features(1, 0, 0, 0, 0, 0), threshold=0.5)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of one document of 4 MB, each paragraph of which is a passage."""
    written = [
        f"Station {i} was opened by “Mayor {i} of Graz”. " + "It rained — all day. " * 7 for i in range(PARAGRAPHS)
    ]
    text = "\n\n".join(written)
    made, passages, at = document("long", text, file_sha256="0"), [], 0
    for one in written:
        passages.append(Passage("long", Span(at, at + len(one)), one))
        at += len(one) + 2
    vectors = np.ones((len(passages), 8), np.float16)
    folder = tmp_path_factory.mktemp("long") / "index"
    with SqliteStore(folder).writing(WordLengths, ChunkerSettings(), "testing") as writer:
        writer.check_settings()
        writer.take(Prepared(made, "", passages, vectors, None))
        writer.commit()
    with closing(Index(folder)) as index:
        yield index


@pytest.fixture
def answerer(long: Index) -> Answerer:
    return Answerer(long, WordLengths(), ScriptedReader({"Mayor 12345": 3.0, "Mayor 12": 1.0}), SURE)


def _asked(answerer: Answerer) -> Response:
    return answerer.ask(QUESTION, AskOptions(k=50))


def test_a_question_reads_only_what_it_needs(long: Index, answerer: Answerer) -> None:
    with counted_reading(long._catalog) as read:
        first = _asked(answerer)  # reads each long text through, once, in pieces
    assert read.most <= 1.1 * MEGABYTE < 4 * MEGABYTE < read.characters < 5 * MEGABYTE
    with counted_reading(long._catalog) as read:
        response = _asked(answerer)
    assert read.characters < READ

    assert response.answer
    whole, citation = long.document("long"), response.answer.citation
    assert citation.quote.text == whole.quote(citation.quote.span) == "Mayor 12345"
    assert citation.sentence.text == "Station 12345 was opened by “Mayor 12345 of Graz”."
    assert citation.sentence.text == whole.quote(citation.sentence.span)
    assert citation.quote.span_utf16.start == whole.utf16(citation.quote.span.start)
    assert first.answer == response.answer
    assert all(one.quote.text == whole.quote(one.quote.span) for one in response.evidence)


def test_a_search_reads_only_what_it_needs(long: Index, answerer: Answerer) -> None:
    answerer.search(QUESTION)
    with counted_reading(long._catalog) as read:
        found, _ = answerer.search(QUESTION, AskOptions(k=50))
    assert len(found) == 50
    assert read.characters < READ


def test_a_citation_that_holds_is_verified_without_the_rest_of_the_text(long: Index, answerer: Answerer) -> None:
    answer = _asked(answerer).answer
    assert answer
    with counted_reading(long._catalog) as read:
        verdict = verify(long, Claim.of(answer.citation))
    assert verdict.status == "valid"
    assert verdict.citation == answer.citation
    assert read.characters < READ


def test_a_quotation_is_looked_up_without_the_rest_of_the_text(long: Index) -> None:
    long.document_view("long")
    with counted_reading(long._catalog) as read:
        (checked,) = Checker(long).check("He said: “Station 777 was opened by Mayor 777 of Graz.”")
    assert checked.status == "exact"
    assert read.characters < READ

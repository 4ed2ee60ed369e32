"""Answers, abstentions and their citations: over the seed articles, and over corpora small enough to see through."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from api.service import Service
from index.builder import update
from index.chunker import ChunkerSettings
from index.embedder import SentenceTransformerEmbedder
from index.errors import IndexMismatchError, UnknownDocumentError
from index.store import Index
from index.types import Filters, Span
from rag import confidence
from rag.answerer import READ, Answerer
from rag.evaluation.questions import load
from rag.retriever import Retriever
from rag.types import Citation, Response

HERE = Path(__file__).resolve().parent
SEEDS = HERE.parent / "seeds"
ANSWERABLE = "How much aid did the US pledge to Cubans?"
NINE_MILLION = (
    "The U.S. has separately pledged to provide $9 million of humanitarian assistance to Cubans that is being "
    "delivered by the Catholic Church."
)
ELSEWHERE = "Who discovered penicillin?"
QUESTIONS = [question.question for question in load(HERE / "questions.jsonl")][::16]

Build = Callable[[dict[str, str]], Service]


@pytest.fixture
def over(tmp_path: Path, embedder: SentenceTransformerEmbedder) -> Build:
    """Makes a service over the texts given, by document id."""

    def build(texts: dict[str, str]) -> Service:
        folder = tmp_path / "texts"
        folder.mkdir()
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        update(tmp_path / "index", [folder], embedder)
        return opened(tmp_path / "index", embedder)

    return build


def opened(folder: Path, embedder: SentenceTransformerEmbedder) -> Service:
    index = Index(folder)
    return Service(index, Answerer(index, embedder, confidence.load()))


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory, embedder: SentenceTransformerEmbedder) -> Service:
    """The seed articles in short passages, each with a sentence of the one before."""
    folder = tmp_path_factory.mktemp("fine") / "index"
    update(folder, [SEEDS], embedder, ChunkerSettings(passage_tokens=64, overlap_sentences=2))
    return opened(folder, embedder)


def citations(response: Response) -> list[Citation]:
    answer = [response.answer.citation, *response.answer.also_in] if response.answer else []
    return answer + [candidate.citation for candidate in response.alternatives + response.conflicts]


def test_an_answer_is_a_sentence_of_its_document(service: Service) -> None:
    response = service.answerer.ask(ANSWERABLE)
    assert response.answer
    assert response.answer.text == NINE_MILLION
    citation = response.answer.citation
    text = (SEEDS / f"{citation.source.document_id}.txt").read_text(encoding="utf-8")
    assert text[citation.quote.span.start : citation.quote.span.end] == NINE_MILLION
    assert (citation.source.author, str(citation.source.date)) == ("Simon Lewis", "2026-02-26")


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_is_exact_and_given_once(service: Service, question: str) -> None:
    response = service.answerer.ask(question, min_confidence=0)
    found = citations(response)
    for citation in found:
        document = service.index.document(citation.source.document_id)
        assert document.text[citation.quote.span.start : citation.quote.span.end] == citation.quote.text
        assert document.sha256 == citation.source.sha256
    assert len({(c.source.document_id, c.quote.span) for c in found}) == len(found)
    assert [c.score for c in response.alternatives] == sorted((c.score for c in response.alternatives), reverse=True)


@pytest.mark.parametrize("question", [*QUESTIONS[:6], ANSWERABLE])
def test_k_is_how_much_evidence_there_is_and_nothing_else(service: Service, question: str) -> None:
    most = service.answerer.ask(question, k=50)
    for k in (1, READ, READ + 1):
        fewer = service.answerer.ask(question, k=k)
        assert (fewer.answer, fewer.reason, fewer.alternatives) == (most.answer, most.reason, most.alternatives)
        assert fewer.evidence == most.evidence[:k]


def test_the_confidence_is_that_of_the_best_place(service: Service, embedder: SentenceTransformerEmbedder) -> None:
    response = service.answerer.ask(ANSWERABLE)
    assert response.answer
    fitted = confidence.load()
    evidence = Retriever(service.index, embedder).retrieve(ANSWERABLE, READ)
    best = service.answerer.places(ANSWERABLE, evidence)[0]
    assert (best.document_id, best.span) == (
        response.answer.citation.source.document_id,
        response.answer.citation.quote.span,
    )
    logistic = 1 / (1 + math.exp(-(fitted.intercept + fitted.slope * best.read)))
    assert response.answer.confidence == pytest.approx(logistic)


def test_places_are_scored_as_the_formulas_say(service: Service, embedder: SentenceTransformerEmbedder) -> None:
    """Coverage and evidence of every place, from the index's own terms and the evidence's own scores."""
    index, fitted = service.index, confidence.load()
    evidence = Retriever(index, embedder).retrieve(ANSWERABLE, READ)
    rarity = {term: index.idf(term) for term in index.terms(ANSWERABLE)}
    for place in service.answerer.places(ANSWERABLE, evidence):
        assert index.document(place.document_id).quote(place.span) == place.text
        held = [rarity[term] for term in index.terms(place.text) if term in rarity]
        assert place.coverage == pytest.approx(sum(held) / sum(rarity.values()))
        passages = [e for e in evidence if e.passage.document_id == place.document_id]
        holding = max(e.score for e in passages if e.passage.span.contains(place.span))
        assert place.evidence == pytest.approx(holding / (2 / 61))
        expected = (
            fitted.read_weight * place.read
            + fitted.coverage_weight * place.coverage
            + fitted.evidence_weight * place.evidence
        )
        assert place.score == pytest.approx(expected)


FERRY = "The ferry to Inishmore leaves at half past ten."
HARBOUR = (
    f"Fishing is the business of the harbour. The harbour master counts boats. {FERRY} Nets dry on the harbour wall."
)
SCHOOL = (
    f"Teaching is the business of the school. The school has forty pupils. {FERRY} Lessons end before the school bus."
)


@pytest.mark.parametrize(("about", "cited", "other"), [("harbour", "b", "a"), ("school", "a", "b")])
def test_a_sentence_in_two_documents_is_cited_where_it_was_read(
    over: Build, about: str, cited: str, other: str
) -> None:
    answerer = over({"a": SCHOOL, "b": HARBOUR}).answerer
    response = answerer.ask(f"When does the ferry to Inishmore leave, according to the {about}?", min_confidence=0)
    assert response.answer
    assert response.answer.text == FERRY
    places = [response.answer.citation, *response.answer.also_in]
    assert [place.source.document_id for place in places] == [cited, other]
    starts = {"a": SCHOOL.index(FERRY), "b": HARBOUR.index(FERRY)}
    assert [place.quote.span.start for place in places] == [starts[cited], starts[other]]
    assert all(candidate.text != FERRY for candidate in response.alternatives)


def test_a_sentence_twice_in_one_document_is_cited_at_both_places(over: Build) -> None:
    text = f"Notice for visitors. {FERRY} Bring a coat. {FERRY} Dogs travel free."
    response = over({"notice": text}).answerer.ask("When does the ferry to Inishmore leave?", min_confidence=0)
    assert response.answer
    found = [response.answer.citation, *response.answer.also_in]
    assert [c.quote.span for c in found] == [Span(*match.span()) for match in re.finditer(re.escape(FERRY), text)]


def test_places_that_differ_only_in_case_and_marks_say_the_same(over: Build) -> None:
    texts = {"a": FERRY, "b": FERRY.upper().replace(".", "!"), "c": "The ferry carries cars."}
    response = over(texts).answerer.ask("When does the ferry to Inishmore leave?", min_confidence=0)
    assert response.answer
    said = {response.answer.text, *(citation.quote.text for citation in response.answer.also_in)}
    assert said == {texts["a"], texts["b"]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The bridge cost 1.5 million dollars.", "The bridge cost 15 million dollars."),
        ("The bridge froze at -5 degrees.", "The bridge froze at 5 degrees."),
        ("The team of the bridge won 3-1.", "The team of the bridge won 31."),
        ("The bridge is called कि.", "The bridge is called का."),
    ],
)
def test_other_words_are_another_answer(over: Build, one: str, other: str) -> None:
    response = over({"a": one, "b": other}).answerer.ask("What of the bridge?", min_confidence=0)
    assert response.answer
    assert response.answer.also_in == ()
    assert {response.answer.text, *(candidate.text for candidate in response.alternatives)} == {one, other}


@pytest.mark.parametrize("question", QUESTIONS[:6])
def test_overlapping_passages_give_a_sentence_once(fine: Service, question: str) -> None:
    response = fine.answerer.ask(question, min_confidence=0)
    for one, other in combinations(citations(response), 2):
        assert (one.source.document_id, one.quote.text) != (other.source.document_id, other.quote.text)


def test_a_sentence_of_two_passages_has_the_evidence_of_the_better_one(
    fine: Service, embedder: SentenceTransformerEmbedder
) -> None:
    evidence = Retriever(fine.index, embedder).retrieve(ANSWERABLE, READ)
    places = fine.answerer.places(ANSWERABLE, evidence)
    assert len({(place.document_id, place.span) for place in places}) == len(places)
    shared = 0
    for place in places:
        passages = [e for e in evidence if e.passage.document_id == place.document_id]
        scores = [e.score for e in passages if e.passage.span.contains(place.span)]
        shared += len(scores) > 1
        assert place.evidence == pytest.approx(max(scores) / (2 / 61))
    assert shared


@pytest.mark.parametrize("question", ["date 2025-05-07 403", "Close Menu", "(end)", *QUESTIONS[:6]])
def test_boilerplate_never_answers(service: Service, question: str) -> None:
    response = service.answerer.ask(question, min_confidence=0, k=50)
    for piece, source in [
        *((c.quote, c.source) for c in citations(response)),
        *((c.sentence, c.source) for c in citations(response)),
        *((found.place, found.source) for found in response.evidence),
    ]:
        furniture = service.index.document(source.document_id).boilerplate
        assert not any(span.overlaps(piece.span) for span in furniture)


def test_the_seed_articles_do_hold_boilerplate(service: Service) -> None:
    assert sum(len(service.index.document(d.id).boilerplate) for d in service.index.summaries(9)[0]) >= 3


def test_a_question_the_documents_do_not_answer_is_refused_with_its_evidence(service: Service) -> None:
    response = service.answerer.ask(ELSEWHERE, k=4)
    assert response.answer is None
    assert response.reason
    assert response.reason.code == "not_in_the_sources"
    assert response.reason.threshold == confidence.load().threshold
    assert response.reason.confidence is not None
    assert response.reason.confidence < response.reason.threshold
    assert response.alternatives == ()
    assert len(response.evidence) == 4


@pytest.mark.parametrize("question", [ANSWERABLE, ELSEWHERE])
def test_min_confidence_0_always_answers_and_1_never(service: Service, question: str) -> None:
    assert service.answerer.ask(question, min_confidence=0).answered
    refused = service.answerer.ask(question, min_confidence=1)
    assert refused.reason
    assert (refused.reason.code, refused.reason.threshold) == ("not_in_the_sources", 1)


def test_an_answer_is_given_from_the_threshold_up(service: Service) -> None:
    answer = service.answerer.ask(ANSWERABLE).answer
    assert answer
    at = service.answerer.ask(ANSWERABLE, min_confidence=answer.confidence)
    above = service.answerer.ask(ANSWERABLE, min_confidence=math.nextafter(answer.confidence, 1))
    assert at.answer == answer
    assert above.reason
    assert above.reason.confidence == answer.confidence


def test_only_boilerplate_is_no_evidence(over: Build) -> None:
    response = over({"a": "- Advertisement -\n"}).answerer.ask(ANSWERABLE, min_confidence=0)
    assert response.reason
    assert (response.reason.code, response.reason.confidence) == ("no_evidence", None)
    assert (response.evidence, response.alternatives) == ((), ())


def test_an_index_without_documents_answers_nothing_and_does_not_crash(over: Build) -> None:
    answerer = over({}).answerer
    response = answerer.ask(ANSWERABLE, min_confidence=0)
    assert response.reason
    assert response.reason.code == "no_evidence"
    assert answerer.search(ANSWERABLE)[0] == []


def test_filters_that_leave_nothing_are_named_as_the_reason(service: Service) -> None:
    response = service.answerer.ask(ANSWERABLE, filters=Filters(source="nobody"), min_confidence=0)
    assert response.reason
    assert (response.reason.code, response.reason.confidence) == ("filtered_out", None)
    assert response.evidence == ()


def test_filters_leave_only_what_they_allow(service: Service) -> None:
    allowed = frozenset(["001_6fe46eaa118b1c1d"])
    response = service.answerer.ask(ANSWERABLE, filters=Filters(document_ids=allowed), min_confidence=0, k=50)
    assert {c.source.document_id for c in citations(response)} == allowed
    assert {found.source.document_id for found in response.evidence} == allowed


def test_filtering_to_the_document_of_the_answer_keeps_the_answer(service: Service) -> None:
    filters = Filters(document_ids=frozenset(["002_73ec0a3e5fd5a0e3"]))
    response = service.answerer.ask(ANSWERABLE, filters=filters)
    assert response.answer
    assert response.answer.text == NINE_MILLION


def test_a_filter_with_an_unknown_document_is_an_error_that_names_it(service: Service) -> None:
    filters = Filters(document_ids=frozenset(["gone", "002_73ec0a3e5fd5a0e3"]))
    for use in (service.answerer.ask, service.answerer.search):
        with pytest.raises(UnknownDocumentError, match="gone") as caught:
            use(ANSWERABLE, filters=filters)
        assert caught.value.ids == ["gone"]


def test_the_context_of_a_follow_up_is_used(over: Build) -> None:
    bridge = "The Larkspur bridge cost nine million crowns."
    tunnel = "The Ostrava tunnel cost four million crowns."
    answerer = over({"a": bridge, "b": tunnel}).answerer
    for context, expected in (("Tell me about the Larkspur bridge.", bridge), ("And the Ostrava tunnel?", tunnel)):
        response = answerer.ask("How much did it cost?", context=context, min_confidence=0)
        assert response.answer
        assert response.answer.text == expected
        assert response.question == "How much did it cost?"


@pytest.mark.parametrize("context", [None, ""])
def test_no_context_and_an_empty_one_are_the_same(service: Service, context: str | None) -> None:
    assert service.answerer.ask(ANSWERABLE, context=context).answer == service.answerer.ask(ANSWERABLE).answer


def test_search_gives_the_evidence_of_ask(service: Service) -> None:
    found, milliseconds = service.answerer.search(ANSWERABLE, k=7)
    assert tuple(found) == service.answerer.ask(ANSWERABLE, k=7).evidence
    assert milliseconds > 0


def test_nothing_is_left_between_questions(service: Service) -> None:
    first = service.answerer.ask(ANSWERABLE)
    service.answerer.ask(ELSEWHERE, context="Penicillin", filters=Filters(source="nobody"), min_confidence=1)
    again = service.answerer.ask(ANSWERABLE)
    assert (again.answer, again.alternatives, again.evidence) == (first.answer, first.alternatives, first.evidence)


def test_the_timing_adds_up(service: Service) -> None:
    timing = service.answerer.ask(ANSWERABLE).timing_ms
    assert set(timing) == {"retrieve", "read", "total"}
    assert timing["total"] >= max(timing["retrieve"], timing["read"])


def test_an_index_of_another_model_is_refused(over: Build, embedder: SentenceTransformerEmbedder) -> None:
    index = over({"a": FERRY}).index
    index.manifest.settings["embedder.name"] = "another-model"
    with pytest.raises(IndexMismatchError, match=r"another-model.*all-MiniLM-L6-v2"):
        Answerer(index, embedder, confidence.load())

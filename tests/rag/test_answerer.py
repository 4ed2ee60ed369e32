"""Answers, abstentions and their citations: over the seed articles, and over corpora small enough to see through."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from support.paths import QUESTIONS, SEEDS
from support.readers import ScriptedReader

from citeqa.api.service import Service
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexMismatchError, UnknownDocumentError
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Filters, Span
from citeqa.rag import confidence
from citeqa.rag.answerer import READ, Answerer
from citeqa.rag.candidates import different, features_of
from citeqa.rag.confidence import Confidence, Features, Logistic
from citeqa.rag.decision import ALSO_IN, ALSO_MARGIN, ALTERNATIVES, CONFLICTS
from citeqa.rag.evaluation.questions import load
from citeqa.rag.options import AskOptions, Look
from citeqa.rag.reader.boundaries import inside_word
from citeqa.rag.reader.onnx_reader import OnnxReader
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.types import Citation, Response

ANSWERABLE = "How much aid did the US pledge to Cubans?"
NINE_MILLION = (
    "The U.S. has separately pledged to provide $9 million of humanitarian assistance to Cubans that is being "
    "delivered by the Catholic Church."
)
ELSEWHERE = "Who discovered penicillin?"
ASKED = [question.question for question in load(QUESTIONS)][::16]
MARGIN_ONLY = Confidence(0.0, intercept=0.0, weights=Features(1, 0, 0, 0, 0, 0), threshold=0.5)

Build = Callable[..., Service]


@pytest.fixture
def over(tmp_path: Path, embedder: Embedder, reader: OnnxReader) -> Iterator[Build]:
    """Makes a service over the texts given, by document id; reads with the shipped reader unless another is given."""
    made: list[Service] = []

    def build(texts: dict[str, str], with_reader: Reader | None = None) -> Service:
        folder = tmp_path / "texts"
        folder.mkdir()
        for name, text in texts.items():
            (folder / f"{name}.txt").write_text(text, encoding="utf-8")
        update(tmp_path / "index", [folder], embedder)
        index = Index(tmp_path / "index")
        weights = MARGIN_ONLY if with_reader else confidence.load()[0]
        made.append(Service(index, Answerer(index, embedder, with_reader or reader, weights)))
        return made[-1]

    yield build
    for service in made:
        service.close()


@pytest.fixture(scope="module")
def fine(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder, reader: OnnxReader) -> Iterator[Service]:
    """The seed articles in short passages, each with a sentence of the one before."""
    folder = tmp_path_factory.mktemp("fine") / "index"
    update(folder, [SEEDS], embedder, ChunkerSettings(passage_tokens=64, overlap_sentences=2))
    index = Index(folder)
    yield Service(index, Answerer(index, embedder, reader, confidence.load()[0]))
    index.close()


def citations(response: Response) -> list[Citation]:
    answer = [response.answer.citation, *response.answer.also_in] if response.answer else []
    return answer + [candidate.citation for candidate in response.alternatives + response.conflicts]


def cited(citation: Citation) -> tuple[str, str]:
    return citation.source.document_id, citation.quote.text


def test_an_answer_is_a_phrase_of_its_document_in_its_sentence(service: Service) -> None:
    response = service.answerer.ask(ANSWERABLE, AskOptions(min_confidence=0))
    assert response.answer
    assert "9 million" in response.answer.text
    citation = response.answer.citation
    text = (SEEDS / f"{citation.source.document_id}.txt").read_text(encoding="utf-8")
    assert text[citation.quote.span.start : citation.quote.span.end] == response.answer.text
    assert text[citation.sentence.span.start : citation.sentence.span.end] == citation.sentence.text == NINE_MILLION
    assert (citation.source.author, str(citation.source.date)) == ("Simon Lewis", "2026-02-26")


@pytest.mark.parametrize("question", ASKED)
def test_every_citation_is_exact_and_given_once(service: Service, question: str) -> None:
    response = service.answerer.ask(question, AskOptions(min_confidence=0))
    found = citations(response)
    for citation in found:
        document = service.index.document(citation.source.document_id)
        span = citation.quote.span
        assert document.text[span.start : span.end] == citation.quote.text
        assert document.sha256 == citation.source.sha256
        assert citation.sentence.span.contains(span)
        assert not inside_word(document.text, span.start)
        assert not inside_word(document.text, span.end)
    for one, other in combinations(found, 2):
        assert one.source.document_id != other.source.document_id or not one.quote.span.overlaps(other.quote.span)
    assert [c.score for c in response.alternatives] == sorted((c.score for c in response.alternatives), reverse=True)


@pytest.mark.parametrize("question", [*ASKED[:2], ANSWERABLE])
def test_k_is_how_much_evidence_there_is_and_nothing_else(service: Service, question: str) -> None:
    most = service.answerer.ask(question, AskOptions(k=50))
    for k in (1, READ, READ + 1):
        fewer = service.answerer.ask(question, AskOptions(k=k))
        assert (fewer.answer, fewer.reason, fewer.alternatives) == (most.answer, most.reason, most.alternatives)
        assert fewer.conflicts == most.conflicts
        assert fewer.evidence == most.evidence[:k]


def test_the_confidence_is_the_logistic_function_of_the_features(service: Service, embedder: Embedder) -> None:
    response = service.answerer.ask(ANSWERABLE, AskOptions(min_confidence=0))
    assert response.answer
    fitted, _ = confidence.load()
    candidates = service.answerer.candidates(ANSWERABLE, Retriever(service.index, embedder).retrieve(ANSWERABLE, READ))
    best = candidates[0]
    assert (best.document_id, best.text) == cited(response.answer.citation)
    weighed = sum(
        weight * feature for weight, feature in zip(fitted.weights, features_of(best, candidates), strict=True)
    )
    assert response.answer.confidence == pytest.approx(1 / (1 + math.exp(-fitted.intercept - weighed)), abs=1e-3)


def test_candidates_are_scored_as_the_formulas_say(service: Service, embedder: Embedder) -> None:
    """Coverage and evidence of every candidate, from the index's own terms and the evidence's own scores."""
    index, (fitted, _) = service.index, confidence.load()
    evidence = Retriever(index, embedder).retrieve(ANSWERABLE, READ)
    rarity = {term: index.idf(term) for term in index.terms(ANSWERABLE)}
    candidates = service.answerer.candidates(ANSWERABLE, evidence)
    assert [p.score for p in candidates] == sorted((p.score for p in candidates), reverse=True)
    for candidate in candidates:
        assert index.document(candidate.document_id).quote(candidate.span) == candidate.text
        holding = [
            (index.headings([e.passage.document_id])[e.passage.document_id] + "\n" + e.passage.text, e.score)
            for e in evidence
            if e.passage.document_id == candidate.document_id and e.passage.span.contains(candidate.span)
        ]
        coverages = [sum(rarity[t] for t in index.terms(text) if t in rarity) for text, _ in holding]
        assert [candidate.coverage, candidate.evidence] in [
            pytest.approx([covered / sum(rarity.values()), score])
            for covered, (_, score) in zip(coverages, holding, strict=True)
        ]
        assert candidate.score == pytest.approx(candidate.margin + fitted.evidence_weight * candidate.evidence)


FERRY = "The ferry to Inishmore leaves at half past ten."
HARBOUR = (
    f"Fishing is the business of the harbour. The harbour master counts boats. {FERRY} Nets dry on the harbour wall."
)
SCHOOL = (
    f"Teaching is the business of the school. The school has forty pupils. {FERRY} Lessons end before the school bus."
)
LEAVING = "When does the ferry to Inishmore leave?"
TEN = "half past ten"


@pytest.mark.parametrize(("about", "first", "other"), [("harbour", "b", "a"), ("school", "a", "b")])
def test_words_in_two_documents_are_cited_where_they_were_read(
    over: Build, embedder: Embedder, about: str, first: str, other: str
) -> None:
    """The question and the shipped weights decide which of the two is the better one; the reader sees no difference."""
    service = over({"a": SCHOOL, "b": HARBOUR}, ScriptedReader({TEN: 2.0}))
    answerer = Answerer(service.index, embedder, ScriptedReader({TEN: 2.0}), confidence.load()[0])
    response = answerer.ask(f"When does the ferry leave, according to the {about}?", AskOptions(min_confidence=0))
    assert response.answer
    candidates = [response.answer.citation, *response.answer.also_in]
    assert [cited(candidate) for candidate in candidates] == [(first, TEN), (other, TEN)]
    starts = {"a": SCHOOL.index(TEN), "b": HARBOUR.index(TEN)}
    assert [candidate.quote.span.start for candidate in candidates] == [starts[first], starts[other]]
    assert [candidate.sentence.text for candidate in candidates] == [FERRY, FERRY]
    assert (response.alternatives, response.conflicts) == ((), ())


def test_words_twice_in_one_document_are_cited_at_both_places(over: Build) -> None:
    text = f"Notice for visitors. {FERRY} Bring a coat. {FERRY} Dogs travel free."
    response = over({"notice": text}, ScriptedReader({TEN: 2.0, "coat": -1.0})).answerer.ask(LEAVING)
    assert response.answer
    found = [response.answer.citation, *response.answer.also_in]
    assert [c.quote.span for c in found] == [Span(*match.span()) for match in re.finditer(TEN, text)]


def test_the_shipped_reader_reads_both_documents(over: Build) -> None:
    response = over({"a": SCHOOL, "b": HARBOUR}).answerer.ask(LEAVING, AskOptions(min_confidence=0))
    assert response.answer
    assert TEN in response.answer.citation.quote.text
    assert {c.source.document_id for c in citations(response)} == {"a", "b"}


def test_candidates_that_differ_only_in_case_and_punctuation_are_the_same_answer(over: Build) -> None:
    texts = {"a": FERRY, "b": FERRY.upper().replace(".", "!"), "c": "The ferry carries cars."}
    scripted = ScriptedReader({TEN: 2.0, TEN.upper(): 1.0, "cars": -1.0})
    response = over(texts, scripted).answerer.ask(LEAVING)
    assert response.answer
    assert [cited(response.answer.citation), *map(cited, response.answer.also_in)] == [("a", TEN), ("b", TEN.upper())]
    assert [cited(candidate.citation) for candidate in response.alternatives] == [("c", "cars")]


def test_words_that_only_stand_elsewhere_are_no_other_place(over: Build, embedder: Embedder) -> None:
    """In "c" the reader believes rather in no answer, whatever the lead of the best one makes of it."""
    texts = {"a": FERRY, "b": FERRY.upper(), "c": "Half Past Ten is a song."}
    scripted = ScriptedReader({TEN: 8.0, TEN.upper(): ALSO_MARGIN, TEN.title(): ALSO_MARGIN - 0.5})
    service = over(texts, scripted)
    leading = Confidence(0.0, intercept=0.0, weights=Features(0, 0, 0, 0, lead=1, agreeing=0), threshold=0.5)
    answer = Answerer(service.index, embedder, scripted, leading).ask(LEAVING).answer
    assert answer
    assert [cited(answer.citation), *map(cited, answer.also_in)] == [("a", TEN), ("b", TEN.upper())]


HALF_SURE = Confidence(
    0.0,
    intercept=0.0,
    weights=Features(1, 0, 0, 0, 0, 0),
    threshold=0.9,
    others=Logistic(-1.0, Features(1, 0, 0, 0, 0, 0)),
)


def test_what_is_not_sure_enough_is_guessed_with_its_probability(over: Build, embedder: Embedder) -> None:
    texts = {"a": FERRY, "b": "The ferry carries cars and dogs for two crowns."}
    scripted = ScriptedReader({TEN: 1.0, "past ten": 0.9, "cars": 0.5, "dogs": 0.0, "two crowns": -0.5})
    service = over(texts, scripted)
    answerer = Answerer(service.index, embedder, scripted, HALF_SURE)
    response = answerer.ask("When does the ferry leave?")
    assert response.reason
    assert [(guess.text, guess.score) for guess in response.guesses] == [(TEN, 1.0), ("cars", 0.5), ("dogs", 0.0)]
    assert [guess.confidence for guess in response.guesses] == pytest.approx(
        [1 / (1 + math.exp(-1)), 1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(1))]
    )
    assert response.reason.confidence == response.guesses[0].confidence
    for guess in response.guesses:
        document = service.index.document(guess.citation.source.document_id)
        assert document.quote(guess.citation.quote.span) == guess.text
    assert answerer.ask("When does the ferry leave?", AskOptions(min_confidence=0.5)).guesses == ()
    unknown = answerer.ask("When does the ferry leave for Sweden?")
    assert unknown.reason
    assert unknown.guesses == ()
    assert unknown.reason.message.endswith("they do not mention “Sweden”.")
    assert set(answerer.ask("asdf qwer").guesses) == set()


def test_guesses_stand_most_likely_first_and_none_is_too_unlikely(over: Build, embedder: Embedder) -> None:
    scripted = ScriptedReader({TEN: 0.0, "cars": -0.5, "dogs": -2.0})
    service = over({"a": FERRY, "b": "The ferry carries cars and dogs."}, scripted)
    eager = replace(HALF_SURE, others=Logistic(1.0, Features(1, 0, 0, 0, 0, 0)))
    found = Answerer(service.index, embedder, scripted, eager).ask("When does the ferry leave?").guesses
    assert [guess.text for guess in found] == ["cars", TEN, "dogs"]
    timid = replace(HALF_SURE, others=Logistic(-1.0, Features(1, 0, 0, 0, 0, 0)))
    found = Answerer(service.index, embedder, scripted, timid).ask("When does the ferry leave?").guesses
    assert [guess.text for guess in found] == [TEN, "cars"]  # the logistic of -3 is below MIN_CHANCE


@pytest.mark.parametrize("question", ["asdf qwer", "Qwxz zxcv?"])
def test_nonsense_is_refused_whatever_the_reader_finds(over: Build, question: str) -> None:
    service = over({"a": FERRY}, ScriptedReader({TEN: 20.0}))
    response = service.answerer.ask(question)
    assert response.reason
    assert (response.reason.confidence, response.guesses) == (0.0, ())
    forced = service.answerer.ask(question, AskOptions(min_confidence=0)).answer
    assert forced
    assert forced.confidence == 0


def test_also_in_holds_only_candidates_that_would_be_answers_themselves(over: Build, embedder: Embedder) -> None:
    texts = dict.fromkeys("abcdefghijklmn", FERRY)
    scripted = ScriptedReader({TEN: 2.0})
    service = over(texts, scripted)
    response = service.answerer.ask(LEAVING, AskOptions(min_confidence=0.5))
    assert response.answer
    assert len(response.answer.also_in) == READ - 1 <= ALSO_IN
    sure = Confidence(0.0, intercept=-1.9, weights=Features(1, 0, -4, 0, 0, 0), threshold=0.5)
    weighed = Answerer(service.index, embedder, scripted, sure)
    fewer = weighed.ask(LEAVING).answer
    assert fewer
    evidence = [found.evidence.score for found in weighed.search(LEAVING, AskOptions(k=READ))[0]]
    assert len(fewer.also_in) == sum(-1.9 + 2 - 4 * (max(evidence) - fused) >= 0 for fused in evidence) - 1 > 0


OTHERWISE = [
    ("The bridge cost 1.5 million dollars.", "The bridge cost 15 million dollars.", "1.5 million", "15 million"),
    ("The bridge froze at -5 degrees.", "The bridge froze at 5 degrees.", "-5 degrees", "5 degrees"),
    ("The team of the bridge won 3-1.", "The team of the bridge won 31.", "3-1", "31"),
    ("The bridge opened on 4 May 1987.", "The bridge opened on 4 June 1987.", "4 May 1987", "4 June 1987"),
    ("The bridge opened in 1987.", "The bridge opened in 1991.", "1987", "1991"),
    ("Ingrid Solheim opened the bridge.", "Simon Lewis opened the bridge.", "Ingrid Solheim", "Simon Lewis"),
]


@pytest.mark.parametrize(("one", "other", "said", "denied"), OTHERWISE)
def test_documents_that_say_otherwise_conflict(over: Build, one: str, other: str, said: str, denied: str) -> None:
    scripted = ScriptedReader({said: 3.0, denied: 2.0, "bridge": -4.0})
    if denied in said:  # "5 degrees" stands in both texts; only the other one is read for it
        scripted.margins = {said: 3.0, f"at {denied}": 2.0}
    response = over({"a": one, "b": other}, scripted).answerer.ask("What of the bridge?")
    assert response.answer
    assert cited(response.answer.citation) == ("a", said)
    assert response.answer.also_in == ()
    assert [candidate.citation.source.document_id for candidate in response.conflicts] == ["b"]
    assert denied in response.conflicts[0].text
    assert not {candidate.text for candidate in response.alternatives} & {said, denied}


@pytest.mark.parametrize(
    ("case", "question"),
    [
        (0, "How much did the bridge cost?"),
        (1, "At what temperature did the bridge freeze?"),
        (3, "When did the bridge open?"),
        (4, "When did the bridge open?"),
        (5, "Who opened the bridge?"),
    ],
)
def test_the_shipped_reader_finds_what_documents_say_otherwise(over: Build, case: int, question: str) -> None:
    one, other, said, denied = OTHERWISE[case]
    response = over({"a": one, "b": other}).answerer.ask(question, AskOptions(min_confidence=0))
    assert response.answer
    assert response.answer.also_in == ()
    found = [response.answer.citation, *(candidate.citation for candidate in response.conflicts)]
    assert len(found) == 2
    quotes = dict(map(cited, found))
    assert said in quotes["a"]
    assert denied in quotes["b"]


def test_a_conflict_that_is_not_believed_is_an_alternative(over: Build) -> None:
    texts = {"a": "The bridge opened in 1987.", "b": "The bridge opened in 1991."}
    response = over(texts, ScriptedReader({"1987": 3.0, "1991": -1.0})).answerer.ask("When did the bridge open?")
    assert response.conflicts == ()
    assert [cited(candidate.citation) for candidate in response.alternatives] == [("b", "1991")]


def test_what_one_document_says_in_two_ways_is_no_conflict(over: Build) -> None:
    text = "The bridge opened in 1987. The bridge opened again in 1991."
    response = over({"a": text}, ScriptedReader({"1987": 3.0, "1991": 2.0})).answerer.ask("When did the bridge open?")
    assert response.conflicts == ()
    assert [candidate.text for candidate in response.alternatives] == ["1991"]


def test_alternatives_are_different_answers_each_with_its_citation(over: Build) -> None:
    texts = {
        "a": "The mayor likes red bridges, blue ferries and old boats.",
        "b": "The mayor likes small trains. The mayor likes the red bridges too. She likes long walks and good soup.",
    }
    margins = {"red bridges": 5.0, "bridges": 4.9, "blue ferries": 4.0, "the red bridges": 3.9, "small trains": 3.0}
    scripted = ScriptedReader(margins | {"trains": 2.9, "long walks": 2.0, "good soup": 1.0})
    response = over(texts, scripted).answerer.ask("What does she like?")
    assert response.answer
    assert cited(response.answer.citation) == ("a", "red bridges")
    found = [("a", "blue ferries"), ("b", "small trains"), ("b", "long walks")]
    assert [cited(candidate.citation) for candidate in response.alternatives] == found
    assert len(found) == ALTERNATIVES
    assert [candidate.score for candidate in response.alternatives] == [4.0, 3.0, 2.0]


def test_conflicts_are_limited(over: Build) -> None:
    texts = {f"d{year}": f"The bridge opened in {year}." for year in range(1980, 1986)}
    scripted = ScriptedReader({str(year): 9.0 - year % 10 for year in range(1980, 1986)})
    response = over(texts, scripted).answerer.ask("When did the bridge open?")
    assert [candidate.text for candidate in response.conflicts] == ["1981", "1982", "1983"]
    assert len(response.conflicts) == CONFLICTS
    assert [candidate.text for candidate in response.alternatives] == ["1984", "1985"]


CABLES = "The bridge is blue. The town closed the bridge because the cables had rusted through after two hard winters."


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What rusted through?", "cables"),
        ("Why did the town close the bridge?", "the cables had rusted through after two hard winters"),
    ],
)
def test_a_question_for_an_explanation_gets_a_longer_slice_of_the_document(
    over: Build, question: str, expected: str
) -> None:
    longer = "the cables had rusted through after two hard winters"
    scripted = ScriptedReader({"cables": 3.0, "rusted through": 2.0, longer: 2.5, "blue": 1.0})
    response = over({"a": CABLES}, scripted).answerer.ask(question)
    assert response.answer
    assert response.answer.text == expected
    assert CABLES[slice(*span(response.answer.citation))] == expected
    sentence = "The town closed the bridge because the cables had rusted through after two hard winters."
    assert response.answer.citation.sentence.text == sentence
    inside = {"rusted through"} if expected == longer else set()  # of the answer given, so no alternative to it
    assert {candidate.text for candidate in response.alternatives} == {"blue", "rusted through"} - inside


def span(citation: Citation) -> tuple[int, int]:
    return citation.quote.span.start, citation.quote.span.end


def test_an_explanation_is_a_slice_inside_whole_sentences(over: Build) -> None:
    response = over({"a": CABLES}).answerer.ask("Why did the town close the bridge?", AskOptions(min_confidence=0))
    assert response.answer
    citation = response.answer.citation
    assert len(response.answer.text.split()) >= 3
    assert "cables" in response.answer.text
    assert CABLES[slice(*span(citation))] == response.answer.text
    assert citation.sentence.span.contains(citation.quote.span)


@pytest.mark.parametrize("question", ASKED[:4])
def test_overlapping_passages_give_an_answer_once(fine: Service, question: str) -> None:
    response = fine.answerer.ask(question, AskOptions(min_confidence=0))
    assert response.answer
    for one, other in combinations(citations(response), 2):
        assert one.source.document_id != other.source.document_id or not one.quote.span.overlaps(other.quote.span)
    texts = [response.answer.text, *(candidate.text for candidate in response.alternatives)]
    assert len(set(texts)) == len(texts)


def test_a_candidate_in_two_passages_has_the_evidence_of_the_better_one(fine: Service, embedder: Embedder) -> None:
    evidence = Retriever(fine.index, embedder).retrieve(ANSWERABLE, READ)
    weights = replace(MARGIN_ONLY, evidence_weight=1.0)
    answerer = Answerer(fine.index, embedder, ScriptedReader({"Cuba": 2.0, "Rubio": 2.0}), weights)
    candidates = answerer.candidates(ANSWERABLE, evidence)
    assert len({(candidate.document_id, candidate.span) for candidate in candidates}) == len(candidates)
    shared = 0
    for candidate in candidates:
        passages = [e for e in evidence if e.passage.document_id == candidate.document_id]
        scores = [e.score for e in passages if e.passage.span.contains(candidate.span)]
        shared += len(scores) > 1
        assert candidate.evidence == pytest.approx(max(scores))
    assert shared


@pytest.mark.parametrize("question", ["date 2025-05-07 403", "Close Menu", "(end)", *ASKED[:6]])
def test_boilerplate_never_answers(service: Service, question: str) -> None:
    response = service.answerer.ask(question, AskOptions(min_confidence=0, k=50))
    for piece, source in [
        *((c.quote, c.source) for c in citations(response)),
        *((c.sentence, c.source) for c in citations(response)),
        *((found.quote, found.source) for found in response.evidence),
    ]:
        furniture = service.index.document(source.document_id).boilerplate
        assert not any(span.overlaps(piece.span) for span in furniture)


def test_the_seed_articles_do_hold_boilerplate(service: Service) -> None:
    assert sum(len(service.index.document(d.id).boilerplate) for d in service.index.summaries(9)[0]) >= 3


@pytest.mark.parametrize("look", ["once", "twice"])
def test_a_question_the_documents_do_not_answer_is_refused_with_its_evidence(service: Service, look: Look) -> None:
    response = service.answerer.ask(ELSEWHERE, AskOptions(k=4, look=look))
    assert service.answerer.second
    judging = service.answerer.second.judging if look == "twice" else confidence.load()[0]
    assert response.answer is None
    assert response.reason
    assert response.reason.code == "not_in_the_sources"
    assert response.reason.threshold == judging.threshold
    assert response.reason.confidence is not None
    assert response.reason.confidence < response.reason.threshold
    assert (response.alternatives, response.conflicts) == ((), ())
    assert len(response.evidence) == 4


MISSING = [
    (f"When does the {name} leave for {candidate}?", names)
    for name, candidate, names in [
        ("ferry", "Ostrava", ["Ostrava"]),
        ("tram", "Ostrava", ["Ostrava"]),
        ("ferries", "INISHMORE", []),
    ]
] + [
    ("Who is O'Brien-Smith?", ["O'Brien-Smith"]),
    ("How much does it cost?", ["cost"]),
    ("What is it?", []),
    ("alpha bravo charlie delta echo golf", ["alpha", "bravo", "charlie", "delta"]),
    ("zebra Zebra zebra", ["Zebra"]),
    ("zebra lions zebra", ["zebra", "lions"]),
]


@pytest.mark.parametrize(("question", "named"), MISSING)
def test_an_abstention_names_what_no_passage_mentions(over: Build, question: str, named: list[str]) -> None:
    response = over({"a": HARBOUR}, ScriptedReader({"noon": -1, "boats": -9.0})).answerer.ask(question)
    assert response.reason
    assert response.reason.code == "not_in_the_sources"
    assert re.findall("“([^”]+)”", response.reason.message) == named
    assert ("do not mention" in response.reason.message) == bool(named)


def test_words_of_the_heading_count_as_mentioned(over: Build) -> None:
    texts = {"a": "Inishmore timetable\n\nThe ferry leaves at noon."}
    response = over(texts, ScriptedReader({"noon": -9.0})).answerer.ask("Which timetable of Inishmore costs money?")
    assert response.reason
    assert "“costs”, “money”" in response.reason.message


def test_the_confidence_that_was_reached_is_enough_and_a_little_more_is_not(service: Service) -> None:
    answer = service.answerer.ask(ANSWERABLE, AskOptions(min_confidence=0)).answer
    assert answer
    assert service.answerer.ask(ANSWERABLE, AskOptions(min_confidence=answer.confidence)).answer == answer
    above = service.answerer.ask(ANSWERABLE, AskOptions(min_confidence=math.nextafter(answer.confidence, 2)))
    assert above.answer is None
    assert above.reason
    assert above.reason.confidence == answer.confidence


def test_only_boilerplate_is_no_evidence(over: Build) -> None:
    response = over({"a": "- Advertisement -\n"}).answerer.ask(ANSWERABLE, AskOptions(min_confidence=0))
    assert response.reason
    assert (response.reason.code, response.reason.confidence) == ("no_evidence", None)
    assert (response.evidence, response.alternatives) == ((), ())


def test_evidence_in_which_nothing_can_answer_is_shown_as_such(over: Build) -> None:
    response = over({"a": "?! … –"}).answerer.ask(ANSWERABLE, AskOptions(min_confidence=0))
    assert response.reason
    assert (response.reason.code, response.reason.confidence) == ("no_evidence", None)


def test_an_index_without_documents_answers_nothing_and_does_not_crash(over: Build) -> None:
    answerer = over({}).answerer
    response = answerer.ask(ANSWERABLE, AskOptions(min_confidence=0))
    assert response.reason
    assert response.reason.code == "no_evidence"
    assert answerer.search(ANSWERABLE)[0] == ()


def test_filters_that_leave_nothing_are_named_as_the_reason(service: Service) -> None:
    response = service.answerer.ask(ANSWERABLE, AskOptions(filters=Filters(source="nobody"), min_confidence=0))
    assert response.reason
    assert (response.reason.code, response.reason.confidence) == ("filtered_out", None)
    assert response.evidence == ()


def test_filters_leave_only_what_they_allow(service: Service) -> None:
    allowed = frozenset(["001_6fe46eaa118b1c1d"])
    response = service.answerer.ask(
        ANSWERABLE, AskOptions(filters=Filters(document_ids=allowed), min_confidence=0, k=50)
    )
    assert {c.source.document_id for c in citations(response)} == allowed
    assert {found.source.document_id for found in response.evidence} == allowed


def test_filtering_to_the_document_of_the_answer_keeps_the_answer(service: Service) -> None:
    filters = Filters(document_ids=frozenset(["002_73ec0a3e5fd5a0e3"]))
    response = service.answerer.ask(ANSWERABLE, AskOptions(filters=filters, min_confidence=0))
    assert response.answer
    assert response.answer.citation.sentence.text == NINE_MILLION


def test_a_filter_with_an_unknown_document_is_an_error_that_names_it(service: Service) -> None:
    filters = Filters(document_ids=frozenset(["gone", "002_73ec0a3e5fd5a0e3"]))
    for use in (service.answerer.ask, service.answerer.search):
        with pytest.raises(UnknownDocumentError, match="gone") as caught:
            use(ANSWERABLE, AskOptions(filters=filters))
        assert caught.value.ids == ["gone"]


def test_the_context_of_a_follow_up_is_used(over: Build) -> None:
    bridge = "The Larkspur bridge cost nine million crowns."
    tunnel = "The Ostrava tunnel cost four million crowns."
    answerer = over({"a": bridge, "b": tunnel}).answerer
    for context, expected in (("Tell me about the Larkspur bridge.", bridge), ("And the Ostrava tunnel?", tunnel)):
        response = answerer.ask("How much did it cost?", AskOptions(context=context, min_confidence=0))
        assert response.answer
        assert response.answer.citation.sentence.text == expected
        assert "million" in response.answer.text
        assert response.question == "How much did it cost?"


def test_the_context_is_searched_and_read_with_the_question(over: Build) -> None:
    scripted = ScriptedReader({"crowns": 1.0})
    over({"a": "It cost nine crowns."}, scripted).answerer.ask("How much?", AskOptions(context="The bridge."))
    assert scripted.asked == ["How much? The bridge."]


@pytest.mark.parametrize("context", [None, ""])
def test_no_context_and_an_empty_one_are_the_same(service: Service, context: str | None) -> None:
    assert (
        service.answerer.ask(ANSWERABLE, AskOptions(context=context)).answer == service.answerer.ask(ANSWERABLE).answer
    )


def test_search_gives_the_evidence_of_ask_as_it_was_before_reading(service: Service) -> None:
    found, milliseconds = service.answerer.search(ANSWERABLE, AskOptions(k=20))
    evidence = service.answerer.ask(ANSWERABLE, AskOptions(k=20)).evidence
    assert {item.quote for item in found[:READ]} == {item.quote for item in evidence[:READ]}
    assert tuple(found[READ:]) == evidence[READ:]
    assert [item.evidence.score for item in found] == sorted((item.evidence.score for item in found), reverse=True)
    assert milliseconds > 0


@pytest.mark.parametrize("question", [ANSWERABLE, ELSEWHERE])
def test_evidence_is_ordered_by_the_best_candidate_in_each_passage(service: Service, question: str) -> None:
    response = service.answerer.ask(question, AskOptions(k=READ, min_confidence=0, look="once"))
    assert response.answer
    given = response.answer.citation
    first = response.evidence[0]
    assert first.source.document_id == given.source.document_id
    assert first.quote.span.contains(given.quote.span)
    passages = [item.evidence for item in response.evidence]
    candidates = service.answerer.candidates(question, passages)  # what two passages share is of both
    best = [
        max(p.score for p in candidates if p.document_id == at.document_id and at.span.contains(p.span))
        for at in (item.passage for item in passages)
    ]
    assert best == sorted(best, reverse=True)
    assert passages != [
        found.evidence for found in service.answerer.search(question, AskOptions(k=READ))[0]
    ]  # it did reorder


def test_nothing_is_left_between_questions(service: Service) -> None:
    first = service.answerer.ask(ANSWERABLE)
    service.answerer.ask(
        ELSEWHERE, AskOptions(context="Penicillin", filters=Filters(source="nobody"), min_confidence=1)
    )
    again = service.answerer.ask(ANSWERABLE)
    assert (again.answer, again.alternatives, again.evidence) == (first.answer, first.alternatives, first.evidence)


def test_alternatives_and_conflicts_of_real_questions_are_different_answers(
    service: Service, embedder: Embedder
) -> None:
    for question in ASKED[:2]:
        response = service.answerer.ask(question, AskOptions(min_confidence=0))
        candidates = service.answerer.candidates(question, Retriever(service.index, embedder).retrieve(question, READ))
        by_spot = {(candidate.document_id, candidate.span): candidate for candidate in candidates}
        others = [
            by_spot[c.citation.source.document_id, c.citation.quote.span]
            for c in (*response.alternatives, *response.conflicts)
        ]
        assert all(different(candidates[0], other) for other in others)
        assert all(different(one, other) for one, other in combinations(others, 2))


def test_the_timing_adds_up(service: Service) -> None:
    timing = service.answerer.ask(ANSWERABLE).timing_ms
    assert set(timing) == {"retrieve", "read", "total"}
    assert timing["total"] >= max(timing["retrieve"], timing["read"])


def test_an_index_of_another_model_is_refused(over: Build, embedder: Embedder) -> None:
    index = over({"a": FERRY}).index
    assert isinstance(index, Index)
    index.settings["embedder.name"] = "another-model"
    with pytest.raises(IndexMismatchError, match=r"another-model.*all-MiniLM-L6-v2"):
        Answerer(index, embedder, ScriptedReader({}), MARGIN_ONLY)

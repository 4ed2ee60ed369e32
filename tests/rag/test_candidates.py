"""What becomes of a reader's spans: gathered once each, weighed against each other, told apart. By hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.readers import ScriptedReader

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.index.types import Document, Passage, Span
from citeqa.rag.candidates import (
    MAX_MARGIN_LOSS,
    Candidate,
    answer_span,
    conflicting,
    different,
    different_answers,
    features_of,
    gather,
    same_answers,
    same_spot,
)
from citeqa.rag.confidence import LEAD, Confidence, Features
from citeqa.rag.types import Evidence

WEIGHTS = Confidence(2.0, intercept=0.0, weights=Features(1, 0, 0, 0, 0, 0), threshold=0.5)

HARBOUR = "Harbour news\n\nThe ferry leaves at noon. Nets dry at noon on the wall."
SCHOOL = "School news\n\nThe ferry leaves at one."
TEXTS = {"harbour": HARBOUR, "school": SCHOOL}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Index:
    folder = tmp_path_factory.mktemp("candidates")
    (folder / "texts").mkdir()
    for name, text in TEXTS.items():
        (folder / "texts" / f"{name}.txt").write_text(text)
    update(folder / "index", [folder / "texts"], embedder)
    return Index(folder / "index")


def evidence(name: str, score: float, start: int = 0, end: int | None = None) -> Evidence:
    text = TEXTS[name][start:end]
    return Evidence(Passage(name, Span(start, start + len(text)), text), score, {"dense": 1})


def candidate(
    text: str, document_id: str = "a", start: int = 0, margin: float = 0.0, *, first: bool = False
) -> Candidate:
    return Candidate(document_id, Span(start, start + len(text)), text, margin, 0.5, 0.25, margin, first)


def test_a_candidate_is_in_document_coordinates_and_scored_as_the_formulas_say(index: Index) -> None:
    reader = ScriptedReader({"noon": 2.0, "leaves": -1.0})
    found = gather("When does the ferry leave Ostrava?", [evidence("harbour", 0.25, 14)], reader, index, WEIGHTS)
    ferry, leave, ostrava = (index.idf(term) for term in index.terms("ferry leave Ostrava"))
    covered = (ferry + leave) / (ferry + leave + ostrava + sum(index.idf(t) for t in index.terms("When does the")))
    assert [(p.text, p.span.start, p.margin, p.first) for p in found] == [
        ("noon", HARBOUR.index("noon"), 2.0, True),
        ("noon", HARBOUR.rindex("noon"), 2.0, False),
        ("leaves", HARBOUR.index("leaves"), -1.0, False),
    ]
    for one in found:
        assert HARBOUR[one.span.start : one.span.end] == one.text
        assert one.evidence == pytest.approx(0.25)
        assert one.coverage == pytest.approx(covered)
        assert 0 < one.coverage < 1
        assert one.score == pytest.approx(one.margin + 2 * 0.25)
    assert reader.asked == ["When does the ferry leave Ostrava?"]


def test_a_code_is_no_candidate_where_an_amount_is_asked_for(index: Index) -> None:
    text = "The gateway (4410-640) costs 90 euros."
    given = [Evidence(Passage("harbour", Span(0, len(text)), text), 1.0, {"dense": 1})]
    reader = ScriptedReader({"4410-640": 2.0, "gateway (4410-640)": 1.5, "90 euros": 1.0})
    assert [p.text for p in gather("How much is the gateway?", given, reader, index, WEIGHTS)] == ["90 euros"]
    which = gather("Which number does the gateway have?", given, reader, index, WEIGHTS)
    assert [p.text for p in which] == ["4410-640", "gateway (4410-640)", "90 euros"]


def test_what_the_heading_says_counts_as_covered(index: Index) -> None:
    found = gather("school ferry", [evidence("school", 1.0, 13)], ScriptedReader({"one": 1}), index, WEIGHTS)
    assert [p.coverage for p in found] == pytest.approx([1.0])


def test_a_question_without_terms_is_covered_by_nothing(index: Index) -> None:
    found = gather("?!", [evidence("school", 1.0)], ScriptedReader({"one": 1}), index, WEIGHTS)
    assert [(p.coverage, p.score) for p in found] == [(0.0, 3.0)]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_span_of_two_passages_is_kept_once_with_its_best_evidence(index: Index, *, backwards: bool) -> None:
    given = [evidence("harbour", 1.0, 14, 40), evidence("harbour", 0.5)]
    found = gather("", given[::-1] if backwards else given, ScriptedReader({"ferry leaves": 1.0}), index, WEIGHTS)
    assert [(p.text, p.evidence) for p in found] == [("ferry leaves", 1.0)]


def test_a_span_that_is_the_best_of_one_of_its_passages_is_a_first(index: Index) -> None:
    """In the passage with less evidence nothing is better than it; in the other one something is."""
    given = [evidence("harbour", 1.0), evidence("harbour", 0.5, 18, 38)]
    reader = ScriptedReader({"noon": 1.0, "wall": 2.0})
    for some in (given, given[::-1]):
        found = {p.span: p for p in gather("", some, reader, index, WEIGHTS)}
        noon = found[Span(HARBOUR.index("noon"), HARBOUR.index("noon") + 4)]
        assert (noon.first, noon.evidence) == (True, 1.0)
        assert not found[Span(HARBOUR.rindex("noon"), HARBOUR.rindex("noon") + 4)].first


def test_candidates_are_ordered_by_score_then_document_then_start(index: Index) -> None:
    given = [evidence("school", 1.0), evidence("harbour", 1.0)]
    found = gather("", given, ScriptedReader({"The": 1.0, "at": 1.0, "one": 5.0}), index, WEIGHTS)
    assert [(p.text, p.document_id) for p in found] == [
        ("one", "school"),
        ("The", "harbour"),
        ("at", "harbour"),
        ("at", "harbour"),
        ("The", "school"),
        ("at", "school"),
    ]
    assert [p.span for p in found[1:4]] == sorted(p.span for p in found[1:4])


def test_nothing_read_gives_no_candidate(index: Index) -> None:
    assert gather("ferry", [], ScriptedReader({"one": 1}), index, WEIGHTS) == []
    assert gather("ferry", [evidence("school", 1.0)], ScriptedReader({}), index, WEIGHTS) == []


def test_features_by_hand() -> None:
    best = candidate("nine million", margin=3.0, first=True)
    candidates = [
        best,
        candidate("million", start=5, margin=2.9, first=True),  # the same spot
        candidate("nine million crowns", "b", margin=2.5, first=True),  # a variant
        candidate("Nine Million!", "c", margin=2.0, first=True),  # agrees
        candidate("nine million", "d", margin=1.9),  # is not the best of its passage
        candidate("four million", "e", margin=1.75, first=True),  # the best other answer
        candidate("two", "f", margin=1.0, first=True),
    ]
    assert features_of(best, candidates) == Features(
        3.0, 0.25, evidence_behind=0, coverage_behind=0, lead=1.25, agreeing=1
    )
    found = features_of(best, [*candidates, replace(best, evidence=0.75), replace(best, coverage=1.0)])
    assert (found.evidence_behind, found.coverage_behind, found.unknown_names) == (0.25, 0.75, 0)
    assert [features_of(best, candidates, count).unknown_names for count in (1, 2, 3)] == [1, 2, 2]
    assert features_of(candidates[5], candidates).lead == 1.75 - 3.0
    assert features_of(best, candidates[:5]).lead == LEAD  # 3 + LEAD, cut
    assert features_of(replace(best, margin=-LEAD - 4), candidates).lead == -LEAD
    assert features_of(replace(best, margin=-LEAD - 4), [best]).lead == -4  # no other answer counts as one of -LEAD


def test_the_same_spot_and_variants_are_not_different() -> None:
    one = candidate("nine million", start=10)
    assert same_spot(one, candidate("million crowns", start=15))
    assert not same_spot(one, candidate("million crowns", "b", start=15))
    assert not same_spot(one, candidate(" crowns", start=22))  # touches, shares nothing
    assert not different(one, candidate("two houses", start=20))  # shares a candidate, not a word
    assert not different(one, candidate("nine million crowns", "b"))
    assert different(one, candidate("four million", "b"))


def test_the_same_answer_in_other_spots_is_returned_once_for_each() -> None:
    best = candidate("nine million", start=10)
    candidates = [
        best,
        candidate("Nine million.", "b", start=3),
        candidate("nine million", "b", start=3),  # the same spot again
        candidate("nine million", "a", start=50),
        candidate("nine million crowns", "c"),  # in other words
        candidate("four million", "d"),
    ]
    assert same_answers(best, candidates) == [candidates[1], candidates[3]]


def test_the_best_candidate_of_every_different_answer_is_returned() -> None:
    best = candidate("nine million", margin=5)
    candidates = [
        best,
        candidate("four million", "b", margin=4),
        candidate("four million crowns", "c", margin=3),  # a variant of one that is there
        candidate("two", "b", start=40, margin=2),
        candidate("million", "a", start=5, margin=1),  # the best one's spot
        candidate("nine million", "e"),  # the same
    ]
    assert different_answers(best, candidates) == [candidates[1], candidates[3]]
    assert different_answers(best, [best]) == []


CONFLICTS = [
    ("1987", "1991", True),
    ("4 May 1987", "4 June 1987", True),
    ("12 people", "14 people", True),
    ("5 million", "5 billion", True),
    ("1500 people", "900 people", True),
    ("1500 people", "1987", False),
    ("Ingrid Solheim", "Simon Lewis", True),
    ("1987", "4 May 1987", False),  # only says more
    ("1987", "12 people", False),  # of another kind
    ("because of rain", "after a strike", False),  # phrases may both hold
    ("Ingrid Solheim", "the mayor's dog", False),
]


@pytest.mark.parametrize(("one", "other", "expected"), CONFLICTS)
def test_another_answer_of_the_same_kind_in_another_document_conflicts(one: str, other: str, *, expected: bool) -> None:
    assert conflicting(candidate(one, "a"), candidate(other, "b")) is expected
    assert conflicting(candidate(other, "b"), candidate(one, "a")) is expected
    assert not conflicting(candidate(one, "a"), candidate(other, "a", start=90))


RUST = (
    "Bridges. The town closed the bridge because the cables had rusted through, said the mayor (“at last”). It is blue."
)
DOCUMENT = Document("a", "t", RUST, None, None, None, None, "", "")


def within(text: str, margin: float = 0.0) -> Candidate:
    return candidate(text, "a", RUST.index(text), margin)


def fitted(question: str, best: Candidate, *more: Candidate) -> str:
    return DOCUMENT.quote(answer_span(question, best, [best, *more], DOCUMENT))


WANTING_MORE = [
    "Why did the town close the bridge?",
    "how come the bridge is closed?",
    "How did the town lose its bridge?",
    "For what reason was it closed?",
    "What did the mayor say about the bridge?",
    "Explain the closing.",
]
WANTING_A_PHRASE = [
    "What rusted through?",
    "How many cables rusted?",
    "How long was it closed?",
    "Who closed the bridge?",
    "When was the bridge closed?",
    "Whyalla: what rusted there?",
]


@pytest.mark.parametrize("question", WANTING_A_PHRASE)
def test_most_questions_get_the_phrase(question: str) -> None:
    assert fitted(question, within("cables", 3), within("the cables had rusted through", 3)) == "cables"


@pytest.mark.parametrize("question", WANTING_MORE)
def test_questions_for_an_explanation_get_the_longest_slice_with_nearly_the_margin(question: str) -> None:
    best, longer = within("cables", 3), within("the cables had rusted through", 3 - MAX_MARGIN_LOSS)
    longest = within("because the cables had rusted through, said the mayor", 3 - MAX_MARGIN_LOSS - 0.01)
    elsewhere = replace(within("the bridge because the cables had rusted through", 3), document_id="b")
    beside = within("It is blue", 3)
    assert fitted(question, best, longer, longest, elsewhere, beside) == "the cables had rusted through"


def test_an_explanation_of_a_word_or_two_becomes_its_sentence() -> None:
    sentence = "The town closed the bridge because the cables had rusted through, said the mayor (“at last”)"
    assert fitted("Why was the bridge closed?", within("cables")) == sentence
    assert fitted("Why was the bridge closed?", within("rusted through")) == sentence
    assert fitted("Why was the bridge closed?", within("cables had rusted")) == "cables had rusted"
    assert fitted("Who closed the bridge?", within("cables")) == "cables"


def test_a_longer_slice_holds_the_best_one() -> None:
    for word in ("Bridges", "town", "last", "blue"):
        assert word in fitted("Why?", within(word))


def test_an_enumeration_is_completed_inside_its_sentence_only() -> None:
    text = "Free are tea, cake and milk. Ask for sugar, spoons and cups."
    table = Document("a", text, text, None, None, None, None, "", "")

    def here(words: str) -> Candidate:
        return candidate(words, "a", text.index(words))

    found = answer_span("What is free?", here("tea, cake"), [here("tea, cake"), here("tea, cake and milk")], table)
    assert table.quote(found) == "tea, cake and milk"
    longer = here("cake and milk. Ask for sugar, spoons and cups")
    assert table.quote(answer_span("Which are free?", here("cake"), [here("cake"), longer], table)) == "cake"

"""A run over a small service whose every answer is written down here: each value and each figure by hand."""

from __future__ import annotations

import json
import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from citeqa.index.types import Span
from citeqa.rag.evaluation.journal import journal
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.report import by_split, format_figure, record, summary
from citeqa.rag.evaluation.run import RANKED, AnswerResult, row_from_json, run

TEXTS = {"fox": "🦊 The fox sleeps at noon. It eats berries.", "owl": "The owl wakes at dusk. It eats mice."}
SLEEPS, EATS = (2, 25), (26, 42)  # the sentences of "fox"; the first character is two UTF-16 units
WAKES, MICE = (0, 22), (23, 36)


def place(document_id: str, span: tuple[int, int]) -> dict[str, int]:
    shift = 1 if document_id == "fox" else 0
    start, end = span
    return {"start": start, "end": end, "start_utf16": start + shift, "end_utf16": end + shift}


def citation(document_id: str, span: tuple[int, int], sentence: tuple[int, int] | None = None) -> dict[str, Any]:
    around = sentence or span
    return {
        "document_id": document_id,
        "quote": TEXTS[document_id][span[0] : span[1]],
        **place(document_id, span),
        "sentence": {"text": TEXTS[document_id][around[0] : around[1]], **place(document_id, around)},
    }


def found(document_id: str, span: tuple[int, int]) -> dict[str, Any]:
    return {"document_id": document_id, "text": TEXTS[document_id][span[0] : span[1]], **place(document_id, span)}


def answered(confidence: float, cited: dict[str, Any], evidence: list[dict[str, Any]], ms: float) -> dict[str, Any]:
    return {
        "answered": True,
        "answer": {"text": cited["quote"], "confidence": confidence, "also_in": [], "citation": cited},
        "alternatives": [],
        "conflicts": [],
        "guesses": [],
        "evidence": evidence,
        "timing_ms": {"total": ms},
    }


def refused(evidence: list[dict[str, Any]], ms: float) -> dict[str, Any]:
    return {
        "answered": False,
        "answer": None,
        "alternatives": [],
        "conflicts": [],
        "guesses": [],
        "evidence": evidence,
        "timing_ms": {"total": ms},
    }


class Script:
    """A service that answers from a list: by question, and by whether the answer is forced."""

    def __init__(self, given: dict[str, dict[str, Any]], forced: dict[str, dict[str, Any]]) -> None:
        self._given, self._forced = given, forced
        self.bodies: list[dict[str, Any]] = []

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        self.bodies.append(body)
        script = self._forced if "min_confidence" in body else self._given
        return script[body["question"]]

    def text(self, document_id: str) -> str:
        return TEXTS[document_id]


def question(name: str, *answers: str, spans: tuple[tuple[str, Span], ...] = (), split: str = "one") -> Question:
    documents = frozenset(document for document, text in TEXTS.items() if any(answer in text for answer in answers))
    return Question(name, f"{name}?", answers, documents, bool(answers), split, spans)


EVIDENCE = [found("owl", WAKES), found("fox", EATS), found("fox", SLEEPS)]
QUESTIONS = [
    question("when", "at noon", spans=(("fox", Span(17, 24)),)),
    question("food", "berries", split="two"),
    question("who"),
    question("why", split="two"),
]
SCRIPT = {
    "when?": answered(0.9, citation("fox", (17, 24), SLEEPS), EVIDENCE, 10.0),
    "food?": refused([found("owl", MICE)], 20.0),
    "who?": refused([], 30.0),
    "why?": answered(0.6, citation("owl", WAKES), [found("owl", WAKES)], 40.0),
}
FORCED = {
    "food?": answered(0.2, citation("owl", MICE), [found("owl", MICE)], 99.0),
    "who?": refused([], 99.0),
}


def test_a_question_that_is_answered_is_asked_once_and_a_refused_one_again_by_force() -> None:
    service = Script(SCRIPT, FORCED)
    run(QUESTIONS, service)
    assert service.bodies == [
        {"question": "when?", "k": RANKED},
        {"question": "food?", "k": RANKED},
        {"question": "food?", "k": RANKED, "min_confidence": 0.0},
        {"question": "who?", "k": RANKED},
        {"question": "who?", "k": RANKED, "min_confidence": 0.0},
        {"question": "why?", "k": RANKED},
    ]


def values(row: AnswerResult, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


def test_the_values_of_a_right_answer() -> None:
    (row,) = run(QUESTIONS[:1], Script(SCRIPT, FORCED))
    assert values(row, "id", "question", "split", "answerable", "answered") == ("when", "when?", "one", True, True)
    assert values(row, "answer", "document_id", "sentence") == ("at noon", "fox", "The fox sleeps at noon.")
    assert values(row, "confidence", "milliseconds") == (0.9, 10.0)
    assert values(row, "right_document", "in_sentence", "exact_match", "f1") == (True, True, 1.0, 1.0)
    assert values(row, "answers", "right") == (("at noon",), True)
    assert values(row, "success_at_1", "success_at_5", "success_at_10") == (0.0, 1.0, 1.0)
    assert row.reciprocal_rank == pytest.approx(1 / 3)


def test_the_values_of_a_refused_question_are_those_of_the_forced_answer() -> None:
    (row,) = run(QUESTIONS[1:2], Script(SCRIPT, FORCED))
    assert values(row, "answered", "confidence", "milliseconds") == (False, 0.2, 20.0)
    assert values(row, "answer", "document_id", "sentence") == ("It eats mice.", "owl", "It eats mice.")
    assert values(row, "right_document", "in_sentence", "exact_match", "f1") == (False, False, 0.0, 0.0)
    assert values(row, "success_at_1", "success_at_5", "success_at_10", "reciprocal_rank") == (0, 0, 0, 0)


def test_the_values_where_even_force_finds_nothing() -> None:
    (row,) = run(QUESTIONS[2:3], Script(SCRIPT, FORCED))
    assert values(row, "answered", "confidence", "answer", "document_id", "sentence") == (False, 0.0, "", None, "")
    assert values(row, "right_document", "in_sentence", "exact_match", "f1") == (False, False, 0.0, 0.0)
    assert values(row, "citations", "exact_citations") == (0, 0)


def test_a_partly_right_answer_has_the_f1_of_its_tokens() -> None:
    """ "It eats berries" against "berries": precision 1/3, recall 1, F1 1/2."""
    script = {"food?": answered(0.9, citation("fox", EATS), [found("fox", EATS)], 1.0)}
    (row,) = run(QUESTIONS[1:2], Script(script, {}))
    assert values(row, "right_document", "in_sentence", "exact_match") == (True, True, 0.0)
    assert row.f1 == pytest.approx(2 * (1 / 3) * 1 / (1 / 3 + 1))
    assert row.right  # one half is enough


def test_an_answer_is_right_only_in_an_accepted_document_and_with_an_f1_of_one_half() -> None:
    """ "It eats mice" is another document's; "sleeps at noon", 3 tokens, shares 1 with "noon today long": F1 1/3."""
    elsewhere = Question("food", "food?", ("eats mice",), frozenset({"fox"}), True, "one", ())
    (row,) = run([elsewhere], Script({"food?": answered(0.9, citation("owl", MICE), [], 1.0)}, {}))
    assert values(row, "right", "f1") == (False, pytest.approx(4 / 5))
    barely = Question("when", "when?", ("noon today long",), frozenset({"fox"}), True, "one", ())
    (row,) = run([barely], Script({"when?": answered(0.9, citation("fox", (10, 24)), [], 1.0)}, {}))
    assert values(row, "right", "f1") == (False, pytest.approx(1 / 3))
    (row,) = run(QUESTIONS[3:], Script(SCRIPT, FORCED))
    assert values(row, "answered", "answers", "right") == (True, (), False)


def test_with_spans_the_right_words_at_another_place_do_not_count() -> None:
    """Without spans the same words in an accepted document do."""
    cited = answered(0.9, citation("fox", EATS), [found("fox", EATS)], 1.0)
    elsewhere = question("food", "eats", spans=(("fox", Span(0, 1)),))
    (row,) = run([elsewhere], Script({"food?": cited}, {}))
    assert values(row, "right_document", "in_sentence", "success_at_10") == (True, False, 0)
    (row,) = run([question("food", "eats")], Script({"food?": cited}, {}))
    assert values(row, "right_document", "in_sentence", "success_at_10") == (True, True, 1)


def test_an_accepted_answer_that_a_slice_cuts_does_not_count() -> None:
    cut = question("when", "at noon", spans=(("fox", Span(17, 29)),))
    (row,) = run([cut], Script(SCRIPT, FORCED))
    assert values(row, "in_sentence", "success_at_10") == (False, 0)


def test_the_right_words_in_a_document_that_was_not_accepted_do_not_count() -> None:
    wanted = Question("food", "food?", ("eats",), frozenset({"fox"}), True, "one", ())
    script = {"food?": answered(0.9, citation("owl", MICE), [found("owl", MICE)], 1.0)}
    (row,) = run([wanted], Script(script, {}))
    assert values(row, "right_document", "in_sentence", "success_at_10") == (False, False, 0)


def rich() -> dict[str, Any]:
    """A response with every kind of slice: 4 citations with their sentences and 2 passages, 10 in all."""
    response = answered(0.9, citation("fox", (17, 24), SLEEPS), [found("owl", WAKES), found("fox", EATS)], 1.0)
    response["answer"]["also_in"] = [citation("owl", WAKES)]
    response["alternatives"] = [{"citation": citation("fox", EATS)}]
    response["conflicts"] = [{"citation": citation("owl", MICE)}]
    return response


def test_every_slice_is_counted_once() -> None:
    (row,) = run(QUESTIONS[:1], Script({"when?": rich()}, {}))
    assert values(row, "citations", "exact_citations") == (10, 10)


def test_the_slices_of_the_refusal_and_of_the_forced_answer_count() -> None:
    (row,) = run(QUESTIONS[1:2], Script(SCRIPT, FORCED))
    assert values(row, "citations", "exact_citations") == (1 + 3, 1 + 3)


def damage(response: dict[str, Any], kind: str) -> None:
    answer = response["answer"]["citation"]
    if kind == "quote":
        answer["quote"] = "at Noon"
    elif kind == "start":
        answer["start"] -= 1
    elif kind == "utf16":
        answer["start_utf16"] -= 1
        answer["end_utf16"] -= 1
    elif kind == "sentence":
        answer["sentence"]["text"] += " "
    elif kind == "sentence utf16":
        answer["sentence"]["end_utf16"] += 1
    elif kind == "also in":
        response["answer"]["also_in"][0]["document_id"] = "fox"
    elif kind == "alternative":
        response["alternatives"][0]["citation"]["end"] -= 1
    elif kind == "conflict":
        response["conflicts"][0]["citation"]["quote"] = ""
    else:
        response["evidence"][1]["text"] = response["evidence"][0]["text"]


KINDS = ["quote", "start", "utf16", "sentence", "sentence utf16", "alternative", "conflict", "evidence"]


@pytest.mark.parametrize("kind", [*KINDS, "also in"])
def test_a_slice_that_is_not_exact_is_noticed(kind: str) -> None:
    response = rich()
    damage(response, kind)
    (row,) = run(QUESTIONS[:1], Script({"when?": response}, {}))
    wrong = 2 if kind == "also in" else 1  # another document: both the quote and its sentence are not there
    assert row.exact_citations == row.citations * (10 - wrong) // 10


def test_utf16_places_that_cut_a_character_in_two_are_noticed() -> None:
    response = answered(0.9, citation("fox", (0, 25)), [], 1.0)
    response["answer"]["citation"]["start_utf16"] = 1  # the second half of the fox
    (row,) = run(QUESTIONS[:1], Script({"when?": response}, {}))
    assert row.exact_citations < row.citations


def test_progress_is_told_once_a_question() -> None:
    told = []
    run(QUESTIONS, Script(SCRIPT, FORCED), lambda: told.append(1))
    assert len(told) == len(QUESTIONS)


def wilson(hits: int, total: int) -> tuple[float, float]:
    z = 1.959963984540054
    p = hits / total
    centre, spread = p + z**2 / (2 * total), z * math.sqrt(p * (1 - p) / total + z**2 / (4 * total**2))
    return (centre - spread) / (1 + z**2 / total), (centre + spread) / (1 + z**2 / total)


@pytest.mark.parametrize(
    ("name", "hits", "total"),
    [
        ("document@1", 1, 2),
        ("answer in sentence", 1, 2),
        ("EM", 1, 2),
        ("Success@1", 0, 2),
        ("Success@5", 1, 2),
        ("Success@10", 1, 2),
        ("answerable refused", 1, 2),
        ("unanswerable refused", 1, 2),
        ("abstention precision", 1, 2),
        ("answer precision", 1, 2),
        ("HasAns EM", 1, 2),
        ("NoAns EM", 1, 2),
        ("overall EM", 2, 4),
    ],
)
def test_the_proportions_by_hand(name: str, hits: int, total: int) -> None:
    figure = summary(run(QUESTIONS, Script(SCRIPT, FORCED)))[name]
    low, high = wilson(hits, total)
    assert figure == {
        "value": hits / total,
        "low": pytest.approx(max(0, low)),
        "high": pytest.approx(high),
        "hits": hits,
        "total": total,
    }


def test_the_other_figures_by_hand() -> None:
    figures = summary(run(QUESTIONS, Script(SCRIPT, FORCED)))
    assert (figures["answerable"], figures["unanswerable"]) == (2, 2)
    assert figures["sentence length"]["value"] == (len("The fox sleeps at noon.") + len("It eats mice.")) / 2
    assert figures["F1"] == {"value": (1 + 0) / 2, "low": 0, "high": 1, "total": 2}
    assert figures["HasAns F1"]["value"] == (1 + 0) / 2
    assert figures["NoAns F1"]["value"] == (1 + 0) / 2
    assert figures["overall F1"]["value"] == (1 + 0 + 1 + 0) / 4
    assert figures["best overall F1"]["value"] == (1 + 0 + 1 + 1) / 4  # answering from 0.9 up
    assert figures["RR"]["value"] == pytest.approx((1 / 3 + 0) / 2)
    assert figures["AUROC"]["value"] == (1 + 1 + 1 + 0) / 4  # 0.9 and 0.2 against 0.0 and 0.6
    assert figures["AURC"]["value"] == pytest.approx(
        (0 + 1 / 2 + 2 / 3 + 3 / 4) / 4
    )  # 0.9 is right, 0.6, 0.2 and 0.0 are not
    assert figures["ECE"]["value"] == pytest.approx((0.1 + 0.6 + 0.2 + 0) / 4)
    assert figures["Brier"]["value"] == pytest.approx((0.1**2 + 0.6**2 + 0.2**2 + 0) / 4)
    assert figures["median ms"]["value"] == 25
    assert figures["p95 ms"]["value"] == pytest.approx(30 + 0.85 * 10)
    assert figures["exact citations"]["value"] == 1


def test_every_figure_but_a_count_has_an_interval_around_it() -> None:
    figures = summary(run(QUESTIONS, Script(SCRIPT, FORCED)))
    counts = {"answerable", "unanswerable"}
    measured = [figure for name, figure in figures.items() if name not in counts]
    assert all({"value", "low", "high", "total"} <= set(figure) for figure in measured)
    known = [figure for figure in measured if figure["value"] is not None]
    assert all(figure["low"] <= figure["value"] <= figure["high"] for figure in known)
    assert figures["AUROC"]["low"] < figures["AUROC"]["high"]


def test_the_documents_of_the_evidence_are_measured_as_trec_does() -> None:
    """ "when": owl, fox, of which fox is right; "food": only owl, and fox is right."""
    figures = summary(run(QUESTIONS, Script(SCRIPT, FORCED)))
    assert figures["document Success@1"]["hits"] == 0
    assert figures["document Success@5"]["hits"] == 1
    assert figures["document RR"]["value"] == figures["document MAP"]["value"] == (1 / 2 + 0) / 2
    assert figures["document nDCG@10"]["value"] == pytest.approx((1 / math.log2(3) + 0) / 2)
    assert figures["document R@10"]["value"] == (1 + 0) / 2


def stopped(path: Path) -> None:
    """A run that ended by Ctrl-C after two questions."""

    def stop() -> None:
        told.append(1)
        if len(told) == 2:
            raise KeyboardInterrupt

    told: list[int] = []
    with suppress(KeyboardInterrupt), journal(path, "key") as kept:
        run(QUESTIONS, Script(SCRIPT, FORCED), stop, kept)


def test_a_journal_spares_what_was_asked_before(tmp_path: Path) -> None:
    whole = run(QUESTIONS, Script(SCRIPT, FORCED))
    path = tmp_path / "run.partial"
    stopped(path)
    with path.open("a") as file:
        file.write('{"id": "who", "torn')
    service = Script(SCRIPT, FORCED)
    with journal(path, "key") as kept:
        assert len(kept) == 2
        assert run(QUESTIONS, service, journal=kept) == whole
    assert [body["question"] for body in service.bodies] == ["who?", "who?", "why?"]
    assert not path.exists()


def test_a_journal_of_another_run_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "run.partial"
    stopped(path)
    with journal(path, "another") as kept:
        assert len(kept) == 0
    path.write_text("no json\n")
    with journal(path, "key") as kept:
        assert len(kept) == 0


def test_one_inexact_citation_shows_in_the_figure() -> None:
    response = rich()
    damage(response, "quote")
    figure = summary(run(QUESTIONS[:1], Script({"when?": response}, {})))["exact citations"]
    assert figure["value"] == pytest.approx(0.9)


def test_splits_have_figures_of_their_own_and_together() -> None:
    rows = run(QUESTIONS, Script(SCRIPT, FORCED))
    figures = by_split(rows)
    assert list(figures) == ["one", "two", "all"]
    assert figures["one"]["EM"]["value"] == 1
    assert figures["two"]["EM"]["value"] == 0
    assert figures["all"] == summary(rows)
    assert list(by_split(rows[:1])) == ["one"]


def test_a_record_holds_everything_and_survives_json() -> None:
    rows = run(QUESTIONS, Script(SCRIPT, FORCED))
    made = json.loads(json.dumps(record(rows, {"date": "2026-02-26"})))
    assert made["about"] == {"date": "2026-02-26"}
    assert [row["id"] for row in made["rows"]] == ["when", "food", "who", "why"]
    assert [row_from_json(row) for row in made["rows"]] == rows
    assert made["figures"]["all"]["EM"]["hits"] == 1


def test_a_record_of_only_answerable_questions_is_strict_json() -> None:
    rows = run(QUESTIONS[:1], Script(SCRIPT, FORCED))
    (figures,) = json.loads(json.dumps(record(rows, {}), allow_nan=False))["figures"].values()
    assert (figures["AUROC"]["value"], figures["NoAns F1"]["value"], figures["answerable"]) == (None, None, 1)


def test_an_answer_that_is_only_partly_right_scores_its_f1_when_given_and_nothing_when_refused() -> None:
    """F1 1/2 when given; a threshold that refuses it loses that, and wins the unanswerable question."""
    partly = answered(0.9, citation("fox", EATS), [], 1.0)
    figures = summary(run([QUESTIONS[1], QUESTIONS[3]], Script({"food?": partly, "why?": SCRIPT["why?"]}, {})))
    assert (figures["HasAns F1"]["value"], figures["HasAns EM"]["value"]) == (0.5, 0)
    assert figures["overall F1"]["value"] == 0.25
    assert figures["best overall F1"]["value"] == 0.75
    figures = summary(run([QUESTIONS[1]], Script({"food?": refused([], 1.0)}, {"food?": partly})))
    assert (figures["F1"]["value"], figures["HasAns F1"]["value"], figures["best overall F1"]["value"]) == (0.5, 0, 0.5)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (None, "-"),
        ({"value": None, "low": None, "high": None, "total": 0}, "-"),
        (7, "7"),
        (0.12345, "0.123"),
        ({"value": 0.5, "low": 0.25, "high": 0.75, "total": 9}, "0.500 [0.250, 0.750]"),
        ({"value": 0.5, "low": 0.25, "high": 0.75, "hits": 1, "total": 2}, "0.500 [0.250, 0.750] 1/2"),
    ],
)
def test_a_figure_in_words(figure: Any, expected: str) -> None:
    assert format_figure(figure) == expected

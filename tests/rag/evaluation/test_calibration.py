"""Calibration finds what was planted, stays near what is shipped where there is little, and is measured on questions
that took no part in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from citeqa.index.types import Span
from citeqa.rag.candidates import Candidate
from citeqa.rag.confidence import Confidence, Features, Logistic
from citeqa.rag.evaluation import calibration
from citeqa.rag.evaluation.calibration import _posterior, calibrate
from citeqa.rag.evaluation.judged import Read
from citeqa.rag.evaluation.questions import Question

OTHERS = Logistic(-1.0, Features(0.2, *[0.0] * 6))
SHIPPED = Confidence(10.0, 0.5, Features(0.3, *[0.0] * 6), threshold=0.3, others=OTHERS)


def drawn(count: int, *, shift: float, answerable: float = 0.8, seed: int = 1) -> list[Read]:
    """Questions with one candidate each, right as often as the shipped confidence says when `shift` is added to its
    scores; those of `answerable` whose candidate is wrong have their answer elsewhere."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        margin = float(chance.normal(0, 4))
        likely = Logistic(SHIPPED.intercept + shift, SHIPPED.weights).probability(Features(margin, *[0.0] * 6))
        right = bool(chance.random() < likely)
        has_answer = right or bool(chance.random() < answerable)
        question = Question(f"q{number}", "?", ("word",) if has_answer else (), frozenset({"d"}), has_answer, "all", ())
        candidate = Candidate("d", Span(0, 4), "word", margin, 0.5, 0.5, 0.0, first=True)
        rows.append(Read(question, (candidate,), np.array([right])))
    return rows


def test_what_is_wrong_about_the_shipped_confidence_is_found_and_mended() -> None:
    found = calibrate(drawn(600, shift=-2.0), SHIPPED)
    assert found.kept
    assert found.after.log_loss < 0.9 * found.before.log_loss
    assert found.after.ece < 0.5 * found.before.ece
    assert found.after.brier < found.before.brier
    assert found.confidence.intercept + 6.0 * found.confidence.weights.lead < 0  # every candidate has no rival: lead 6
    assert found.confidence.others == SHIPPED.others  # there are none to fit it to


def test_nothing_is_kept_where_the_shipped_confidence_is_right() -> None:
    kept = [calibrate(drawn(60, shift=0.0, seed=seed), SHIPPED).kept for seed in range(8)]
    assert sum(kept) <= 4  # as the cross-validation says, which cannot always be right


def test_the_fewer_questions_the_nearer_it_stays() -> None:
    chance = np.random.default_rng(5)
    given = chance.normal(0, 1, (600, 7))
    right = given[:, 1] > 0
    start = Logistic(0.0, SHIPPED.weights)
    away = [abs(_posterior(given[:n], right[:n], start, 16.0).weights.coverage) for n in (5, 30, 600)]
    assert away == sorted(away)
    assert away[0] < 0.2 < 1 < away[2]


def test_the_prior_alone_leaves_everything_as_it_is_shipped() -> None:
    given = np.random.default_rng(0).normal(0, 1, (40, 7))
    right = given[:, 0] > 1
    held = _posterior(given, right, Logistic(0.5, SHIPPED.weights), 1e9)
    assert held.intercept == pytest.approx(0.5, abs=1e-4)
    assert np.allclose(held.weights, SHIPPED.weights, atol=1e-4)
    assert _posterior(given[:0], right[:0], OTHERS, 1.0) == OTHERS


def test_the_posterior_is_a_stationary_point() -> None:
    """By the gradient written out: what the data pull and what the prior pulls add up to nothing."""
    chance = np.random.default_rng(2)
    given = chance.normal(0, 2, (80, 7))
    right = chance.random(80) < 1 / (1 + np.exp(-given[:, 0]))
    prior, spread = 3.0, given.std(axis=0)
    found = _posterior(given, right, Logistic(0.5, SHIPPED.weights), prior)
    chances = 1 / (1 + np.exp(-(given @ np.array(found.weights) + found.intercept)))
    pull = (given / spread).T @ (right - chances)
    held = prior * (np.array(found.weights) - np.array(SHIPPED.weights)) * spread
    assert np.allclose(pull, held, atol=1e-3)
    assert (right - chances).sum() == pytest.approx(prior * (found.intercept - 0.5), abs=1e-3)


@pytest.mark.parametrize(("unanswerable", "moves"), [(calibration.LEAST_UNANSWERABLE - 1, False), (40, True)])
def test_the_threshold_moves_only_with_enough_unanswerable_questions(unanswerable: int, moves: bool) -> None:
    rows = [row for row in drawn(400, shift=-2.0) if row.question.answerable]
    others = [_unanswerable(number) for number in range(unanswerable)]
    found = calibrate([*rows, *others], SHIPPED)
    assert (found.confidence.threshold != SHIPPED.threshold) == moves
    assert found.unanswerable == unanswerable


def _unanswerable(number: int) -> Read:
    question = Question(f"u{number}", "?", (), frozenset(), False, "all", ())
    candidate = Candidate("d", Span(0, 4), "word", -5.0 + number / 10, 0.5, 0.5, 0.0, first=True)
    return Read(question, (candidate,), np.array([False]))


def test_the_weight_of_retrieval_is_found() -> None:
    """The right candidate is the one of the better passage, whatever the reader says; and the other way round."""
    for matters, compare in ((True, "__gt__"), (False, "__lt__")):
        rows = [_two(number, matters=matters) for number in range(120)]
        found = calibrate(rows, SHIPPED).confidence.evidence_weight
        assert getattr(found, compare)(SHIPPED.evidence_weight), (matters, found)


def _two(number: int, *, matters: bool) -> Read:
    chance = np.random.default_rng(number)
    margins, evidence = chance.normal(0, 2, 2), chance.uniform(0.3, 0.7, 2)
    best = int(evidence.argmax() if matters else margins.argmax())
    candidates = tuple(
        Candidate(f"d{n}", Span(0, 4), f"word{n}", float(margins[n]), float(evidence[n]), 0.5, 0.0, first=True)
        for n in range(2)
    )
    question = Question(f"q{number}", "?", ("x",), frozenset({"d0"}), True, "all", ())
    return Read(question, candidates, np.array([n == best for n in range(2)]))


def test_the_order_of_the_questions_changes_nothing() -> None:
    rows = drawn(90, shift=-1.0)
    assert calibrate(rows, SHIPPED) == calibrate(rows[::-1], SHIPPED)


def test_figures_come_from_questions_that_took_no_part() -> None:
    """Were the fit's own questions used, an answer that shows only in the fold that was left out would be known."""
    rows = drawn(200, shift=0.0)
    seen: list[Sequence[Read]] = []
    fitting = calibration._fit

    def watched(given: Sequence[Read], shipped: Confidence, places: calibration._Places) -> Confidence:
        seen.append(given)
        return fitting(given, shipped, places)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_fit", watched)
        calibrate(rows, SHIPPED)
    assert [len(given) for given in seen] == [160] * calibration.FOLDS + [200]
    left_out = [{row.question.id for row in rows} - {row.question.id for row in given} for given in seen[:-1]]
    assert set.union(*left_out) == {row.question.id for row in rows}


def test_a_question_for_which_nothing_was_read_is_not_answered() -> None:
    rows = drawn(100, shift=-1.0)
    empty = [replace(row, candidates=(), right=np.zeros(0, dtype=bool)) for row in rows[:10]]
    found = calibrate([*empty, *rows[10:]], SHIPPED)
    assert found.after.answered <= 90


def test_too_few_questions_and_questions_that_show_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 30"):
        calibrate(drawn(29, shift=0.0), SHIPPED)
    wrong = [replace(row, right=np.array([False])) for row in drawn(40, shift=0.0)]
    with pytest.raises(ValueError, match="none is"):
        calibrate(wrong, SHIPPED)

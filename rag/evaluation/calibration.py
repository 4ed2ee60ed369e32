"""Fits the confidence to the documents at hand, from questions about them whose answers are known.

The weight of retrieval, the confidence and that of further guesses begin as they are shipped and move as far as the
questions carry them: a normal prior around the shipped values (MAP estimation) holds them back, the stronger the fewer
questions there are. How strong it is, cross-validation decides. The threshold moves only where there are enough
questions that the documents do not answer.

What is told of the result comes from questions that took no part in it: each fifth of the questions is judged by what
the others gave, the choice of the prior included (Varma & Simon 2006). A calibration is worth keeping only if its log
loss there is lower than before.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citeqa.rag.confidence import Confidence, Features, Logistic
from citeqa.rag.evaluation.judged import Read, features_at, places_of, threshold
from citeqa.rag.evaluation.metrics import expected_calibration_error

LEAST = 30  # questions that are needed
LEAST_UNANSWERABLE = 15  # of them, for the threshold to move
FOLDS = 5
PRIORS = (4.0, 16.0, 64.0, 256.0, 1024.0)  # questions that the prior counts for
PRECISION = 0.65  # share of right answers among those given that the threshold is chosen for, as shipped
_SETTLED = 50  # unanswerable questions from which on the threshold is more the fitted one than the shipped one
_FACTORS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)  # by which the weight of retrieval may change
_ORDER_PRIOR = 4.0  # the same for that weight, for a change by a factor of two
_LOWEST = 1e-6  # probabilities are kept so far from 0 and 1 when their logarithm is taken

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Figures:
    """How good confidences are, on questions that they were not fitted on.

    Args:
        log_loss: the mean negative logarithm of the probability given to what is true; lower is better.
        ece: the expected calibration error, in 15 bins.
        brier: the mean squared distance of confidence and truth.
        answered: how many questions are answered at the threshold.
        right: how many of these answers are right.
        refused: how many of the unanswerable questions are not answered.
    """

    log_loss: float
    ece: float
    brier: float
    answered: int
    right: int
    refused: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted confidence, and what it changes. `kept` says whether it is better than before."""

    confidence: Confidence
    before: Figures
    after: Figures
    questions: int
    unanswerable: int

    @property
    def kept(self) -> bool:
        return self.after.log_loss < self.before.log_loss

    def record(self) -> dict[str, Any]:
        """What is stored of how it was made."""
        return {
            "questions": self.questions,
            "unanswerable": self.unanswerable,
            "before": asdict(self.before),
            "after": asdict(self.after),
        }


def calibrate(rows: Sequence[Read], shipped: Confidence) -> Calibration:
    """Fit the confidence on questions and measure what it changes.

    Raises:
        ValueError: if there are fewer than `LEAST` questions, or all best candidates are right, or none is.
    """
    if len(rows) < LEAST:
        raise ValueError(f"{len(rows)} questions; at least {LEAST} are needed")
    rows = sorted(rows, key=lambda row: sha256(row.question.id.encode()).digest())  # no order of the file counts
    places = _Places()
    judged = _Judged.of(rows, shipped, places)
    if judged.right.all() or not judged.right.any():
        raise ValueError("the answers of all questions are right, or none is: nothing can be fitted to them")
    unanswerable = sum(not row.question.answerable for row in rows)
    fold = np.arange(len(rows)) % FOLDS
    confidences, right = np.zeros(len(rows)), np.zeros(len(rows), dtype=bool)
    for number in range(FOLDS):
        fitted = _fit([rows[n] for n in np.flatnonzero(fold != number)], shipped, places)
        held = np.flatnonzero(fold == number)
        found = _Judged.of([rows[n] for n in held], fitted, places)
        confidences[held], right[held] = found.probabilities(fitted), found.right
    whole = _fit(rows, shipped, places)
    if unanswerable >= LEAST_UNANSWERABLE:
        chosen = threshold(confidences, right, np.ones(len(rows)), PRECISION)
        share = unanswerable / (unanswerable + _SETTLED)
        whole = replace(whole, threshold=round(share * chosen + (1 - share) * shipped.threshold, 6))
    answerable = np.array([row.question.answerable for row in rows])
    return Calibration(
        whole,
        before=_figures(judged.probabilities(shipped), judged.right, answerable, shipped.threshold),
        after=_figures(confidences, right, answerable, whole.threshold),
        questions=len(rows),
        unanswerable=unanswerable,
    )


def figures_of(rows: Sequence[Read], confidence: Confidence) -> Figures:
    """How good a confidence is on questions; honest where they are none that it was fitted on."""
    judged = _Judged.of(rows, confidence, _Places())
    answerable = np.array([row.question.answerable for row in rows])
    return _figures(judged.probabilities(confidence), judged.right, answerable, confidence.threshold)


def squared_errors(rows: Sequence[Read], confidence: Confidence) -> Floats:
    """The squared distance of confidence and truth of each question; their mean is the Brier score."""
    judged = _Judged.of(rows, confidence, _Places())
    errors: Floats = (judged.probabilities(confidence) - judged.right) ** 2
    return errors


class _Places:
    """The best candidate of each question and the next different ones, with their features and whether they are right.
    What is found for one weight of retrieval is kept: folds share their questions."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, float], list[tuple[Features, bool]]] = {}

    def of(self, row: Read, weighed: Confidence) -> list[tuple[Features, bool]]:
        """Those of a question, best first; empty if nothing was read."""
        key = row.question.id, weighed.evidence_weight
        if key not in self._known:
            places = places_of(row, weighed)
            self._known[key] = [(features_at(row, place), bool(row.right[place])) for place in places]
        return self._known[key]


@dataclass(frozen=True, slots=True)
class _Judged:
    """Candidates at one place of their questions: their features, a row each, and whether they are right. A question
    that has none there (`read` is false) has no features, and is never right."""

    features: Floats
    right: NDArray[np.bool_]
    read: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Sequence[Read], weighed: Confidence, places: _Places, place: int = 0) -> _Judged:
        """Those at a place of the different answers, 0 the best."""
        nothing = Features(*[0.0] * len(Features._fields)), False
        found = [places.of(row, weighed) for row in rows]
        at = [one[place] if len(one) > place else nothing for one in found]
        return cls(
            np.array([features for features, _ in at], dtype=np.float64).reshape(len(rows), len(Features._fields)),
            np.array([right for _, right in at], dtype=bool),
            np.array([len(one) > place for one in found], dtype=bool),
        )

    def probabilities(self, confidence: Confidence) -> Floats:
        """The confidence of each; 0 where nothing was read."""
        given = _sigmoid(self.features @ np.array(confidence.weights) + confidence.intercept)
        return np.where(self.read, given, 0.0)


def _fit(rows: Sequence[Read], shipped: Confidence, places: _Places) -> Confidence:
    """Everything but the threshold."""
    rows = [row for row in rows if row.candidates]
    weighed = replace(shipped, evidence_weight=_evidence_weight(rows, shipped))
    judged = _Judged.of(rows, weighed, places)
    first = _shrunk(judged.features, judged.right, Logistic(shipped.intercept, shipped.weights))
    further = [_Judged.of(rows, weighed, places, place) for place in (1, 2)]
    given = np.concatenate([one.features[one.read] for one in further])
    right = np.concatenate([one.right[one.read] for one in further])
    others = _shrunk(given, right, shipped.others) if len(given) >= LEAST else shipped.others
    return replace(weighed, intercept=first.intercept, weights=first.weights, others=others)


def _evidence_weight(rows: Sequence[Read], shipped: Confidence) -> float:
    """The weight of the retrieval score beside the reader's margin: how likely the right candidates are among all
    (McFadden 1974), with the prior; the sharpness of the order is fitted for each weight."""
    sides = [
        (np.array([[p.margin, p.evidence] for p in row.candidates]), row.right)
        for row in rows
        if row.right.any() and not row.right.all()
    ]
    if not sides or not shipped.evidence_weight:
        return shipped.evidence_weight
    width = max(len(right) for _, right in sides)
    values, right = np.zeros((len(sides), width, 2)), np.zeros((len(sides), width), dtype=bool)
    there = np.zeros((len(sides), width), dtype=bool)
    for number, (found, hit) in enumerate(sides):
        values[number, : len(hit)], right[number, : len(hit)], there[number, : len(hit)] = found, hit, True

    def loss(factor: float) -> float:
        scores = values[:, :, 0] + factor * shipped.evidence_weight * values[:, :, 1]
        return min(_order_loss(sharpness * scores, right, there) for sharpness in _SHARPNESS) + (
            _ORDER_PRIOR * math.log2(factor) ** 2 / 2
        )

    return round(shipped.evidence_weight * min(_FACTORS, key=loss), 6)


_SHARPNESS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)


def _order_loss(scores: Floats, right: NDArray[np.bool_], there: NDArray[np.bool_]) -> float:
    every = np.logaddexp.reduce(np.where(there, scores, -np.inf), axis=1)
    hits = np.logaddexp.reduce(np.where(right, scores, -np.inf), axis=1)
    return float((every - hits).sum())


def _shrunk(given: Floats, right: NDArray[np.bool_], start: Logistic) -> Logistic:
    """A logistic regression held back by the prior that cross-validation chooses."""
    fold = np.arange(len(right)) % FOLDS
    losses = {}
    for prior in PRIORS:
        lost = 0.0
        for number in range(FOLDS):
            held = fold == number
            fitted = _posterior(given[~held], right[~held], start, prior)
            lost += _log_loss(_probabilities(fitted, given[held]), right[held]) * int(held.sum())
        losses[prior] = lost
    return _posterior(given, right, start, min(PRIORS, key=lambda prior: (losses[prior], -prior)))


def _posterior(given: Floats, right: NDArray[np.bool_], start: Logistic, prior: float) -> Logistic:
    """The likeliest logistic function: the prior is normal around `start`, with a variance of 1 / `prior` for features
    that are scaled by their spread. Newton's method, whose steps are halved until they are better."""
    if not len(right) or not math.isfinite(start.intercept):
        return start
    spread = given.std(axis=0)
    spread[spread < 1e-9] = 1.0
    inputs = np.column_stack([np.ones(len(right)), given / spread])
    middle = np.array([start.intercept, *(np.array(start.weights) * spread)])
    hits = right.astype(np.float64)

    def loss(at: Floats) -> float:
        scores = inputs @ at
        away = at - middle
        return float(np.logaddexp(0, scores).sum() - scores @ hits + prior * (away @ away) / 2)

    at = middle.copy()
    for _ in range(30):
        chances = _sigmoid(inputs @ at)
        gradient = inputs.T @ (chances - hits) + prior * (at - middle)
        curvature = (inputs * (chances * (1 - chances))[:, None]).T @ inputs + prior * np.eye(len(at))
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while size > 1e-6 and loss(at - size * step) > loss(at):
            size /= 2
        at = at - size * step
        if float(np.abs(size * step).max()) < 1e-8:
            break
    weights = at[1:] / spread
    return Logistic(round(float(at[0]), 6), Features(*(round(float(value), 6) for value in weights)))


def _probabilities(fitted: Logistic, given: Floats) -> Floats:
    return _sigmoid(given @ np.array(fitted.weights) + fitted.intercept)


def _sigmoid(scores: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-np.clip(scores, -500, 500)))
    return found


def _log_loss(given: Floats, right: NDArray[np.bool_]) -> float:
    held = np.clip(given, _LOWEST, 1 - _LOWEST)
    return float(-np.where(right, np.log(held), np.log(1 - held)).mean())


def _figures(given: Floats, right: NDArray[np.bool_], answerable: NDArray[np.bool_], lowest: float) -> Figures:
    answered = given >= lowest
    return Figures(
        log_loss=_log_loss(given, right),
        ece=expected_calibration_error(given.tolist(), right.tolist()),
        brier=float(((given - right) ** 2).mean()),
        answered=int(answered.sum()),
        right=int((answered & right).sum()),
        refused=int((~answered & ~answerable).sum()),
    )

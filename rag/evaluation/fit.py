"""Fits the ordering of candidates, the confidence and its threshold, on the split "fit" of question sets.

    python -m citeqa.rag.evaluation.fit QUESTIONS.jsonl CORPUS [QUESTIONS.jsonl CORPUS ...]

A candidate is right if its token F1 with an accepted answer is at least 0.5, in an accepted document. The weight of the
evidence relative to the reader's margin comes from a conditional logistic regression (McFadden 1974): how likely each
candidate is to be right, among those read for the same question. The confidence is a logistic regression (Platt 1999)
on the features of the best candidate, over answerable and unanswerable questions; another one on those of the second
and third best, if they are different answers, is the probability of guesses that are not the best. The threshold is the
lowest confidence at which the answers have the required precision. Every set has the same weight, however many
questions it has. The split "report" is never used. How well the confidence holds on text it was not fitted on is
measured with each set left out in turn; these figures are stored beside the numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag.confidence import FITTED, Confidence, Features, Logistic
from citeqa.rag.evaluation.judged import PLAIN as PLAIN
from citeqa.rag.evaluation.judged import Read as Read
from citeqa.rag.evaluation.judged import features_at, places_of, threshold
from citeqa.rag.evaluation.judged import read as read
from citeqa.rag.evaluation.metrics import auroc, expected_calibration_error, mean
from citeqa.rag.evaluation.questions import Question, load, sample_evenly
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader

# Factor of half the squared weights (for features scaled by their spread), added to the summed loss of all questions.
# It keeps weights finite if a feature separates the classes, and matters less the more questions there are.
PENALTY = 1.0
PRECISION = 0.65  # required share of right answers among those given, on the fitting splits


@dataclass(frozen=True, slots=True)
class FittingSet:
    """The questions of a set's split "fit", and an index of its corpus."""

    path: Path
    questions: list[Question]
    index: Index
    embedder: Embedder

    def described(self) -> dict[str, Any]:
        """What is stored of it in the record of a fit."""
        digest = sha256(self.path.read_bytes()).hexdigest()
        return {"name": self.path.parent.name, "sha256": digest, "questions": len(self.questions)}


@contextmanager
def fitting_sets(sets: Sequence[Path], limit: int | None = None) -> Iterator[list[FittingSet]]:
    """The sets at some paths, of questions and of their corpus in turn, with their indexes, for as long as the block
    lasts. At most `limit` questions of each, evenly spread."""
    with tempfile.TemporaryDirectory() as work, ExitStack() as opened:
        embedder = load_embedder(DEFAULT_MODEL, Path(work) / "models")
        found = []
        for number, (path, corpus) in enumerate(zip(sets[::2], sets[1::2], strict=True)):
            update(Path(work) / str(number), [corpus], embedder)
            questions = [question for question in load(path) if question.split == "fit"]
            questions = sample_evenly(questions, limit or len(questions))
            index = opened.enter_context(closing(Index(Path(work) / str(number))))
            found.append(FittingSet(path, questions, index, embedder))
        yield found


def dot() -> None:
    """Shows that one more question is read."""
    print(".", end="", file=sys.stderr, flush=True)


class Group(NamedTuple):
    """One question for fitting the order: features (a row for each candidate), which candidates are right, and its
    weight."""

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    mass: float


def fit(rows: Sequence[Read], precision: float = PRECISION, weights: Sequence[float] | None = None) -> Confidence:
    """Fit everything on the questions read; `weights` are the weights of the questions, equal by default."""
    counts = [1.0] * len(rows) if weights is None else weights
    kept = [(row, count) for row, count in zip(rows, counts, strict=True) if row.candidates]
    rows, mass = [row for row, _ in kept], np.array([count for _, count in kept])
    weighed = _ordering(rows, mass)
    ranked = [places_of(row, weighed) for row in rows]
    best = [places[0] for places in ranked]
    features = np.array([features_at(row, i) for row, i in zip(rows, best, strict=True)])
    right = np.array([row.right[i] for row, i in zip(rows, best, strict=True)])
    first = _logistic(features, right, mass)
    second = [(row, i, count) for row, places, count in zip(rows, ranked, mass, strict=True) for i in places[1:]]
    others = _logistic(
        np.array([features_at(row, i) for row, i, _ in second]),
        np.array([row.right[i] for row, i, _ in second]),
        np.array([count for _, _, count in second]),
    )
    fitted = replace(weighed, intercept=first.intercept, weights=first.weights, others=others)
    confidences = np.array([fitted.probability(Features(*map(float, row))) for row in features])
    return replace(fitted, threshold=threshold(confidences, right, mass, precision))


def fit_evenly(sets: Sequence[Sequence[Read]], precision: float = PRECISION) -> Confidence:
    """Fit everything on the questions of some sets, each of which counts the same, whatever its size."""
    weighed = [(row, 1000 / len(rows)) for rows in sets for row in rows]
    return fit([row for row, _ in weighed], precision, [weight for _, weight in weighed])


def note_left_out(described: Sequence[dict[str, Any]], sets: Sequence[Sequence[Read]], precision: float) -> None:
    """Note with each set, and show, the figures on it of what was fitted on the others, if there are others."""
    if len(sets) < 2:
        return
    for one, figures in zip(described, left_out(sets, precision), strict=True):
        one["left_out"] = figures
        print(one["name"], figures, file=sys.stderr)


def left_out(sets: Sequence[Sequence[Read]], precision: float = PRECISION) -> list[dict[str, float]]:
    """For each set the figures on it of a confidence that was fitted on all others: AUROC of right against wrong, Brier
    score, ECE, the share of answers that are right at the threshold, and the share of questions answered."""
    found = []
    for number, own in enumerate(sets):
        others = [(row, 1000 / len(rows)) for i, rows in enumerate(sets) if i != number for row in rows]
        fitted = fit([row for row, _ in others], precision, [weight for _, weight in others])
        found.append(_figures([row for row in own if row.candidates], fitted))
    return found


def _figures(rows: Sequence[Read], fitted: Confidence) -> dict[str, float]:
    best = [places_of(row, fitted)[0] for row in rows]
    confidences = [fitted.probability(features_at(row, i)) for row, i in zip(rows, best, strict=True)]
    right = [bool(row.right[i]) for row, i in zip(rows, best, strict=True)]
    given = [one for value, one in zip(confidences, right, strict=True) if value >= fitted.threshold]
    sure = [value for value, one in zip(confidences, right, strict=True) if one]
    unsure = [value for value, one in zip(confidences, right, strict=True) if not one]
    figures = {
        "auroc": auroc(sure, unsure),
        "brier": mean([(value - one) ** 2 for value, one in zip(confidences, right, strict=True)]),
        "ece": expected_calibration_error(confidences, right),
        "precision": mean(given),
        "answered": len(given) / len(rows),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def _ordering(rows: Sequence[Read], mass: NDArray[np.float64]) -> Confidence:
    groups = [
        Group(np.array([[p.margin, p.evidence] for p in row.candidates]), row.right, float(count))
        for row, count in zip(rows, mass, strict=True)
        if row.right.any() and not row.right.all()
    ]
    margin, evidence = _fit_weights(groups)
    return replace(PLAIN, evidence_weight=round(evidence / margin, 6))


def _logistic(features: NDArray[np.float64], right: NDArray[np.bool_], mass: NDArray[np.float64]) -> Logistic:
    """A logistic regression on features, a row for each candidate. Where all are right, or none is, nothing can be said
    of the features: the probability is then the share of right ones, with one of either sort added (Laplace)."""
    if right.all() or not right.any():
        odds = (mass[right].sum() + 1) / (mass[~right].sum() + 1)
        return Logistic(round(float(np.log(odds)), 6), Features(*[0.0] * features.shape[1]))
    scale = features.std(axis=0)
    scale[scale < 1e-9] = 1.0  # a feature that never differs gets no weight
    model = LogisticRegression(C=1 / PENALTY).fit(features / scale, right, sample_weight=mass)
    weights = Features(*(round(float(value), 6) for value in model.coef_[0] / scale))
    return Logistic(round(float(model.intercept_[0]), 6), weights)


def _fit_weights(groups: Sequence[Group]) -> tuple[float, float]:
    # only differences within a question matter: centring makes the spread theirs, and nothing overflows
    centred = [group.features - group.features.mean(axis=0) for group in groups]
    spread = np.concatenate(centred).std(axis=0)
    spread[spread < 1e-9] = 1.0  # a feature that never differs gets no weight
    total = sum(group.mass for group in groups)

    def loss(weights: NDArray[np.float64]) -> float:
        lost = PENALTY * float(weights @ weights) / 2
        for values, group in zip(centred, groups, strict=True):
            scores = values / spread @ weights
            lost += group.mass * float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[group.right]))
        return lost / total

    margin, evidence = (float(value) for value in minimize(loss, np.array([1.0, 0.0])).x / spread)
    return margin, evidence


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+", help="question sets, each followed by its corpus")
    parser.add_argument(
        "--precision", type=float, default=PRECISION, help="share of the answers given that must be right"
    )
    parser.add_argument("--limit", type=int, help="use at most this many questions of each set, evenly spread")
    parser.add_argument("--reader", type=Path, default=SHIPPED)
    parser.add_argument("--output", type=Path, default=FITTED)
    arguments = parser.parse_args()
    if len(arguments.sets) % 2:
        parser.error("each question set must be followed by its corpus")
    reader = OnnxReader(arguments.reader)
    with fitting_sets(arguments.sets, arguments.limit) as found:
        sets = [read(one.index, one.embedder, reader, one.questions, dot) for one in found]
        fitted_on = {
            "reader": asdict(reader.info),
            "precision": arguments.precision,
            "sets": [one.described() for one in found],
            "index": found[-1].index.settings,
        }
    values = fit_evenly(sets, arguments.precision).values()
    note_left_out(fitted_on["sets"], sets, arguments.precision)
    arguments.output.write_text(json.dumps({"values": values, "fitted_on": fitted_on}, indent=2) + "\n")
    print(json.dumps(values, indent=2))


if __name__ == "__main__":
    main()

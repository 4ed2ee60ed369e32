"""Fits the ordering of candidates, the confidence and its threshold, on the split "fit" of question sets.

    python -m citeqa.rag.evaluation.fit QUESTIONS.jsonl CORPUS [QUESTIONS.jsonl CORPUS ...]

A candidate is right if its token F1 with an accepted answer is at least 0.5, in an accepted document. The weight of the
evidence relative to the reader's margin comes from a conditional logistic regression (McFadden 1974): how likely each
candidate is to be right, among those read for the same question. The confidence is a logistic regression (Platt 1999)
on the features of the best candidate, over answerable and unanswerable questions. The threshold is the lowest
confidence at which the answers have the required precision. Every set has the same weight, however many questions it
has. The split "report" is never used.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
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
from citeqa.rag.answerer import READ, Answerer
from citeqa.rag.candidates import Candidate, features_of
from citeqa.rag.confidence import FITTED, Confidence, Features
from citeqa.rag.evaluation.metrics import RIGHT, token_f1
from citeqa.rag.evaluation.questions import Question, load, sample_evenly
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.retrieval.retriever import Retriever

# Factor of half the squared weights (for features scaled by their spread), added to the summed loss of all questions.
# It keeps weights finite if a feature separates the classes, and matters less the more questions there are.
PENALTY = 1.0
PRECISION = 0.65  # required share of right answers among those given, on the fitting splits

PLAIN = Confidence(0.0, intercept=0.0, weights=Features(1.0, *[0.0] * 5), threshold=0.0)


@dataclass(frozen=True, slots=True)
class Read:
    """A question and every candidate read for it; `right` says for each candidate whether it is right."""

    question: Question
    candidates: tuple[Candidate, ...]
    right: NDArray[np.bool_]


class Group(NamedTuple):
    """One question for fitting the order: features (a row for each candidate), which candidates are right, and its
    weight."""

    features: NDArray[np.float64]
    right: NDArray[np.bool_]
    mass: float


def read(
    index: Index,
    embedder: Embedder,
    reader: Reader,
    questions: Sequence[Question],
    progress: Callable[[], None] = lambda: None,
) -> list[Read]:
    """Retrieve and read for each question."""
    answerer, retriever = Answerer(index, embedder, reader, PLAIN), Retriever(index, embedder)
    found = []
    for question in questions:
        candidates = answerer.candidates(question.question, retriever.retrieve(question.question, READ))
        found.append(
            Read(
                question,
                tuple(candidates),
                np.array([_right(question, candidate) for candidate in candidates], dtype=bool),
            )
        )
        progress()
    return found


def fit(rows: Sequence[Read], precision: float = PRECISION, weights: Sequence[float] | None = None) -> Confidence:
    """Fit everything on the questions read; `weights` are the weights of the questions, equal by default."""
    counts = [1.0] * len(rows) if weights is None else weights
    kept = [(row, count) for row, count in zip(rows, counts, strict=True) if row.candidates]
    rows, mass = [row for row, _ in kept], np.array([count for _, count in kept])
    weighed = _ordering(rows, mass)
    best = [_best(row, weighed) for row in rows]
    features = np.array([features_of(row.candidates[i], row.candidates) for row, i in zip(rows, best, strict=True)])
    right = np.array([row.right[i] for row, i in zip(rows, best, strict=True)])
    scale = features.std(axis=0) + 1e-9
    model = LogisticRegression(C=1 / PENALTY).fit(features / scale, right, sample_weight=mass)
    fitted = replace(
        weighed,
        intercept=round(float(model.intercept_[0]), 6),
        weights=Features(*(round(float(value), 6) for value in model.coef_[0] / scale)),
    )
    confidences = np.array([fitted.probability(Features(*map(float, row))) for row in features])
    return replace(fitted, threshold=_threshold(confidences, right, mass, precision))


def _ordering(rows: Sequence[Read], mass: NDArray[np.float64]) -> Confidence:
    groups = [
        Group(np.array([[p.margin, p.evidence] for p in row.candidates]), row.right, float(count))
        for row, count in zip(rows, mass, strict=True)
        if row.right.any() and not row.right.all()
    ]
    margin, evidence = _fit_weights(groups)
    return replace(PLAIN, evidence_weight=round(evidence / margin, 6))


def _best(row: Read, weighed: Confidence) -> int:
    return int(np.argmax([weighed.score(p.margin, p.evidence) for p in row.candidates]))


def _threshold(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], mass: NDArray[np.float64], precision: float
) -> float:
    """Midway between the lowest confidence at which the answers are precise enough, and the next lower one."""
    order = np.argsort(-confidences, kind="stable")
    precise = np.cumsum((right * mass)[order]) / np.cumsum(mass[order]) >= precision
    last = int(np.flatnonzero(precise)[-1]) if precise.any() else 0
    return round(float(confidences[order][last : last + 2].mean()), 6)


def _right(question: Question, candidate: Candidate) -> bool:
    return candidate.document_id in question.documents and token_f1(candidate.text, question.answers) >= RIGHT


def _fit_weights(groups: Sequence[Group]) -> tuple[float, float]:
    # only differences within a question matter: centring makes the spread theirs, and nothing overflows
    centred = [group.features - group.features.mean(axis=0) for group in groups]
    spread = np.concatenate(centred).std(axis=0)
    spread[spread < 1e-9] = 1.0  # a feature that never differs gets no weight
    total = sum(group.mass for group in groups)

    def loss(weights: NDArray[np.float64]) -> float:
        lost = PENALTY * float(weights @ weights) / 2
        for features, group in zip(centred, groups, strict=True):
            scores = features / spread @ weights
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
    rows: list[Read] = []
    weights: list[float] = []
    fitted_on: dict[str, Any] = {"reader": asdict(reader.info), "precision": arguments.precision, "sets": []}
    with tempfile.TemporaryDirectory() as work:
        for number, (path, corpus) in enumerate(zip(arguments.sets[::2], arguments.sets[1::2], strict=True)):
            embedder = load_embedder(DEFAULT_MODEL, Path(work) / "models")
            update(Path(work) / str(number), [corpus], embedder)
            index = Index(Path(work) / str(number))
            questions = [question for question in load(path) if question.split == "fit"]
            questions = sample_evenly(questions, arguments.limit or len(questions))
            rows += read(index, embedder, reader, questions, lambda: print(".", end="", file=sys.stderr, flush=True))
            weights += [1000 / len(questions)] * len(questions)  # every set has the same weight, whatever its size
            fitted_on["index"] = index.settings
            fitted_on["sets"].append(
                {"name": path.parent.name, "sha256": sha256(path.read_bytes()).hexdigest(), "questions": len(questions)}
            )
    values = asdict(fit(rows, arguments.precision, weights))
    values["weights"] = Features(*values["weights"])._asdict()
    arguments.output.write_text(json.dumps({"values": values, "fitted_on": fitted_on}, indent=2) + "\n")
    print(json.dumps(values, indent=2))


if __name__ == "__main__":
    main()

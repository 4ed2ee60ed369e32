"""Fit the sentence reader's weights, its confidence and its threshold on the split "fit" of a question set.

    python -m rag.evaluation.fit QUESTIONS.jsonl --index DIR

The weights are those of a conditional logistic regression (McFadden 1974): among the sentences read for a question,
how likely is each to be the one with the answer. The confidence is a logistic regression (Platt 1999) on the best
sentence's cosine, over answerable and unanswerable questions. The threshold refuses as many
unanswerable questions as it can while it refuses at most the given share of the answerable ones. The split "report"
is never looked at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from index.embedder import Embedder
from index.models import load_embedder
from index.store import Index
from rag.answerer import READ, Answerer, Place
from rag.confidence import FITTED, Confidence
from rag.evaluation.questions import Question, load
from rag.retriever import Retriever

PENALTY = 1e-2  # on the squared weights, so that they stay finite where a feature separates everything
REFUSED = 0.12  # share of answerable questions that the threshold may refuse on the fitting split

Features = NDArray[np.float64]


def fit(index: Index, embedder: Embedder, questions: Sequence[Question]) -> Confidence:
    """Fit everything on these questions."""
    equal = Confidence(1.0, 1.0, 1.0, intercept=0.0, slope=1.0, threshold=0.0)
    answerer, retriever = Answerer(index, embedder, equal), Retriever(index, embedder)
    groups = []
    for question in questions:
        places = answerer.places(question.question, retriever.retrieve(question.question, READ))
        features = np.array([[place.read, place.coverage, place.evidence] for place in places])
        groups.append((features, np.array([_right(question, place) for place in places])))
    weights = _fit_weights([(x, y) for x, y in groups if y.any() and not y.all()])
    best = [int(np.argmax(features @ weights)) for features, _ in groups]
    read = np.array([[features[i, 0]] for (features, _), i in zip(groups, best, strict=True)])
    right = np.array([holds[i] for (_, holds), i in zip(groups, best, strict=True)])
    model = LogisticRegression(C=10.0).fit(read, right)
    probabilities = model.predict_proba(read)[:, 1]
    answerable = np.array([question.answerable for question in questions])
    read_weight, coverage_weight, evidence_weight = (float(weight) for weight in weights)
    return Confidence(
        read_weight,
        coverage_weight,
        evidence_weight,
        intercept=float(model.intercept_[0]),
        slope=float(model.coef_[0, 0]),
        threshold=_threshold(np.sort(probabilities[answerable])),
    )


def _threshold(confidences: NDArray[np.float64]) -> float:
    """Midway between the last confidence that may be refused and the next, so that no rounding moves a question."""
    refused = max(1, int(REFUSED * len(confidences)))
    return float(confidences[refused - 1 : refused + 1].mean())


def _right(question: Question, place: Place) -> bool:
    """Whether a place holds an accepted answer."""
    return any(document == place.document_id and place.span.contains(span) for document, span in question.spans)


def _fit_weights(groups: list[tuple[Features, NDArray[np.bool_]]]) -> NDArray[np.float64]:
    def loss(weights: NDArray[np.float64]) -> float:
        total = PENALTY * float(weights @ weights)
        for features, holds in groups:
            scores = features @ weights
            total += float(np.logaddexp.reduce(scores) - np.logaddexp.reduce(scores[holds])) / len(groups)
        return total

    return np.asarray(minimize(loss, np.ones(3)).x)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--index", type=Path, required=True, help="an index of the documents asked about")
    parser.add_argument("--output", type=Path, default=FITTED)
    arguments = parser.parse_args()
    index = Index(arguments.index)
    embedder = load_embedder(index.embedder, arguments.index / "models", index.precision)
    questions = [question for question in load(arguments.questions) if question.split == "fit"]
    values = fit(index, embedder, questions)
    fitted_on = {
        "questions_sha256": sha256(arguments.questions.read_bytes()).hexdigest(),
        "questions": len(questions),
        "index": index.manifest.settings,
    }
    arguments.output.write_text(json.dumps({"values": asdict(values), "fitted_on": fitted_on}, indent=2) + "\n")
    print(json.dumps(asdict(values), indent=2))


if __name__ == "__main__":
    main()

"""Candidates that were read for questions whose answers are known: what confidences are fitted on.

A candidate is right if its token F1 with an accepted answer is at least 0.5, in an accepted document.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.snapshot import Index
from citeqa.rag.answerer import READ, Answerer
from citeqa.rag.candidates import Candidate, different, features_of
from citeqa.rag.confidence import Confidence, Features
from citeqa.rag.decision import GUESSES
from citeqa.rag.evaluation.metrics import RIGHT, token_f1
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.names import unknown_names
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.retrieval.retriever import Retriever

PLAIN = Confidence(0.0, intercept=0.0, weights=Features(1.0, *[0.0] * 6), threshold=0.0)


@dataclass(frozen=True, slots=True)
class Read:
    """A question and every candidate read for it; `right` says for each candidate whether it is right. `unknown` is how
    many names of the question the documents do not mention."""

    question: Question
    candidates: tuple[Candidate, ...]
    right: NDArray[np.bool_]
    unknown: int = 0

    @classmethod
    def of(cls, question: Question, candidates: Sequence[Candidate], unknown: int) -> Read:
        """What was read for a question, judged."""
        right = np.array([_right(question, candidate) for candidate in candidates], dtype=bool)
        return cls(question, tuple(candidates), right, unknown)


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
        found.append(Read.of(question, candidates, len(unknown_names(question.question, index).names)))
        progress()
    return found


def places_of(row: Read, weighed: Confidence) -> list[int]:
    """The places of the best candidate and of the next different ones, as many as there are guesses."""
    order = np.argsort([-weighed.score(p.margin, p.evidence) for p in row.candidates], kind="stable").tolist()
    found: list[int] = []
    for place in order:
        if all(different(row.candidates[place], row.candidates[seen]) for seen in found):
            found.append(place)
            if len(found) == GUESSES:
                break
    return found


def features_at(row: Read, place: int) -> Features:
    return features_of(row.candidates[place], row.candidates, row.unknown)


def threshold(
    confidences: NDArray[np.float64], right: NDArray[np.bool_], mass: NDArray[np.float64], precision: float
) -> float:
    """Midway between the lowest confidence at which the answers are precise enough, and the next lower one."""
    order = np.argsort(-confidences, kind="stable")
    precise = np.cumsum((right * mass)[order]) / np.cumsum(mass[order]) >= precision
    last = int(np.flatnonzero(precise)[-1]) if precise.any() else 0
    return round(float(confidences[order][last : last + 2].mean()), 6)


def _right(question: Question, candidate: Candidate) -> bool:
    return candidate.document_id in question.documents and token_f1(candidate.text, question.answers) >= RIGHT

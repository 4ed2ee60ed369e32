"""The baselines: each ranking alone, plain fusion of both, and the sentence most similar to the question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citeqa.index.documents.sentences import sentences
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import Passage, Ranked
from citeqa.rag.evaluation import metrics
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.relevance import Excerpt, contains_answer
from citeqa.rag.evaluation.report import average, estimate, proportion
from citeqa.rag.evaluation.retrieval import DEPTH, Search
from citeqa.rag.retrieval.fusion import reciprocal_rank

CONSTANT = 60  # the value of the paper, whatever the program itself uses
READ = 10  # passages whose sentences are compared


def rankers(index: SearchIndex, embedder: Embedder) -> dict[str, Search]:
    """The retrieval baselines by name, over the same passages as the program itself."""

    def lexical(question: str, k: int) -> list[Excerpt]:
        return [_excerpt(passage) for passage in _passages(index, index.rank_lexical(question, k))]

    def dense(question: str, k: int) -> list[Excerpt]:
        return [_excerpt(passage) for passage in _passages(index, index.rank_dense(embedder.embed_query(question), k))]

    def fused(question: str, k: int) -> list[Excerpt]:
        rankings = [
            _passages(index, index.rank_dense(embedder.embed_query(question), DEPTH)),
            _passages(index, index.rank_lexical(question, DEPTH)),
        ]
        scores = reciprocal_rank(rankings, CONSTANT)
        best = sorted(scores, key=lambda passage: (-scores[passage], passage.document_id, passage.span))
        return [_excerpt(passage) for passage in best[:k]]

    return {"BM25": lexical, "dense": dense, "reciprocal-rank fusion": fused}


def _passages(index: SearchIndex, ranked: Sequence[Ranked]) -> list[Passage]:
    found = index.fetch([entry.id for entry in ranked])
    return [found[entry.id] for entry in ranked]


def _excerpt(passage: Passage) -> Excerpt:
    return Excerpt(passage.document_id, passage.span, passage.text)


@dataclass(frozen=True, slots=True)
class SentenceResult:
    """The most similar sentence for one question; `score` is its cosine."""

    id: str
    question: str
    answerable: bool
    answer: str
    document_id: str | None
    right_document: bool
    in_sentence: bool
    exact_match: float
    f1: float
    score: float


class NearestSentence:
    """Answers every question with the sentence whose vector is nearest to the question's, among the first passages that
    plain reciprocal-rank fusion finds. Caches the vectors of sentences."""

    def __init__(self, index: SearchIndex, embedder: Embedder) -> None:
        self._search, self._embedder = rankers(index, embedder)["reciprocal-rank fusion"], embedder
        self._vectors: dict[str, NDArray[np.float32]] = {}

    def answer(self, question: str) -> tuple[Excerpt, float] | None:
        """The sentence and its cosine, the first found if several are equal; None if nothing is found."""
        found = [
            Excerpt(excerpt.document_id, span.shifted(excerpt.span.start), excerpt.text[span.start : span.end])
            for excerpt in self._search(question, READ)
            for span in sentences(excerpt.text)
        ]
        if not found:
            return None
        new = list(dict.fromkeys(excerpt.text for excerpt in found if excerpt.text not in self._vectors))
        if new:
            self._vectors |= dict(zip(new, self._embedder.embed_passages(new), strict=True))
        cosines = np.array([self._vectors[excerpt.text] for excerpt in found]) @ self._embedder.embed_query(question)
        best = int(np.argmax(cosines))
        return found[best], float(cosines[best])


def run(
    questions: Sequence[Question], baseline: NearestSentence, progress: Callable[[], None] = lambda: None
) -> list[SentenceResult]:
    """One row for each question, in order."""
    rows = []
    for question in questions:
        excerpt, score = baseline.answer(question.question) or (None, -1.0)
        words = excerpt.text if excerpt else ""
        rows.append(
            SentenceResult(
                id=question.id,
                question=question.question,
                answerable=question.answerable,
                answer=words,
                document_id=excerpt.document_id if excerpt else None,
                right_document=excerpt is not None and excerpt.document_id in question.documents,
                in_sentence=excerpt is not None and bool(question.documents) and contains_answer(question, excerpt),
                exact_match=metrics.exact_match(words, question.answers),
                f1=metrics.token_f1(words, question.answers),
                score=score,
            )
        )
        progress()
    return rows


def summary(rows: Sequence[SentenceResult]) -> dict[str, Any]:
    """The figures of the run, under the names of `report.summary`."""
    asked = [row for row in rows if row.answerable]
    scores, can = np.array([row.score for row in rows]), np.array([row.answerable for row in rows], dtype=bool)

    def auroc(picked: NDArray[np.intp]) -> float:
        return metrics.auroc(scores[picked][can[picked]], scores[picked][~can[picked]])

    return {
        "document@1": proportion(row.right_document for row in asked),
        "answer in sentence": proportion(row.in_sentence for row in asked),
        "EM": proportion(row.exact_match == 1 for row in asked),
        "F1": average([row.f1 for row in asked]),
        "AUROC": estimate(auroc, len(rows)),
    }

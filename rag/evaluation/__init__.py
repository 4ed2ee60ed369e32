"""Evaluation: question sets, runs over them, measures, and comparisons of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index import lazy

if TYPE_CHECKING:
    from citeqa.rag.evaluation.compare import Comparison, compare_runs
    from citeqa.rag.evaluation.questions import Question
    from citeqa.rag.evaluation.retrieval import RetrievalResult
    from citeqa.rag.evaluation.run import AnswerResult
    from citeqa.rag.evaluation.sets import Corpus, QuestionSet
else:
    __getattr__ = lazy.public(
        __name__,
        {
            "compare": ["Comparison", "compare_runs"],
            "questions": ["Question"],
            "retrieval": ["RetrievalResult"],
            "run": ["AnswerResult"],
            "sets": ["Corpus", "QuestionSet"],
        },
    )

__all__ = ["AnswerResult", "Comparison", "Corpus", "Question", "QuestionSet", "RetrievalResult", "compare_runs"]

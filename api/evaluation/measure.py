"""Measures a service: its answers over HTTP, as users get them, or its retrieval alone."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from citeqa.api.evaluation.local import serving
from citeqa.api.service import Service, versions
from citeqa.rag.evaluation import report, retrieval
from citeqa.rag.evaluation.journal import journal
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.relevance import Excerpt
from citeqa.rag.evaluation.run import run
from citeqa.rag.evaluation.sets import QuestionSet
from citeqa.rag.options import AskOptions
from citeqa.rag.types import CitedPassage

Progress = Callable[[], None]


def evaluate(
    service: Service,
    question_set: QuestionSet,
    questions: Sequence[Question],
    progress: Progress = lambda: None,
    kept: Path | None = None,
) -> dict[str, Any]:
    """Ask every question over HTTP. Returns the record of the run, ready for JSON. If `kept` is given, the results so
    far are kept in that journal until the run has ended."""
    facts = about(service, f"Answers over HTTP: {question_set.name}", question_set, questions)
    with serving(service) as client, journal(kept, _key(facts, questions)) if kept else nullcontext() as rows:
        return report.record(run(questions, client, progress, rows), facts)


def retrieve(
    service: Service, question_set: QuestionSet, questions: Sequence[Question], progress: Progress = lambda: None
) -> dict[str, Any]:
    """Search for every question without reading. Returns the record of the run."""

    def text(document_id: str) -> str:
        return service.index.document(document_id).text

    facts = about(service, f"Retrieval alone: {question_set.name}", question_set, questions)
    return retrieval.record(retrieval.run(questions, searching(service), text, progress), facts)


def searching(service: Service) -> retrieval.Search:
    """The service's own search, with the signature of the baselines."""

    return lambda question, k: _excerpts(service.answerer.search(question, AskOptions(k=k))[0])


def reading(service: Service) -> retrieval.Search:
    """The evidence of the service's answers: the first passages in their order after reading."""
    return lambda question, k: _excerpts(service.answerer.ask(question, AskOptions(k=k)).evidence)


def _excerpts(found: Sequence[CitedPassage]) -> list[Excerpt]:
    return [Excerpt(one.source.document_id, one.quote.span, one.quote.text) for one in found]


def about(service: Service, what: str, question_set: QuestionSet, questions: Sequence[Question]) -> dict[str, Any]:
    """What a run depends on: everything that must be the same for another run to give the same results."""
    index, fitted = service.index, service.confidence.confidence
    documents = [(item.id, item.sha256) for item in index.summaries(index.document_count or 1)[0]]
    return {
        "what": what,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "versions": {"python": platform.python_version(), **versions(), "ir-measures": version("ir-measures")},
        "questions": {"file": question_set.name, "sha256": question_set.sha256, "count": len(questions)},
        "corpus": {"sha256": hashlib.sha256(json.dumps(documents).encode()).hexdigest()},
        "index": {"documents": index.document_count, "passages": index.passage_count, **index.settings},
        "reader": asdict(service.answerer.reader),
        "confidence": fitted.values(),
    }


def _key(facts: dict[str, Any], questions: Sequence[Question]) -> str:
    asked = [question.id for question in questions]
    same = {name: value for name, value in facts.items() if name not in ("date", "machine")}
    return hashlib.sha256(json.dumps([same, asked], sort_keys=True).encode()).hexdigest()

"""Measures the reader alone: each question is read over the paragraph it was written for, without any search.

    python -m citeqa.rag.evaluation.reading QUESTIONS.jsonl CORPUS.jsonl [--split report] [--limit N] [--reader DIR]
        [--output OUT.json]

For question sets that say which paragraph a question was `written_for`. The reader gets the whole paragraph, with the
title of the document as its heading; its best span is the answer. The margin from which it answers is chosen on the
other splits of the set, by the best overall F1 there (Rajpurkar et al. 2018); the reported split is never used for
that. "best overall F1" is what the best threshold on the reported split would have reached: an upper bound.
"""

from __future__ import annotations

import argparse
import math
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from citeqa.index import __version__
from citeqa.index.atomic import sha256, write_json
from citeqa.index.documents.corpus import load as load_documents
from citeqa.index.errors import CiteqaError, QuestionSetError
from citeqa.index.types import Document
from citeqa.rag.evaluation import metrics
from citeqa.rag.evaluation.questions import Question, load, sample_evenly
from citeqa.rag.evaluation.report import at_threshold, average, format_figure, number, proportion
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import Reader


@dataclass(frozen=True, slots=True)
class ReadingResult:
    """A question and the best span of its paragraph: its words, and its margin over "no answer". If the reader finds no
    span, the words are empty and the margin is None."""

    id: str
    question: str
    split: str
    answerable: bool
    answers: tuple[str, ...]
    answer: str
    margin: float | None
    exact_match: float
    f1: float

    @property
    def score(self) -> float:
        """The margin; without a span, lower than any threshold."""
        return -math.inf if self.margin is None else self.margin


def measure(
    questions: Sequence[Question],
    documents: Mapping[str, Document],
    reader: Reader,
    split: str,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Read the paragraph of every question. Returns the figures of `split` and the values of each of its questions.

    Raises:
        QuestionSetError: if a question does not say which paragraph it was written for, if that paragraph does not
            exist, or if the set has no question in `split` or none outside it.
    """
    paragraphs = [_paragraph(question, documents) for question in questions]
    if len({question.split == split for question in questions}) < 2:
        splits = ", ".join(sorted({question.split for question in questions}))
        raise QuestionSetError(f"the set needs the split {split!r} and another one; its questions are in: {splits}")
    rows = []
    for question, (title, text) in zip(questions, paragraphs, strict=True):
        rows.append(_read(question, title, text, reader))
        progress()
    reported = [row for row in rows if row.split == split]
    other = [row for row in rows if row.split != split]
    chosen = _best(other)
    return {
        "threshold": {
            "chosen on": sorted({row.split for row in other}),
            "margin": number(chosen.threshold),
            "overall F1 there": number(chosen.value),
        },
        "figures": {split: summary(reported, chosen.threshold)},
        "rows": [asdict(row) for row in reported],
    }


def summary(rows: Sequence[ReadingResult], threshold: float) -> dict[str, Any]:
    """The figures of the run, in the form of `report.summary`: EM and F1 of the answerable questions if every question
    is answered; the same as SQuAD 2.0 counts them if answers need at least the margin `threshold`; AUROC of the margin,
    answerable against unanswerable. A threshold that refuses everything is None."""
    asked = [row for row in rows if row.answerable]
    unanswerable = [row for row in rows if not row.answerable]
    best = _best(rows)
    return {
        "answerable": len(asked),
        "unanswerable": len(unanswerable),
        "EM": proportion(row.exact_match == 1 for row in asked),
        "F1": average([row.f1 for row in asked]),
        "AUROC": number(metrics.auroc([row.score for row in asked], [row.score for row in unanswerable])),
        "threshold": number(threshold),
        **at_threshold([(row.exact_match, row.f1, row.answerable, row.score >= threshold) for row in rows]),
        "best overall F1": number(best.value),
        "best threshold": number(best.threshold),
    }


def _best(rows: Sequence[ReadingResult]) -> metrics.Best:
    return metrics.best_overall([row.f1 for row in rows], [row.score for row in rows], [row.answerable for row in rows])


def _paragraph(question: Question, documents: Mapping[str, Document]) -> tuple[str, str]:
    """The title and the text for a question."""
    if question.written_for is None:
        raise QuestionSetError(
            f"question {question.id!r} does not say which paragraph it was written for ('written_for')"
        )
    document_id, span = question.written_for
    if document_id not in documents:
        raise QuestionSetError(f"question {question.id!r} was written for {document_id!r}, which is not in the corpus")
    try:
        return documents[document_id].title, documents[document_id].quote(span)
    except ValueError as error:
        raise QuestionSetError(
            f"question {question.id!r} was written for a paragraph that does not exist: {error}"
        ) from None


def _read(question: Question, title: str, text: str, reader: Reader) -> ReadingResult:
    spans = reader.read(question.question, [text], [title])[0]
    answer = text[spans[0].span.start : spans[0].span.end] if spans else ""
    return ReadingResult(
        id=question.id,
        question=question.question,
        split=question.split,
        answerable=question.answerable,
        answers=question.answers,
        answer=answer,
        margin=spans[0].score if spans else None,
        exact_match=metrics.exact_match(answer, question.answers),
        f1=metrics.token_f1(answer, question.answers),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--split", default="report", help="the split to report; the others choose the threshold")
    parser.add_argument("--limit", type=int, help="read at most this many questions of each split, evenly spread")
    parser.add_argument("--reader", type=Path, default=SHIPPED)
    parser.add_argument(
        "--output", type=Path, help="write the figures and the values of every question to this JSON file"
    )
    arguments = parser.parse_args()
    if arguments.limit is not None and arguments.limit < 1:
        parser.error("--limit must be at least 1")
    if arguments.output and not arguments.output.parent.is_dir():
        parser.error(f"{arguments.output} cannot be written: its folder does not exist")
    try:
        _run(arguments)
    except (CiteqaError, OSError) as error:
        sys.exit(f"error: {error}")


def _run(arguments: argparse.Namespace) -> None:
    questions = load(arguments.questions)
    if arguments.limit:
        questions = sample_evenly(questions, arguments.limit)
    documents = {item.id: item for item in load_documents([arguments.corpus]) if isinstance(item, Document)}
    reader, done = OnnxReader(arguments.reader), 0

    def report_progress() -> None:
        nonlocal done
        done += 1
        if done % 50 == 0 or done == len(questions):
            print(f"\rread {done} of {len(questions)}", end="", file=sys.stderr, flush=True)

    measured = measure(questions, documents, reader, arguments.split, report_progress)
    print(file=sys.stderr)
    about = {
        "what": f"Reading the paragraph a question was written for: {arguments.questions.resolve().parent.name}",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.platform(),
        "versions": {"python": platform.python_version(), "citeqa": __version__},
        "reader": asdict(reader.info),
        "questions": {"file": arguments.questions.name, "sha256": sha256(arguments.questions), "read": len(questions)},
        "corpus": {"file": arguments.corpus.name, "sha256": sha256(arguments.corpus), "documents": len(documents)},
        "limit": arguments.limit,
        "threshold": measured.pop("threshold"),
    }
    print(f"split {arguments.split}; threshold chosen on {', '.join(about['threshold']['chosen on'])}")
    for name, figure in measured["figures"][arguments.split].items():
        print(f"{name:<18} {format_figure(figure)}")
    if arguments.output:
        write_json(arguments.output, {"about": about, **measured})


if __name__ == "__main__":
    main()

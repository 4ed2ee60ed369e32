"""The public sets that docs/figures.md reports, which of their questions, and the systems that are compared on them.

Questions that anything was fitted or chosen on are never reported. A set with splits reports its split `report`. A set
without splits reports the questions at odd positions, counted from 0 in file order. The others, `fit`, are for
choosing.

    squad_dev   18 articles of SQuAD 2.0 dev (https://rajpurkar.github.io/SQuAD-explorer/), in our format
    scifact     SciFact in BEIR's layout (linked from https://github.com/beir-cellar/beir), the train queries
    news_quiz   RealTime QA 2022 (https://github.com/realtimeqa/realtimeqa_public), in our format, with the articles
                that a web search returned
    seeds       the question set of the seed articles
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from citeqa.rag.evaluation import sets
from citeqa.rag.evaluation.compare import difference
from citeqa.rag.evaluation.questions import Question, sample_evenly
from citeqa.rag.evaluation.sets import QuestionSet

Half = Literal["report", "fit"]
NAMES = ("squad_dev", "scifact", "news_quiz", "seeds")
OURS = "citeqa"
READ = "citeqa, read"  # the evidence of its answers: the passages found, in the order after reading
SENTENCE = "best-cosine sentence"
# the measures that compare the program with the best baseline: the field of a row, and its label
ANSWERED = {"answer_in_600": "answer in 600 characters", "answer_in_3000": "answer in 3000 characters"}
DOCUMENTS = {"Success@5": "document Success@5", "nDCG@10": "document nDCG@10"}
SENTENCES = {"right_document": "document@1", "in_sentence": "answer in sentence"}


def paths(name: str, data: Path, project: Path) -> list[Path]:
    """The files of a set that must exist: the question set first."""
    if name == "seeds":
        return [project / "tests" / "questions.jsonl", project / "seeds"]
    return [data / name]


def read(name: str, data: Path, project: Path, half: Half = "report") -> QuestionSet:
    """A set with its corpus and one half of its questions: the reported ones, or those for choosing."""
    first, *folder = paths(name, data, project)
    question_set = sets.read(first)
    corpus = sets.corpus_of(folder[0]) if folder else question_set.corpus
    named = name if half == "report" else f"{name}-{half}"
    return replace(question_set, name=named, questions=tuple(asked(question_set.questions, half)), corpus=corpus)


def asked(questions: Sequence[Question], half: Half) -> list[Question]:
    """The questions of one half, as one split."""
    chosen = [question for question in questions if question.split == half]
    by_position = list(questions)[1 if half == "report" else 0 :: 2]
    return [replace(question, split=half) for question in chosen or by_position]


def limited(question_set: QuestionSet, limit: int | None) -> QuestionSet:
    """The set with at most `limit` questions of each split, evenly spread."""
    return (
        replace(question_set, questions=tuple(sample_evenly(question_set.questions, limit))) if limit else question_set
    )


def against_best(runs: Mapping[str, Sequence[Mapping[str, Any]]], fields: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each measure, how the program's rows differ from those of the baseline that is best at it, with a paired
    interval and test, over answerable questions. The program's rows are those in the order of reading, if there are
    any."""
    found, ours = [], READ if READ in runs else OURS
    for field, measure in fields.items():
        values = {name: _values(rows, field) for name, rows in runs.items()}
        if any(not held or len(held) != len(values[ours]) for held in values.values()):
            continue
        best = max((name for name in values if name not in (OURS, READ)), key=lambda name: sum(values[name]))
        found.append({"baseline": best, **difference(measure, values[best], values[ours])._asdict()})
    return found


def _values(rows: Sequence[Mapping[str, Any]], field: str) -> list[float]:
    asked = [row for row in rows if row["answerable"]]
    return [float(row[field] if field in row else row["measures"].get(field, 0.0)) for row in asked]

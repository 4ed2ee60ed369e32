"""Fits the second look (see `rag.look`) on the split "fit" of question sets: the weight of the second reader's margin,
how many passages it reads, from which doubt on, and the confidence after it.

    python -m citeqa.rag.evaluation.fit_look SECOND QUESTIONS.jsonl CORPUS [QUESTIONS.jsonl CORPUS ...]

SECOND is the second reader's folder; the numbers are written into it. The weight is the one with which the most best
candidates are right. Passages and doubt are those that cost the least reading of all whose share of right answers is
within `SLACK` of the best. A candidate is right, and the confidence is fitted, as in `rag.evaluation.fit`; every set
has the same weight. The split "report" is never used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from citeqa.index.storage.snapshot import Index
from citeqa.rag.answerer import READ
from citeqa.rag.candidates import ordered, read_spans
from citeqa.rag.confidence import Confidence, load
from citeqa.rag.evaluation.fit import FittingSet, dot, fit, fit_evenly, fitting_sets, note_left_out
from citeqa.rag.evaluation.judged import Read, features_at, places_of, threshold
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.look import FITTED, merged, passages_of
from citeqa.rag.names import unknown_names
from citeqa.rag.reader.onnx_reader import CONFIDENCE, SHIPPED, OnnxReader
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.types import Evidence, ScoredSpan

MOST = 4  # passages that the second reader may read
WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
DOUBTS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
SLACK = 0.004  # of the share of right answers
# Required share of right answers among those given. At the first look's 0.65 a better reader refused fewer of the
# unanswerable questions; at this it refuses at least as many of the fitting halves, and still gives more right answers.
PRECISION = 0.70


class Chosen(NamedTuple):
    """How the second look is taken."""

    weight: float
    passages: int
    below: float


@dataclass(frozen=True, slots=True)
class Looked:
    """A question as it is read once, with the first look's confidence in its best candidate, and its candidates by
    weight and number of passages that are read again; none for no look, or if the first one is sure enough for all."""

    once: Read
    sure: float
    twice: dict[tuple[float, int], Read]

    def read(self, chosen: Chosen) -> Read:
        """The question as it is read with a second look where that is chosen."""
        return self.twice[chosen[:2]] if self.is_unsure(chosen) else self.once

    def is_unsure(self, chosen: Chosen) -> bool:
        """Whether there is a second look."""
        return bool(self.twice) and self.sure < chosen.below


@dataclass(frozen=True, slots=True)
class FirstLook:
    """A question with what was found for it and what the first reader found in that; `unknown` is how many names of the
    question the documents do not mention."""

    question: Question
    evidence: list[Evidence]
    spans: list[list[ScoredSpan]]
    unknown: int

    def read(self, index: Index, spans: Sequence[Sequence[ScoredSpan]], confidence: Confidence) -> Read:
        """The question with the candidates among some spans, judged."""
        candidates = ordered(self.question.question, self.evidence, spans, index, confidence)
        return Read.of(self.question, candidates, self.unknown)


def first_looks(one: FittingSet, reader: Reader) -> list[FirstLook]:
    """Each question of a set, read once."""
    retriever, found = Retriever(one.index, one.embedder), []
    for question in one.questions:
        evidence = retriever.retrieve(question.question, READ)
        spans = read_spans(question.question, evidence, reader, one.index)
        found.append(FirstLook(question, evidence, spans, len(unknown_names(question.question, one.index).names)))
        dot()
    return found


def looked(first: FirstLook, index: Index, second: Reader, confidence: Confidence) -> Looked:
    """A question read again, unless the first look is sure enough whatever is chosen."""
    once, twice = first.read(index, first.spans, confidence), dict[tuple[float, int], Read]()
    sure = confidence.probability(features_at(once, places_of(once, confidence)[0])) if once.candidates else 1.0
    if sure < max(DOUBTS):
        numbers = passages_of(once.candidates, first.evidence, MOST)
        found = read_spans(first.question.question, [first.evidence[n] for n in numbers], second, index)
        for weight in WEIGHTS:
            both = list(first.spans)
            for count, (number, theirs) in enumerate(zip(numbers, found, strict=True), 1):
                both[number] = merged(both[number], theirs, weight)
                twice[weight, count] = first.read(index, both, confidence)
            for count in range(len(numbers) + 1, MOST + 1):
                twice[weight, count] = twice[weight, len(numbers)]
    dot()
    return Looked(once, sure, twice)


def choose(sets: Sequence[Sequence[Looked]], budget: float | None = None) -> tuple[Chosen, list[dict[str, float]]]:
    """How to look again, and what each way came to: the share of right best candidates, and passages read again for a
    question on average. No way that reads more than `budget` is chosen."""
    weights = [(_right(sets, Chosen(weight, MOST, max(DOUBTS))), weight) for weight in WEIGHTS]
    weight = max(weights)[1]
    table = []
    for passages in range(1, MOST + 1):
        for below in DOUBTS:
            chosen = Chosen(weight, passages, below)
            cost = passages * float(np.mean([np.mean([one.is_unsure(chosen) for one in rows]) for rows in sets]))
            table.append({"passages": passages, "below": below, "cost": round(cost, 4),
                          "right": round(_right(sets, chosen), 4)})  # fmt: skip
    allowed = [row for row in table if budget is None or row["cost"] <= budget] or table[:1]
    best = max(row["right"] for row in allowed)
    cheapest = min((row for row in allowed if row["right"] >= best - SLACK), key=lambda row: row["cost"])
    by_weight = [{"weight": at, "right": round(right, 4)} for right, at in weights]
    return Chosen(weight, int(cheapest["passages"]), cheapest["below"]), [*by_weight, *table]


def _right(sets: Sequence[Sequence[Looked]], chosen: Chosen) -> float:
    """The share of questions whose best candidate is right, with the order of candidates fitted; the mean of sets."""
    shares = []
    reads = [[one.read(chosen) for one in rows] for rows in sets]
    fitted = fit_evenly(reads)
    for rows in reads:
        best = [bool(row.right[places_of(row, fitted)[0]]) if row.candidates else False for row in rows]
        answerable = [row.question.answerable for row in rows]
        shares.append(np.mean([hit for hit, known in zip(best, answerable, strict=True) if known]))
    return float(np.mean(shares))


def fit_look(sets: Sequence[Sequence[Looked]], chosen: Chosen, first: Confidence, precision: float) -> Confidence:
    """The confidence after a second look: fitted on the questions that are looked at again; its threshold is the one
    at which all answers together are precise enough, those of the first look among them."""
    again = [[one for one in rows if one.is_unsure(chosen)] for rows in sets]
    mass = [1000 / len(rows) for rows, some in zip(sets, again, strict=True) for _ in some]
    reads = [one.read(chosen) for rows in again for one in rows]
    fitted = fit(reads, precision, mass)
    confidences = [fitted.probability(features_at(row, places_of(row, fitted)[0])) for row in reads]
    right = [bool(row.right[places_of(row, fitted)[0]]) for row in reads]
    for rows in sets:
        for one in rows:
            if one.once.candidates and not one.is_unsure(chosen):
                confidences.append(one.sure)
                right.append(bool(one.once.right[places_of(one.once, first)[0]]))
                mass.append(1000 / len(rows))
    lowest = threshold(np.array(confidences), np.array(right), np.array(mass), precision)
    return replace(fitted, threshold=min(lowest, chosen.below))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("second", type=Path, help="folder of the second reader")
    parser.add_argument("sets", type=Path, nargs="+", help="question sets, each followed by its corpus")
    parser.add_argument("--precision", type=float, default=PRECISION, help="share of the answers that must be right")
    parser.add_argument("--limit", type=int, help="use at most this many questions of each set, evenly spread")
    parser.add_argument("--budget", type=float, help="most passages to read again for a question, on average")
    parser.add_argument("--reader", type=Path, default=SHIPPED, help="folder of the first reader")
    arguments = parser.parse_args()
    if len(arguments.sets) % 2:
        parser.error("each question set must be followed by its corpus")
    first, second = OnnxReader(arguments.reader), OnnxReader(arguments.second)
    confidence, _ = load(arguments.reader / CONFIDENCE)
    with fitting_sets(arguments.sets, arguments.limit) as found:
        looks = [first_looks(one, first) for one in found]
        sets = [[looked(row, one.index, second, confidence) for row in rows]
                for one, rows in zip(found, looks, strict=True)]  # fmt: skip
        fitted_on = {
            "first": asdict(first.info),
            "reader": asdict(second.info),
            "precision": arguments.precision,
            "sets": [one.described() for one in found],
            "index": found[-1].index.settings,
        }
    chosen, table = choose(sets, arguments.budget)
    fitted = fit_look(sets, chosen, confidence, arguments.precision)
    print(*table, sep="\n", file=sys.stderr)
    again = [[one.read(chosen) for one in rows if one.is_unsure(chosen)] for rows in sets]
    note_left_out(fitted_on["sets"], again, arguments.precision)
    stored = chosen._asdict() | {"values": fitted.values(), "fitted_on": fitted_on}
    (arguments.second / FITTED).write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(chosen._asdict() | fitted.values(), indent=2))


if __name__ == "__main__":
    main()

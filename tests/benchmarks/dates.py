"""What times in questions do: whether anything is lost where a year is content, what is won where a source is wanted.

First the questions of a set that name a time, asked with and without `use_dates`: how often the answer is right (as in
`rag.evaluation.run`) when forced, and whether a right document is among the passages read. Then, for each dated
document, its title and then only the first three words of it, asked for "in MONTH YEAR" and for "last week" (seen from
the week after): how often it comes first.
Wikinews 2019-2020 is public (CC BY 2.5, https://en.wikinews.org). `python tests/benchmarks/dates.py QUESTIONS.jsonl
SPLIT INDEX`, or `python tests/benchmarks/dates.py titles INDEX`; the indexes are made with `citeqa index`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter

from citeqa.api.service import Service
from citeqa.rag.answerer import READ
from citeqa.rag.evaluation.metrics import RIGHT, token_f1
from citeqa.rag.evaluation.questions import load
from citeqa.rag.options import AskOptions
from citeqa.rag.timing.expressions import find_times

TODAY = date(2026, 11, 24)


def questions(path: Path, split: str, service: Service) -> None:
    rows = [row for row in load(path) if row.split == split and row.answerable]
    rows = [row for row in rows if find_times(row.question, TODAY)]
    for use in (True, False):
        right = read = 0
        for row in rows:
            response = service.answerer.ask(
                row.question, AskOptions(k=READ, min_confidence=0, today=TODAY, use_dates=use)
            )
            answer = response.answer
            right += (
                answer is not None
                and answer.citation.source.document_id in row.documents
                and token_f1(answer.text, row.answers) >= RIGHT
            )
            read += any(found.source.document_id in row.documents for found in response.evidence)
        print(f"use_dates {use}: of {len(rows)} with a time, right {right}, right document read {read}", flush=True)


def titles(service: Service) -> None:
    summaries, _ = service.index.summaries(100_000)
    dated = [(item.id, item.title, item.date) for item in summaries if item.date]
    asked: dict[str, Callable[[str, date], tuple[str, date]]] = {
        "in its month": lambda title, day: (f"{title} in {day:%B %Y}", TODAY),
        "last week": lambda title, day: (f"{title} last week", day + timedelta(days=7)),
        "three words, in its month": lambda title, day: (f"{_begun(title)} in {day:%B %Y}", TODAY),
        "three words, last week": lambda title, day: (f"{_begun(title)} last week", day + timedelta(days=7)),
    }
    for name, question in asked.items():
        for use in (True, False):
            first = five = 0
            for document_id, title, day in dated:
                words, today = question(title, day)
                found, _ = service.answerer.search(words, AskOptions(k=5, today=today, use_dates=use))
                ids = [item.source.document_id for item in found]
                first += ids[:1] == [document_id]
                five += document_id in ids
            print(f"{name}, use_dates {use}: of {len(dated)} documents first {first}, among five {five}", flush=True)
    start = perf_counter()
    for _, title, day in dated:
        find_times(f"{title} in {day:%B %Y}", TODAY)
    print(f"a question's times are understood in {1000 * (perf_counter() - start) / len(dated):.2f} ms")


def _begun(title: str) -> str:
    return " ".join(title.split()[:3])


def main() -> None:
    models = Path(sys.argv[-1]).parent / "models"
    service = Service.open(Path(sys.argv[-1]), models)
    if sys.argv[1] == "titles":
        titles(service)
    else:
        questions(Path(sys.argv[1]), sys.argv[2], service)


if __name__ == "__main__":
    main()

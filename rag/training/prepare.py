"""Turns a SQuAD file into examples: holds out articles, indexes the others, and retrieves passages from that index."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import NamedTuple

from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag.evaluation.squad import Article, load
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.training.windows import Cutter, Example, labelled_examples, resampled_examples, retrieved_examples

log = logging.getLogger(__name__)

HELD_OUT = 20  # articles held out to choose settings
MEASURED = 2000  # questions about them, half answerable and half not


class Prepared(NamedTuple):
    """Labelled examples to train on; more examples, for teachers to score; and examples of the held-out articles, each
    with its whole paragraph."""

    labelled: list[Example]
    unlabelled: list[Example]
    held_out: list[Example]


def examples(squad: Path, work: Path, seed: int, progress: Callable[[], None]) -> Prepared:
    """All examples from a SQuAD file. Intermediate results are kept in `work`, where an interrupted run continues."""
    embedder = load_embedder(DEFAULT_MODEL, work / "models")
    articles = sorted(load(squad), key=lambda a: sha256(f"{seed} {a.document.id}".encode()).digest())
    index = _indexed(articles, work)
    held_out, articles = articles[:HELD_OUT], articles[HELD_OUT:]
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    cutter = Cutter(chunker, articles)
    found = list(
        retrieved_examples(articles, cutter, Retriever(index, embedder), seed, work / "retrieved.jsonl", progress)
    )
    return Prepared(
        [*labelled_examples(articles, cutter, seed), *(one for one in found if one.kind == "retrieved")],
        [*resampled_examples(articles, cutter, seed), *(one for one in found if one.kind == "near")],
        _measured(held_out, Cutter(chunker, held_out), seed),
    )


def _indexed(articles: list[Article], work: Path) -> Index:
    corpus = work / "corpus.jsonl"
    with corpus.open("w", encoding="utf-8") as file:
        for document in sorted((article.document for article in articles), key=lambda d: d.id):
            row = {"id": document.id, "title": document.title, "text": document.text}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    embedder = load_embedder(DEFAULT_MODEL, work / "models")
    report = update(work / "index", [corpus], embedder)
    log.info("%d passages of %d articles to retrieve from", report.passages, report.documents)
    return Index(work / "index")


def _measured(held_out: list[Article], cutter: Cutter, seed: int) -> list[Example]:
    chosen: list[Example] = []
    asked = [one for article in held_out for one in article.asked]
    Random(seed).shuffle(asked)
    for answerable in (True, False):
        for one in [one for one in asked if bool(one.answers) == answerable][: MEASURED // 2]:
            paragraph = cutter.paragraph(one)
            answer = one.answers[0].shifted(-paragraph.span.start) if answerable else None
            kind = "answerable" if answerable else "unanswerable"
            chosen.append(Example(kind, one.question, cutter.heading(one.document_id), paragraph.text, answer))
    return chosen


def composition(found: list[Example]) -> dict[str, int]:
    """The number of examples of each kind."""
    return dict(Counter(example.kind for example in found))

"""From a SQuAD file to examples: articles kept aside, an index of the others, and what our retriever finds in it."""

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
from citeqa.rag.training.windows import Cutter, Example, again, given, retrieved

log = logging.getLogger(__name__)

ASIDE = 20  # articles that are only measured on, to choose settings
MEASURED = 2000  # questions of them, half answerable and half not


class Prepared(NamedTuple):
    """Examples to train on; more that are not labelled with care, for teachers to read; and those of the articles kept
    aside, read in their whole paragraph."""

    given: list[Example]
    more: list[Example]
    aside: list[Example]


def examples(squad: Path, work: Path, seed: int, progress: Callable[[], None]) -> Prepared:
    """Everything that a SQuAD file gives; what was made on the way is in `work`, where an interrupted run goes on."""
    embedder = load_embedder(DEFAULT_MODEL, work / "models")
    articles = sorted(load(squad), key=lambda a: sha256(f"{seed} {a.document.id}".encode()).digest())
    index = _indexed(articles, work)
    aside, articles = articles[:ASIDE], articles[ASIDE:]
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    cutter = Cutter(chunker, articles)
    found = list(retrieved(articles, cutter, Retriever(index, embedder), seed, work / "retrieved.jsonl", progress))
    return Prepared(
        [*given(articles, cutter, seed), *(one for one in found if one.kind == "retrieved")],
        [*again(articles, cutter, seed), *(one for one in found if one.kind == "near")],
        _measured(aside, Cutter(chunker, aside), seed),
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


def _measured(aside: list[Article], cutter: Cutter, seed: int) -> list[Example]:
    chosen: list[Example] = []
    asked = [one for article in aside for one in article.asked]
    Random(seed).shuffle(asked)
    for answerable in (True, False):
        for one in [one for one in asked if bool(one.answers) == answerable][: MEASURED // 2]:
            paragraph = cutter.paragraph(one)
            answer = one.answers[0].shifted(-paragraph.span.start) if answerable else None
            kind = "answerable" if answerable else "unanswerable"
            chosen.append(Example(kind, one.question, cutter.heading(one.document_id), paragraph.text, answer))
    return chosen


def composition(found: list[Example]) -> dict[str, int]:
    """How many examples there are of each kind."""
    return dict(Counter(example.kind for example in found))

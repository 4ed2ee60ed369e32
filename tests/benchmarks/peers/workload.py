"""What every system is given: the same passages, questions and models.

The corpus is `squad_dev` and `wikinews` where the public sets are there (`rag/evaluation/public.py` says where they are
from; Wikinews 2019-2020 is at https://en.wikinews.org), else the seed articles.
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.peers.measure import Passage
from transformers import AutoTokenizer, logging

from citeqa.index.documents import corpus
from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.sentences import sentences
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import PRECISIONS, load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL, packaged
from citeqa.index.types import Document
from citeqa.rag.evaluation import public
from citeqa.rag.evaluation.questions import Question, sample_evenly
from citeqa.rag.reader.loading import load_reader
from citeqa.rag.reader.onnx_reader import SHIPPED, OnnxReader
from citeqa.rag.training.model import as_torch

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
FIRST = 200  # passages that are there when a system is started from nothing
SENTENCES = 22  # of a spliced document: about ten passages
CENTRES = 500  # passages whose vectors the synthetic ones lie around
SPREAD = 0.03  # standard deviation of each number of a synthetic vector: a cosine of about 0.86 with its centre


@dataclass(frozen=True, slots=True)
class Workload:
    """Folders as `Job` wants them, and questions: `warm` and `searched` are texts, disjoint from those of `asked`."""

    corpus: Path
    first: Path
    scale: Path
    reader: Path
    models: Path
    described: str
    sizes: dict[str, int]
    agreement: dict[str, float]
    warm: tuple[str, ...]
    searched: tuple[str, ...]
    asked: tuple[Question, ...]


def prepare(
    folder: Path, models: Path, data: Path, *, asked: int, searched: int, scale: int, passages: int
) -> Workload:
    """Make everything in an empty folder.

    Args:
        models: the folder of citeqa's exported models, which are put there if they are missing.
        data: the folder of the public sets.
        asked, searched: how many questions are answered, and how many others only searched for.
        scale: passages of the large corpus, of spliced text and synthetic vectors; none with 0.
        passages: after how many of the real corpus to stop; the articles that are asked about come first.
    """
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    for precision in PRECISIONS:
        load_embedder(DEFAULT_MODEL, models, precision)
    embedder = load_embedder(DEFAULT_MODEL, models)
    name = "squad_dev" if (data / "squad_dev").exists() else "seeds"
    given = public.read(name, data, ROOT)
    assert given.corpus
    found = [item for item in given.corpus.documents() if isinstance(item, Document)]
    wikinews = data / "wikinews" / "corpus.jsonl"
    if name == "squad_dev" and wikinews.exists():
        found += [item for item in corpus.load([wikinews]) if isinstance(item, Document)]
        name = "squad_dev and wikinews"
    count = write_corpus(folder / "corpus", found, embedder, passages)
    first = write_corpus(folder / "first", found, embedder, FIRST)
    if scale:
        scale = write_corpus(folder / "scale", splice([document.text for document in found]), embedder, scale)
        _synthesize(folder / "scale", folder / "corpus", embedder, scale)
    answerable = sample_evenly([question for question in given.questions if question.answerable], asked)
    taken = {question.question for question in answerable}
    others = list(dict.fromkeys(q.question for q in given.questions if q.question not in taken))
    checkpoint(folder / "reader")
    by_id = {document.id: document for document in found}
    return Workload(
        corpus=folder / "corpus",
        first=folder / "first",
        scale=folder / "scale",
        reader=folder / "reader",
        models=models,
        described=f"{name}, {count:,} passages",
        sizes={"corpus": count, "first": first, "scale": scale},
        agreement=agreement(folder / "reader", folder / "readers", answerable, by_id),
        warm=tuple(others[:3]),
        searched=tuple(others[3 : 3 + searched]),
        asked=tuple(answerable),
    )


def checkpoint(folder: Path) -> None:
    """The shipped reader as a Hugging Face checkpoint: the weights of its eight bits in fp32, and its tokenizer."""
    model: Any = as_torch(SHIPPED)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(str(packaged())).save_pretrained(folder)


def agreement(
    reader: Path, cache: Path, questions: Sequence[Question], documents: dict[str, Document]
) -> dict[str, float]:
    """How near a checkpoint is to the shipped reader on the start of a right document of each question: the share of
    questions with the same best span, and the correlation of the best spans' margins."""
    readers = [OnnxReader(SHIPPED), load_reader(str(reader), cache)]
    best: list[list[Any]] = [[], []]
    for question in questions:
        name, place = question.written_for or question.spans[0]
        start = max(0, place.start - 200)
        text = documents[name].text[start : start + 700]
        for held, one in zip(best, readers, strict=True):
            spans = one.read(question.question, [text], [""])[0]
            held.append((spans[0].span, spans[0].score) if spans else (None, 0.0))
    margins = np.array([[score for _, score in held] for held in best])
    return {
        "questions": len(questions),
        "same_best_span": float(np.mean([one[0] == other[0] for one, other in zip(*best, strict=True)])),
        "margin_correlation": float(np.corrcoef(margins)[0, 1]),
    }


def write_corpus(folder: Path, documents: Iterable[Document], embedder: Embedder, limit: float = math.inf) -> int:
    """Write documents, until they have at least `limit` passages, and these passages; gives how many there are."""
    folder.mkdir(parents=True)
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    passages: list[Passage] = []
    with (folder / "documents.jsonl").open("w", encoding="utf-8") as file:
        for document in documents:
            if len(passages) >= limit:
                break
            row = {"id": document.id, "title": document.title, "text": document.text}
            file.write(json.dumps(row | ({"date": document.date.isoformat()} if document.date else {})) + "\n")
            heading = chunker.heading(document)
            passages += [Passage(document.id, indexed_text(heading, passage)) for passage in chunker.chunk(document)]
    (folder / "passages.json").write_text(json.dumps(passages), encoding="utf-8")
    return len(passages)


def splice(texts: Sequence[str], seed: int = 7) -> Iterator[Document]:
    """Documents without end, of sentences of the texts drawn by chance."""
    pool = [text[span.start : span.end] for text in texts for span in sentences(text)]
    chance, number = random.Random(seed), 0
    while True:
        number += 1
        spoken = " ".join(chance.choice(pool).strip() for _ in range(SENTENCES))
        yield corpus.document(f"report-{number:06}", spoken, file_sha256="", title=f"Report {number}")


def _synthesize(folder: Path, real: Path, embedder: Embedder, count: int) -> None:
    """Vectors around those of real passages, by chance, in place of an embedding of so many."""
    texts = [text for _, text in json.loads((real / "passages.json").read_text(encoding="utf-8"))]
    centres = embedder.embed_passages(texts[:: max(1, len(texts) // CENTRES)])
    chance = np.random.default_rng(7)
    vectors = centres[chance.integers(0, len(centres), count)]
    vectors += chance.normal(scale=SPREAD, size=vectors.shape).astype(np.float32)
    np.save(folder / "vectors.npy", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

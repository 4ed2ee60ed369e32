"""How well copies of an article are told from other articles on the same topic: shingles against embeddings.

The positives are passages of edited copies of an article (retitled; words dropped and replaced; cut short behind a new
first sentence; retyped with other quotation marks and case), each beside the passages of the original; the negatives
are passages of the articles themselves beside the nearest passages of other articles. A passage's score is the highest
it has beside any of those. The threshold of each way is the lowest that at most one in a hundred negatives of the
articles at even positions passes; what is told is of those at odd ones.
Wikinews 2019-2020 is public (CC BY 2.5, https://en.wikinews.org): `python tests/benchmarks/copies.py corpus.jsonl`.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.corpus import document as document_of
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.types import Document
from citeqa.rag.retrieval import copies

DOCUMENTS = 60
LONGEST = 3000  # code points of an article
NEAREST = 5  # passages of other articles that a passage is compared with
LEAD = "Officials confirmed the following account on the agency's wire late in the evening, editors said. "


def edited(document: Document, way: str, chance: random.Random) -> Document:
    """A copy of an article as others print it."""
    words = document.text.split(" ")
    if way == "words":
        words = [chance.choice(words) if chance.random() < 0.04 else word for word in words if chance.random() > 0.04]
    if way == "short":
        words = [LEAD, *words[: len(words) * 6 // 10]]
    text = " ".join(words)
    if way == "retyped":
        text = text.replace('"', "“").replace("'", "’").replace("\n\n", "\n").upper()
    title = "Latest from the wire" if way == "retitled" else document.title
    return document_of(f"{document.id}-{way}", text, file_sha256="", title=title)


def by_shingles(texts: list[str], beside: list[str]) -> NDArray[np.float32]:
    """For each text the highest share of its shingles in one of those beside it."""
    inside = copies.containment([*texts, *beside])
    highest: NDArray[np.float32] = inside[: len(texts), len(texts) :].max(axis=1)
    return highest


def main() -> None:
    rows = [json.loads(line) for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if 600 < len(row["text"]) < LONGEST][:: max(1, len(rows) // DOCUMENTS)]
    documents = [document_of(row["id"], row["text"], file_sha256="", title=row["title"]) for row in rows]
    with tempfile.TemporaryDirectory() as temporary:
        embedder = load_embedder(DEFAULT_MODEL, Path(sys.argv[2] if len(sys.argv) > 2 else temporary))
        measure(documents, embedder)


def measure(documents: list[Document], embedder: Embedder) -> None:
    chunker = Chunker(embedder.count_tokens, embedder.info.max_tokens, ChunkerSettings())
    chance = random.Random(0)

    def cut(document: Document) -> tuple[list[str], NDArray[np.float32]]:
        passages = chunker.chunk(document)
        heading = chunker.heading(document)
        texts = [passage.text for passage in passages]
        return texts, embedder.embed_passages([indexed_text(heading, passage) for passage in passages])

    originals = [cut(document) for document in documents]
    scores: dict[str, dict[str, list[list[float]]]] = {"shingles": {}, "embeddings": {}}
    for kind in ("retitled", "words", "short", "retyped"):
        for (texts, vectors), document in zip(originals, documents, strict=True):
            theirs, other = cut(edited(document, kind, chance))
            scores["shingles"].setdefault(kind, []).append(by_shingles(theirs, texts).tolist())
            scores["embeddings"].setdefault(kind, []).append((other @ vectors.T).max(axis=1).tolist())
    everything = np.concatenate([vectors for _, vectors in originals])
    owners = np.repeat(np.arange(len(documents)), [len(texts) for texts, _ in originals])
    words = [text for texts, _ in originals for text in texts]
    for number, (texts, vectors) in enumerate(originals):
        cosines = np.where(owners == number, -1, vectors @ everything.T)
        near = np.unique(np.argsort(-cosines, axis=1)[:, :NEAREST])
        scores["shingles"].setdefault("", []).append(by_shingles(texts, [words[n] for n in near]).tolist())
        scores["embeddings"].setdefault("", []).append(cosines.max(axis=1).tolist())
    for way, by_kind in scores.items():
        told(way, by_kind)
    pool = words[: copies.AMONG]
    times = []
    for _ in range(50):
        start = perf_counter()
        copies.containment(pool)
        times.append(perf_counter() - start)
    best, middle = 1000 * min(times), 1000 * float(np.median(times))
    print(f"{len(pool)} passages compared in {best:.2f} ms at best, {middle:.2f} in the middle")


def told(way: str, by_kind: dict[str, list[list[float]]]) -> None:
    fit = np.concatenate(by_kind[""][::2])
    threshold = float(np.quantile(fit, 0.99))
    for bound in (threshold, copies.CONTAINED) if way == "shingles" else (threshold,):
        shares = {
            kind or "other articles": float(np.mean(np.concatenate(found[1::2]) > bound))
            for kind, found in by_kind.items()
        }
        shown = ", ".join(f"{kind} {share:.3f}" for kind, share in shares.items())
        print(f"{way}, taken for copies above {bound:.3f}: {shown}")


if __name__ == "__main__":
    main()

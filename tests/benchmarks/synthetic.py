"""A corpus of any size by chance: texts spliced from the seed articles, vectors that are spread as real ones are.

The vectors were fitted to all-MiniLM-L6-v2's of 50,000 passages (news, Wikinews, abstracts of SciFact, SQuAD 2.0) and
3,828 questions about them. There and here, the cosine of a passage with its 1st, 10th and 100th neighbour is about
0.86, 0.65, 0.47 and 0.82, 0.73, 0.54, that of a question 0.61, 0.47, 0.31 and 0.61, 0.51, 0.43; and of 1024 inverted
lists, 64 hold 0.98 of the 100 nearest of a passage in both, 0.95 and 0.96 of those of a question.
"""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import numpy as np
from benchmarks.growth import spoken
from numpy.typing import NDArray

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.embedding.embedder import EmbedderInfo
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import rebuild_generation
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.settings import settings_of
from citeqa.index.types import Passage, Span

Floats = NDArray[np.float32]

SENTENCES = 4  # of a passage: about 90 words
PASSAGES = 10  # of a document
TOGETHER = 1000  # documents written in one transaction


class Space:
    """Where the vectors of `count` passages lie. Each belongs to a story of twelve, some stories to many more; each
    story mixes three topics, of which there are the square root of `count`, as the words of a corpus grow by about the
    square root of its length (Heaps' law). Everything is normal, with variances that fall as 1/rank along some axes."""

    def __init__(self, count: int, dimension: int) -> None:
        chance = np.random.default_rng(7)
        spread = np.arange(1, dimension + 1) ** -0.5
        self._spread = (spread / np.linalg.norm(spread)).astype(np.float32)
        self._axes = np.linalg.qr(chance.normal(size=(dimension, dimension)))[0].astype(np.float32)
        self._topics = self._normal(chance, max(3, round(count**0.5)))
        self._stories = self._mixed(chance, max(1, count // 12)).astype(np.float16)

    def passages(self, chance: np.random.Generator, count: int) -> Floats:
        """Unit vectors `(count, dimension)` around stories, some closely and some loosely."""
        story = (chance.pareto(1.0, count) * len(self._stories) / 20).astype(np.int64) % len(self._stories)
        loose = (0.3 * chance.uniform(0.3, 1.7, (count, 1)).astype(np.float32)) ** 0.5
        return self._placed(self._stories[story] + loose * self._normal(chance, count))

    def questions(self, chance: np.random.Generator, count: int) -> Floats:
        """Unit vectors `(count, dimension)` between a story and what is in no passage."""
        story = self._stories[chance.integers(0, len(self._stories), count)]
        return self._placed(0.75 * story + 0.75 * self._mixed(chance, count) + 0.5 * self._normal(chance, count))

    def _mixed(self, chance: np.random.Generator, count: int) -> Floats:
        weights = chance.dirichlet([0.5] * 3, count).astype(np.float32) ** 0.5
        mixed = np.zeros((count, len(self._spread)), dtype=np.float32)
        for i in range(3):
            mixed += weights[:, i, None] * self._topics[chance.integers(0, len(self._topics), count)]
        return np.float32(0.4**0.5) * mixed + np.float32(0.3**0.5) * self._normal(chance, count)

    def _normal(self, chance: np.random.Generator, count: int) -> Floats:
        return chance.standard_normal((count, len(self._spread)), dtype=np.float32) * self._spread

    def _placed(self, vectors: Floats) -> Floats:
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True) @ self._axes, dtype=np.float32)


def write(folder: Path, count: int, info: EmbedderInfo) -> None:
    """An index of `count` passages, made without chunking and embedding: all else is as it would be."""
    folder.mkdir(parents=True)
    space, chance, pool = Space(count, info.dimension), np.random.default_rng(1), spoken()
    with closing(Catalog(folder / DATABASE, write=True)) as catalog:
        with catalog.transaction():
            catalog.set_settings(settings_of(info, ChunkerSettings()))
        for first in range(0, count // PASSAGES, TOGETHER):
            names = range(first, min(first + TOGETHER, count // PASSAGES))
            vectors = space.passages(chance, PASSAGES * len(names)).astype(np.float16)
            with catalog.transaction():
                for name, rows in zip(names, np.split(vectors, len(names)), strict=True):
                    _put(catalog, name, pool, rows)
        with catalog.transaction():
            rebuild_generation(folder, catalog)
        catalog.purge()


def _put(catalog: Catalog, name: int, pool: list[str], vectors: NDArray[np.float16]) -> None:
    chance, text, spans = random.Random(name), f"Report {name} of the day\n", list[Span]()
    for _ in range(PASSAGES):
        text += "\n"
        passage = " ".join(chance.choices(pool, k=SENTENCES))
        spans.append(Span(len(text), len(text) + len(passage)))
        text += passage
    made = document(f"report-{name:07}", text, title=f"Report {name} of the day", file_sha256="0")
    catalog.put(made, made.title, [Passage(made.id, span, made.quote(span)) for span in spans], vectors)

"""A question and a passage become scored spans in that passage, or nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.embedder import Embedder
from index.sentences import sentences
from index.types import Passage
from rag.types import ScoredSpan

_REMEMBERED = 4096  # sentences whose vectors are kept


class Reader(Protocol):
    """Reads passages, each on its own: the spans and scores of one never depend on the others beside it."""

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[ScoredSpan]]:
        """For each passage its spans that may answer, best first; an empty list where nothing does."""


class SentenceReader:
    """The baseline: every sentence is a span, its score the cosine of its vector and the question's (-1 to 1)."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, question: str, passages: Sequence[Passage]) -> list[list[ScoredSpan]]:
        spans = [sentences(passage.text) for passage in passages]
        texts = [[p.text[s.start : s.end] for s in found] for p, found in zip(passages, spans, strict=True)]
        vectors = self._embed(list(dict.fromkeys(text for group in texts for text in group)))
        asked = self._embedder.embed_query(question)
        scores = {text: float(vector @ asked) for text, vector in vectors.items()}
        return [
            sorted((ScoredSpan(s, scores[t]) for s, t in zip(found, group, strict=True)), key=lambda x: -x.score)
            for found, group in zip(spans, texts, strict=True)
        ]

    def _embed(self, texts: list[str]) -> dict[str, NDArray[np.float32]]:
        with self._lock:
            known = {text: self._vectors[text] for text in texts if text in self._vectors}
        missing = [text for text in texts if text not in known]
        known |= dict(zip(missing, self._embedder.embed_passages(missing), strict=True))
        with self._lock:
            for text in texts:
                self._vectors[text] = known[text]
                self._vectors.move_to_end(text)
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return known

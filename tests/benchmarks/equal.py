"""Whether many equal passages make a search slow: the time of a search among them, as a ratio to the time among as many
different ones.

    python tests/benchmarks/equal.py [PASSAGES]        (20000)
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median

import numpy as np
from benchmarks.growth import Clusters, article, spoken

from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag.retrieval.retriever import Retriever

QUESTION = "What does the report of the day say?"
ROUNDS = 15


class Repeating(Clusters):
    """Computes the vector of a text that is repeated once."""

    def embed_passages(
        self, texts: Sequence[str], progress: Callable[[int], None] | None = None
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        if len(set(texts)) > 1:
            return super().embed_passages(texts, progress)
        return np.repeat(self.real.embed_passages(texts[:1]), len(texts), axis=0)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    pool = spoken()
    with tempfile.TemporaryDirectory(prefix="citeqa-equal-") as temporary:
        folder = Path(temporary)
        embedder = load_embedder(DEFAULT_MODEL, folder / "models")
        indexes = {}
        for kind in ("different", "equal"):
            rows = ({"id": f"{i:06}", "text": article(pool, i if kind == "different" else 0, 3)} for i in range(count))
            (folder / f"{kind}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
            update(folder / kind, [folder / f"{kind}.jsonl"], Repeating(embedder))
            indexes[kind] = Index(folder / kind)
        times: dict[str, list[float]] = {kind: [] for kind in indexes}
        retrievers = {kind: Retriever(index, embedder) for kind, index in indexes.items()}
        for _ in range(ROUNDS):  # in turn, so that what else the machine does is borne by both
            for kind, retriever in retrievers.items():
                start = time.perf_counter()
                retriever.retrieve(QUESTION, 100)
                times[kind].append(time.perf_counter() - start)
        for kind, index in indexes.items():
            with closing(index):
                print(f"{index.passage_count:,} {kind} passages: {1000 * median(times[kind]):.1f} ms a search")
        print(f"equal ones take {median(times['equal']) / median(times['different']):.2f} times as long")


if __name__ == "__main__":
    main()

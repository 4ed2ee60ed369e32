"""citeqa as a program that uses it as a library has it: indexed durably into a folder, opened, asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from benchmarks.peers.measure import READ, Found, Job, Passage
from numpy.typing import NDArray
from support.embedders import Wrapped

from citeqa.api.service import Service
from citeqa.index.embedding.embedder import Embedder, Vectors
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.writer import update
from citeqa.rag.options import AskOptions


class Given(Wrapped):
    """An embedder for which the vectors of passages are known."""

    def __init__(self, real: Embedder, passages: Sequence[Passage], vectors: Vectors) -> None:
        super().__init__(real)
        self._vectors = vectors
        self._numbers = {passage.text: number for number, passage in enumerate(passages)}

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        found: Vectors = self._vectors[[self._numbers[text] for text in texts]]
        return found


class Fp32:
    precision = "fp32"
    configuration = (
        "index.storage.writer.update over the documents (chunking, SQLite with its syncs, both search files; the peers "
        "get the passages cut already and keep nothing durably), api.service.Service, Answerer.search(k = 10) and "
        "Answerer.ask(min_confidence = 0); vectors in fp32, which is the default; the shipped 8-bit reader"
    )
    packages = ("citeqa", "onnxruntime", "faiss-cpu", "tantivy")

    def __init__(self, job: Job) -> None:
        self._job = job
        self._folder = Path(job.work) / "index"
        self._embedder: Embedder | None = load_embedder(DEFAULT_MODEL, Path(job.models), self.precision)

    def ingest(self, passages: list[Passage], vectors: NDArray[np.float32] | None) -> None:
        assert self._embedder
        embedder = self._embedder if vectors is None else Given(self._embedder, passages, vectors)
        report = update(self._folder, [Path(self._job.corpus) / "documents.jsonl"], embedder)
        if report.passages != len(passages):
            raise ValueError(f"{report.passages} passages were indexed, {len(passages)} were expected")
        self._embedder = None  # the service loads its own

    @cached_property
    def service(self) -> Service:
        """The index opened as a user opens it, with the first question; the models of the peers are loaded before."""
        return Service.open(self._folder, Path(self._job.models))

    def search(self, question: str) -> list[str]:
        found, _ = self.service.answerer.search(question, AskOptions(k=READ))
        return [item.source.document_id for item in found]

    def answer(self, question: str) -> Found:
        response = self.service.answerer.ask(question, AskOptions(k=READ, min_confidence=0.0))
        words = response.answer.text if response.answer else ""
        return Found(words, response.evidence[0].source.document_id if response.evidence else None)


class Int8(Fp32):
    precision = "int8"
    configuration = "as citeqa fp32, but the embedding model in 8 bits"

"""txtai's embeddings database with hybrid search, and its extractive question answering."""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np
import torch
from benchmarks.peers.measure import READ, Found, Job, Passage, cores
from numpy.typing import NDArray
from txtai import Embeddings
from txtai.pipeline import RAG, Questions

EMBEDDINGS = "Embeddings(content = True, hybrid = True), all else its defaults; "


class Txtai:
    """Reads every passage by itself."""

    configuration = (
        EMBEDDINGS + "Questions over each of the ten passages; the answer is that of the best placed passage that "
        "has one (it gives no scores, and fails where a reader of SQuAD 2.0 sees no answer: caught)"
    )
    packages = ("txtai", "transformers", "torch", "faiss-cpu")

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(cores())
        faiss.omp_set_num_threads(cores())
        settings: dict[str, Any] = {"path": job.embedder, "content": True, "hybrid": True}
        self.vectors: dict[str, NDArray[np.float32]] = {}
        if job.given:
            model = Embeddings(settings)

            def transform(texts: list[str]) -> NDArray[np.float32]:
                new = [text for text in texts if text not in self.vectors]
                made = dict(zip(new, model.batchtransform(new), strict=True)) if new else {}
                return np.array([made.get(text, self.vectors.get(text)) for text in texts])

            settings = settings | {"method": "external", "transform": transform}
        self.embeddings = Embeddings(settings)
        self.prepare(job)

    def prepare(self, job: Job) -> None:
        self.questions = Questions(job.reader, gpu=False)

    def ingest(self, passages: list[Passage], vectors: NDArray[np.float32] | None) -> None:
        if vectors is not None:
            self.vectors.update(zip((passage.text for passage in passages), vectors, strict=True))
        self.documents = [passage.document for passage in passages]
        self.embeddings.index((number, passage.text, None) for number, passage in enumerate(passages))

    def found(self, question: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.embeddings.search(question, READ)
        return found

    def search(self, question: str) -> list[str]:
        return [self.documents[int(row["id"])] for row in self.found(question)]

    def answer(self, question: str) -> Found:
        found = self.found(question)
        answers = [self.read(question, row["text"]) for row in found]
        words = next((answer for answer in answers if answer), "")
        return Found(words, self.documents[int(found[0]["id"])] if found else None)

    def read(self, question: str, text: str) -> str | None:
        try:
            answer: str | None = self.questions([question], [text])[0]
        except TypeError:  # the best span is that of no answer
            return None
        return answer


class Joined(Txtai):
    """Reads what its documentation's pipeline reads: all passages as one text, as far as the reader sees."""

    configuration = EMBEDDINGS + "RAG(context = 10): the passages joined and cut at the reader's 512 tokens"

    def prepare(self, job: Job) -> None:
        self.rag = RAG(self.embeddings, job.reader, gpu=False, context=READ, output="reference")

    def answer(self, question: str) -> Found:
        try:
            answer = self.rag(question)
        except TypeError:  # as above
            return Found("", None)
        return Found(answer["answer"] or "", self.documents[int(answer["reference"])] if answer["reference"] else None)

"""Haystack 3 as its documentation builds hybrid retrieval with an extractive reader."""

from __future__ import annotations

import numpy as np
import torch
from benchmarks.peers.measure import READ, Found, Job, Passage, cores
from haystack import Document, Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.components.writers import DocumentWriter
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)
from haystack_integrations.components.readers.transformers import TransformersExtractiveReader
from numpy.typing import NDArray


class Haystack:
    configuration = (
        "InMemoryDocumentStore with its defaults (BM25L, dot product); SentenceTransformersDocumentEmbedder and "
        "DocumentWriter in a pipeline; SentenceTransformersTextEmbedder, InMemoryEmbeddingRetriever and "
        "InMemoryBM25Retriever with their defaults (top_k = 10), DocumentJoiner('reciprocal_rank_fusion', top_k = 10) "
        "in a pipeline; TransformersExtractiveReader(no_answer = False), else its defaults (it gives the "
        "model no token types, which a BERT reader is trained with)"
    )
    packages = (
        *("haystack-ai", "transformers-haystack", "sentence-transformers-haystack"),
        *("sentence-transformers", "transformers", "torch"),
    )

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(cores())
        self.store = InMemoryDocumentStore()
        embedder = SentenceTransformersDocumentEmbedder(model=job.embedder, progress_bar=False)
        self.indexing = Pipeline()
        self.indexing.add_component("embedder", embedder)
        self.indexing.add_component("writer", DocumentWriter(self.store))
        self.indexing.connect("embedder", "writer")
        self.retrieval = Pipeline()
        self.retrieval.add_component(
            "embedder", SentenceTransformersTextEmbedder(model=job.embedder, progress_bar=False)
        )
        self.retrieval.add_component("dense", InMemoryEmbeddingRetriever(self.store))
        self.retrieval.add_component("lexical", InMemoryBM25Retriever(self.store))
        self.retrieval.add_component("joiner", DocumentJoiner("reciprocal_rank_fusion", top_k=READ))
        self.retrieval.connect("embedder.embedding", "dense.query_embedding")
        self.retrieval.connect("dense", "joiner")
        self.retrieval.connect("lexical", "joiner")
        self.reader = TransformersExtractiveReader(model=job.reader, no_answer=False)
        for part in (self.indexing, self.retrieval, self.reader):
            part.warm_up()

    def ingest(self, passages: list[Passage], vectors: NDArray[np.float32] | None) -> None:
        documents = [
            Document(id=str(number), content=passage.text, meta={"document": passage.document})
            for number, passage in enumerate(passages)
        ]
        if vectors is None:
            self.indexing.run({"embedder": {"documents": documents}})
            return
        for document, vector in zip(documents, vectors, strict=True):
            document.embedding = vector.tolist()
        self.store.write_documents(documents)

    def found(self, question: str) -> list[Document]:
        given = {"embedder": {"text": question}, "lexical": {"query": question}}
        documents: list[Document] = self.retrieval.run(given)["joiner"]["documents"]
        return documents

    def search(self, question: str) -> list[str]:
        return [document.meta["document"] for document in self.found(question)]

    def answer(self, question: str) -> Found:
        documents = self.found(question)
        answers = self.reader.run(query=question, documents=documents)["answers"]
        return Found(answers[0].data if answers else "", documents[0].meta["document"] if documents else None)

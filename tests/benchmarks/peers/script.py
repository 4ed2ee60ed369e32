"""The thirty lines everyone writes: sentence-transformers, FAISS and BM25, fused by rank, read by transformers."""

from __future__ import annotations

import faiss
import numpy as np
import torch
from benchmarks.peers.measure import READ, Found, Job, Passage, cores
from numpy.typing import NDArray
from rank_bm25 import BM25Okapi
from sentence_transformers import SentenceTransformer
from transformers import AutoModelForQuestionAnswering, AutoTokenizer


class Script:
    configuration = (
        "SentenceTransformer.encode with its defaults; faiss.IndexFlatIP; rank_bm25.BM25Okapi over lower-cased words "
        "between blanks; reciprocal rank fusion (k = 60) of the first 100 of both; AutoModelForQuestionAnswering over "
        "the ten passages as one padded batch, fp32, the span of highest start + end logit, at most 30 tokens "
        "(transformers 5 has no question-answering pipeline any more)"
    )
    packages = ("sentence-transformers", "transformers", "torch", "faiss-cpu", "rank-bm25")

    def __init__(self, job: Job) -> None:
        torch.set_num_threads(cores())
        faiss.omp_set_num_threads(cores())
        self.model = SentenceTransformer(job.embedder, device="cpu")
        self.tokenizer = AutoTokenizer.from_pretrained(job.reader)
        self.reader = AutoModelForQuestionAnswering.from_pretrained(job.reader).eval()

    def ingest(self, passages: list[Passage], vectors: NDArray[np.float32] | None) -> None:
        self.passages = passages
        if vectors is None:
            vectors = self.model.encode([passage.text for passage in passages], normalize_embeddings=True)
        self.index = faiss.IndexFlatIP(vectors.shape[1])
        self.index.add(vectors)
        self.bm25 = BM25Okapi([passage.text.lower().split() for passage in passages])

    def search(self, question: str) -> list[str]:
        return [self.passages[number].document for number in self.found(question)]

    def found(self, question: str) -> list[int]:
        _, dense = self.index.search(self.model.encode([question], normalize_embeddings=True), 100)
        lexical = np.argsort(-self.bm25.get_scores(question.lower().split()))[:100]
        scores: dict[int, float] = {}
        for ranking in (dense[0].tolist(), lexical.tolist()):
            for rank, number in enumerate(ranking, 1):
                scores[number] = scores.get(number, 0) + 1 / (60 + rank)
        return sorted((n for n in scores if n >= 0), key=lambda n: -scores[n])[:READ]

    @torch.inference_mode()
    def answer(self, question: str) -> Found:
        found = self.found(question)
        texts = [self.passages[number].text for number in found]
        given = self.tokenizer(
            [question] * len(texts), texts, padding=True, truncation="only_second", return_tensors="pt"
        )
        logits = self.reader(**given)
        best, words = -np.inf, ""
        for row, text in enumerate(texts):
            own = torch.tensor([kind != 1 for kind in given.sequence_ids(row)])
            start = logits.start_logits[row].masked_fill(own, -torch.inf)
            end = logits.end_logits[row].masked_fill(own, -torch.inf)
            scores = (start[:, None] + end[None, :]).triu().tril(29)
            scores[scores == 0] = -torch.inf
            first, last = divmod(int(scores.argmax()), scores.shape[1])
            if scores[first, last] > best:
                best = float(scores[first, last])
                words = text[given.token_to_chars(row, first).start : given.token_to_chars(row, last).end]
        return Found(words, self.passages[found[0]].document)

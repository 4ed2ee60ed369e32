"""What each precision of the embedding model costs in quality, and how fast it goes: dense retrieval on SciFact.

nDCG@10 over the queries at even positions, exact search over whole documents (title and abstract, cut where the model
stops reading). SciFact in BEIR's layout is public: https://github.com/beir-cellar/beir names where; give its folder.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.embedding.loading import PRECISIONS, load_embedder
from citeqa.index.embedding.onnx_embedder import OnnxEmbedder
from citeqa.index.embedding.sentence_transformer import SentenceTransformerEmbedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.rag.evaluation.metrics import mean
from citeqa.rag.evaluation.ranking import measured


def read(folder: Path) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, int]]]:
    """Documents and queries by id, and the grades of each query's relevant documents."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    documents = {row.get("_id", row.get("id")): f"{row['title']}. {row['text']}" for row in rows}
    lines = (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()
    asked = {row.get("_id", row.get("id")): row for row in map(json.loads, lines)}
    queries = {key: row.get("text", row.get("question", "")) for key, row in asked.items()}
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels" / "train.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")[:3]
        if int(grade) > 0:
            relevant[query][document] = int(grade)
    return documents, queries, relevant


def measure(embedder: Embedder, folder: Path) -> tuple[float, float]:
    """nDCG@10, and passages embedded a second."""
    documents, queries, relevant = read(folder)
    start = time.perf_counter()
    vectors = embedder.embed_passages(list(documents.values())).astype(np.float16).astype(np.float32)
    rate = len(documents) / (time.perf_counter() - start)
    ids = np.array(list(documents))
    ranked: dict[str, list[str]] = {}
    for query in [query for query in queries if query in relevant][::2]:
        best = np.argsort(-(vectors @ embedder.embed_query(queries[query])), kind="stable")[:10]
        ranked[query] = ids[best].tolist()
    figures = measured({query: relevant[query] for query in ranked}, ranked)
    return mean([values["nDCG@10"] for values in figures.values()]), rate


def main() -> None:
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as models:
        forms: dict[str, Embedder] = {"sentence-transformers": SentenceTransformerEmbedder()}
        forms |= {precision: load_embedder(DEFAULT_MODEL, Path(models), precision) for precision in PRECISIONS}
        assert all(isinstance(forms[precision], OnnxEmbedder) for precision in PRECISIONS), "a model was not exported"
        for name, embedder in forms.items():
            quality, rate = measure(embedder, folder)
            print(f"{name:24} nDCG@10 {quality:.4f}   {rate:6.1f} documents a second", flush=True)


if __name__ == "__main__":
    main()

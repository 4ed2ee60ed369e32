"""Everything that must be loaded before a question can be answered."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from index.models import load_embedder
from index.store import Index
from rag import confidence
from rag.answerer import Answerer


@dataclass(frozen=True, slots=True)
class Service:
    """An open index and the answerer over it. May be shared between threads."""

    index: Index
    answerer: Answerer

    @classmethod
    def open(cls, folder: Path, models: Path | None = None) -> Service:
        """Open the index in `folder` with the embedding model it was made with; `models` holds exported models
        (`folder`/models by default).

        Raises:
            CiteqaError: if there is no index, or it does not fit the installed model.
        """
        index = Index(folder)
        embedder = load_embedder(index.embedder, models or folder / "models", index.precision)
        return cls(index, Answerer(index, embedder, confidence.load()))

    def close(self) -> None:
        self.index.close()


def versions() -> dict[str, str]:
    """The versions of what decides about an answer."""
    names = ("citeqa", "sentence-transformers", "onnxruntime", "faiss-cpu", "tantivy", "sentencex")
    return {name: version(name) for name in names}

"""Everything that must be loaded before a question can be answered."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from index.store import Index
from rag import confidence
from rag.answerer import Answerer


@dataclass(frozen=True, slots=True)
class Service:
    """An open index and the answerer over it. May be shared between threads."""

    index: Index
    answerer: Answerer

    @classmethod
    def open(cls, folder: Path) -> Service:
        """Open the index in `folder` with the embedding model it was made with.

        Raises:
            CiteqaError: if there is no index, or it does not fit the installed model.
        """
        from index.embedder import SentenceTransformerEmbedder  # takes seconds: after the index proved to be there

        index = Index(folder)
        return cls(index, Answerer(index, SentenceTransformerEmbedder(index.embedder), confidence.load()))

    def close(self) -> None:
        self.index.close()


def versions() -> dict[str, str]:
    """The versions of what decides about an answer."""
    names = ("citeqa", "sentence-transformers", "faiss-cpu", "tantivy", "sentencex")
    return {name: version(name) for name in names}

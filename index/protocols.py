"""The seams: what a question, a face and ingestion need of an index, whatever it is kept in.

Importing this module loads neither FAISS, tantivy nor a database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from citeqa.index.embedding.embedder import EmbedderInfo
    from citeqa.index.types import Document, Filters, Passage, Ranked, SourceFile, Summary


class Selection(ABC):
    """What filters leave of an index. Only the index that made it can look inside."""

    __slots__ = ()

    @property
    @abstractmethod
    def empty(self) -> bool:
        """Whether the filters leave no passage."""


class SearchIndex(Protocol):
    """What a question needs: an index on disk, or texts that came with the question.

    Passages are known by numbers, which mean nothing outside the index. May be shared between threads; what it shows
    never changes.
    """

    @property
    def document_count(self) -> int:
        """How many documents it holds."""

    @property
    def passage_count(self) -> int:
        """How many passages it holds."""

    @property
    def embedder_name(self) -> str:
        """The name of the model that its vectors were made with."""

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless its vectors were made with this embedder."""

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are none, so that everything may be searched.

        Raises:
            UnknownDocumentError: if the filters name documents that it does not hold.
        """

    def rank_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest cosine to `vector`, shape `(dimension,)`; best first, ties by (document
        id, start)."""

    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]:
        """The `k` passages with the highest BM25 score, best first, ties by (document id, start)."""

    def highest_lexical(self, query: str) -> float:
        """A bound that no BM25 score for this query exceeds; 0 if the query has no terms."""

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these numbers."""

    def terms(self, text: str) -> list[str]:
        """The distinct terms of a text, as the lexical index has them."""

    def idf(self, term: str) -> float:
        """How rare a term is among the passages: 0 and up, higher is rarer."""

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages when they are embedded and indexed."""

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """By document id, the document's date; None where it is not known."""


class DocumentStore(Protocol):
    """What the faces need: documents as they are now, listed, fetched and found by digest."""

    @property
    def document_count(self) -> int:
        """How many documents it holds."""

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""

    def with_text(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, in order."""

    def summaries(self, limit: int, after: str = "", contains: str = "") -> tuple[list[Summary], int]:
        """Up to `limit` documents with ids greater than `after`, in order of id, whose id, title, author or source
        contains the text given; and how many contain it in all."""


class OpenIndex(SearchIndex, DocumentStore, Protocol):
    """A view of a stored index at one moment: what a service answers from."""

    @property
    def settings(self) -> Mapping[str, str | int]:
        """What the index was made with, by name."""

    @property
    def precision(self) -> str:
        """The precision its vectors were computed in."""

    @property
    def folder(self) -> Path:
        """Where what belongs to the index may be kept beside it."""

    def is_current(self) -> bool:
        """Whether the index is still as this view shows it."""

    def close(self) -> None:
        """Let go of what it holds open."""


class Writer(Protocol):
    """What ingestion needs: changes are collected, and become durable and searchable together, or not at all."""

    @property
    def added(self) -> int:
        """How many documents were new."""

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        """Add a document, or replace the one with its id; `file` says where it is from."""

    def remove(self, document_id: str) -> None:
        """Take a document away. Raises UnknownDocumentError if there is none with that id."""

    def commit(self) -> None:
        """Make everything so far durable and searchable, in one step."""


class Store(Protocol):
    """Where an index is kept: opens views of it, and gives the right to write."""

    def exists(self) -> bool:
        """Whether there is an index."""

    def open(self, before: OpenIndex | None = None) -> OpenIndex:
        """A view of the index as it is now; what `before`, an earlier view, holds and still is as it was is shared.

        Raises:
            IndexNotFoundError: if there is none.
            IndexMismatchError: if its format or settings are not this program's.
            IndexDamagedError: if its source of truth cannot be read.
        """

    def writing(self, doing: str) -> AbstractContextManager[Writer]:
        """The right to write, for as long as the block lasts. Raises IndexBusyError if another process has it."""

    def purge(self) -> bool:
        """Overwrite what was deleted. Whether all of it could be: not while somebody still looks at it."""

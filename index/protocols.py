"""The seams: what a question, the faces and ingestion need of an index, whatever it is kept in.

Importing this module loads neither FAISS, tantivy nor a database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder, EmbedderInfo
    from citeqa.index.types import (
        Document,
        Filters,
        Finding,
        Passage,
        Ranked,
        Report,
        Skipped,
        SourceFile,
        Summary,
    )

IndexSettings = Mapping[str, str | int]  # what an index was made with, by name: model, chunker, analyzer
Progress = Callable[[int, int], None]  # called with the documents and the passages done since the last call
LoadEmbedder = Callable[[], "Embedder"]


class Selection(ABC):
    """What filters leave of an index. Only the index that made it can look inside."""

    __slots__ = ()

    @property
    @abstractmethod
    def empty(self) -> bool:
        """Whether the filters leave no passage."""


class SearchIndex(Protocol):
    """What a question needs: an index on disk, or texts that came with the question.

    Passages are known by numbers, which mean nothing outside the index. Threads may share it; what it shows never
    changes.
    """

    @property
    def document_count(self) -> int:
        """How many documents it holds."""

    @property
    def passage_count(self) -> int:
        """How many passages it holds."""

    @property
    def embedder_name(self) -> str:
        """The name of the model that made its vectors."""

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless this embedder made its vectors."""

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are no filters, so that everything may be searched.

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
        """Up to `limit` documents with ids greater than `after`, in order of their ids, whose id, title, author or
        source contains the text given; and how many contain it in all."""


class OpenIndex(SearchIndex, DocumentStore, Protocol):
    """A view of a stored index at one moment: what a service answers from."""

    @property
    def settings(self) -> IndexSettings:
        """What the index was made with."""

    @property
    def precision(self) -> str:
        """The precision that its vectors were computed in."""

    @property
    def folder(self) -> Path:
        """Where files that belong to the index may be kept beside it."""

    def is_current(self) -> bool:
        """Whether the index is still as this view shows it."""

    def close(self) -> None:
        """Let go of what it holds open; this also happens when nothing refers to the view any more."""


class Records(Protocol):
    """What sync and export need: documents as they are stored, and the files they came from. Searches nothing.

    `root` is the path of a folder whose files became documents.
    """

    def counts(self) -> tuple[int, int]:
        """How many documents and how many passages there are."""

    def ids(self) -> list[str]:
        """The ids of all documents, in order."""

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""

    def is_unchanged(self, document: Document) -> bool | None:
        """Whether the document stored under the same id has the same text and metadata; None if there is none."""

    def files(self, root: str) -> dict[str, tuple[str, str | None]]:
        """The files of a folder as they were last read: by name the digest, and the reason if the file was skipped."""

    def documents_by_file(self, root: str) -> dict[str, list[str]]:
        """The ids of the documents that came from a folder's files, by the file's name."""

    def replaced_since(self, root: str) -> set[str]:
        """The names of a folder's files whose document has been replaced by other means since the file was read."""

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document came from; None if it did not come from a folder's file."""


class Writer(Protocol):
    """What ingestion needs: it collects changes, which `commit` makes durable and searchable together, or not at all.

    One thread uses it, for as long as it has the right to write.
    """

    @property
    def records(self) -> Records:
        """What is stored, without the changes that wait for `commit`."""

    @property
    def added(self) -> int:
        """How many documents were new."""

    def check_settings(self) -> None:
        """Load the model, and raise IndexMismatchError unless the index was made with it and with the chunker's
        settings. A new index gets these settings."""

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        """Add a document, or replace the one with its id; `file` says where it comes from."""

    def remove(self, document_id: str) -> None:
        """Delete a document. Raises UnknownDocumentError if there is none with that id."""

    def skip(self, item: Skipped) -> None:
        """Report what did not become a document."""

    def leave(self, count: int) -> None:
        """Report documents that stay as they are without being put."""

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Remember with the next commit what was read of a file; without a digest it is forgotten."""

    def commit(self) -> None:
        """Make everything so far durable and searchable, in one step."""

    def compact_if_worn(self) -> None:
        """Make files smaller if so much was deleted that it pays; takes as long as indexing all terms."""

    def report_to(self, progress: Progress) -> None:
        """Report progress to this function from now on."""

    def report(self) -> Report:
        """What was done so far."""


class Store(Protocol):
    """Where an index is kept; `open_store` gives the store at an address."""

    def exists(self) -> bool:
        """Whether there is an index."""

    def settings(self) -> IndexSettings:
        """What the index was made with; empty if there is none."""

    def open(self, before: OpenIndex | None = None) -> OpenIndex:
        """A view of the index as it is now. It shares what has not changed since `before`, an earlier view.

        Raises:
            IndexNotFoundError: if there is none.
            IndexMismatchError: if this program cannot read its format.
            IndexDamagedError: if its source of truth cannot be read.
        """

    def reading(self) -> AbstractContextManager[Records]:
        """What is stored, for as long as the block lasts; nothing if there is no index. Never writes anything."""

    def writing(
        self, load: LoadEmbedder, chunker: ChunkerSettings, doing: str, progress: Progress | None = None
    ) -> AbstractContextManager[Writer]:
        """The right to write, for as long as the block lasts; makes an index if there is none.

        Args:
            load: gives the embedding model; called once, and only for a new index or something to embed.
            doing: what others are told that this process does.

        Raises:
            IndexBusyError: if another process has the right.
        """

    def reindex(self, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
        """Chunk and embed every stored text again, while questions are answered from the index as it is.

        Raises:
            IndexNotFoundError: if there is no index.
            IndexBusyError: if another process is writing.
        """

    def examine(self, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
        """Check all that can be checked; `load` gives the embedding model of a name in a precision.

        Raises:
            IndexNotFoundError: if there is no index.
        """

    def backup(self, target: Path) -> int:
        """Copy the database to the file `target`, while others may write. Returns how many documents it holds."""

    def purge(self) -> bool:
        """Empty the journal of deleted texts. Returns whether it could: not while a view shows an earlier state."""

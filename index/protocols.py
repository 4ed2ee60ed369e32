"""The seams: what a question, the faces and ingestion need of an index, whatever it is kept in.

Importing this module loads neither FAISS, tantivy nor a database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder, EmbedderInfo
    from citeqa.index.storage.prepared import Prepared
    from citeqa.index.types import (
        Document,
        DocumentView,
        Facets,
        Filters,
        Finding,
        Order,
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
    def change(self) -> int:
        """The number of the latest change that it shows; 0 if there was none. Numbers of an index only grow, and are
        the same on all machines that it is replicated to."""

    @property
    def embedder_name(self) -> str:
        """The name of the model that made its vectors."""

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless this embedder made its vectors."""

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are no filters, so that everything may be searched.

        Raises:
            UnknownDocumentError: if the filters name documents that it does not hold.
            UnknownFolderError: if the filters name folders that none of its documents is in.
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

    def holds(self, words: str, selection: Selection | None = None, *, typo: bool = False) -> bool:
        """Whether a passage, with its heading, has all terms of the words, or those that one wrong, missing, added or
        swapped letter makes of them if `typo`. True for words without terms."""

    def document_view(self, document_id: str) -> DocumentView:
        """A document of which slices are read. Raises UnknownDocumentError if there is none with that id."""

    @property
    def advice(self) -> tuple[str, ...]:
        """What would make it better, each with the command that does it."""

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

    def document_view(self, document_id: str) -> DocumentView:
        """The same, but its text is not read as a whole."""

    def with_text(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, in order."""

    def summaries(
        self, limit: int, after: str = "", contains: str = "", filters: Filters | None = None
    ) -> tuple[list[Summary], int]:
        """Up to `limit` documents with ids greater than `after`, in order of their ids, whose id, title, author or
        source contains the text given and that pass the filters; and how many of these there are in all."""

    def sorted_summaries(
        self,
        order: Order,
        limit: int,
        after: tuple[str | int, str] | None = None,
        contains: str = "",
        filters: Filters | None = None,
    ) -> tuple[list[tuple[str | int, Summary]], int]:
        """The same in another order: by title or source, or by date or when they were
        added, the latest first; each with its key. `after` is the key and the id of the document before. What has no
        date or source comes last; ties are in order of their ids."""

    def facets(self, most: int) -> Facets:
        """How many documents there are by folder, source and year, at most `most` of each."""


class OpenIndex(SearchIndex, DocumentStore, Protocol):
    """A view of a stored index at one moment: what a service answers from."""

    @property
    def settings(self) -> IndexSettings:
        """What the index was made with."""

    @property
    def calibration(self) -> str | None:
        """The calibration that is kept with it (see `Store.calibrate`); None if there is none."""

    @property
    def precision(self) -> str:
        """The precision that its vectors were computed in."""

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document came from; None if none is known."""

    @property
    def folder(self) -> Path:
        """Where files that belong to the index may be kept beside it."""

    @property
    def lag(self) -> float:
        """Seconds since it was last known that this view shows all that is stored, but for what is being fetched; 0
        where that is always so."""

    def is_current(self) -> bool:
        """Whether the index is still as this view shows it."""

    def is_surely_current(self) -> bool:
        """Whether the index is still as this view shows it, as far as this machine can tell within microseconds:
        `is_current` finds out where this says no. Raises nothing."""

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

    def digest(self, document_id: str) -> str | None:
        """The sha256 of a document's text as it was stored; None if there is no such document."""

    def is_unchanged(self, document: Document) -> bool | None:
        """Whether the document stored under the same id has the same text and metadata; None if there is none."""

    def files(self, root: str) -> dict[str, tuple[str, str | None]]:
        """The files of a folder as they were last read: by name the digest, and the reason if the file was skipped."""

    def versions_read(self, root: str) -> Mapping[str, int]:
        """The versions of formats that all files of a folder were last read with, by the format's name; those that are
        missing are 1."""

    def documents_by_file(self, root: str) -> dict[str, list[str]]:
        """The ids of the documents that came from a folder's files, by the file's name."""

    def replaced_since(self, root: str) -> set[str]:
        """The names of a folder's files whose document has been replaced by other means since the file was read."""

    def file_of(self, document_id: str) -> SourceFile | None:
        """The file that a document came from; None if it did not come from a folder's file."""

    def ids_as_added(self) -> list[str]:
        """The ids of all documents, in the order in which they were added or last replaced."""

    def prepared(self, document_id: str) -> Prepared:
        """A document with its passages and vectors. Raises UnknownDocumentError if there is none with that id."""

    def all_files(self) -> list[tuple[SourceFile, str, str | None]]:
        """The files of all folders, each with its digest and the reason if it was skipped, and what is remembered of
        the versions of formats: what `record_file` takes."""


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

    @property
    def change(self) -> int:
        """The number of the latest change that is committed; 0 if there was none."""

    def check_settings(self) -> None:
        """Load the model, and raise IndexMismatchError unless the index was made with it and with the chunker's
        settings. A new index gets these settings."""

    def expect(self, document_id: str, sha256: str | None) -> None:
        """Let the next commit fail with ChangedMeanwhileError unless the text of a document still has this digest, or,
        if None, there is no such document. Only where several may write at once can that happen."""

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        """Add a document, or replace the one with its id; `file` says where it comes from."""

    def take(self, one: Prepared) -> None:
        """Add a document with its passages and vectors as another index with the same settings has them, or replace the
        one with its id, unless it is there already."""

    def remove(self, document_id: str) -> None:
        """Delete a document. Raises UnknownDocumentError if there is none with that id."""

    def skip(self, item: Skipped) -> None:
        """Report what did not become a document."""

    def leave(self, count: int, format_name: str) -> None:
        """Report documents of a format that stay as they are without being put."""

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        """Remember with the next commit what was read of a file; without a digest it is forgotten."""

    def record_versions(self, root: str, versions: Mapping[str, int]) -> None:
        """Remember with the next commit the versions of formats that all files of a folder have been read with."""

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

    def open(self, before: OpenIndex | None = None, *, change: int = 0) -> OpenIndex:
        """A view of the index as it is now, or as it was a moment ago where machines share it; it shows at least the
        change with this number. It shares what has not changed since `before`, an earlier view.

        Raises:
            StoreUnreachableError: if the server that keeps it cannot be reached, and this machine has no replica that
                shows this change.
            IndexNotFoundError: if there is none.
            IndexMismatchError: if this program cannot read its format.
            IndexDamagedError: if its source of truth cannot be read.
        """

    def following(self) -> AbstractContextManager[None]:
        """For as long as the block lasts, bring what this machine holds of the index up to date as soon as something
        changes. Views then say that they are no longer current when that is done, without asking a server."""

    def reading(self) -> AbstractContextManager[Records]:
        """What is stored, for as long as the block lasts; nothing if there is no index. Never writes anything."""

    def writing(
        self,
        load: LoadEmbedder,
        chunker: ChunkerSettings,
        doing: str,
        progress: Progress | None = None,
        wait: float = 0.0,
    ) -> AbstractContextManager[Writer]:
        """The right to write, for as long as the block lasts; makes an index if there is none.

        Args:
            load: gives the embedding model; called once, and only for a new index or something to embed.
            doing: what others are told that this process does.
            wait: seconds to wait for a process that has the right. Those that wait take turns.

        Raises:
            IndexBusyError: if another process has the right, still after the wait.
        """

    def reindex(self, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
        """Chunk and embed every stored text again, while questions are answered from the index as it is.

        Raises:
            IndexNotFoundError: if there is no index.
            IndexBusyError: if another process is writing.
        """

    def calibration(self) -> str | None:
        """The calibration of the confidence that is kept with the index; None if there is none."""

    def calibrate(self, calibration: str | None) -> None:
        """Keep a calibration of the confidence with the index, or none any more. Views that are opened afterwards show
        it; those from before are no longer current.

        Raises:
            IndexNotFoundError: if there is no index.
            IndexBusyError: if another process is writing.
        """

    def keep_feedback(self, row: Mapping[str, Any], document_ids: Sequence[str]) -> None:
        """Keep what a user said of an answer; `document_ids` are the documents that it quotes. Its words go with them.

        Raises:
            IndexBusyError: if others write for too long.
            StorageError: if it cannot be written.
        """

    def keep_feedback_line(self, line: bytes) -> None:
        """Keep a line of another store's feedback."""

    def feedback(self) -> Iterator[bytes]:
        """What users said, a line of JSON each, in the order in which it was kept."""

    def examine(self, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
        """Check all that can be checked; `load` gives the embedding model of a name in a precision.

        Raises:
            IndexNotFoundError: if there is no index.
        """

    def backup(self, target: Path) -> int:
        """Copy the database to the file `target`, while others may write. Returns how many documents it holds."""

    def purge(self) -> bool:
        """Empty the journal of deleted texts. Returns whether it could: not while a view shows an earlier state."""

"""A toy store: an index in memory, known by its address as long as the process lives. Everything is embedded again at
each opening, so it is for a handful of documents."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexNotFoundError, UnknownDocumentError
from citeqa.index.protocols import IndexSettings, LoadEmbedder, OpenIndex, Progress
from citeqa.index.storage.in_memory import InMemoryIndex, passes
from citeqa.index.storage.prepared import Prepared
from citeqa.index.storage.settings import check_settings, settings_of
from citeqa.index.types import Document, Facets, Filters, Finding, Order, Report, Skipped, SourceFile, Summary


@dataclass
class Kept:
    """What is kept at an address."""

    documents: dict[str, Document] = field(default_factory=dict)
    feedback: list[bytes] = field(default_factory=list)
    made_with: tuple[Embedder, ChunkerSettings] | None = None
    changes: int = 0
    calibration: str | None = None

    @property
    def settings(self) -> dict[str, str | int]:
        return settings_of(self.made_with[0].info, self.made_with[1]) if self.made_with else {}


KEPT: dict[str, Kept] = {}


class ToyIndex(InMemoryIndex):
    """A view of the documents as they were when it was opened."""

    def __init__(self, kept: Kept, model: Embedder, chunker: ChunkerSettings) -> None:
        super().__init__(list(kept.documents.values()), model, chunker)
        self._kept, self.change, self.settings = kept, kept.changes, kept.settings
        self.folder, self.precision = Path(tempfile.gettempdir()), model.info.precision
        self.calibration = kept.calibration

    def file_of(self, document_id: str) -> SourceFile | None:
        return None

    def document(self, document_id: str) -> Document:
        return self.document_view(document_id)

    def with_text(self, sha256: str) -> list[str]:
        return sorted(item.id for item in self._documents.values() if item.sha256 == sha256)

    def summaries(
        self, limit: int, after: str = "", contains: str = "", filters: Filters | None = None
    ) -> tuple[list[Summary], int]:
        passing = [item for item in self._documents.values() if filters is None or passes(item, filters)]
        found = [_summary(item) for item in sorted(passing, key=lambda one: one.id) if contains in item.id]
        return [item for item in found if item.id > after][:limit], len(found)

    def sorted_summaries(
        self,
        order: Order,
        limit: int,
        after: tuple[str | int, str] | None = None,
        contains: str = "",
        filters: Filters | None = None,
    ) -> tuple[list[tuple[str | int, Summary]], int]:
        listed = self.summaries(9999, "", contains, filters)[0]
        found: list[tuple[str | int, Summary]] = [(str(getattr(one, order, "") or ""), one) for one in listed]
        found.sort(key=lambda one: (str(one[0]), one[1].id))
        return [(key, one) for key, one in found if after is None or (key, one.id) > after][:limit], len(found)

    def facets(self, most: int) -> Facets:
        return Facets(len(self._documents), (), (), ())

    @property
    def lag(self) -> float:
        return 0.0

    def is_current(self) -> bool:
        return self._kept.changes == self.change

    def is_surely_current(self) -> bool:
        return self.is_current()

    def close(self) -> None:
        pass


def _summary(d: Document) -> Summary:
    sizes = len(d.text), 1
    return Summary(d.id, d.title, d.author, d.date, d.source, d.url, d.sha256, d.file_sha256, d.encoding, *sizes)


class ToyRecords:
    """Documents; nothing is known of files."""

    def __init__(self, documents: dict[str, Document]) -> None:
        self._documents = documents

    def counts(self) -> tuple[int, int]:
        return len(self._documents), len(self._documents)

    def ids(self) -> list[str]:
        return sorted(self._documents)

    def document(self, document_id: str) -> Document:
        if document_id not in self._documents:
            raise UnknownDocumentError([document_id])
        return self._documents[document_id]

    def digest(self, document_id: str) -> str | None:
        return self._documents[document_id].sha256 if document_id in self._documents else None

    def is_unchanged(self, document: Document) -> bool | None:
        return self._documents[document.id] == document if document.id in self._documents else None

    def files(self, root: str) -> dict[str, tuple[str, str | None]]:
        return {}

    def versions_read(self, root: str) -> dict[str, int]:
        return {}

    def documents_by_file(self, root: str) -> dict[str, list[str]]:
        return {}

    def replaced_since(self, root: str) -> set[str]:
        return set()

    def ids_as_added(self) -> list[str]:
        return list(self._documents)

    def prepared(self, document_id: str) -> Prepared:
        raise NotImplementedError("it is never copied")

    def all_files(self) -> list[tuple[SourceFile, str, str | None]]:
        return []

    def file_of(self, document_id: str) -> SourceFile | None:
        return None


class ToyWriter:  # it is never copied to
    """Collects changes in a copy of the documents."""

    def __init__(self, kept: Kept, load: LoadEmbedder, chunker: ChunkerSettings) -> None:
        self._kept, self._load, self._chunker = kept, load, chunker
        self._documents = dict(kept.documents)
        self._skipped: list[Skipped] = []
        self.added = self.replaced = self.unchanged = self.removed = 0

    @property
    def records(self) -> ToyRecords:
        return ToyRecords(self._kept.documents)

    @property
    def change(self) -> int:
        return self._kept.changes

    def check_settings(self) -> None:
        model = self._load()
        if self._kept.made_with:
            check_settings("toy", self._kept.settings, settings_of(model.info, self._chunker))
        self._kept.made_with = model, self._chunker

    def expect(self, document_id: str, sha256: str | None) -> None:
        pass

    def put(self, document: Document, file: SourceFile | None = None) -> None:
        unchanged = ToyRecords(self._documents).is_unchanged(document)
        self.added += unchanged is None
        self.replaced += unchanged is False
        self.unchanged += unchanged is True
        self._documents[document.id] = document

    def take(self, one: Prepared) -> None:
        raise NotImplementedError("it is never copied to")

    def remove(self, document_id: str) -> None:
        ToyRecords(self._documents).document(document_id)
        del self._documents[document_id]
        self.removed += 1

    def skip(self, item: Skipped) -> None:
        self._skipped.append(item)

    def leave(self, count: int, format_name: str) -> None:
        self.unchanged += count

    def record_file(self, file: SourceFile, sha256: str | None, reason: str | None = None) -> None:
        pass

    def record_versions(self, root: str, versions: Mapping[str, int]) -> None:
        pass

    def commit(self) -> None:
        if self._documents != self._kept.documents:
            self._kept.documents, self._kept.changes = dict(self._documents), self._kept.changes + 1

    def compact_if_worn(self) -> None:
        pass

    def report_to(self, progress: Progress) -> None:
        pass

    def report(self) -> Report:
        count = len(self._kept.documents)
        skipped, change = tuple(self._skipped), self._kept.changes
        return Report(self.added, self.replaced, self.unchanged, skipped, count, count, self.removed, change)


class ToyStore:
    """The index at an address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._kept = KEPT.setdefault(address, Kept())

    def exists(self) -> bool:
        return self._kept.made_with is not None

    def settings(self) -> IndexSettings:
        return self._kept.settings

    def calibration(self) -> str | None:
        return self._kept.calibration

    def calibrate(self, calibration: str | None) -> None:
        self._kept.calibration, self._kept.changes = calibration, self._kept.changes + 1

    def open(self, before: OpenIndex | None = None, *, change: int = 0) -> OpenIndex:
        if self._kept.made_with is None:
            raise IndexNotFoundError(self._address)
        return ToyIndex(self._kept, *self._kept.made_with)

    def following(self) -> AbstractContextManager[None]:
        return nullcontext()

    @contextmanager
    def reading(self) -> Iterator[ToyRecords]:
        yield ToyRecords(dict(self._kept.documents))

    @contextmanager
    def writing(
        self,
        load: LoadEmbedder,
        chunker: ChunkerSettings,
        doing: str,
        progress: Progress | None = None,
        wait: float = 0.0,
    ) -> Iterator[ToyWriter]:
        writer = ToyWriter(self._kept, load, chunker)
        if not self.exists():
            writer.check_settings()
        yield writer

    def reindex(self, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
        if not self.exists():
            raise IndexNotFoundError(self._address)
        self._kept.made_with, self._kept.changes = (embedder, chunker), self._kept.changes + 1
        count = len(self._kept.documents)
        return Report(0, count, 0, (), count, count)

    def keep_feedback(self, row: Mapping[str, Any], document_ids: Sequence[str]) -> None:
        self._kept.feedback.append(json.dumps(dict(row), ensure_ascii=False).encode())

    def keep_feedback_line(self, line: bytes) -> None:
        self._kept.feedback.append(line)

    def feedback(self) -> Iterator[bytes]:
        yield from self._kept.feedback

    def examine(self, load: Callable[[str, str], Embedder]) -> Iterator[Finding]:
        yield Finding("it is there", () if self.exists() else ("it is not",), "make it")

    def backup(self, target: Path) -> int:
        target.write_text(repr(self._kept.documents))
        return len(self._kept.documents)

    def purge(self) -> bool:
        return True

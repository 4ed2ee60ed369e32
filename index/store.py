"""The index as the rest of the program sees it: open one, search it, read its documents."""

from __future__ import annotations

import json
import logging
import os
import shlex
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from index.analyzer import ANALYZER
from index.catalog import Catalog, Summary
from index.chunker import ChunkerSettings
from index.derived import (
    DerivedDamagedError,
    Manifest,
    Opened,
    Settings,
    check_latest,
    manifest_of,
    open_generation,
    rebuild,
    sweep,
)
from index.embedder import EmbedderInfo
from index.errors import (
    IndexBusyError,
    IndexMismatchError,
    IndexNotFoundError,
    IndexOutdatedError,
    UnknownDocumentError,
)
from index.files import write_json
from index.ranking import Ranked
from index.types import Document, Filters, Hit, Passage

log = logging.getLogger(__name__)

DATABASE = "catalog.sqlite3"
_OPTIONS = {
    "embedder.name": "--model",
    "embedder.precision": "--precision",
    "chunker.passage_tokens": "--passage-tokens",
    "chunker.overlap_sentences": "--overlap-sentences",
}
BESIDE = "rebuild"  # folder of the index that is being made, inside the living one's


class Selection(NamedTuple):
    """What filters leave: ids of documents, and of their passages inside the index."""

    document_ids: list[str]
    passage_ids: NDArray[np.int64]


def settings_of(embedder: EmbedderInfo, chunker: ChunkerSettings) -> Settings:
    """Everything that must be the same for two texts to be in one index, by name."""
    return (
        {f"embedder.{name}": value for name, value in asdict(embedder).items()}
        | {f"chunker.{name}": value for name, value in asdict(chunker).items()}
        | {"analyzer": ANALYZER}
    )


def chunker_of(settings: Settings) -> ChunkerSettings:
    """The chunker's settings that an index was made with; the defaults where it says none."""
    prefix = "chunker."
    return ChunkerSettings(**{n.removeprefix(prefix): int(v) for n, v in settings.items() if n.startswith(prefix)})


def existing(folder: Path) -> Path:
    """The database of the index in `folder`.

    Raises:
        IndexNotFoundError: if there is none.
    """
    if not (folder / DATABASE).exists():
        raise IndexNotFoundError(f"there is no index in {folder}; make one with: citeqa index FOLDER")
    return folder / DATABASE


def check_settings(folder: Path, found: Settings, given: Settings) -> None:
    """Raises IndexMismatchError, with both values of everything that differs and the command that mends it."""
    differing = [name for name in sorted(found.keys() | given.keys()) if found.get(name) != given.get(name)]
    if differing:
        values = "; ".join(f"{name} is {found.get(name)!r} there, {given.get(name)!r} here" for name in differing)
        options = [f"{_OPTIONS[name]} {shlex.quote(str(given[name]))}" for name in differing if name in _OPTIONS]
        command = " ".join(["citeqa index --rebuild --index", shlex.quote(str(folder)), *options])
        raise IndexMismatchError(
            f"the index in {folder} was made with other settings: {values}. Use its settings, name another folder "
            f"(--index), or make everything again from the stored texts: {command}"
        )


@contextmanager
def writer_lock(folder: Path, doing: str) -> Iterator[None]:
    """Hold the right to write; one process at a time has it. `doing` is what others are told that it does.

    Raises:
        IndexBusyError: if another one has it; the message says which, since when and what it does.
    """
    lock, holder = FileLock(folder / "writer.lock", timeout=0), folder / "writer.json"
    try:
        lock.acquire()
    except Timeout:
        raise IndexBusyError(_holder(holder), f"the index in {folder}") from None
    try:
        since = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        with suppress(OSError):  # a full disk is no reason not to remove documents
            write_json(holder, {"process": os.getpid(), "since": since, "doing": doing})
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"another process ({held['process']}, {held['doing']}, since {held['since']})"
    except (OSError, ValueError, KeyError, TypeError):  # it has only just begun, or is just ending
        return "another process"


class Index:
    """An immutable view of the index at the moment it was opened. May be shared between threads."""

    def __init__(self, folder: Path, before: Index | None = None) -> None:
        """Open the index in `folder`; derived files that are damaged are made again first. What `before`, an earlier
        view of the same index, holds and still is as it was, is shared and not read again.

        Raises:
            IndexNotFoundError: if there is none.
            IndexMismatchError: if it was written in a format this program does not read.
            IndexDamagedError: if its database cannot be read.
            IndexBusyError: if its files must be made (again) and another process is writing.
        """
        existing(folder)
        self.folder = folder
        self._catalog, self.manifest, self._opened = _open(folder, before)
        self.settings = self._catalog.settings()
        self._dense, self._lexical = self._opened.dense, self._opened.lexical
        self._closing = weakref.finalize(self, self._catalog.close)

    def close(self) -> None:
        """Let go of the files; also done when nothing refers to the view any more."""
        self._closing()

    def is_current(self) -> bool:
        """Whether the index is still as this view shows it."""
        with closing(Catalog(self.folder / DATABASE)) as catalog:
            return manifest_of(catalog).generation == self.manifest.generation

    def check(self, embedder: EmbedderInfo) -> None:
        """Raises IndexMismatchError unless the index was made with this embedder and this program's analyzer."""
        found = self.settings
        given = {f"embedder.{name}": value for name, value in asdict(embedder).items()} | {"analyzer": ANALYZER}
        check_settings(self.folder, {name: found[name] for name in found if not name.startswith("chunker.")}, given)

    @property
    def documents(self) -> int:
        return self.manifest.documents

    @property
    def passages(self) -> int:
        return self.manifest.passages

    @property
    def embedder(self) -> str:
        """The name of the model its vectors were made with."""
        return str(self.settings["embedder.name"])

    @property
    def precision(self) -> str:
        """The precision its vectors were computed in."""
        return str(self.settings["embedder.precision"])

    def select(self, filters: Filters) -> Selection | None:
        """What the filters leave; None if there are none, so that everything may be searched.

        Raises:
            UnknownDocumentError: if the filters name documents that are not there.
        """
        if not filters:
            return None
        if filters.document_ids is not None and (unknown := self._catalog.unknown(filters.document_ids)):
            raise UnknownDocumentError(unknown)
        return Selection(*self._catalog.matching(filters))

    def rank_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Ranked]:
        """The ids of the `k` passages with the highest cosine, best first, ties by (document id, start)."""
        allowed = None if selection is None else selection.passage_ids
        return self._in_order(self._dense.search(vector, k, allowed), k)

    def rank_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Ranked]:
        """The ids of the `k` passages with the highest BM25 score, best first, ties by (document id, start)."""
        allowed = None if selection is None else selection.document_ids
        return self._in_order(self._lexical.search(query, k, allowed), k)

    def _in_order(self, ranked: list[Ranked], k: int) -> list[Ranked]:
        places = self._catalog.places_of([entry.id for entry in ranked])
        found = [entry for entry in ranked if entry.id in places]
        return sorted(found, key=lambda entry: (-entry.score, *places[entry.id]))[:k]

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these ids."""
        return self._catalog.passages(ids)

    def search_dense(self, vector: NDArray[np.float32], k: int, selection: Selection | None = None) -> list[Hit]:
        """`rank_dense`, with the passages."""
        return self._hits(self.rank_dense(vector, k, selection))

    def search_lexical(self, query: str, k: int, selection: Selection | None = None) -> list[Hit]:
        """`rank_lexical`, with the passages."""
        return self._hits(self.rank_lexical(query, k, selection))

    def _hits(self, ranked: list[Ranked]) -> list[Hit]:
        passages = self.fetch([entry.id for entry in ranked])
        return [Hit(passages[entry.id], entry.score) for entry in ranked]

    def highest_lexical(self, query: str) -> float:
        """What no BM25 score for this query can exceed; 0 if it has no terms."""
        return self._lexical.highest(query)

    def terms(self, text: str) -> list[str]:
        """The distinct terms of a text, as the lexical index has them."""
        return self._lexical.terms(text)

    def idf(self, term: str) -> float:
        """How rare a term is among the passages: 0 and up, higher is rarer."""
        return self._lexical.idf(term)

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id."""
        return self._catalog.document(document_id)

    def with_text(self, sha256: str) -> list[str]:
        """The ids of the documents whose text has this digest, in order."""
        return self._catalog.named(sha256)

    def headings(self, document_ids: Iterable[str]) -> dict[str, str]:
        """By document id, what stands before the document's passages when they are indexed: title and date."""
        return self._catalog.headings(document_ids)

    def dates(self, document_ids: Iterable[str]) -> dict[str, date | None]:
        """By document id, the document's date."""
        return self._catalog.dates(document_ids)

    def summaries(self, limit: int, after: str = "", contains: str = "") -> tuple[list[Summary], int]:
        """A page of documents in order of id, and how many there are in all that contain the text given."""
        return self._catalog.summaries(limit, after, contains), self._catalog.count(contains)


def _open(folder: Path, before: Index | None) -> tuple[Catalog, Manifest, Opened]:
    """A snapshot of the database and the search files that belong to it, made again if they are damaged."""
    failed = ""
    while True:
        try:
            catalog = Catalog(folder / DATABASE)
        except IndexOutdatedError as error:
            _make_again(folder, str(error))
            continue
        try:
            manifest = manifest_of(catalog)
            dimension = int(catalog.settings()["embedder.dimension"])
            return catalog, manifest, open_generation(folder, manifest, dimension, before._opened if before else None)
        except DerivedDamagedError as error:
            catalog.close()
            if failed == (failed := str(error)):  # else a writer may have put others in their place meanwhile
                _make_again(folder, failed)
        except BaseException:
            catalog.close()
            raise


def _make_again(folder: Path, reason: str) -> None:
    """Make the search files from the database, unless another process just did."""
    path = folder / DATABASE
    with writer_lock(folder, "making the search files again"), closing(Catalog(path, write=True)) as catalog:
        settings = catalog.settings()
        if not settings:
            raise IndexNotFoundError(f"the index in {folder} was never finished; run citeqa index again")
        with suppress(DerivedDamagedError):
            open_generation(folder, manifest_of(catalog), int(settings["embedder.dimension"]))
            return
        check_latest(folder, catalog)
        log.warning("making the search files in %s again: %s", folder, reason)
        with catalog.transaction():
            manifest = rebuild(folder, catalog)
        sweep(folder, manifest.generation)
        (folder / "manifest.json").unlink(missing_ok=True)  # of an index of format 1

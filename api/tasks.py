"""Long work: indexing, syncing, loading the models. At a terminal it shows a progress bar or a spinner."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from citeqa.api.settings import Settings
from citeqa.index.errors import CiteqaError
from citeqa.index.storage.stores import existing_store, open_store

if TYPE_CHECKING:
    from types import FrameType

    from citeqa.api.live import LiveService
    from citeqa.api.service import Service
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.formats.choice import Part
    from citeqa.index.protocols import Progress, Writer
    from citeqa.index.types import Finding, Report
    from citeqa.rag.evaluation.sets import Corpus

messages = Console(stderr=True, highlight=False, soft_wrap=True)


def index_paths(
    settings: Settings,
    paths: list[Path],
    passage_tokens: int | None = None,
    overlap: int | None = None,
    *,
    follow_links: bool = False,
    part: Part | None = None,
) -> Report:
    """Bring the index up to date with files and folders. Settings that are not given are those of the index."""
    from citeqa.index.documents.corpus import count
    from citeqa.index.storage.adding import add_paths

    chunker = chunker_for(settings, passage_tokens, overlap)
    embedder = _embedder(settings)
    store = open_store(settings.address)
    choice = replace(settings.choice, follow_links=follow_links, part=part)
    with reporting(count(paths, choice), "indexing") as shown:
        return add_paths(store, paths, embedder, chunker, shown, choice)


def index_corpus(settings: Settings, corpus: Corpus) -> Settings:
    """The settings to serve the corpus of a question set with. Its index is made now, in the data folder, unless the
    same documents were indexed with the same settings before."""
    from citeqa.rag.evaluation import corpora

    embedder, chunker = _embedder(settings), chunker_for(settings)
    with reporting(corpus.count, "indexing") as shown:
        made = corpora.indexed(corpus, settings.index, embedder, chunker, shown)
    for skipped in made.skipped:
        messages.print(f"left out: {skipped}", style="yellow", markup=False)
    return settings.model_copy(update={"index": made.folder, "store": None})


def reindex(settings: Settings, passage_tokens: int | None = None, overlap: int | None = None) -> Report:
    """Rebuild passages, vectors and search files from the stored texts, in the form of this version. Settings that are
    not given stay."""
    from citeqa.index.documents.chunker import STRUCTURE

    store = open_store(settings.address)
    with closing(store.open()) as index:
        documents = index.document_count
    chunker = replace(chunker_for(settings, passage_tokens, overlap), structure=STRUCTURE)
    embedder = _embedder(settings)
    with reporting(documents, "reindexing") as shown:
        return store.reindex(embedder, chunker, shown)


def sync_folder(
    settings: Settings,
    folder: Path,
    *,
    dry_run: bool = False,
    empty: bool = False,
    follow_links: bool = False,
    part: Part | None = None,
) -> Report:
    """Bring the index in step with a folder, or report what that would do. The model is loaded only if it is needed."""
    from citeqa.index.storage.sync import plan, preview, sync

    if not folder.is_dir():  # before anything is made: the index may lie inside it
        raise NotADirectoryError(20, "not a folder", str(folder))
    choice = replace(settings.choice, follow_links=follow_links, part=part)
    if dry_run:
        with open_store(settings.address).reading() as records:
            return preview(records, plan(records, folder, empty=empty, choice=choice))
    with open_writer(settings, f"keeping step with {folder}") as writing:
        planned = plan(writing.records, folder, empty=empty, choice=choice)
        with reporting(len(planned.changed), "syncing") as shown:
            writing.report_to(shown)
            return sync(writing, planned)


@contextmanager
def open_writer(settings: Settings, doing: str) -> Iterator[Writer]:
    """The right to write to the index, with the settings it was made with. The model is loaded when it is needed."""
    store = open_store(settings.address)
    with store.writing(lambda: _embedder(settings), chunker_for(settings), doing) as opened:
        yield opened


def examine(settings: Settings) -> Iterator[Finding]:
    """What `citeqa doctor` checks, one finding at a time."""
    from citeqa.index.embedding.loading import load_embedder
    from citeqa.index.types import Finding
    from citeqa.rag.reader.loading import load_reader

    store = open_store(settings.address)
    yield from store.examine(lambda name, precision: load_embedder(name, settings.exported, precision))
    try:
        load_reader(settings.reader, settings.exported)
        faults: tuple[str, ...] = ()
    except CiteqaError as error:
        faults = (str(error),)
    yield Finding("the reader loads and computes what it should", faults, "reinstall citeqa, or name another --reader")


def chunker_for(settings: Settings, passage_tokens: int | None = None, overlap: int | None = None) -> ChunkerSettings:
    """How passages are cut: as given, else as the index was made, else by default."""
    from citeqa.index.storage.settings import chunker_of

    stored = chunker_of(open_store(settings.address).settings())
    given = {"passage_tokens": passage_tokens, "overlap_sentences": overlap}
    return replace(stored, **{name: value for name, value in given.items() if value is not None})


def _embedder(settings: Settings) -> Embedder:
    with messages.status("loading the embedding model"):
        return embedder_for(settings)


def embedder_for(settings: Settings) -> Embedder:
    """The embedding model that the settings name, else that of the index, else the default one."""
    from citeqa.index.embedding.loading import load_embedder
    from citeqa.index.embedding.weights import DEFAULT_MODEL, DEFAULT_PRECISION

    stored = open_store(settings.address).settings()
    model = settings.model or str(stored.get("embedder.name", DEFAULT_MODEL))
    precision = settings.precision or str(stored.get("embedder.precision", DEFAULT_PRECISION))
    return load_embedder(model, settings.exported, precision)


class Pace:
    """How fast passages are embedded, and how long the documents that are left will take.

    The clock starts with the first document that is not merely found unchanged: those of an earlier run that was
    stopped come first and take no time. `clock` gives seconds.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._left = clock, total
        self._start: float | None = None
        self._documents = self.passages = 0

    def advanced(self, documents: int, passages: int) -> None:
        """Count what was done since the last call."""
        self._left -= documents
        if self._start is None:
            if documents and not passages:
                return
            self._start = self._clock()
        self._documents += documents
        self.passages += passages

    def remaining(self) -> float | None:
        """Seconds until all is done, at the pace of the documents so far; None before one is done."""
        if self._start is None or not self._documents:
            return None
        return max(0, self._left) * (self._clock() - self._start) / self._documents

    def note(self) -> str:
        """What is told beside a progress bar."""
        took = self._clock() - self._start if self._start is not None else 0.0
        speed = f", {self.passages / took:.0f}/s" if took > 0 else ""
        left = self.remaining()
        return f"{self.passages} passages{speed}" + (f", {_duration(left)} left" if left is not None else "")


def _duration(seconds: float) -> str:
    """A duration in words, roughly: 40 seconds, 3 minutes, 2 hours."""
    for size, name in ((3600, "hour"), (60, "minute")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {name}s"
    return f"{max(1, seconds):.0f} second" + ("s" if seconds >= 1.5 else "")


@contextmanager
def reporting(total: int, what: str) -> Iterator[Progress]:
    """What shows the progress of a writer, and interrupts it at Ctrl-C where nothing that is embedded is lost. A second
    Ctrl-C changes nothing, a third one interrupts at once."""
    pace, pressed, interrupted = Pace(total), 0, False

    def pressing(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed += 1
        if pressed > 2:
            raise KeyboardInterrupt
        again = "; once more stops without saving" if pressed == 2 else ""
        messages.print(f"stopping: what is embedded is being saved{again}", style="yellow")

    with progress(total, what, timed=False) as (advance, note), _handling(signal.SIGINT, pressing):

        def shown(documents: int, passages: int) -> None:
            nonlocal interrupted
            pace.advanced(documents, passages)
            advance(documents)
            note(pace.note())
            if pressed and not interrupted:
                interrupted = True
                raise KeyboardInterrupt

        yield shown


@contextmanager
def _handling(number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Handle a signal so for as long as the block lasts. Only the main thread can, and what is ignored stays so."""
    before = signal.getsignal(number)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return
    signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def open_service(settings: Settings) -> Iterator[Service]:
    """A service over the index as it is now, closed at the end of the block.

    Raises:
        CiteqaError: if there is no index, or it does not fit.
    """
    existing_store(settings.address)  # before anything heavy is loaded
    with messages.status("loading the models"):
        from citeqa.api.service import Service

        service = Service.open(settings.address, settings.exported, settings.reader, look=settings.look)
    with closing(service):
        yield service


@contextmanager
def open_live_service(settings: Settings) -> Iterator[LiveService]:
    """A service that follows the changes of the index, closed at the end of the block."""
    with messages.status("loading the models"):
        from citeqa.api.live import LiveService

        kept, wait = settings.cache, settings.timeout
        service = LiveService(settings.address, settings.exported, settings.reader, kept, settings.look, wait=wait)
    with closing(service), service.following():
        yield service


@contextmanager
def progress(total: int, what: str, *, timed: bool = True) -> Iterator[tuple[Any, Any]]:
    """A progress bar: one function advances it, the other sets the note beside it. Shows nothing without a terminal.
    `timed` says whether the remaining time is shown, taking all steps for equally long."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(bar_width=max(4, min(40, messages.width - 56))),  # 60 columns hold the note too
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        *([TimeRemainingColumn()] if timed else []),
    )
    with Progress(*columns, console=messages, disable=not messages.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total, note="")
        yield (lambda count: bar.advance(task, count)), (lambda note: bar.update(task, note=note))

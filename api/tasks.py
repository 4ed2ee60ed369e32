"""Long work: indexing, syncing, loading the models. At a terminal it shows a progress bar or a spinner."""

from __future__ import annotations

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
    from citeqa.api.live import LiveService
    from citeqa.api.service import Service
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.protocols import Writer
    from citeqa.index.types import Finding, Report
    from citeqa.rag.evaluation.sets import Corpus

messages = Console(stderr=True, highlight=False, soft_wrap=True)


def index_paths(
    settings: Settings, paths: list[Path], passage_tokens: int | None = None, overlap: int | None = None
) -> Report:
    """Bring the index up to date with files and folders. Settings that are not given are those of the index."""
    from citeqa.index.documents.corpus import count
    from citeqa.index.storage.adding import add_paths

    chunker = chunker_for(settings, passage_tokens, overlap)
    embedder = _embedder(settings)
    store = open_store(settings.index)
    with progress(count(paths), "indexing") as (advance, note):
        return add_paths(store, paths, embedder, chunker, _showing_progress(advance, note))


def index_corpus(settings: Settings, corpus: Corpus) -> Settings:
    """The settings to serve the corpus of a question set with. Its index is made now, in the data folder, unless the
    same documents were indexed with the same settings before."""
    from citeqa.rag.evaluation import corpora

    embedder, chunker = _embedder(settings), chunker_for(settings)
    with progress(corpus.count, "indexing") as (advance, note):
        made = corpora.indexed(corpus, settings.index, embedder, chunker, _showing_progress(advance, note))
    for skipped in made.skipped:
        messages.print(f"left out: {skipped}", style="yellow", markup=False)
    return settings.model_copy(update={"index": made.folder, "models": settings.exported})


def reindex(settings: Settings, passage_tokens: int | None = None, overlap: int | None = None) -> Report:
    """Make passages, vectors and search files again from the stored texts. Settings that are not given stay."""
    store = open_store(settings.index)
    with closing(store.open()) as index:
        documents = index.document_count
    chunker = chunker_for(settings, passage_tokens, overlap)
    embedder = _embedder(settings)
    with progress(documents, "reindexing") as (advance, note):
        return store.reindex(embedder, chunker, _showing_progress(advance, note))


def sync_folder(settings: Settings, folder: Path, *, dry_run: bool = False, empty: bool = False) -> Report:
    """Bring the index in step with a folder, or report what that would do. The model is loaded only if it is needed."""
    from citeqa.index.storage.sync import plan, preview, sync

    if not folder.is_dir():  # before anything is made: the index may lie inside it
        raise NotADirectoryError(20, "not a folder", str(folder))
    if dry_run:
        with open_store(settings.index).reading() as records:
            return preview(records, plan(records, folder, empty=empty))
    with open_writer(settings, f"keeping step with {folder}") as writing:
        planned = plan(writing.records, folder, empty=empty)
        with progress(len(planned.changed), "syncing") as (advance, note):
            writing.report_to(_showing_progress(advance, note))
            return sync(writing, planned)


@contextmanager
def open_writer(settings: Settings, doing: str) -> Iterator[Writer]:
    """The right to write to the index, with the settings it was made with. The model is loaded when it is needed."""
    store = open_store(settings.index)
    with store.writing(lambda: _embedder(settings), chunker_for(settings), doing) as opened:
        yield opened


def examine(settings: Settings) -> Iterator[Finding]:
    """What `citeqa doctor` checks, one finding at a time."""
    from citeqa.index.embedding.loading import load_embedder
    from citeqa.index.types import Finding
    from citeqa.rag.reader.loading import load_reader

    store = open_store(settings.index)
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

    stored = chunker_of(open_store(settings.index).settings())
    given = {"passage_tokens": passage_tokens, "overlap_sentences": overlap}
    return replace(stored, **{name: value for name, value in given.items() if value is not None})


def _embedder(settings: Settings) -> Embedder:
    with messages.status("loading the embedding model"):
        return embedder_for(settings)


def embedder_for(settings: Settings) -> Embedder:
    """The embedding model that the settings name, else that of the index, else the default one."""
    from citeqa.index.embedding.loading import load_embedder
    from citeqa.index.embedding.weights import DEFAULT_MODEL

    stored = open_store(settings.index).settings()
    model = settings.model or str(stored.get("embedder.name", DEFAULT_MODEL))
    precision = settings.precision or str(stored.get("embedder.precision", "fp32"))
    return load_embedder(model, settings.exported, precision)


def _showing_progress(advance: Callable[[int], None], note: Callable[[str], None]) -> Callable[[int, int], None]:
    """A callback that shows how many documents and passages are done, and how fast."""
    passages, start = 0, time.monotonic()

    def advanced(documents: int, embedded: int) -> None:
        nonlocal passages
        passages += embedded
        advance(documents)
        note(f"{passages} passages, {passages / (time.monotonic() - start + 1e-9):.0f} a second")

    return advanced


@contextmanager
def open_service(settings: Settings) -> Iterator[Service]:
    """A service over the index as it is now, closed at the end of the block.

    Raises:
        CiteqaError: if there is no index, or it does not fit.
    """
    existing_store(settings.index)  # before anything heavy is loaded
    with messages.status("loading the models"):
        from citeqa.api.service import Service

        service = Service.open(settings.index, settings.exported, settings.reader)
    with closing(service):
        yield service


@contextmanager
def open_live_service(settings: Settings) -> Iterator[LiveService]:
    """A service that follows the changes of the index, closed at the end of the block."""
    with messages.status("loading the models"):
        from citeqa.api.live import LiveService

        service = LiveService(settings.index, settings.exported, settings.reader, settings.cache)
    with closing(service), service.following():
        yield service


@contextmanager
def progress(total: int, what: str) -> Iterator[tuple[Any, Any]]:
    """A progress bar: one function advances it, the other sets the note beside it. Shows nothing without a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=messages, disable=not messages.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total, note="")
        yield (lambda count: bar.advance(task, count)), (lambda note: bar.update(task, note=note))

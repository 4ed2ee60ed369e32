"""What takes a while: building an index, loading the service; with a bar or a spinner where somebody watches."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from citeqa.api.settings import Settings
from citeqa.index.errors import CiteqaError

if TYPE_CHECKING:
    from citeqa.api.live import LiveService
    from citeqa.api.service import Service
    from citeqa.index.documents.chunker import ChunkerSettings
    from citeqa.index.embedding.embedder import Embedder
    from citeqa.index.storage.doctor import Finding
    from citeqa.index.storage.writer import Report, Writer
    from citeqa.rag.evaluation.sets import Corpus

err = Console(stderr=True, highlight=False, soft_wrap=True)


def build(
    settings: Settings, paths: list[Path], passage_tokens: int | None = None, overlap: int | None = None
) -> Report:
    """Bring the index up to date with files; what is not given is what the index was made with."""
    from citeqa.index.documents.corpus import count
    from citeqa.index.storage.writer import update

    chunker = chunker_for(settings, passage_tokens, overlap)
    embedder = _embedder(settings)
    with progress(count(paths), "indexing") as (advance, note):
        return update(settings.index, paths, embedder, chunker, _showing_progress(advance, note))


def indexed(settings: Settings, corpus: Corpus) -> Settings:
    """The settings under which the corpus of a question set is served: its index is made now, under the data folder,
    unless the same documents were indexed with the same settings before."""
    from citeqa.rag.evaluation import corpora

    embedder, chunker = _embedder(settings), chunker_for(settings)
    with progress(corpus.count, "indexing") as (advance, note):
        made = corpora.indexed(corpus, settings.index, embedder, chunker, _showing_progress(advance, note))
    for skipped in made.skipped:
        err.print(f"left out: {skipped}", style="yellow", markup=False)
    return settings.model_copy(update={"index": made.folder, "models": settings.exported})


def remade(settings: Settings, passage_tokens: int | None = None, overlap: int | None = None) -> Report:
    """Make everything again from the stored texts; what is not given is what the index was made with."""
    from citeqa.index.storage.reindex import remake
    from citeqa.index.storage.snapshot import Index

    with closing(Index(settings.index)) as index:
        documents = index.document_count
    chunker = chunker_for(settings, passage_tokens, overlap)
    embedder = _embedder(settings)
    with progress(documents, "making again") as (advance, note):
        return remake(settings.index, embedder, chunker, _showing_progress(advance, note))


def synced(settings: Settings, folder: Path, *, dry_run: bool = False, empty: bool = False) -> Report:
    """Keep the index in step with a folder, or say what that would do; a model is loaded only if it is needed."""
    from citeqa.index.storage.catalog import Catalog
    from citeqa.index.storage.layout import DATABASE
    from citeqa.index.storage.sync import plan, preview, sync

    if not folder.is_dir():  # before anything is made: the index may lie inside it
        raise NotADirectoryError(20, "not a folder", str(folder))
    if dry_run and (settings.index / DATABASE).exists():
        with closing(Catalog(settings.index / DATABASE)) as catalog:
            return preview(catalog, plan(catalog, folder, empty=empty))
    if dry_run:
        with tempfile.TemporaryDirectory() as nowhere, closing(Catalog(Path(nowhere, DATABASE), write=True)) as catalog:
            return preview(catalog, plan(catalog, folder, empty=empty))
    with writer(settings, f"keeping step with {folder}") as writing:
        given = plan(writing.catalog, folder, empty=empty)
        with progress(len(given.changed), "syncing") as (advance, note):
            writing.report_to(_showing_progress(advance, note))
            return sync(writing, given)


@contextmanager
def writer(settings: Settings, doing: str) -> Iterator[Writer]:
    """The one writer of the index, with the settings it was made with; the model is loaded when it is needed."""
    from citeqa.index.storage.writer import writing

    with writing(settings.index, lambda: _embedder(settings), chunker_for(settings), doing) as opened:
        yield opened


def examined(settings: Settings) -> Iterator[Finding]:
    """What `citeqa doctor` finds, one thing after another."""
    from citeqa.index.embedding.loading import load_embedder
    from citeqa.index.storage.doctor import Finding, examine
    from citeqa.rag.reader.loading import load_reader

    yield from examine(settings.index, lambda name, precision: load_embedder(name, settings.exported, precision))
    try:
        load_reader(settings.reader, settings.exported)
        faults: tuple[str, ...] = ()
    except CiteqaError as error:
        faults = (str(error),)
    yield Finding("the reader loads and computes what it should", faults, "reinstall citeqa, or name another --reader")


def chunker_for(settings: Settings, passage_tokens: int | None = None, overlap: int | None = None) -> ChunkerSettings:
    """How passages are cut: what is given, else as the index was made, else the defaults."""
    from citeqa.index.storage.settings import chunker_of
    from citeqa.index.storage.writer import stored_settings

    stored = chunker_of(stored_settings(settings.index))
    given = {"passage_tokens": passage_tokens, "overlap_sentences": overlap}
    return replace(stored, **{name: value for name, value in given.items() if value is not None})


def _embedder(settings: Settings) -> Embedder:
    with err.status("loading the embedding model"):
        return embedder_for(settings)


def embedder_for(settings: Settings) -> Embedder:
    """The embedding model that the settings name, else that of the index, else the default one."""
    from citeqa.index.embedding.loading import load_embedder
    from citeqa.index.embedding.weights import DEFAULT_MODEL
    from citeqa.index.storage.writer import stored_settings

    stored = stored_settings(settings.index)
    model = settings.model or str(stored.get("embedder.name", DEFAULT_MODEL))
    precision = settings.precision or str(stored.get("embedder.precision", "fp32"))
    return load_embedder(model, settings.exported, precision)


def _showing_progress(advance: Callable[[int], None], note: Callable[[str], None]) -> Callable[[int, int], None]:
    """Shows documents and passages as they are done, and how fast."""
    passages, start = 0, time.monotonic()

    def told(documents: int, embedded: int) -> None:
        nonlocal passages
        passages += embedded
        advance(documents)
        note(f"{passages} passages, {passages / (time.monotonic() - start + 1e-9):.0f} a second")

    return told


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """The service over the index, for as long as the block lasts.

    Raises:
        CiteqaError: if there is no index, or it does not fit.
    """
    from citeqa.index.storage.layout import existing

    existing(settings.index)
    with err.status("loading the models"):
        from citeqa.api.service import Service

        service = Service.open(settings.index, settings.exported, settings.reader)
    with closing(service):
        yield service


@contextmanager
def living(settings: Settings) -> Iterator[LiveService]:
    """The service over the index as it changes, for as long as the block lasts."""
    with err.status("loading the models"):
        from citeqa.api.live import LiveService

        service = LiveService(settings.index, settings.exported, settings.reader, settings.cache)
    with closing(service), service.following():
        yield service


@contextmanager
def progress(total: int, what: str) -> Iterator[tuple[Any, Any]]:
    """Two functions: one advances the bar by so many, one sets the note beside it. Silent without a terminal."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        task = bar.add_task(what, total=total, note="")
        yield (lambda count: bar.advance(task, count)), (lambda note: bar.update(task, note=note))

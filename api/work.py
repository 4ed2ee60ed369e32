"""What takes a while: building an index, loading the service; with a bar or a spinner where somebody watches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from api.settings import Settings
from index.errors import IndexNotFoundError

if TYPE_CHECKING:
    from api.service import Service
    from index.builder import Report

err = Console(stderr=True, highlight=False, soft_wrap=True)


def build(
    settings: Settings, paths: list[Path], passage_tokens: int | None = None, overlap: int | None = None
) -> Report:
    """Bring the index up to date with files; what is not given is what the index was made with."""
    from index.builder import stored_settings, update
    from index.chunker import ChunkerSettings
    from index.corpus import count
    from index.models import load_embedder
    from index.sources import DEFAULT_MODEL

    stored = stored_settings(settings.index)
    default = ChunkerSettings()
    chunker = ChunkerSettings(
        passage_tokens=passage_tokens or int(stored.get("chunker.passage_tokens", default.passage_tokens)),
        overlap_sentences=int(stored.get("chunker.overlap_sentences", default.overlap_sentences))
        if overlap is None
        else overlap,
    )
    model = settings.model or str(stored.get("embedder.name", DEFAULT_MODEL))
    precision = settings.precision or str(stored.get("embedder.precision", "fp32"))
    with err.status("loading the embedding model"):
        embedder = load_embedder(model, settings.exported, precision)
    with progress(count(paths), "indexing") as (advance, note):
        passages, start = 0, time.monotonic()

        def advanced(documents: int, embedded: int) -> None:
            nonlocal passages
            passages += embedded
            advance(documents)
            note(f"{passages} passages, {passages / (time.monotonic() - start + 1e-9):.0f} a second")

        return update(settings.index, paths, embedder, chunker, advanced)


@contextmanager
def opened(settings: Settings) -> Iterator[Service]:
    """The service over the index, for as long as the block lasts.

    Raises:
        CiteqaError: if there is no index, or it does not fit.
    """
    if not (settings.index / "catalog.sqlite3").exists():
        raise IndexNotFoundError(f"there is no index in {settings.index}; make one with: citeqa index FOLDER")
    with err.status("loading the models"):
        from api.service import Service

        service = Service.open(settings.index, settings.exported, settings.reader)
    with closing(service):
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

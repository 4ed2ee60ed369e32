"""Making everything again from the stored texts, beside the living index, and putting it in its place in one step."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexDamagedError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import IndexSettings, manifest_of, rebuild, sweep
from citeqa.index.storage.layout import BESIDE, DATABASE, existing
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.settings import settings_of
from citeqa.index.storage.writer import Progress, Report, Writer


def remake(folder: Path, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
    """Chunk and embed every stored text again, with this model and chunker, whatever the index was made with.

    Questions are answered from the index as it is until the new one stands; an interrupted run is gone on with by the
    next one with the same settings, if no text was taken away in between. The report counts all documents as replaced.

    Raises:
        IndexNotFoundError: if there is no index.
        IndexBusyError: if another process is writing.
    """
    existing(folder)
    beside, settings = folder / BESIDE, settings_of(embedder.info, chunker)
    with writer_lock(folder, "making everything again"), closing(Catalog(folder / DATABASE, write=True)) as catalog:
        beside.mkdir(exist_ok=True)
        if not _begun(beside, settings):
            shutil.rmtree(beside)
            beside.mkdir()
        with closing(Catalog(beside / DATABASE, write=True)) as new:
            report = _copied(beside, catalog, new, embedder, chunker, progress)
        catalog.take_over(beside / DATABASE, lambda: rebuild(folder, catalog))
        sweep(folder, manifest_of(catalog).generation)
        shutil.rmtree(beside)
        return replace(report, added=0, replaced=report.documents, unchanged=0, removed=0)


def _begun(folder: Path, settings: IndexSettings) -> bool:
    """Whether there is something to go on with."""
    try:
        with closing(Catalog(folder / DATABASE, write=True)) as new:
            return new.settings() == settings and not new.faults()
    except IndexDamagedError:
        return False


def _copied(
    folder: Path, catalog: Catalog, new: Catalog, embedder: Embedder, chunker: ChunkerSettings,
    progress: Progress | None,
) -> Report:  # fmt: skip
    """Bring the new index up to the documents of the living one."""
    writer = Writer(folder, new, lambda: embedder, chunker, progress)
    writer.load()
    wanted = catalog.ids()
    for document_id in set(new.ids()) - set(wanted):
        writer.remove(document_id)
    for document_id in wanted:
        writer.put(catalog.document(document_id))
    writer.commit()
    return writer.report()

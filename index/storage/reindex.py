"""Reindexing: all passages and vectors are made again from the stored texts, beside the index that is served. They take
its place in one step."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexDamagedError
from citeqa.index.protocols import IndexSettings, Progress
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, rebuild_generation
from citeqa.index.storage.layout import DATABASE, REINDEXING, existing_database
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.settings import settings_of
from citeqa.index.storage.writer import IndexWriter
from citeqa.index.types import Report


def reindex(folder: Path, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None) -> Report:
    """Chunk and embed every stored text again, with this model and chunker, whatever the index was made with.

    Questions are answered from the index as it is until the new one is complete. After an interruption, the next run
    with the same settings goes on from there, if no text was deleted in between. The report counts all documents as
    replaced.

    Raises:
        IndexNotFoundError: if there is no index.
        IndexBusyError: if another process is writing.
    """
    database = existing_database(folder)
    new_folder, settings = folder / REINDEXING, settings_of(embedder.info, chunker)
    with writer_lock(folder, "making everything again"), closing(Catalog(database, write=True)) as catalog:
        new_folder.mkdir(exist_ok=True)
        if not _can_go_on(new_folder, settings):
            shutil.rmtree(new_folder)
            new_folder.mkdir()
        with closing(Catalog(new_folder / DATABASE, write=True)) as new:
            writer = IndexWriter(new_folder, new, lambda: embedder, chunker, progress)
            report = _copy_documents(catalog, new, writer)
        catalog.replace_passages(new_folder / DATABASE, lambda: rebuild_generation(folder, catalog))
        delete_generations(folder, but=manifest_of(catalog).generation)
        shutil.rmtree(new_folder)
        return replace(report, added=0, replaced=report.documents, unchanged=0, removed=0)


def _can_go_on(folder: Path, settings: IndexSettings) -> bool:
    """Whether an interrupted reindexing with these settings can be continued."""
    try:
        with closing(Catalog(folder / DATABASE, write=True)) as new:
            return new.settings() == settings and not new.faults()
    except IndexDamagedError:
        return False


def _copy_documents(catalog: Catalog, new: Catalog, writer: IndexWriter) -> Report:
    """Bring the new index up to the documents of the one that is served."""
    writer.check_settings()
    wanted = catalog.ids()
    for document_id in set(new.ids()) - set(wanted):
        writer.remove(document_id)
    for document_id in wanted:
        writer.put(catalog.document(document_id))
    writer.commit()
    return writer.report()

"""Reindexing: all passages and vectors are rebuilt from the stored texts, beside the index that is served. They take
its place in one step."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Collection, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.layout import markdown_structure, text_structure
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexDamagedError, UnknownDocumentError
from citeqa.index.formats.registry import format_of
from citeqa.index.protocols import IndexSettings, Progress, Records, Writer
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, rebuild_generation
from citeqa.index.storage.layout import DATABASE, REINDEXING, existing_database
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.settings import settings_of
from citeqa.index.storage.writer import IndexWriter
from citeqa.index.structure import NO_STRUCTURE
from citeqa.index.types import Report

log = logging.getLogger(__name__)

READ_AGAIN = "citeqa sync FOLDER reads their files again"
_TEXTS = ("plain text", "Markdown", "JSONL")


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
        _find_structure(catalog)
        with closing(Catalog(new_folder / DATABASE, write=True)) as new:
            writer = IndexWriter(new_folder, new, lambda: embedder, chunker, progress)
            report = bring_up_to(catalog, new.ids(), writer)
        catalog.replace_passages(new_folder / DATABASE, lambda: rebuild_generation(folder, catalog))
        delete_generations(folder, but=manifest_of(catalog).generation)
        shutil.rmtree(new_folder)
        return replace(report, added=0, replaced=report.documents, unchanged=0, removed=0)


def _find_structure(catalog: Catalog) -> None:
    """Find the structure of the documents that were read before documents had one, where their text shows it: in plain
    text and Markdown. The files of others must be read again for that; the log says so."""
    left = 0
    with catalog.transaction():
        for document_id, name in catalog.unstructured():
            known = format_of(Path(name)) if name else None
            if known and known.name not in _TEXTS:
                left += 1
                continue
            document = catalog.document(document_id)
            is_markdown = known is not None and known.name == "Markdown"
            found = markdown_structure(document.text) if is_markdown else NO_STRUCTURE
            catalog.set_structure(document_id, found or text_structure(document.text, document.boilerplate))
    if left:
        log.warning("the structure of %d documents is not known: %s", left, READ_AGAIN)


def _can_go_on(folder: Path, settings: IndexSettings) -> bool:
    """Whether an interrupted reindexing with these settings can be continued."""
    try:
        with closing(Catalog(folder / DATABASE, write=True)) as new:
            return new.settings() == settings and not new.faults()
    except IndexDamagedError:
        return False


def bring_up_to(records: Records, made: Collection[str], writer: Writer) -> Report:
    """Bring the new index, which has documents with the ids `made`, up to the documents of the one that is served."""
    writer.check_settings()
    wanted = records.ids()
    return bring(records, [*set(made).difference(wanted), *wanted], writer)


def bring(records: Records, ids: Iterable[str], writer: Writer) -> Report:
    """Bring documents of the new index up to those of the one that is served."""
    for document_id in ids:
        try:
            writer.put(records.document(document_id))
        except UnknownDocumentError:
            with suppress(UnknownDocumentError):  # it came and went meanwhile
                writer.remove(document_id)
    writer.commit()
    return writer.report()

"""Documents from files go into an index, whatever store it is kept in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import load
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import Progress, Store, Writer
from citeqa.index.types import Document, Report, Skipped


def add_paths(
    store: Store, paths: Iterable[Path], embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None = None
) -> Report:
    """Add the documents at `paths` to the index in a store, and replace those that changed (see `add_documents`).

    Raises:
        FileNotFoundError: if one of the paths does not exist.
        IndexMismatchError: if the index was made with another model, chunker or analyzer.
        IndexBusyError: if another process is writing.
    """
    items = load(paths)
    with store.writing(lambda: embedder, chunker, "adding documents", progress) as writer:
        return add_documents(writer, items)


def add_documents(writer: Writer, items: Iterable[Document | Skipped]) -> Report:
    """Add documents, or replace those with the same ids that differ, and report what was skipped.

    Documents become durable in batches: an interrupted run keeps what it committed, and the next one goes on from
    there.

    Raises:
        IndexMismatchError: if the index was made with another model, chunker or analyzer.
    """
    writer.check_settings()
    for item in items:
        if isinstance(item, Skipped):
            writer.skip(item)
        else:
            writer.put(item)
    writer.commit()
    writer.compact_if_worn()
    return writer.report()

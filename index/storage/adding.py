"""Documents from files go into an index, whatever store it is kept in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import load_for
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.formats.choice import USUAL, Choice
from citeqa.index.protocols import Progress, Store, Writer
from citeqa.index.types import Document, Report, Skipped, SourceFile


def add_paths(
    store: Store,
    paths: Iterable[Path],
    embedder: Embedder,
    chunker: ChunkerSettings,
    progress: Progress | None = None,
    choice: Choice = USUAL,
) -> Report:
    """Add the documents at `paths` to the index in a store, and replace those that changed (see `origins` for
    their ids, and `add_documents`). Links that lead out of a folder are named as skipped unless they are to be
    followed.

    Raises:
        FileNotFoundError: if one of the paths does not exist.
        IndexMismatchError: if the index was made with another model, chunker or analyzer.
        IndexBusyError: if another process is writing.
    """
    paths = list(paths)
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file or folder")
    with store.writing(lambda: embedder, chunker, "adding documents", progress) as writer:
        return _add(writer, load_for(paths, writer.records, choice))


def add_documents(writer: Writer, items: Iterable[Document | Skipped]) -> Report:
    """Add documents, or replace those with the same ids that differ, and report what was skipped.

    Documents become durable in batches: an interrupted run keeps what it committed, and the next one goes on from
    there.

    Raises:
        IndexMismatchError: if the index was made with another model, chunker or analyzer.
    """
    return _add(writer, ((item, None) for item in items))


def _add(writer: Writer, items: Iterable[tuple[Document | Skipped, SourceFile | None]]) -> Report:
    """Add documents with the files that they come from."""
    writer.check_settings()
    for item, file in items:
        if isinstance(item, Skipped):
            writer.skip(item)
        else:
            writer.put(item, file)
    writer.commit()
    writer.compact_if_worn()
    return writer.report()

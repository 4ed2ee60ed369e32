"""Documents from files go into an index, whatever store it is kept in."""

from __future__ import annotations

from collections.abc import Iterable

from citeqa.index.protocols import Writer
from citeqa.index.types import Document, Report, Skipped


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

"""Making all passages and vectors anew from the stored texts, in a schema beside the one that is served and written to.
They take its place in one step."""

from __future__ import annotations

from dataclasses import replace

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexBusyError
from citeqa.index.protocols import Progress
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.connecting import Connection, Lease, leased
from citeqa.index.storage.postgresql.tables import create_or_upgrade
from citeqa.index.storage.postgresql.writer import PostgresWriter, changed, settings_text
from citeqa.index.storage.reindex import bring, bring_up_to
from citeqa.index.storage.settings import settings_of
from citeqa.index.types import Report

_PASSES = 3  # others may write meanwhile; what changed during the last pass is done while they wait
_TAKE_OVER = """
UPDATE documents AS d SET heading = o.heading, passages = o.passages, spans = o.spans, vectors = o.vectors
FROM "{beside}".documents AS o WHERE o.id = d.id
"""


def reindex(address: Address, embedder: Embedder, chunker: ChunkerSettings, progress: Progress | None) -> Report:
    """Chunk and embed every stored text again, with this model and chunker, whatever the corpus was made with.

    Questions are answered and documents are written meanwhile. After an interruption, the next run with the same
    settings goes on from there. The report counts all documents as replaced.

    Raises:
        IndexBusyError: if another process is at it.
    """
    beside = replace(address, schema=f"{address.schema}_rebuild")
    settings = settings_of(embedder.info, chunker)
    with leased(address) as lease, leased(beside) as other:
        lock = f"citeqa rebuild {address.schema}"
        if lease.connection.execute("SELECT pg_try_advisory_lock(hashtext(%s))", (lock,)).fetchone() != (True,):
            raise IndexBusyError("another process (making everything again)", f"the store {address.shown}")
        try:
            create_or_upgrade(lease.connection, address)
            _prepare(other, beside, settings)
            source = PostgresCatalog(lease, address)
            writer = PostgresWriter(other, beside, lambda: embedder, chunker, progress)
            seen = _passes(source, writer)
            with lease.transaction() as connection:
                connection.execute("LOCK TABLE documents IN SHARE ROW EXCLUSIVE MODE")  # whoever writes waits from here
                report = bring(source, source.touched_since(seen), writer)
                _take_over(connection, address, beside, settings)
        finally:
            if not lease.connection.closed:
                lease.connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (lock,))
        other.connection.execute(f'DROP SCHEMA "{beside.schema}" CASCADE'.encode())
    return replace(report, added=0, replaced=report.documents, unchanged=0, removed=0, change=source_change(address))


def _prepare(other: Lease, beside: Address, settings: dict[str, str | int]) -> None:
    """Make the schema beside, unless an interrupted run with these settings left it."""
    create_or_upgrade(other.connection, beside)
    if PostgresCatalog(other, beside).settings() != settings:
        other.connection.execute(f'DROP SCHEMA "{beside.schema}" CASCADE'.encode())
        create_or_upgrade(other.connection, beside)


def _passes(source: PostgresCatalog, writer: PostgresWriter) -> int:
    """Bring what is made beside up to the corpus, until hardly anything changed meanwhile. Returns the number of the
    change that it is surely up to."""
    seen = source.last_change()
    bring_up_to(source, writer.catalog.ids(), writer)
    for _ in range(_PASSES):
        before, seen = seen, source.last_change()
        if seen == before:
            break
        bring(source, source.touched_since(before), writer)
    return seen


def _take_over(connection: Connection, address: Address, beside: Address, settings: dict[str, str | int]) -> None:
    connection.execute(_TAKE_OVER.format(beside=beside.schema).encode())
    connection.execute("UPDATE corpus SET settings = %s, epoch = epoch + 1", (settings_text(settings),))
    changed(connection, address, "rebuild")


def source_change(address: Address) -> int:
    """The number of the latest change."""
    with leased(address) as lease:
        return PostgresCatalog(lease, address).last_change()

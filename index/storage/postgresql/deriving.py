"""Making the index in a folder what a corpus holds: filling it batch by batch, bringing it up to date in one step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from citeqa.index.errors import IndexDamagedError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, next_generation, rebuild_generation
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.postgresql.catalog import PostgresCatalog, State
from citeqa.index.storage.postgresql.followed import Followed
from citeqa.index.storage.prepared import Prepared
from citeqa.index.types import SourceFile

BATCH = 4096  # passages of a replica that is filled, which are kept together
BYTES = 32_000_000  # of texts, the same
REFILL = 20_000  # documents that changed; from so many on, if they are half of all, filling a new replica is better


def go_on(folder: Path, source: PostgresCatalog, state: State) -> bool:
    """Bring the replica in a folder up to date. Whether it could be, and filling a new one is not better."""
    followed = Followed.read(folder)
    if not followed or not followed.is_of(source, state):
        return False
    if followed.change == state.change and _calibration(folder) == state.calibration:
        return True
    count = source.count_since(followed.change)
    if count >= REFILL and 2 * count >= source.counts()[0]:
        return False
    try:
        _apply(folder, source, state, followed)
    except IndexDamagedError:
        return False
    return True


def _calibration(folder: Path) -> str | None:
    with closing(Catalog(folder / DATABASE)) as catalog:
        return catalog.calibration()


def can_be_filled(folder: Path, source: PostgresCatalog, state: State) -> bool:
    """Whether a replica that was not filled to the end can be."""
    followed = Followed.read(folder)
    if not followed or not followed.is_of(source, state):
        return False
    try:
        with closing(Catalog(folder / DATABASE, write=True)) as catalog:
            return catalog.generation() is None and not catalog.faults()
    except IndexDamagedError:
        return False


def fill(folder: Path, source: PostgresCatalog, state: State) -> None:
    """Fill the replica in a folder, or go on with that: batch by batch, so that little memory is needed. What stands in
    it between two batches is never shown to anybody: there are no search files before the last one."""
    with closing(Catalog(folder / DATABASE, write=True)) as catalog:
        begun = Followed.read(folder)
        since = begun.change if begun else 0
        with catalog.transaction():
            catalog.set_settings(state.settings)
            for document_id in source.removed_since(since) if begun else ():
                catalog.drop(document_id)
            _moved(catalog, source, since)
        for batch in _batches(source.put_since(since)):
            with catalog.transaction():
                for number, one in batch:
                    _put(catalog, number, one)
                at = source.was_at(number) or ""
                catalog.set_replica(Followed(state.identity, state.epoch, number, at).to_json())
        with catalog.transaction():
            _conclude(catalog, state)
            rebuild_generation(folder, catalog)
        catalog.purge()


def _batches(puts: Iterator[tuple[int, Prepared]]) -> Iterator[list[tuple[int, Prepared]]]:
    batch: list[tuple[int, Prepared]] = []
    passages = size = 0
    for number, one in puts:
        batch.append((number, one))
        passages, size = passages + len(one.passages), size + len(one.document.text)
        if passages >= BATCH or size >= BYTES:
            yield batch
            batch, passages, size = [], 0, 0
    if batch:
        yield batch


def _apply(folder: Path, source: PostgresCatalog, state: State, followed: Followed) -> None:
    """Bring the replica in a folder from what it follows to the state of the corpus, in one step."""
    with (
        writer_lock(folder, "following the store", wait=60.0),
        closing(Catalog(folder / DATABASE, write=True)) as catalog,
    ):
        with catalog.transaction():
            dead, gone = list[int](), list[str]()
            for document_id in source.removed_since(followed.change):
                if catalog.contains(document_id):
                    gone.append(document_id)
                    dead += catalog.drop(document_id)
            put = False
            for number, one in source.put_since(followed.change):
                if catalog.contains(one.document.id):
                    gone.append(one.document.id)
                dead += _put(catalog, number, one)
                put = True
            _moved(catalog, source, followed.change)
            _conclude(catalog, state)
            manifest = next_generation(folder, catalog, dead, gone) if put or gone else None
        if manifest:
            delete_generations(folder, but=manifest.generation)
        catalog.purge()


def _put(catalog: Catalog, number: int, one: Prepared) -> list[int]:
    assert one.vectors is not None
    return catalog.put(one.document, one.heading, one.passages, one.vectors, one.file, number)


def _moved(catalog: Catalog, source: PostgresCatalog, since: int) -> None:
    """Say of which files documents are that stay as they are."""
    for document_id, root, name in source.moved_since(since):
        if root is not None and name is not None:
            catalog.set_file(document_id, SourceFile(root, name))


def _conclude(catalog: Catalog, state: State) -> None:
    """Say that the replica shows all up to the latest change. Its log ends with this change, whatever it was of."""
    catalog.set_calibration(state.calibration)
    if catalog.last_change() < state.change:
        catalog.log_change("follow", "", "", state.change)
    catalog.set_replica(Followed(state.identity, state.epoch, state.change, state.at).to_json())

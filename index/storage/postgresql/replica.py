"""The replica that a machine keeps of a corpus: a folder with an index like any other, made from the corpus alone.

<replica folder>/current.json     which of the folders beside it is the replica
<replica folder>/replica-<name>/  an index: catalog.sqlite3 and its search files; one that has no search files yet is
                                  being filled, and is gone on with after an interruption
<replica folder>/replica.lock     held by the one process that brings the replica up to date

Questions are answered from this folder by the code that answers from any folder: so every replica answers like the
single machine, and one that is cut off goes on answering.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from citeqa.index.atomic import write_json
from citeqa.index.errors import CiteqaError, GenerationDamagedError, IndexDamagedError, IndexNotFoundError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, next_generation, rebuild_generation
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog, State
from citeqa.index.storage.postgresql.connecting import leased
from citeqa.index.storage.postgresql.tables import check_version
from citeqa.index.storage.prepared import Prepared
from citeqa.index.types import SourceFile

log = logging.getLogger(__name__)

BATCH = 4096  # passages of a replica that is filled, which are kept together
BYTES = 32_000_000  # of texts, the same
REFILL = 20_000  # documents that changed; from so many on, if they are half of all, filling a new replica is better
QUIET = 30.0  # seconds without a change, after which a replica settles
SETTLED = 200_000  # passages up to which it does: as many as are searched exactly
_POINTER = "current.json"


@dataclass(frozen=True, slots=True)
class Followed:
    """How far a replica follows which corpus: all of it up to `change`, which was made at `at`."""

    identity: str
    epoch: int
    change: int
    at: str

    @classmethod
    def read(cls, folder: Path) -> Followed | None:
        """How far the replica in a folder follows; None if it cannot be used."""
        try:
            with closing(Catalog(folder / DATABASE)) as catalog:
                stored = catalog.replica()
            return cls(**json.loads(stored)) if stored else None
        except (CiteqaError, ValueError, TypeError):
            return None

    def is_of(self, source: PostgresCatalog, state: State) -> bool:
        """Whether the corpus still holds all that this replica followed. It does not after it was made anew, or
        restored from a backup, or where a standby took over that had not received everything."""
        if (self.identity, self.epoch) != (state.identity, state.epoch) or self.change > state.change:
            return False
        return not self.change or source.was_at(self.change) == self.at

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Replica:
    """The replica in a folder. Threads and processes may share it; one of them brings it up to date at a time."""

    def __init__(self, address: Address) -> None:
        if address.folder is None:
            raise CiteqaError(
                f"say where this machine keeps its replica of {address.shown}: set CITEQA_REPLICA_FOLDER, or add "
                "replica_folder=FOLDER to its address"
            )
        self._address, self.folder = address, address.folder
        self._lock = threading.Lock()

    def current(self) -> Path | None:
        """The folder of the replica as it is now; None if there is none."""
        try:
            name = json.loads((self.folder / _POINTER).read_text(encoding="utf-8"))["replica"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        folder = self.folder / str(name)
        return folder if (folder / DATABASE).is_file() else None

    def change(self) -> int:
        """The number of the change up to which the replica follows; 0 if there is none."""
        folder = self.current()
        followed = Followed.read(folder) if folder else None
        return followed.change if followed else 0

    def catch_up(self, wait: float) -> int | None:
        """Bring the replica up to date with the corpus as it is now. Returns the number of the change that it shows
        then; None if another thread or process is at it for longer than `wait` seconds.

        Raises:
            IndexNotFoundError: if there is no corpus.
            StoreUnreachableError: if the server cannot be reached.
            StorageError: if this machine's disk refuses.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._lock.acquire(timeout=wait):
            return None
        try:
            with FileLock(self.folder / "replica.lock", timeout=wait), self._snapshot() as source:
                return self._follow(source, source.state())
        except Timeout:
            return None
        finally:
            self._lock.release()

    def settle(self) -> bool:
        """Make the search files anew, if deleted passages still count in their statistics and nothing has changed for a
        while: from then on every score is that of a replica that was just filled. Returns whether it was needed.

        Raises:
            StorageError: if this machine's disk refuses.
        """
        folder = self.current()
        if folder is None or not self._lock.acquire(blocking=False):
            return False
        try:
            with FileLock(self.folder / "replica.lock", timeout=0):
                return _settle(folder)
        except (Timeout, GenerationDamagedError):  # whoever opens the damaged files mends them
            return False
        finally:
            self._lock.release()

    def discard(self) -> None:
        """Say that the replica is damaged: the next time, it is made anew."""
        (self.folder / _POINTER).unlink(missing_ok=True)

    @contextmanager
    def _snapshot(self) -> Iterator[PostgresCatalog]:
        """The corpus as it is now, whatever others write meanwhile."""
        with leased(self._address) as lease, lease.snapshot() as connection:
            if not check_version(connection, self._address):
                raise IndexNotFoundError(self._address.shown)
            yield PostgresCatalog(lease, self._address)

    def _follow(self, source: PostgresCatalog, state: State) -> int:
        if not state.settings:
            raise IndexNotFoundError(self._address.shown)
        folder = self.current()
        followed = Followed.read(folder) if folder else None
        if folder and followed and followed.is_of(source, state):
            if followed.change == state.change and _calibration(folder) == state.calibration:
                return state.change
            count = source.count_since(followed.change)
            if count < REFILL or 2 * count < source.counts()[0]:
                with suppress(IndexDamagedError):
                    _apply(folder, source, state, followed)
                    return state.change
        elif folder:
            log.warning("the replica in %s cannot be gone on with; it is made anew from the store", folder)
        self._fill(source, state)
        return state.change

    def _fill(self, source: PostgresCatalog, state: State) -> None:
        """Make a new replica beside the one that is served, which goes on answering; then it takes its place."""
        kept = self.current()
        begun = [one for one in self.folder.glob("replica-*") if one != kept]
        folder = next((one for one in begun if _can_go_on(one, source, state)), None)
        if folder is None:
            number = max((int(one.name.partition("-")[2]) for one in self.folder.glob("replica-*")), default=0)
            folder = self.folder / f"replica-{number + 1}"
        for other in begun:
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        folder.mkdir(exist_ok=True)
        log.info("filling a replica in %s: change %d of %s", folder, state.change, self._address.shown)
        fill(folder, source, state)
        write_json(self.folder / _POINTER, {"replica": folder.name})
        if kept:
            shutil.rmtree(kept, ignore_errors=True)


def _calibration(folder: Path) -> str | None:
    with closing(Catalog(folder / DATABASE)) as catalog:
        return catalog.calibration()


def _can_go_on(folder: Path, source: PostgresCatalog, state: State) -> bool:
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


def _settle(folder: Path) -> bool:
    with closing(Catalog(folder / DATABASE)) as catalog:
        manifest = manifest_of(catalog)
    quiet = datetime.now(UTC) - datetime.fromisoformat(manifest.written)
    if not manifest.lexical_dead or manifest.passages > SETTLED or quiet.total_seconds() < QUIET:
        return False
    with writer_lock(folder, "settling", wait=1.0), closing(Catalog(folder / DATABASE, write=True)) as catalog:
        with catalog.transaction():
            manifest = rebuild_generation(folder, catalog)
        delete_generations(folder, but=manifest.generation)
    return True


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

"""The replica that a machine keeps of a corpus: a folder with an index like any other, made from the corpus alone.

<replica folder>/current.json     which of the folders beside it is the replica
<replica folder>/replica-<name>/  an index: catalog.sqlite3 and its search files; one that has no search files yet is
                                  being filled, and is gone on with after an interruption
<replica folder>/replica.lock     held by the one process that brings the replica up to date

Questions are answered from this folder by the code that answers from any folder: so every replica answers like the
single machine, and one that is cut off goes on answering.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from citeqa.index.atomic import write_json
from citeqa.index.errors import CiteqaError, GenerationDamagedError, IndexDamagedError, IndexNotFoundError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.generations import delete_generations, disk_errors, rebuild_generation
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.lock import writer_lock
from citeqa.index.storage.manifest import manifest_of
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog, State
from citeqa.index.storage.postgresql.connecting import leased
from citeqa.index.storage.postgresql.deriving import can_be_filled, fill, go_on
from citeqa.index.storage.postgresql.followed import POINTER, Followed, current
from citeqa.index.storage.postgresql.starting import check_like_store, copy_replica
from citeqa.index.storage.postgresql.tables import check_version

log = logging.getLogger(__name__)

QUIET = 30.0  # seconds without a change, after which a replica settles
SETTLED = 200_000  # passages up to which it does: as many as are searched exactly


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
        return current(self.folder)

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
        if not self._lock.acquire(timeout=wait):
            return None
        try:
            with disk_errors(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                with FileLock(self.folder / "replica.lock", timeout=wait):
                    return self._follow()
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
        (self.folder / POINTER).unlink(missing_ok=True)

    @contextmanager
    def _snapshot(self) -> Iterator[tuple[PostgresCatalog, State]]:
        """The corpus as it is now, whatever others write meanwhile.

        Raises:
            IndexNotFoundError: if there is none.
        """
        with leased(self._address) as lease, lease.snapshot() as connection:
            if check_version(connection, self._address):
                source = PostgresCatalog(lease, self._address)
                if (state := source.state()).settings:
                    yield source, state
                    return
        raise IndexNotFoundError(self._address.shown)

    def _follow(self) -> int:
        """Go on with the replica there is, else with another one's files, else fill one."""
        with self._snapshot() as (source, state):
            folder = self.current()
            if folder and go_on(folder, source, state):
                return state.change
        if folder:
            log.warning("the replica in %s cannot be gone on with; it is made anew", folder)
        copied = self._copied(state)  # meanwhile nothing is held on the server
        with self._snapshot() as (source, state):
            if copied and self._is_like(copied, source, state):
                self._publish(copied)
            else:
                self._fill(source, state)
        return state.change

    def _copied(self, state: State) -> Path | None:
        """The folder of a copy of the replica to start from, if there is one that can be used."""
        start = self._address.start
        if start is None:
            return None
        folder = self._new_folder()
        try:
            copy_replica(start, folder, state)
        except (CiteqaError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            log.warning("the replica in %s is not started from: %s", start, error)
            return None
        log.info("copied the replica in %s", start)
        return folder

    def _is_like(self, copied: Path, source: PostgresCatalog, state: State) -> bool:
        """Bring the copy of a replica up to date. Whether it then is what filling one would make."""
        try:
            if go_on(copied, source, state):
                check_like_store(copied, source)
                return True
            reason = "it followed what is not stored, or too long ago"
        except (IndexDamagedError, GenerationDamagedError) as error:
            reason = str(error)
        log.warning("the replica in %s is not started from: %s", self._address.start, reason)
        return False

    def _new_folder(self) -> Path:
        number = max((int(one.name.partition("-")[2]) for one in self.folder.glob("replica-*")), default=0)
        return self.folder / f"replica-{number + 1}"

    def _fill(self, source: PostgresCatalog, state: State) -> None:
        """Fill a new replica beside the one that is served, which goes on answering; then it takes its place."""
        begun = [one for one in self.folder.glob("replica-*") if one != self.current()]
        folder = next((one for one in begun if can_be_filled(one, source, state)), None) or self._new_folder()
        self._delete_but(folder)
        folder.mkdir(exist_ok=True)
        log.info("filling a replica in %s: change %d of %s", folder, state.change, self._address.shown)
        fill(folder, source, state)
        self._publish(folder)

    def _publish(self, folder: Path) -> None:
        write_json(self.folder / POINTER, {"replica": folder.name})
        self._delete_but(folder)

    def _delete_but(self, folder: Path) -> None:
        """Delete all replicas but one, and the one that is served."""
        for other in self.folder.glob("replica-*"):
            if other not in (folder, self.current()):
                shutil.rmtree(other, ignore_errors=True)


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

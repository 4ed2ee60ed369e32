"""A view of a corpus: that of the machine's replica, which knows how far it may be behind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from citeqa.index.errors import IndexDamagedError, StoreUnreachableError
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.connecting import leased
from citeqa.index.storage.postgresql.replica import Replica
from citeqa.index.storage.snapshot import Index
from citeqa.index.types import Document, DocumentView, Passage


@dataclass
class Contact:
    """What a process knows of how its replica stands to the corpus. Threads may share it."""

    following: bool = False  # whether a thread brings the replica up to date
    seen: float = field(default_factory=time.monotonic)  # when the replica was last known to show all

    def confirm(self) -> None:
        """Say that the replica shows all that is stored now."""
        self.seen = time.monotonic()


class ReplicaIndex(Index):
    """An immutable view of a machine's replica at the moment it was opened. Threads may share it."""

    def __init__(
        self, folder: Path, before: ReplicaIndex | None, replica: Replica, address: Address, contact: Contact
    ) -> None:
        super().__init__(folder, before if before and before.folder == folder else None)
        self._replica, self._address, self._contact = replica, address, contact

    @property
    def lag(self) -> float:
        """Seconds since this machine's replica was last known to show all that is stored."""
        return time.monotonic() - self._contact.seen

    def is_current(self) -> bool:
        """Whether the replica is still as this view shows it, and, where no thread follows the corpus, whether the
        corpus is."""
        if self._replica.current() != self.folder or not super().is_current():
            return False
        if self._contact.following:
            return True
        try:
            with leased(self._address) as lease:
                return PostgresCatalog(lease, self._address).last_change() == self.change
        except StoreUnreachableError:  # there is nothing newer to be had
            return True

    def document(self, document_id: str) -> Document:
        """Raises UnknownDocumentError if there is none with that id; and IndexDamagedError if the replica is damaged,
        which is then made anew."""
        with self._undamaged():
            return super().document(document_id)

    def document_view(self, document_id: str) -> DocumentView:
        """The same, but of a long text only slices are read."""
        with self._undamaged():
            return super().document_view(document_id)

    def fetch(self, ids: Sequence[int]) -> dict[int, Passage]:
        """The passages with these numbers; if the replica is damaged, it is made anew."""
        with self._undamaged():
            return super().fetch(ids)

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        try:
            yield
        except IndexDamagedError:
            self._replica.discard()
            raise

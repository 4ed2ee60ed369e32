"""How far a replica follows which corpus, and which of the folders of a machine is its replica now."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from citeqa.index.errors import CiteqaError
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql.catalog import PostgresCatalog, State

POINTER = "current.json"


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


def current(folder: Path) -> Path | None:
    """Which folder is the replica that a machine keeps in `folder`, as it is now; None if there is none."""
    try:
        name = json.loads((folder / POINTER).read_text(encoding="utf-8"))["replica"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    found = folder / str(name)
    return found if (found / DATABASE).is_file() else None

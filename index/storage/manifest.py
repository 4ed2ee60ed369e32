"""The manifest of a generation: which search files it has, and what they hold. It stands in the database, as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from citeqa.index.errors import GenerationDamagedError
from citeqa.index.ranking.dense import Measured
from citeqa.index.storage.catalog import Catalog

WORN = 4  # what is gone to a fourth is rebuilt


@dataclass(frozen=True, slots=True)
class Part:
    """A file of vectors: of the passages numbered `first` to `last`, `count` of them when it was written.

    It is searched by the inverted lists in the file `lists`, or scanned in full if `lists` is empty. `measured` is how
    good these lists are, or would have been.
    """

    file: str
    first: int
    last: int
    count: int
    lists: str = ""
    measured: Measured = field(default_factory=Measured)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Part:
        """A part as it stands in a manifest; a part from before there were lists has none."""
        return cls(**{**stored, "measured": Measured(**stored.get("measured", {}))})

    @property
    def files(self) -> tuple[str, ...]:
        """The names of its files."""
        return (self.file, self.lists) if self.lists else (self.file,)

    def covers(self, passage: int) -> bool:
        """Whether the number of a passage is between its first and its last."""
        return self.first <= passage <= self.last


@dataclass(frozen=True, slots=True)
class Manifest:
    """A generation of search files.

    Args:
        generation: its name, which is that of its folder.
        documents: how many documents there are.
        passages: how many passages there are.
        last_passage: the highest passage number that it may hold.
        written: when it was written, in UTC.
        parts: the files of vectors.
        dead: the numbers of passages that are deleted, but still in a part.
        lexical_dead: how many passages are deleted, but may still count in the statistics of the lexical index.
        files: the SHA-256 of each of its files, by path inside the folder.
    """

    generation: str
    documents: int
    passages: int
    last_passage: int
    written: str
    parts: tuple[Part, ...] = ()
    dead: tuple[int, ...] = ()
    lexical_dead: int = 0
    files: dict[str, str] = field(default_factory=dict)

    @property
    def is_worn(self) -> bool:
        """Whether so much is deleted that making everything again pays: BM25's statistics still count it."""
        return self.lexical_dead * WORN > self.passages

    def to_json(self) -> str:
        """As it stands in the database."""
        return json.dumps(asdict(self))


def manifest_of(catalog: Catalog) -> Manifest:
    """The manifest of the generation that belongs to the state the catalog shows.

    Raises:
        GenerationDamagedError: if there is none, or it cannot be read.
    """
    stored = catalog.generation()
    try:
        values = json.loads(stored or "null")
        parts = tuple(Part.of(part) for part in values.pop("parts"))
        return Manifest(parts=parts, dead=tuple(values.pop("dead")), **values)
    except (ValueError, TypeError, AttributeError, KeyError):
        reason = "there are no search files" if stored is None else "the manifest of the search files cannot be read"
        raise GenerationDamagedError(reason) from None

"""What the tables of both engines stand on: rows are asked for and written with SQL that both understand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class Rows(ABC):
    """A connection to a database. In SQL, `?` stands for a value."""

    @abstractmethod
    def _fetch(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a statement's result."""

    @abstractmethod
    def _execute(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Make a change."""

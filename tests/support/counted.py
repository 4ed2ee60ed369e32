"""Counts what is read of texts in a database, without changing anything of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from citeqa.index.storage.catalog import Catalog


@dataclass
class Reading:
    """How many bytes of text were read, and the most at once."""

    characters: int = 0
    most: int = 0

    def add(self, count: int) -> None:
        self.characters, self.most = self.characters + count, max(self.most, count)


@contextmanager
def counted_reading(catalog: Catalog) -> Iterator[Reading]:
    """Counts the text that is read over this connection, in rows and in parts of a row, while the block lasts."""
    reading, connection, parts = Reading(), catalog._connection, catalog.read_text

    def value(data: bytes) -> str:
        reading.add(len(data))
        return data.decode()

    def part(text: sqlite3.Blob, start: int, end: int) -> bytes:
        found = parts(text, start, end)
        reading.add(len(found))
        return found

    connection.text_factory = value
    try:
        with patch.object(catalog, "read_text", part):
            yield reading
    finally:
        connection.text_factory = str

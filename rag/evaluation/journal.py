"""Saves the rows of a long run as they are measured, so that an interrupted run can continue."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO


class Journal:
    """Rows by the id of their question; each is written as soon as it is added."""

    def __init__(self, file: TextIO, rows: dict[str, dict[str, Any]]) -> None:
        self._file, self._rows = file, rows

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, question: str) -> dict[str, Any] | None:
        """The row that an earlier run measured for a question; None if there is none."""
        return self._rows.get(question)

    def add(self, row: dict[str, Any]) -> None:
        """Write a row."""
        self._rows[row["id"]] = row
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._file.flush()


@contextmanager
def journal(path: Path, key: str) -> Iterator[Journal]:
    """The journal at `path`, open while the block runs. It continues the one of an earlier run with the same key, or
    else is new. The key must cover everything that a row depends on. The file is removed if the block ends normally,
    and kept if it does not."""
    rows = _read(path, key)
    begun = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in [{"key": key}, *rows])
    begun.write_text("".join(lines), encoding="utf-8")
    begun.replace(path)
    with path.open("a", encoding="utf-8") as file:
        yield Journal(file, {row["id"]: row for row in rows})
    path.unlink()


def _read(path: Path, key: str) -> list[dict[str, Any]]:
    """The rows of the journal if it has that key, without an incomplete last line."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")[:-1]
    try:
        first, *rows = [json.loads(line) for line in lines]
    except ValueError:
        return []
    return rows if first == {"key": key} else []

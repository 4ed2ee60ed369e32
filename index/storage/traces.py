"""Words of documents that lie beside the index: what users said of answers quotes them. They go with the documents."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock

from citeqa.index.atomic import sync
from citeqa.index.errors import StorageError

FEEDBACK = "feedback.jsonl"  # in the folder of the index
Holds = Callable[[str, str], bool]


def feedback_lock(path: Path) -> FileLock:
    """What everybody holds who changes the file at `path`."""
    return FileLock(path.with_name(f".{path.name}.lock"), timeout=10.0)


def forget(folder: Path, holds: Holds) -> None:
    """Take the words out of the feedback that stand in no document any more. Ids, digests, positions and verdicts stay,
    under `deleted`; a question without a place is left out when the file is read as a question set.

    Args:
        holds: whether the document with this id holds these words now.

    Raises:
        StorageError: if the file cannot be written.
    """
    path = folder / FEEDBACK
    if not path.exists():
        return
    try:
        with feedback_lock(path):
            lines = path.read_bytes().splitlines(keepends=True)
            kept = [without_words(line, holds) for line in lines]
            if kept == lines:
                return
            new = path.with_name(f".{path.name}.new")
            with new.open("wb") as file:
                file.writelines(kept)
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
            sync(folder)
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error


def without_words(line: bytes, holds: Holds) -> bytes:
    """A row without the places whose words are gone; what is no row of feedback stays as it is."""
    try:
        row = json.loads(line)
        field = "rejected" if "rejected" in row else "spans"
        places: list[dict[str, Any]] = row[field]
        gone = [place for place in places if not holds(place["document_id"], place["text"])]
    except (ValueError, KeyError, TypeError):
        return line
    if not gone:
        return line
    row[field] = [place for place in places if place not in gone]
    if field == "spans":
        row["answers"] = list(dict.fromkeys(place["text"] for place in row[field]))
        row["documents"] = list(dict.fromkeys(place["document_id"] for place in row[field]))
    deleted = [{name: value for name, value in place.items() if name != "text"} for place in gone]
    row["deleted"] = [*row.get("deleted", []), *deleted]
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"

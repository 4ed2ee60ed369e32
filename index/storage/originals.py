"""The original bytes of uploaded documents, kept beside the index under their digest for as long as a document is made
of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from citeqa.index.atomic import sync
from citeqa.index.errors import StorageError

ORIGINALS = "originals"  # in the folder of the index


def keep_original(folder: Path, file_sha256: str, data: IO[bytes]) -> None:
    """Keep a file's bytes. Its caller has the right to write, and commits a document that was made of them.

    Raises:
        StorageError: if the disk refuses.
    """
    path = folder / ORIGINALS / file_sha256
    temporary = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        data.seek(0)
        with temporary.open("wb") as file:
            shutil.copyfileobj(data, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error
    finally:
        temporary.unlink(missing_ok=True)


def kept_original(folder: Path, file_sha256: str) -> Path | None:
    """Where the bytes with this digest are kept; None if they are not."""
    path = folder / ORIGINALS / file_sha256
    return path if path.is_file() else None


def forget_originals(folder: Path, needed: Callable[[], set[str]]) -> None:
    """Delete what no document is made of any more, and what an interrupted run left. `needed` gives the digests of all
    documents' files; it is called only if something is kept.

    Raises:
        StorageError: if the disk refuses.
    """
    path = folder / ORIGINALS
    try:
        kept = {one.name for one in path.iterdir()} if path.is_dir() else set[str]()
        gone = kept - needed() if kept else kept
        for name in gone:
            (path / name).unlink(missing_ok=True)
        if gone:
            sync(path)
    except OSError as error:
        raise StorageError(path, error.strerror or str(error)) from error

"""The folder of exported models. All indexes of a user share it, so several processes may export into it at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from citeqa.index.errors import ModelCacheError


@contextmanager
def exporting(folder: Path) -> Iterator[None]:
    """The right to make or replace `folder`, a folder of the cache; other processes that want it wait."""
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        yield


def check_writable(cache: Path) -> None:
    """Make the cache if there is none. Raises ModelCacheError if nothing can be written to it."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache).close()
    except OSError as error:
        raise ModelCacheError(cache, error.strerror or str(error)) from None

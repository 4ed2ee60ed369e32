"""Where things lie in an index's folder."""

from __future__ import annotations

from pathlib import Path

from citeqa.index.errors import IndexNotFoundError

DATABASE = "catalog.sqlite3"
GENERATIONS = "generations"  # folder of the search files, each generation in a folder of its own
REINDEXING = "rebuild"  # folder of the index that a reindexing makes, inside the folder of the one that is served


def existing_database(folder: Path) -> Path:
    """The database of the index in `folder`. Raises IndexNotFoundError if there is none."""
    if not (folder / DATABASE).exists():
        raise IndexNotFoundError(folder)
    return folder / DATABASE

"""Where things lie in an index's folder."""

from __future__ import annotations

from pathlib import Path

from citeqa.index.errors import IndexNotFoundError

DATABASE = "catalog.sqlite3"
BESIDE = "rebuild"  # folder of the index that is being made, inside the living one's


def existing(folder: Path) -> Path:
    """The database of the index in `folder`.

    Raises:
        IndexNotFoundError: if there is none.
    """
    if not (folder / DATABASE).exists():
        raise IndexNotFoundError(f"there is no index in {folder}; make one with: citeqa index FOLDER")
    return folder / DATABASE

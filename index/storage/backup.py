"""Giving everything back: documents as rows, or the database whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from citeqa.index.atomic import sync
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import existing


def export_rows(folder: Path, target: Path) -> int:
    """Write every document of the index in `folder` as a row of the JSONL that `citeqa index` reads; returns how many.

    `target` is replaced when all of it is written. Raises IndexNotFoundError if there is no index.
    """
    with closing(Catalog(existing(folder))) as catalog, _beside(target) as path:
        with path.open("w", encoding="utf-8") as file:
            for document_id in catalog.ids():
                d = catalog.document(document_id)
                known = {name: getattr(d, name) for name in ("id", "title", "text", "author", "source", "url")}
                date = d.date.isoformat() if d.date else None
                file.write(json.dumps(known | {"date": date}, ensure_ascii=False) + "\n")
        sync(path)
        path.replace(target)
        return len(catalog.ids())


def backup(folder: Path, target: Path) -> int:
    """Copy the database of the index in `folder`, while others may write (SQLite's online backup); gives how many
    documents it holds. Put as catalog.sqlite3 into an empty folder it is an index again."""
    with closing(Catalog(existing(folder))) as catalog, _beside(target) as path:
        catalog.copy(path)
        sync(path)
        path.replace(target)
        return catalog.counts()[0]


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A name beside the target, of which nothing stays."""
    path = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)

"""Giving everything back: the documents as JSONL, or the database whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from citeqa.index.atomic import sync
from citeqa.index.protocols import Records
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import existing_database
from citeqa.index.structure import values_of


def export_jsonl(records: Records, target: Path) -> int:
    """Write every document as a line of the JSONL that `citeqa index` reads; `target` is replaced when all of it is
    written. Returns how many documents there are."""
    ids = records.ids()
    with beside(target) as path:
        with path.open("w", encoding="utf-8") as file:
            for document_id in ids:
                d = records.document(document_id)
                known = {name: getattr(d, name) for name in ("id", "title", "text", "author", "source", "url")}
                date = d.date.isoformat() if d.date else None
                more: dict[str, Any] = {"pages": d.pages} if d.pages else {}
                more |= {"structure": values_of(d.structure)} if d.structure else {}
                file.write(json.dumps(known | {"date": date} | more, ensure_ascii=False) + "\n")
        sync(path)
        path.replace(target)
    return len(ids)


def backup(folder: Path, target: Path) -> int:
    """Copy the database of the index in `folder`, while others may write (SQLite's online backup). Named
    catalog.sqlite3, in an empty folder, the copy is an index again. Returns how many documents it holds.

    Raises:
        IndexNotFoundError: if there is no index.
    """
    with closing(Catalog(existing_database(folder))) as catalog, beside(target) as path:
        catalog.copy(path)
        sync(path)
        path.replace(target)
        return catalog.counts()[0]


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A temporary path beside the target, of which nothing stays."""
    path = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)

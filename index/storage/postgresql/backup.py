"""A corpus as a file: the database of an index in a folder."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

from citeqa.index.atomic import sync
from citeqa.index.storage.backup import beside
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.postgresql.address import Address
from citeqa.index.storage.postgresql.catalog import PostgresCatalog
from citeqa.index.storage.postgresql.connecting import leased
from citeqa.index.storage.postgresql.deriving import fill


def backup(address: Address, target: Path) -> int:
    """Copy a corpus as it is now, while others may write, to the file `target`, with what sync knows of files. Named
    catalog.sqlite3, in an empty folder, the copy is an index. Returns how many documents it holds."""
    with tempfile.TemporaryDirectory(prefix=".citeqa-", dir=target.absolute().parent) as temporary:
        folder = Path(temporary)
        with leased(address) as lease, lease.snapshot():
            source = PostgresCatalog(lease, address)
            fill(folder, source, source.state())
            with closing(Catalog(folder / DATABASE, write=True)) as catalog, catalog.transaction():
                for file, sha256, reason in source.all_files():
                    catalog.record_file(file, sha256, reason)
                catalog.set_replica(None)
                catalog.forget_generation()
        with closing(Catalog(folder / DATABASE)) as catalog, beside(target) as path:
            catalog.copy(path)
            sync(path)
            path.replace(target)
            return catalog.counts()[0]

"""Where an index can be kept, by its address.

To add a store, write its module and add a line to `STORES`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from citeqa.index.errors import CiteqaError, IndexNotFoundError
from citeqa.index.extras import need
from citeqa.index.storage.postgresql.address import shown

if TYPE_CHECKING:
    from citeqa.index.protocols import Store


def _in_folder(address: str) -> Store:
    from citeqa.index.storage.sqlite_store import SqliteStore

    return SqliteStore(Path(address))


def _in_postgresql(address: str) -> Store:
    need("postgres", "an index in PostgreSQL")
    from citeqa.index.storage.postgresql.store import PostgresStore

    return PostgresStore(address)


# By the scheme of an address, which is what stands before `://`; the path of a folder has none.
STORES: dict[str, Callable[[str], Store]] = {"": _in_folder, "postgresql": _in_postgresql}


def open_store(address: str | Path) -> Store:
    """The store at an address; whether there is an index in it is another question.

    Raises:
        CiteqaError: if there is no store of that kind.
    """
    scheme, separator, _ = str(address).partition("://")
    kind = scheme if separator else ""
    if kind not in STORES:
        raise CiteqaError(f"an index cannot be kept at {shown(address)}: there is no kind of store called {kind!r}")
    return STORES[kind](str(address))


def existing_store(address: str | Path) -> Store:
    """The store at an address. Raises IndexNotFoundError if there is no index in it."""
    store = open_store(address)
    if not store.exists():
        raise IndexNotFoundError(shown(address))
    return store

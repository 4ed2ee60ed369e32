"""Where an index is kept: the database, the search files that are made from it, who writes and who reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.index.storage.adding import add_documents
    from citeqa.index.storage.in_memory import InMemoryIndex
    from citeqa.index.storage.snapshot import Index
    from citeqa.index.storage.stores import STORES, existing_store, open_store
    from citeqa.index.storage.writer import update, writing
else:
    __getattr__ = public(
        __name__,
        {
            "adding": ["add_documents"],
            "in_memory": ["InMemoryIndex"],
            "snapshot": ["Index"],
            "stores": ["STORES", "existing_store", "open_store"],
            "writer": ["update", "writing"],
        },
    )

__all__ = ["STORES", "InMemoryIndex", "Index", "add_documents", "existing_store", "open_store", "update", "writing"]

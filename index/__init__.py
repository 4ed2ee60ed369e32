"""Documents become a searchable index. It knows no question, no answer, no HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

__version__ = "0.2.0"

if TYPE_CHECKING:
    from citeqa.index.protocols import DocumentStore, OpenIndex, Records, SearchIndex, Selection, Store, Writer
    from citeqa.index.storage.stores import open_store
    from citeqa.index.types import Document, Filters, Hit, Passage, Report, Skipped, Span, Summary
else:
    __getattr__ = public(
        __name__,
        {
            "protocols": ["DocumentStore", "OpenIndex", "Records", "SearchIndex", "Selection", "Store", "Writer"],
            "storage.stores": ["open_store"],
            "types": ["Document", "Filters", "Hit", "Passage", "Report", "Skipped", "Span", "Summary"],
        },
    )

__all__ = [
    "Document",
    "DocumentStore",
    "Filters",
    "Hit",
    "OpenIndex",
    "Passage",
    "Records",
    "Report",
    "SearchIndex",
    "Selection",
    "Skipped",
    "Span",
    "Store",
    "Summary",
    "Writer",
    "__version__",
    "open_store",
]

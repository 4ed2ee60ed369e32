"""Retrieval: finds the evidence for a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.rag.retrieval.copies import merge_copies
    from citeqa.rag.retrieval.retriever import Retriever
    from citeqa.rag.retrieval.signals import SIGNALS, Query, Ranking, Signal
else:
    __getattr__ = public(
        __name__,
        {"copies": ["merge_copies"], "retriever": ["Retriever"], "signals": ["SIGNALS", "Query", "Ranking", "Signal"]},
    )

__all__ = ["SIGNALS", "Query", "Ranking", "Retriever", "Signal", "merge_copies"]

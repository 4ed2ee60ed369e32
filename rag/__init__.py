"""Answers questions from an index, with citations. Knows no HTTP, no document files, no FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index.lazy import public

if TYPE_CHECKING:
    from citeqa.rag.answerer import Answerer
    from citeqa.rag.confidence import Confidence
    from citeqa.rag.options import AskOptions
    from citeqa.rag.types import Alternative, Answer, Citation, CitedPassage, Evidence, Reason, Response
else:
    __getattr__ = public(
        __name__,
        {
            "answerer": ["Answerer"],
            "confidence": ["Confidence"],
            "options": ["AskOptions"],
            "types": ["Alternative", "Answer", "Citation", "CitedPassage", "Evidence", "Reason", "Response"],
        },
    )

__all__ = [
    "Alternative",
    "Answer",
    "Answerer",
    "AskOptions",
    "Citation",
    "CitedPassage",
    "Confidence",
    "Evidence",
    "Reason",
    "Response",
]

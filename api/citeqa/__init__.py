"""Ask a folder of documents a question; get the documents' own words back, cited to the character.

    from citeqa import build_index, open_index

    build_index(["reports/"])
    with open_index() as index:
        response = index.ask("When was the harbour opened?")
        print(response.answer.citation.quote.text if response.answer else response.reason.message)

`Client` asks a running service. Every error is a `CiteqaError`; `citeqa.errors` shows the tree. The names below are
public; everything else may change from one version to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index import __version__
from citeqa.index.errors import CiteqaError
from citeqa.index.lazy import public
from citeqa.index.types import Document, Filters, Passage, Report, Span

if TYPE_CHECKING:
    from citeqa.api.client.client import Client
    from citeqa.api.library import QAIndex, ask, build_index, open_index
    from citeqa.rag.citation.verification import Claim, Verdict
    from citeqa.rag.options import AskOptions
    from citeqa.rag.types import Alternative, Answer, Citation, CitedPassage, Evidence, Reason, Response
else:
    __getattr__ = public(
        __name__,
        {
            "api.client.client": ["Client"],
            "api.library": ["QAIndex", "ask", "build_index", "open_index"],
            "rag.citation.verification": ["Claim", "Verdict"],
            "rag.options": ["AskOptions"],
            "rag.types": ["Alternative", "Answer", "Citation", "Evidence", "CitedPassage", "Reason", "Response"],
        },
    )

__all__ = [
    "Alternative",
    "Answer",
    "AskOptions",
    "Citation",
    "CitedPassage",
    "CiteqaError",
    "Claim",
    "Client",
    "Document",
    "Evidence",
    "Filters",
    "Passage",
    "QAIndex",
    "Reason",
    "Report",
    "Response",
    "Span",
    "Verdict",
    "__version__",
    "ask",
    "build_index",
    "open_index",
]


def __dir__() -> list[str]:
    return __all__

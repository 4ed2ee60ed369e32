"""Ask a folder of documents a question; get the documents' own words back, cited to the character.

    from citeqa import build_index, open_index

    build_index(["reports/"])
    with open_index() as index:
        response = index.ask("When was the harbour opened?")
        print(response.answer.citation.quote.text if response.answer else response.reason.message)

`Client` asks a running service, `AsyncClient` does the same for programs that await. Every error is a `CiteqaError`;
`citeqa.errors` shows the tree. The names below are public; everything else may change from one version to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citeqa.index import __version__
from citeqa.index.errors import CiteqaError
from citeqa.index.lazy import public
from citeqa.index.types import Document, Filters, Passage, Report, Span

if TYPE_CHECKING:
    from citeqa.api.client.aio import AsyncClient
    from citeqa.api.client.client import Client
    from citeqa.api.library import QAIndex, ask, build_index, open_index, read_manuscript
    from citeqa.api.schemas import DocumentIn
    from citeqa.rag.citation.verification import Claim, Verdict
    from citeqa.rag.manuscript.checking import CheckedQuotation
    from citeqa.rag.options import AskOptions
    from citeqa.rag.types import Alternative, Answer, Citation, CitedPassage, Evidence, Guess, Reason, Response
else:
    __getattr__ = public(
        __name__,
        {
            "api.client.aio": ["AsyncClient"],
            "api.client.client": ["Client"],
            "api.library": ["QAIndex", "ask", "build_index", "open_index", "read_manuscript"],
            "api.schemas": ["DocumentIn"],
            "rag.citation.verification": ["Claim", "Verdict"],
            "rag.manuscript.checking": ["CheckedQuotation"],
            "rag.options": ["AskOptions"],
            "rag.types": [
                "Alternative",
                "Answer",
                "Citation",
                "Evidence",
                "CitedPassage",
                "Guess",
                "Reason",
                "Response",
            ],
        },
    )

__all__ = [
    "Alternative",
    "Answer",
    "AskOptions",
    "AsyncClient",
    "CheckedQuotation",
    "Citation",
    "CitedPassage",
    "CiteqaError",
    "Claim",
    "Client",
    "Document",
    "DocumentIn",
    "Evidence",
    "Filters",
    "Guess",
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
    "read_manuscript",
]


def __dir__() -> list[str]:
    return __all__

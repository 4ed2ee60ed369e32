"""Cites spans: makes quotes with the titles, dates and sentences of their documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from citeqa.index.protocols import SearchIndex
from citeqa.index.types import DocumentView, Span
from citeqa.rag.candidates import Candidate
from citeqa.rag.types import Alternative, Citation, CitedPassage, Evidence, Slice, Source


class Citer:
    """Cites documents of one index for one question; fetches each document once. Not safe to share between threads."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self._documents: dict[str, DocumentView] = {}

    def document(self, document_id: str) -> DocumentView:
        """Raises UnknownDocumentError if no document has that id."""
        if document_id not in self._documents:
            self._documents[document_id] = self._index.document_view(document_id)
        return self._documents[document_id]

    def cite(self, document_id: str, span: Span) -> Citation:
        """Cite the span of a document, with its sentence."""
        return Citation.of(self.document(document_id), span)

    def alternatives(self, candidates: Iterable[Candidate]) -> tuple[Alternative, ...]:
        """The candidates as alternatives with citations."""
        return tuple(Alternative(one.text, one.score, self.cite(one.document_id, one.span)) for one in candidates)

    def passages(self, evidence: Sequence[Evidence]) -> tuple[CitedPassage, ...]:
        """The evidence with its sources."""
        return tuple(self._cited(item) for item in evidence)

    def _cited(self, item: Evidence) -> CitedPassage:
        document = self.document(item.passage.document_id)
        return CitedPassage(item, Source.of(document), Slice.of(document, item.passage.span))

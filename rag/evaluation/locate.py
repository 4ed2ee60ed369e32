"""Locates words that a user marked or typed in documents."""

from __future__ import annotations

from collections.abc import Iterable

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.types import Document, Span
from citeqa.rag.evaluation.judgements import DocumentSpan


def occurrences(documents: Iterable[Document], words: str, within: Span | None = None) -> list[DocumentSpan]:
    """Every occurrence of the words, character for character, ordered by document and then by position; with `within`
    only those inside that span. Blank words have no occurrence."""
    found = []
    for document in documents:
        start = within.start if within else 0
        end = within.end if within else len(document.text)
        while words and (start := document.text.find(words, start, end)) >= 0:
            found.append(DocumentSpan(document, Span(start, start + len(words))))
            start += 1
    return found


def sentences_in(document: Document, span: Span) -> list[DocumentSpan]:
    """The sentences that a span touches, without the white space around them."""
    found = []
    for sentence in document_sentences(document):
        text = document.quote(sentence)
        if sentence.overlaps(span) and text.strip():
            start = sentence.start + len(text) - len(text.lstrip())
            found.append(DocumentSpan(document, Span(start, start + len(text.strip()))))
    return found


def in_context(place: DocumentSpan, characters: int = 60) -> tuple[str, str, str]:
    """The text before a span, the text of the span, and the text after it."""
    text, span = place.document.text, place.span
    return text[max(0, span.start - characters) : span.start], place.document.quote(span), text[span.end :][:characters]

"""Where words that a person marked or typed stand in documents."""

from __future__ import annotations

from collections.abc import Iterable

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.types import Document, Span
from citeqa.rag.evaluation.judgements import DocumentSpan


def occurrences(documents: Iterable[Document], words: str, within: Span | None = None) -> list[DocumentSpan]:
    """Every place where the words stand, character for character, in the order of the documents and in them; with
    `within` only those inside that slice. None for no words."""
    found = []
    for document in documents:
        start = within.start if within else 0
        end = within.end if within else len(document.text)
        while words and (start := document.text.find(words, start, end)) >= 0:
            found.append(DocumentSpan(document, Span(start, start + len(words))))
            start += 1
    return found


def sentences_in(document: Document, span: Span) -> list[DocumentSpan]:
    """The sentences that a slice touches, without the white space around them."""
    found = []
    for sentence in document_sentences(document):
        text = document.quote(sentence)
        if sentence.overlaps(span) and text.strip():
            start = sentence.start + len(text) - len(text.lstrip())
            found.append(DocumentSpan(document, Span(start, start + len(text.strip()))))
    return found


def in_context(place: DocumentSpan, characters: int = 60) -> tuple[str, str, str]:
    """The words before a place, those at it, and those behind it."""
    text, span = place.document.text, place.span
    return text[max(0, span.start - characters) : span.start], place.document.quote(span), text[span.end :][:characters]

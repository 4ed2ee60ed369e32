"""Locates words that a user marked or typed in documents."""

from __future__ import annotations

from collections.abc import Iterable

from citeqa.index.documents.nearby import sentences_near
from citeqa.index.types import DocumentView, Span
from citeqa.rag.evaluation.judgements import DocumentSpan


def occurrences(documents: Iterable[DocumentView], words: str, within: Span | None = None) -> list[DocumentSpan]:
    """Every occurrence of the words, character for character, ordered by document and then by position; with `within`
    only those inside that span. Blank words have no occurrence."""
    found = []
    for document in documents:
        begins = within.start if within else 0
        text, at = document.text[begins : within.end if within else None], 0
        while words and (at := text.find(words, at)) >= 0:
            found.append(DocumentSpan(document, Span(begins + at, begins + at + len(words))))
            at += 1
    return found


def sentences_in(document: DocumentView, span: Span) -> list[DocumentSpan]:
    """The sentences that a span touches, without the white space around them."""
    found = []
    for sentence in sentences_near(document, span):
        text = document.quote(sentence)
        if sentence.overlaps(span) and text.strip():
            start = sentence.start + len(text) - len(text.lstrip())
            found.append(DocumentSpan(document, Span(start, start + len(text.strip()))))
    return found


def in_context(place: DocumentSpan, characters: int = 60) -> tuple[str, str, str]:
    """The text before a span, the text of the span, and the text after it."""
    text, span = place.document.text, place.span
    before, after = text[max(0, span.start - characters) : span.start], text[span.end : span.end + characters]
    return before, place.document.quote(span), after

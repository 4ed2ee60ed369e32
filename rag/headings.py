"""Headings that ask the question: what stands under them is the answer, never the heading itself."""

from __future__ import annotations

from citeqa.index.documents.sentences import sentences
from citeqa.index.types import DocumentView, Passage, Span
from citeqa.rag.matching import token_f1
from citeqa.rag.reader.boundaries import trimmed

ALIKE = 0.75  # F1 of the words of a question and a heading from which the heading asks it


def asks(heading: str, question: str) -> bool:
    """Whether a heading asks a question, or names the same thing in nearly the same words."""
    return token_f1(heading, question) >= ALIKE


def asked_above(question: str, document: DocumentView, span: Span) -> bool:
    """Whether the heading directly above a span asks the question."""
    path = document.structure.path(span.start)
    return bool(path) and asks(document.quote(path[-1].span), question)


def answering_part(question: str, passage: Passage) -> Span | None:
    """The part of a passage that stands under a heading that asks the question; None if there is none."""
    headings = passage.context.headings
    ends = [*(heading.start for heading in headings), len(passage.text)]
    if passage.context.above and asks(passage.context.above.splitlines()[-1], question) and ends[0] > 0:
        return Span(0, ends[0])
    for number, heading in enumerate(headings):
        if asks(passage.text[heading.start : heading.end], question) and ends[number + 1] > heading.end:
            return Span(heading.end, ends[number + 1])
    return None


def in_question(passage: Passage, span: Span) -> bool:
    """Whether a span lies in a heading that is a question."""
    return any(
        heading.contains(span) and passage.text[heading.start : heading.end].rstrip(" *_").endswith("?")
        for heading in passage.context.headings
    )


def first_sentence(text: str, part: Span) -> Span | None:
    """The first sentence of a part of a text that has words, without the punctuation around it."""
    for sentence in sentences(text[part.start : part.end]):
        if found := trimmed(text, sentence.shifted(part.start)):
            return found
    return None

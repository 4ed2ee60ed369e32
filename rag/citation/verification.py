"""Checks whether a citation still holds: the words are in the same place, have moved, have changed, or are gone."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.protocols import DocumentStore
from citeqa.index.types import Document, Span
from citeqa.rag.types import Citation

Status = Literal["valid", "moved", "changed", "gone"]

ALIKE = 0.5  # similarity (0 to 1) that a sentence must exceed to be shown as the changed one


@dataclass(frozen=True, slots=True)
class Claim:
    """A citation as it was issued: words of a document, their position, and the sentence around them."""

    document_id: str
    document_sha256: str
    start: int
    end: int
    quote: str
    sentence: str
    sentence_start: int

    @classmethod
    def of(cls, citation: Citation) -> Claim:
        """The claim that a citation makes."""
        quote, sentence = citation.quote, citation.sentence
        return cls(
            document_id=citation.source.document_id,
            document_sha256=citation.source.sha256,
            start=quote.span.start,
            end=quote.span.end,
            quote=quote.text,
            sentence=sentence.text,
            sentence_start=sentence.span.start,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result for a citation: the citation that holds now (valid, moved), or the most similar sentence (changed)."""

    status: Status
    citation: Citation | None = None
    nearest: Citation | None = None


def verify(documents: DocumentStore, claim: Claim) -> Verdict:
    """Compare a citation with the current documents.

    The digest decides whether the text is the one that was cited. If it is not, the words count as moved only if their
    sentence, or else the words themselves, occur in exactly one place. A document that no longer exists is looked for
    under another id by the digest of its text.
    """
    try:
        document = documents.document(claim.document_id)
    except UnknownDocumentError:
        renamed = documents.with_text(claim.document_sha256)
        if not renamed:
            return Verdict("gone")
        document = documents.document(renamed[0])
        unchanged = _unchanged(document, claim)
        return Verdict("moved", unchanged) if unchanged else _elsewhere(document, claim)
    unchanged = _unchanged(document, claim)
    return Verdict("valid", unchanged) if unchanged else _elsewhere(document, claim)


def _unchanged(document: Document, claim: Claim) -> Citation | None:
    """The citation, if the text is unchanged and has these words in this place."""
    if document.sha256 == claim.document_sha256 and document.text[claim.start : claim.end] == claim.quote:
        return Citation.of(document, Span(claim.start, claim.end))
    return None


def _elsewhere(document: Document, claim: Claim) -> Verdict:
    inside = claim.start - claim.sentence_start
    by_context = [place + inside for place in _places(document.text, claim.sentence)] if claim.sentence else []
    for places in (by_context, list(_places(document.text, claim.quote))):
        fitting = [i for i in places if document.text[i : i + len(claim.quote)] == claim.quote]
        if len(fitting) == 1:
            return Verdict("moved", Citation.of(document, Span(fitting[0], fitting[0] + len(claim.quote))))
    return Verdict("changed", nearest=_nearest(document, claim.sentence or claim.quote))


def _places(text: str, words: str) -> Iterator[int]:
    place = text.find(words) if words else -1
    while place >= 0:
        yield place
        place = text.find(words, place + 1)


def _nearest(document: Document, words: str) -> Citation | None:
    """The sentence most similar to the words (Ratcliff & Metzener 1988), the first if several are; None if none is
    similar enough."""
    matcher = difflib.SequenceMatcher(autojunk=False)
    matcher.set_seq2(words.split())
    best, found = ALIKE, None
    for sentence in document_sentences(document):
        matcher.set_seq1(document.quote(sentence).split())
        if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and (ratio := matcher.ratio()) > best:
            best, found = ratio, sentence
    return Citation.of(document, found) if found else None

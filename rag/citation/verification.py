"""Checks whether a citation still holds: the words are in the same place, have moved, have changed, or are gone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.formats.raised import with_fractions
from citeqa.index.formats.registry import known_endings
from citeqa.index.protocols import DocumentStore
from citeqa.index.types import Document, DocumentView, Span
from citeqa.rag.types import Citation

Status = Literal["valid", "moved", "changed", "gone"]

LONGEST = 500  # words of a claim that are compared
ALIKE = 0.5  # similarity (0 to 1) that a sentence must exceed to be shown as the changed one


@dataclass(frozen=True, slots=True)
class Claim:
    """A citation as it was issued: words of a document, their position, and the sentence around them.

    A sentence that does not hold the words where they are said to stand counts as none.
    """

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
    sentence still stands where it stood, or it, or else the words themselves, occur in exactly one place. A document
    that no longer exists is looked for under another id: by the digest of its text, then under its id with an ending.
    """
    holding: Status = "valid"
    try:
        document = documents.document_view(claim.document_id)
    except UnknownDocumentError:
        renamed = documents.with_text(claim.document_sha256)
        if not renamed:
            return _with_its_ending(documents, claim)
        holding, document = "moved", documents.document_view(renamed[0])
    if unchanged := _unchanged(document, claim):
        return Verdict(holding, unchanged)
    return _elsewhere(documents.document(document.id), claim)


def _with_its_ending(documents: DocumentStore, claim: Claim) -> Verdict:
    """The verdict where neither the id nor the text is known: the id of `a.txt` is no longer `a` once `a.md` is read
    too, and both may have been read anew. Words that stand in their sentence there have moved."""
    for ending in known_endings():
        with suppress(UnknownDocumentError):
            document = documents.document(claim.document_id + ending)
            for one in _ways_to_write(claim):
                if span := _in_its_sentence(document.text, one):
                    return Verdict("moved", Citation.of(document, span))
    return Verdict("gone")


def _unchanged(document: DocumentView, claim: Claim) -> Citation | None:
    """The citation, if the text is unchanged and has these words in this place."""
    if document.sha256 == claim.document_sha256 and document.text[claim.start : claim.end] == claim.quote:
        return Citation.of(document, Span(claim.start, claim.end))
    return None


def _elsewhere(document: Document, claim: Claim) -> Verdict:
    for one in _ways_to_write(claim):
        if span := _in_its_sentence(document.text, one) or _only_place(document.text, one.quote):
            return Verdict("moved", Citation.of(document, span))
    return Verdict("changed", nearest=_nearest(document, claim.sentence or claim.quote))


def _ways_to_write(claim: Claim) -> tuple[Claim, ...]:
    """The claim, and as it would be made of the same file now, if it was made when fractions of raised and lowered
    digits were kept: `3 1/2` for `3¹/₂`."""
    quote, sentence = with_fractions(claim.quote), with_fractions(claim.sentence)
    if (quote, sentence) == (claim.quote, claim.sentence):
        return (claim,)
    upto = with_fractions(claim.sentence[: max(0, claim.end - claim.sentence_start)])
    start = claim.sentence_start + len(upto) - len(quote)
    return claim, replace(claim, quote=quote, sentence=sentence, start=start)


def _in_its_sentence(text: str, claim: Claim) -> Span | None:
    """Where the words of a claim stand in their sentence: where it stood, or else in the only place where it stands;
    None if that cannot be told."""
    inside = claim.start - claim.sentence_start
    if inside < 0 or claim.sentence[inside : inside + len(claim.quote)] != claim.quote:
        return None
    if text.startswith(claim.sentence, claim.sentence_start):
        return Span(claim.start, claim.start + len(claim.quote))
    sentence = _only_place(text, claim.sentence)
    if sentence is None:
        return None
    if text[sentence.start : sentence.end] == claim.sentence:
        return Span(sentence.start + inside, sentence.start + inside + len(claim.quote))
    # The white space is other than it was; the same words have as many other characters before them.
    places = [place for place in range(sentence.start, sentence.end) if not text[place].isspace()]
    before, words = (len("".join(part.split())) for part in (claim.sentence[:inside], claim.quote))
    return Span(places[before], places[before + words - 1] + 1) if words else None


def _only_place(text: str, words: str) -> Span | None:
    """Where the words stand in the text; None if nowhere, or in several places. Where they stand nowhere as they are,
    they are looked for with other white space between them: the same file may be read with other line ends."""
    place = text.find(words)
    if place >= 0:
        return None if text.find(words, place + 1) >= 0 else Span(place, place + len(words))
    if not words.split():
        return None
    # What is between words is never tried in shorter pieces, so that the work grows with the text alone.
    pattern = re.compile(r"\s++".join(map(re.escape, words.split())))
    found = [Span(*match.span()) for match in islice(pattern.finditer(text), 2)]
    return found[0] if len(found) == 1 else None


def _nearest(document: Document, words: str) -> Citation | None:
    """The sentence most similar to the words, the first if several are; None if none is similar enough."""
    likeness = Likeness(words)
    best, found = ALIKE, None
    for sentence in document_sentences(document):
        if (similar := likeness.to(document.quote(sentence))) > best:
            best, found = similar, sentence
    return Citation.of(document, found) if found else None


class Likeness:
    """How similar texts are to one text: twice the length of the longest common subsequence of their words, divided by
    how many words both have; between 0 and 1.

    The subsequence is found with one row of bits (Hyyrö 2004, "Bit-parallel LCS-length computation revisited"), so that
    the work grows with the words of a text, and not with the product of both texts. Of the one text, the first
    `LONGEST` words count.
    """

    def __init__(self, text: str) -> None:
        words = text.split()[:LONGEST]
        self._count, self._places = len(words), dict[str, int]()
        for number, word in enumerate(words):
            self._places[word] = self._places.get(word, 0) | 1 << number

    def to(self, text: str) -> float:
        """How similar a text is; 0 if either has no words."""
        words = text.split()
        common = self.common(words)
        return 2 * common / (self._count + len(words)) if common else 0.0

    def common(self, words: Sequence[str]) -> int:
        """The length of the longest common subsequence of the text's words and these."""
        row = full = (1 << self._count) - 1
        for word in words:
            if matching := row & self._places.get(word, 0):
                row = (row + matching | row - matching) & full
        return self._count - row.bit_count()

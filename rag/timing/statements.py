"""What a candidate's sentence says of the time at which it holds, and the time that a question asks about."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from citeqa.index.documents.nearby import sentences_near
from citeqa.index.types import DocumentView, Span
from citeqa.rag.candidates import Candidate
from citeqa.rag.citation.citing import Citer
from citeqa.rag.timing.expressions import Timing
from citeqa.rag.timing.limits import Standing, standing

_EARLIER = re.compile(
    r"\b(?:originally|previously|formerly|initially|at first|used to|before the (?:change|amendment|correction|increase"
    r"|reform|revision)|(?:old|former|original|previous|earlier|first) (?:\w+ )?(?:price|fee|rate|rent|figure|number"
    r"|value|deadline|rule|limit|estimate|version|text|date))\b",
    re.IGNORECASE,
)
_ADVERBIAL = re.compile(r"(?:in|on|at|during|until|till|before|by|as of|up to|around|throughout|from|between)\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a question tells the time that is asked about, and the day on which it is asked."""

    question: str
    times: tuple[Timing, ...]
    today: date

    @property
    def earlier(self) -> bool:
        """Whether the words ask for what held before, without a date."""
        return bool(_EARLIER.search(self.question))

    @property
    def until(self) -> date | None:
        """The last day of the time that is asked about; None if it is the present. "The 2018 election" is a name."""
        named = [
            time.date_to for time in self.times
            if time.use != "newest" and time.date_to and (time.use == "filter" or _ADVERBIAL.match(time.text))
        ]  # fmt: skip
        return min(named) if named and min(named) < self.today else None


class Statement(NamedTuple):
    """A candidate with what its sentence and its document say."""

    candidate: Candidate
    document: DocumentView
    sentence: str
    place: Span  # of the candidate in the sentence
    standing: Standing


def statement_of(candidate: Candidate, asked: Asked, citer: Citer) -> Statement:
    """What the sentence of a candidate says."""
    document = citer.document(candidate.document_id)
    found = sentence_around(document, candidate.span)
    place = candidate.span.shifted(-found.start)
    text = document.quote(found)
    return Statement(candidate, document, text, place, standing(text, place, asked.today))


def sentence_around(document: DocumentView, span: Span) -> Span:
    """The sentences that a span touches."""
    sentences = sentences_near(document, span)
    first = bisect_left(sentences, span.start, key=lambda one: one.end - 1)
    last = bisect_left(sentences, span.end, key=lambda one: one.start) - 1
    if first > last:
        return span
    return Span(min(span.start, sentences[first].start), max(span.end, sentences[last].end))

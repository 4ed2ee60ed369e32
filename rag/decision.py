"""Decides whether the best candidate is good enough to be the answer, or the answer is "not in these documents"."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from citeqa.index.documents.chunker import indexed_text
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import DocumentView, Passage
from citeqa.rag.candidates import (
    Candidate,
    answer_span,
    conflicting,
    different,
    different_answers,
    features_of,
    same_answers,
    same_spot,
)
from citeqa.rag.citation.citing import Citer
from citeqa.rag.confidence import LEAD, Confidence, Features
from citeqa.rag.names import NOTHING_UNKNOWN, Unknown
from citeqa.rag.timing.statements import Asked
from citeqa.rag.timing.validity import Ruling, ruling
from citeqa.rag.types import Alternative, Answer, Evidence, Guess, Reason

ALTERNATIVES = 3
MIN_CHANCE = (
    0.05  # less likely alternatives are not shown: on the fitting splits half of all, a seventh of the right ones
)
CONFLICTS = 3
ALSO_IN = 10
ALSO_MARGIN = -1.0  # of another place: where the reader believes rather in no answer, the words only stand there
GUESSES = 3
COPIES = 4  # copies of the answer's passage that are read too, to cite the answer there
NAMED_WORDS = 4  # most words that an abstention names as missing

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_QUESTION_WORDS = frozenset(
    {"much", "many", "long", "old", "far", "often", "big", "large", "high", "deep", "tall", "fast", "kind", "sort"}
    | {"type", "way", "name", "called", "exactly", "who", "whom", "whose", "what", "which", "when", "where", "why"}
    | {"how", "did", "does", "do"}
)

Read = Callable[[str, Sequence[Evidence]], list[Candidate]]


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer with its alternatives and conflicts, or the reason why there is none."""

    answer: Answer | None = None
    reason: Reason | None = None
    alternatives: tuple[Alternative, ...] = ()
    conflicts: tuple[Alternative, ...] = ()
    guesses: tuple[Guess, ...] = ()


@dataclass(frozen=True, slots=True)
class Decider:
    """Decides over one index. `read` finds the candidates in passages; `unknown` is what of the question the documents
    do not mention; `asked` tells the time that is asked about (None: values are not compared by their times)."""

    index: SearchIndex
    confidence: Confidence
    read: Read
    unknown: Unknown = NOTHING_UNKNOWN
    asked: Asked | None = None

    def decide(
        self,
        question: str,
        candidates: Sequence[Candidate],
        evidence: Sequence[Evidence],
        threshold: float,
        citer: Citer,
    ) -> Decision:
        """Answer if the confidence of the best candidate reaches the threshold; abstain otherwise. If another candidate
        holds instead of the best one (see `rag.timing.validity`), it is the answer, with the best one's confidence:
        that the documents answer the question is as sure, whichever value holds.

        Args:
            candidates: at least one, best first.
            evidence: the passages that contain them.
            threshold: the lowest confidence that is answered with, between 0 and 1.
        """
        best = candidates[0]
        features = features_of(best, candidates, len(self.unknown.names))
        confidence = 0.0 if self.unknown.nonsense else self.confidence.probability(features)
        if confidence < threshold:
            reason = Reason("not_in_the_sources", self._missing(question, evidence), confidence, threshold)
            return Decision(reason=reason, guesses=self._guesses(question, confidence, candidates, citer))
        odds = _Odds(self.confidence, best, features)
        held = ruling(self.asked, candidates, self.index, citer) if self.asked else Ruling(best)
        best = held.chosen
        copied = self._in_copies(question, best, evidence)
        same = [
            one for one in same_answers(best, [*candidates, *copied])
            if one.margin >= ALSO_MARGIN and odds.of_same_answer(one) >= threshold
        ][:ALSO_IN]  # fmt: skip
        rest = different_answers(best, candidates)
        against = [*held.overruled, *self._contradicting(best, rest, odds, threshold, citer)]
        against = [*against[:1], *different_answers(against[0], against[1:])][:CONFLICTS] if against else []
        span = answer_span(question, best, candidates, citer.document(best.document_id))
        shown = replace(best, span=span)
        rest = [one for one in rest if not same_spot(shown, one) and all(different(one, other) for other in against)]
        rest = [one for one in rest if odds.of_alternative(one) >= MIN_CHANCE][:ALTERNATIVES]
        citation = citer.cite(best.document_id, span)
        also_in = tuple(citer.cite(one.document_id, one.span) for one in same)
        return Decision(
            answer=Answer(citation.quote.text, confidence, citation, also_in),
            alternatives=citer.alternatives(rest),
            conflicts=citer.alternatives(against),
        )

    def _contradicting(
        self, best: Candidate, others: Sequence[Candidate], odds: _Odds, threshold: float, citer: Citer
    ) -> list[Candidate]:
        """The candidates of other documents that contradict the answer and may be right; a heading contradicts
        nothing."""
        return [
            one for one in others
            if conflicting(best, one)
            and odds.of_conflict(one) >= threshold
            and not _is_heading(one, citer.document(one.document_id))
        ]  # fmt: skip

    def _guesses(
        self, question: str, confidence: float, candidates: Sequence[Candidate], citer: Citer
    ) -> tuple[Guess, ...]:
        """The best candidate and the next different ones that are not too unlikely, most likely first; none if the
        documents do not mention a name of the question."""
        if self.unknown.names:
            return ()
        best = candidates[0]
        span = answer_span(question, best, candidates, citer.document(best.document_id))
        found = [(confidence, best.score, citer.cite(best.document_id, span))]
        shown = replace(best, span=span)
        for one in different_answers(best, candidates)[: GUESSES - 1]:
            if not same_spot(shown, one):
                chance = self.confidence.others.probability(features_of(one, candidates))
                found.append((chance, one.score, citer.cite(one.document_id, one.span)))
        likely = sorted((one for one in found if one[0] >= MIN_CHANCE), key=lambda one: -one[0])
        return tuple(Guess(citation.quote.text, score, chance, citation) for chance, score, citation in likely)

    def _in_copies(self, question: str, best: Candidate, evidence: Sequence[Evidence]) -> list[Candidate]:
        """The candidates that the reader finds in copies of the passages that contain `best`."""
        around = [item for item in evidence if contains(item.passage, best)]
        copied = [replace(item, passage=copy, copies=()) for item in around for copy in item.copies][:COPIES]
        return self.read(question, copied) if copied else []

    def _missing(self, question: str, evidence: Sequence[Evidence]) -> str:
        """The message of an abstention: names what the documents do not mention, or else words of the question that
        none of the passages contains."""
        if self.unknown.names:
            named = ", ".join(f"“{name}”" for name in self.unknown.names[:NAMED_WORDS])
            return f"The documents do not seem to answer this: they do not mention {named}."
        headings = self.index.headings({item.passage.document_id for item in evidence})
        present = {
            term
            for item in evidence
            for term in self.index.terms(indexed_text(headings[item.passage.document_id], item.passage))
        }
        words = dict.fromkeys(word for word in _WORD.findall(question) if word.casefold() not in _QUESTION_WORDS)
        absent = [word for word in words if (terms := self.index.terms(word)) and not present.intersection(terms)]
        if absent:
            named = ", ".join(f"“{word}”" for word in absent[:NAMED_WORDS])
            return f"The documents do not seem to answer this: the nearest passages do not mention {named}."
        return "The documents do not seem to answer this: the nearest passages are about it, but do not say it."


@dataclass(frozen=True, slots=True)
class _Odds:
    """The probability that other candidates are right, given the features of the best one."""

    confidence: Confidence
    best: Candidate
    features: Features

    def of_same_answer(self, candidate: Candidate) -> float:
        """For the same answer elsewhere: with the lead of the best one."""
        return self._with(candidate, self.features.lead)

    def of_conflict(self, candidate: Candidate) -> float:
        """For a conflicting answer, where each may be right in its own source: without a lead."""
        return self._with(candidate, 0.0)

    def of_alternative(self, candidate: Candidate) -> float:
        """For an alternative, where only one can be right: with its lead over the best one."""
        return self._with(candidate, max(-LEAD, candidate.margin - self.best.margin))

    def _with(self, candidate: Candidate, lead: float) -> float:
        own = self.features._replace(
            margin=candidate.margin,
            coverage=candidate.coverage,
            evidence_behind=max(0.0, self.features.evidence_behind + self.best.evidence - candidate.evidence),
            coverage_behind=max(0.0, self.features.coverage_behind + self.best.coverage - candidate.coverage),
            lead=lead,
        )
        return self.confidence.probability(own)


def _is_heading(candidate: Candidate, document: DocumentView) -> bool:
    return any(heading.span.contains(candidate.span) for heading in document.structure.headings)


def contains(passage: Passage, candidate: Candidate) -> bool:
    """Whether a candidate lies wholly inside a passage."""
    return passage.document_id == candidate.document_id and passage.span.contains(candidate.span)

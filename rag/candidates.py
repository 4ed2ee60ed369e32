"""Spans where an answer may stand: gathered from what was read, ordered, weighed against each other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from citeqa.index.protocols import SearchIndex
from citeqa.index.types import Document, Span
from citeqa.rag.confidence import LEAD, Confidence, Features
from citeqa.rag.matching import alike, kind, same_answer
from citeqa.rag.reader.boundaries import trimmed
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.types import Citation, Evidence

_MORE = re.compile(
    r"\b(why|how come|for what reasons?|what (was|were|is|are) the reasons?|explain|describe)\b"
    r"|\bhow (do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)\b"
    r"|\bwhat (do|does|did|has|have|had)\b.*\b(say|said|tell|told|think|thought|mean|promise|warn|announce)\b",
    re.IGNORECASE,
)
MAX_MARGIN_LOSS = 1.5  # how much less margin a longer slice may have than the phrase inside it
MIN_WORDS = 3  # words below which an explanation is taken for a phrase and the sentence is given
CONFLICTING = ("date", "number", "name")  # phrases differ in words without differing in what they say


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of a document that may answer.

    `margin` and `coverage` are those of `Features`; `evidence` is the fused retrieval score of the passage (at most 1);
    `score` is what candidates of one question are ordered by; `first` is true where the span is the best of a passage.
    """

    document_id: str
    span: Span
    text: str
    margin: float
    evidence: float
    coverage: float
    score: float
    first: bool


def gather(
    question: str, evidence: Sequence[Evidence], reader: Reader, index: SearchIndex, weights: Confidence
) -> list[Candidate]:
    """Every span the reader finds in the evidence, in document coordinates, once each, best first."""
    headings = index.headings({item.passage.document_id for item in evidence})
    heads = [headings.get(item.passage.document_id, "") for item in evidence]
    rarity = {term: index.idf(term) for term in index.terms(question)}
    total = sum(rarity.values())
    best: dict[tuple[str, Span], Candidate] = {}
    read = reader.read(question, [item.passage.text for item in evidence], heads)
    for item, heading, spans in zip(evidence, heads, read, strict=True):
        passage = item.passage
        held = set(index.terms(f"{heading}\n{passage.text}"))
        coverage = sum(idf for term, idf in rarity.items() if term in held) / total if total else 0.0
        for rank, found in enumerate(spans):
            candidate = Candidate(
                document_id=passage.document_id,
                span=found.span.shifted(passage.span.start),
                text=passage.text[found.span.start : found.span.end],
                margin=found.score,
                evidence=item.score,
                coverage=coverage,
                score=weights.score(found.score, item.score),
                first=rank == 0,
            )
            kept = best.setdefault((candidate.document_id, candidate.span), candidate)
            better = candidate if candidate.score > kept.score else kept
            best[candidate.document_id, candidate.span] = replace(better, first=candidate.first or kept.first)
    return sorted(best.values(), key=lambda candidate: (-candidate.score, candidate.document_id, candidate.span))


def features_of(candidate: Candidate, candidates: Sequence[Candidate]) -> Features:
    """What speaks for a candidate among all those of its question."""
    falling = sorted(candidates, key=lambda p: -p.margin)
    other = next((p.margin for p in falling if different(candidate, p)), -LEAD)
    lead = max(-LEAD, min(LEAD, candidate.margin - other))
    agreeing = sum(p.first and not same_spot(candidate, p) and same_answer(candidate.text, p.text) for p in candidates)
    return Features(
        margin=candidate.margin,
        coverage=candidate.coverage,
        evidence_behind=max(p.evidence for p in candidates) - candidate.evidence,
        coverage_behind=max(p.coverage for p in candidates) - candidate.coverage,
        lead=lead,
        agreeing=float(agreeing),
    )


def different(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates give genuinely different answers: neither the same spot nor variants of the same words."""
    return not same_spot(one, other) and not alike(one.text, other.text)


def same_spot(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates share words of one document."""
    return one.document_id == other.document_id and one.span.overlaps(other.span)


def same_answers(best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Other candidates that say the same in the same words, each spot once."""
    found: list[Candidate] = []
    for candidate in candidates:
        if same_answer(best.text, candidate.text) and not any(same_spot(candidate, seen) for seen in [best, *found]):
            found.append(candidate)
    return found


def different_answers(best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best candidate of every genuinely different answer."""
    found: list[Candidate] = []
    for candidate in candidates:
        if all(different(candidate, seen) for seen in [best, *found]):
            found.append(candidate)
    return found


def conflicting(best: Candidate, candidate: Candidate) -> bool:
    """Whether another document gives another answer of the same kind."""
    same_kind = kind(best.text) == kind(candidate.text) and kind(best.text) in CONFLICTING
    return candidate.document_id != best.document_id and same_kind and different(best, candidate)


def answer_span(question: str, best: Candidate, candidates: Sequence[Candidate], document: Document) -> Span:
    """The slice to give: for questions that want more than a phrase, the longest around it that the reader believes
    in nearly as much, or the sentence where all it finds is a word or two."""
    if not _MORE.search(question):
        return best.span
    lowest = best.margin - MAX_MARGIN_LOSS
    around = [
        p.span for p in candidates
        if p.document_id == best.document_id and p.span.contains(best.span) and p.margin >= lowest
    ]  # fmt: skip
    span = max(around, key=len)
    if len(document.quote(span).split()) >= MIN_WORDS:
        return span
    return trimmed(document.text, Citation.of(document, span).sentence.span) or span

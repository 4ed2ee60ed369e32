"""Candidates: the spans that may answer a question. Collects them from the passages read, orders and compares them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from citeqa.index.documents.chunker import indexed_text
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import DocumentView, Passage, Span
from citeqa.rag.confidence import LEAD, MOST_NAMES, Confidence, Features
from citeqa.rag.enumerations import whole_enumeration
from citeqa.rag.headings import answering_part, asked_above, first_sentence, in_question
from citeqa.rag.lists import list_for, wants_several
from citeqa.rag.matching import alike, kind, same_answer
from citeqa.rag.names import codes_in, counts_nothing_but_codes
from citeqa.rag.reader.layout import Layout
from citeqa.rag.reader.protocol import Reader
from citeqa.rag.rows import losses, named_cells
from citeqa.rag.types import Citation, Evidence, ScoredSpan
from citeqa.rag.values import asks_amount, comparable

_MORE = re.compile(
    r"\b(why|how come|for what reasons?|what (was|were|is|are) the reasons?|explain|describe)\b"
    r"|\bhow (do|does|did|is|are|was|were|has|have|had|can|could|will|would|should)\b"
    r"|\bwhat (do|does|did|has|have|had)\b.*\b(say|said|tell|told|think|thought|mean|promise|warn|announce)\b",
    re.IGNORECASE,
)
MAX_MARGIN_LOSS = 1.5  # how much lower the margin of a longer span may be than that of the phrase inside it
MIN_WORDS = 3  # an explanation with fewer words is replaced by its sentence
UNDER = 2.0  # how much higher the margin of a span is that stands under a heading that asks the question
_AROUND = 200  # code points around a sentence that tell its layout
CONFLICTING = ("date", "number", "name")  # not phrases: two may say the same in different words


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of a document that may answer the question.

    `margin` and `coverage` are as in `Features`. `evidence` is the fused retrieval score of the passage (at most 1).
    `score` orders the candidates of one question. `first` is true if the span is the best one of a passage.
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
    """Every span that the reader finds in the evidence, in document coordinates, without duplicates, best first; ties
    by (document id, span)."""
    return ordered(question, evidence, read_spans(question, evidence, reader, index), index, weights)


def read_spans(
    question: str, evidence: Sequence[Evidence], reader: Reader, index: SearchIndex
) -> list[list[ScoredSpan]]:
    """What the reader finds in each passage of the evidence, best first, in the passage's coordinates."""
    headings = index.headings({item.passage.document_id for item in evidence})
    passages = [item.passage for item in evidence]
    shown = [passage.context.shown_before(headings.get(passage.document_id, "")) for passage in passages]
    return reader.read(question, [p.text for p in passages], shown, [p.context for p in passages])


def ordered(
    question: str,
    evidence: Sequence[Evidence],
    read: Sequence[Sequence[ScoredSpan]],
    index: SearchIndex,
    weights: Confidence,
) -> list[Candidate]:
    """The candidates among the spans that were read in each passage of the evidence, as `gather` returns them."""
    headings = index.headings({item.passage.document_id for item in evidence})
    passages = [item.passage for item in evidence]
    rarity = {term: index.idf(term) for term in index.terms(question)}
    total = sum(rarity.values())
    best: dict[tuple[str, Span], Candidate] = {}
    for item, spans in zip(evidence, _weighed(question, passages, read, index, rarity, headings), strict=True):
        passage = item.passage
        present = set(index.terms(indexed_text(headings.get(passage.document_id, ""), passage)))
        coverage = sum(idf for term, idf in rarity.items() if term in present) / total if total else 0.0
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


def _weighed(
    question: str,
    passages: Sequence[Passage],
    read: Sequence[Sequence[ScoredSpan]],
    index: SearchIndex,
    rarity: Mapping[str, float],
    headings: Mapping[str, str],
) -> list[list[ScoredSpan]]:
    """The spans of each passage, best first, with the margins that structure gives them: lower for cells in whose row
    and column the question is less, higher for what stands under a heading that asks it; what stands in a heading that
    is a question is left out, and a code where an amount is asked for."""
    codes, amount = codes_in(question), asks_amount(question)
    cells = {}
    for number, passage in enumerate(passages):
        above = passage.context.shown_before(headings.get(passage.document_id, ""))
        if found := named_cells(passage, index.terms, rarity, codes, above):
            cells[number] = found
    lower = losses(cells)
    weighed = []
    for number, (passage, spans) in enumerate(zip(passages, read, strict=True)):
        kept = [one for one in spans if not in_question(passage, one.span)]
        if amount:
            kept = [one for one in kept if not counts_nothing_but_codes(passage.text[one.span.start : one.span.end])]
        for cell, loss in lower.get(number, {}).items():
            kept = [replace(one, score=one.score - loss) if cell.contains(one.span) else one for one in kept]
        if part := answering_part(question, passage):
            kept = _under(part, passage, kept, max((one.score for one in spans), default=0.0))
        weighed.append(sorted(kept, key=lambda one: (-one.score, one.span)))
    return weighed


def _under(part: Span, passage: Passage, spans: Sequence[ScoredSpan], highest: float) -> list[ScoredSpan]:
    """The spans, those in the part higher; if there are none, the first sentence of the part is one."""
    inside = any(part.contains(one.span) for one in spans)
    added = [] if inside else [first for first in [first_sentence(passage.text, part)] if first]
    raised = [replace(one, score=one.score + UNDER) if part.contains(one.span) else one for one in spans]
    return [*raised, *(ScoredSpan(first, highest) for first in added)]


def features_of(candidate: Candidate, candidates: Sequence[Candidate], unknown_names: int = 0) -> Features:
    """The features of one candidate among all candidates of its question, with as many names that the documents do not
    mention."""
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
        unknown_names=float(min(MOST_NAMES, unknown_names)),
    )


def different(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates give different answers: they neither overlap nor are variants of the same words."""
    return not same_spot(one, other) and not alike(one.text, other.text)


def same_spot(one: Candidate, other: Candidate) -> bool:
    """Whether two candidates overlap in the same document."""
    return one.document_id == other.document_id and one.span.overlaps(other.span)


def same_answers(best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Other candidates with the same words as the best one, one for each spot."""
    found: list[Candidate] = []
    for candidate in candidates:
        if same_answer(best.text, candidate.text) and not any(same_spot(candidate, seen) for seen in [best, *found]):
            found.append(candidate)
    return found


def different_answers(best: Candidate, candidates: Sequence[Candidate]) -> list[Candidate]:
    """The best candidate of each answer that differs from the best one and from each other."""
    found: list[Candidate] = []
    for candidate in candidates:
        if all(different(candidate, seen) for seen in [best, *found]):
            found.append(candidate)
    return found


def conflicting(best: Candidate, candidate: Candidate) -> bool:
    """Whether a candidate from another document gives a different answer of the same sort: a year is no conflict to a
    day, metres are none to euros."""
    same_kind = kind(best.text) == kind(candidate.text) and kind(best.text) in CONFLICTING
    same_kind = same_kind and comparable(best.text, candidate.text)
    return candidate.document_id != best.document_id and same_kind and different(best, candidate)


def answer_span(question: str, best: Candidate, candidates: Sequence[Candidate], document: DocumentView) -> Span:
    """The span to show. Usually that of the best candidate. If the question wants several things and a list has them,
    it is the whole list; a part of an enumeration is completed. If the question asks for an explanation, it is the
    longest candidate around the best one whose margin is nearly as high; if that is only a word or two, it is the whole
    sentence."""
    if whole := list_for(question, document, best.span, asked=asked_above(question, document, best.span)):
        return whole
    if whole := _enumeration(question, best, candidates, document):
        return whole
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
    sentence = Citation.of(document, span).sentence.span
    start = max(0, sentence.start - _AROUND)
    near = document.text[start : sentence.end + _AROUND]
    found = Layout.of(near).cleared(near, sentence.shifted(-start))
    return found.shifted(start) if found else span


def _enumeration(
    question: str, best: Candidate, candidates: Sequence[Candidate], document: DocumentView
) -> Span | None:
    """The whole enumeration that the best candidate is a part of, in document coordinates."""
    sentence = Citation.of(document, best.span).sentence.span
    inside = [
        replace(one, span=one.span.shifted(-sentence.start))
        for one in candidates
        if one.document_id == best.document_id and sentence.contains(one.span)
    ]
    part = replace(best, span=best.span.shifted(-sentence.start))
    found = whole_enumeration(document.quote(sentence), part, inside, several=wants_several(question))
    return found.shifted(sentence.start) if found else None

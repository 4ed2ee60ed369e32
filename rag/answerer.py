"""Evidence and a reader's spans become one cited answer, or an abstention with its reason."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import SearchIndex, Selection
from citeqa.index.types import Document, Filters, Passage
from citeqa.rag.candidates import Candidate, also, conflicting, features_of, fitting, gather, others, same_spot
from citeqa.rag.confidence import LEAD, Confidence
from citeqa.rag.reader.protocol import Reader, ReaderInfo
from citeqa.rag.retrieval import copies
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.timing import recency
from citeqa.rag.types import Alternative, Answer, Citation, Dates, Evidence, Found, Reason, Response, Slice, Source

POOL = 100  # passages that times may reorder and whose copies are merged; more than can be asked for
READ = 10  # passages read for a question, however much evidence is asked for
ALTERNATIVES = 3
UNLIKELY = (
    0.05  # chance below which no alternative is shown: on the fitting splits half of them, a seventh of the right
)
CONFLICTS = 3
ALSO_IN = 10
COPIES = 4  # passages read besides, to cite the answer in copies of the passage that gave it
MENTIONED = 4  # words of the question named when they are nowhere in what was found

_WORD = re.compile(r"[^\W_]+(?:['’.-][^\W_]+)*")
_ASKING = frozenset(
    {"much", "many", "long", "old", "far", "often", "big", "large", "high", "deep", "tall", "fast", "kind", "sort"}
    | {"type", "way", "name", "called", "exactly", "who", "whom", "whose", "what", "which", "when", "where", "why"}
    | {"how", "did", "does", "do"}
)


class Decided(NamedTuple):
    """What is given for a question, if anything."""

    answer: Answer | None = None
    alternatives: tuple[Alternative, ...] = ()
    conflicts: tuple[Alternative, ...] = ()


class Answerer:
    """Answers questions over one index. May be shared between threads."""

    def __init__(self, index: SearchIndex, embedder: Embedder, reader: Reader, confidence: Confidence) -> None:
        self._index = index
        self.embedder = embedder
        self._retriever = Retriever(index, embedder)
        self._reader = reader
        self._confidence = confidence

    @property
    def reader(self) -> ReaderInfo:
        """What identifies the reader."""
        return self._reader.info

    def over(self, index: SearchIndex) -> Answerer:
        """The same over another index, another view of it, or texts that were given."""
        return Answerer(index, self.embedder, self._reader, self._confidence)

    def search(
        self,
        question: str,
        *,
        k: int = 5,
        filters: Filters | None = None,
        today: date | None = None,
        use_dates: bool = True,
    ) -> tuple[list[Found], float]:
        """The `k` best passages with their sources, best first, as `ask` finds them before it reads, and the
        milliseconds it took.

        Raises:
            UnknownDocumentError: if the filters name documents that are not there.
        """
        start = time.perf_counter()
        plan = recency.planned(question, filters or Filters(), today or date.today(), apply=use_dates)
        evidence = self._evidence(question, self._index.select(plan.filters), plan)
        found = self._found(evidence[:k], {})
        return found, _ms(start)

    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        filters: Filters | None = None,
        min_confidence: float | None = None,
        context: str | None = None,
        today: date | None = None,
        use_dates: bool = True,
    ) -> Response:
        """The best answer, or the reason why there is none.

        Args:
            question: what a person asks; not blank.
            k: how many pieces of evidence to return, from 1; it never changes the answer. What was read stands in the
                order of the best candidate in each passage, whatever retrieval thought of it.
            min_confidence: answer only from this confidence up, between 0 and 1; the fitted threshold if None.
            context: what a follow-up question carries over from the turn before; searched and read with it.
            today: the day that "last week" counts from; the current one if None.
            use_dates: whether the times that the question names act (see `rag.timing.recency`).

        Raises:
            UnknownDocumentError: if the filters name documents that are not there.
        """
        start = time.perf_counter()
        asked = f"{question} {context}" if context else question  # the reader is surer of it than the other way round
        plan = recency.planned(question, filters or Filters(), today or date.today(), apply=use_dates)
        selection = self._index.select(plan.filters)
        evidence = self._evidence(asked, selection, plan)
        retrieved = time.perf_counter()
        candidates = self.candidates(asked, evidence[:READ])
        documents: dict[str, Document] = {}
        found = tuple(self._found(_as_read(evidence, candidates)[:k], documents))
        threshold = self._confidence.threshold if min_confidence is None else min_confidence
        reason: Reason | None
        if candidates:
            reason, decided = self._decide(asked, candidates, evidence[:READ], threshold, documents)
        else:
            reason, decided = _nothing_found(selection, plan, threshold), Decided()
        timing = {"retrieve": (retrieved - start) * 1000, "read": _ms(retrieved), "total": _ms(start)}
        dates = Dates(plan.understood, bool(plan.timings))
        return Response(question, decided.answer, reason, decided.alternatives, decided.conflicts, found, timing, dates)

    def _evidence(self, asked: str, selection: Selection | None, plan: recency.TimingPlan) -> list[Evidence]:
        """The best of what both rankings found, as the question's times order it, without copies."""
        evidence = self._retriever.retrieve(asked, POOL, selection)
        if plan.timings:
            published = self._index.dates({item.passage.document_id for item in evidence})
            evidence = recency.by_dates(evidence, published, plan.timings)
        return copies.merged(evidence)

    def candidates(self, question: str, evidence: Sequence[Evidence]) -> list[Candidate]:
        """Every span the reader finds in the evidence, in document coordinates, once each, best first."""
        return gather(question, evidence, self._reader, self._index, self._confidence)

    def _decide(
        self,
        question: str,
        candidates: list[Candidate],
        evidence: Sequence[Evidence],
        threshold: float,
        documents: dict[str, Document],
    ) -> tuple[Reason | None, Decided]:
        best = candidates[0]
        sure = features_of(best, candidates)
        confidence = self._confidence.probability(sure)
        if confidence < threshold:
            return Reason("not_in_the_sources", self._missing(question, evidence), confidence, threshold), Decided()

        def chance(candidate: Candidate, lead: float) -> float:
            """How likely a candidate would be right with this lead over the other answers."""
            own = sure._replace(
                margin=candidate.margin,
                coverage=candidate.coverage,
                evidence_behind=max(0.0, sure.evidence_behind + best.evidence - candidate.evidence),
                coverage_behind=max(0.0, sure.coverage_behind + best.coverage - candidate.coverage),
                lead=lead,
            )
            return self._confidence.probability(own)

        elsewhere = self._in_copies(question, best, evidence)
        same = [
            candidate for candidate in also(best, candidates + elsewhere) if chance(candidate, sure.lead) >= threshold
        ][:ALSO_IN]
        rest = others(best, candidates)
        against = [
            candidate for candidate in rest if conflicting(best, candidate) and chance(candidate, 0.0) >= threshold
        ][:CONFLICTS]
        span = fitting(question, best, candidates, self._document(best.document_id, documents))
        given = replace(best, span=span)
        rest = [candidate for candidate in rest if candidate not in against and not same_spot(given, candidate)]
        rest = [
            candidate for candidate in rest if chance(candidate, max(-LEAD, candidate.margin - best.margin)) >= UNLIKELY
        ]
        rest = rest[:ALTERNATIVES]
        citation = Citation.of(self._document(best.document_id, documents), span)
        answer = Answer(citation.quote.text, confidence, citation, tuple(self._cite(p, documents) for p in same))
        return None, Decided(answer, self._alternatives(rest, documents), self._alternatives(against, documents))

    def _in_copies(self, question: str, best: Candidate, evidence: Sequence[Evidence]) -> list[Candidate]:
        """What the reader finds in copies of the passages that a candidate stands in."""
        around = [item for item in evidence if _holds(item.passage, best)]
        copied = [replace(item, passage=copy, copies=()) for item in around for copy in item.copies][:COPIES]
        return self.candidates(question, copied) if copied else []

    def _missing(self, question: str, evidence: Sequence[Evidence]) -> str:
        """Why the documents do not seem to answer: what the question names and none of the passages mentions."""
        headings = self._index.headings({item.passage.document_id for item in evidence})
        held = {
            term
            for item in evidence
            for term in self._index.terms(f"{headings[item.passage.document_id]}\n{item.passage.text}")
        }
        words = dict.fromkeys(_WORD.findall(question))
        words = {word: None for word in words if word.casefold() not in _ASKING}
        absent = [word for word in words if (terms := self._index.terms(word)) and not held.intersection(terms)]
        if absent:
            named = ", ".join(f"“{word}”" for word in absent[:MENTIONED])
            return f"The documents do not seem to answer this: the nearest passages do not mention {named}."
        return "The documents do not seem to answer this: the nearest passages are about it, but do not say it."

    def _alternatives(self, candidates: Sequence[Candidate], documents: dict[str, Document]) -> tuple[Alternative, ...]:
        return tuple(
            Alternative(candidate.text, candidate.score, self._cite(candidate, documents)) for candidate in candidates
        )

    def _cite(self, candidate: Candidate, documents: dict[str, Document]) -> Citation:
        return Citation.of(self._document(candidate.document_id, documents), candidate.span)

    def _found(self, evidence: Sequence[Evidence], documents: dict[str, Document]) -> list[Found]:
        found = []
        for item in evidence:
            document = self._document(item.passage.document_id, documents)
            found.append(Found(item, Source.of(document), Slice.of(document, item.passage.span)))
        return found

    def _document(self, document_id: str, documents: dict[str, Document]) -> Document:
        if document_id not in documents:
            documents[document_id] = self._index.document(document_id)
        return documents[document_id]


def _holds(passage: Passage, candidate: Candidate) -> bool:
    return passage.document_id == candidate.document_id and passage.span.contains(candidate.span)


def _as_read(evidence: Sequence[Evidence], candidates: Sequence[Candidate]) -> list[Evidence]:
    """The evidence, what was read in the order of the best candidate in each passage, then the rest as it was found."""

    def rank(item: Evidence) -> int:
        return next((at for at, candidate in enumerate(candidates) if _holds(item.passage, candidate)), len(candidates))

    return [*sorted(evidence[:READ], key=rank), *evidence[READ:]]


def _nothing_found(selection: Selection | None, plan: recency.TimingPlan, threshold: float) -> Reason:
    if selection is not None and selection.empty:
        strict = [timing.text for timing in plan.timings if timing.use == "filter"]
        if strict:
            named = ", ".join(f"“{text}”" for text in strict)
            return Reason("filtered_out", f"No document to search was published {named}.", None, threshold)
        return Reason("filtered_out", "The filters leave no document to search.", None, threshold)
    return Reason("no_evidence", "No passage has anything to do with this question.", None, threshold)


def _ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000

"""Answers a question: one cited answer, or an abstention with its reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import SearchIndex, Selection
from citeqa.rag.candidates import Candidate, gather
from citeqa.rag.citation.citing import Citer
from citeqa.rag.confidence import Confidence
from citeqa.rag.decision import Decider, Decision, contains
from citeqa.rag.options import DEFAULTS, AskOptions
from citeqa.rag.reader.protocol import Reader, ReaderInfo
from citeqa.rag.retrieval import copies
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.timing import recency
from citeqa.rag.types import CitedPassage, Dates, Evidence, Reason, Response

POOL = 100  # passages retrieved, reordered by dates and merged with their copies; more than a request may ask for
READ = 10  # passages that are read, however much evidence the request asks for


class Answerer:
    """Answers questions over one index. Safe to share between threads."""

    def __init__(self, index: SearchIndex, embedder: Embedder, reader: Reader, confidence: Confidence) -> None:
        """Raises IndexMismatchError if the index was built with another embedder."""
        self.embedder = embedder
        self._index = index
        self._retriever = Retriever(index, embedder)
        self._reader = reader
        self._confidence = confidence

    @property
    def reader(self) -> ReaderInfo:
        """The name, digest and precision of the reader."""
        return self._reader.info

    def over(self, index: SearchIndex) -> Answerer:
        """An answerer with the same models over another index: a later snapshot, or texts that come with a question."""
        return Answerer(index, self.embedder, self._reader, self._confidence)

    def search(self, question: str, options: AskOptions = DEFAULTS) -> tuple[tuple[CitedPassage, ...], float]:
        """Return the best passages with their sources, best first, and how long the search took in milliseconds. They
        are the passages that `ask` finds before it reads.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        start = time.perf_counter()
        plan = _planned(question, options)
        evidence = self._evidence(question, self._index.select(plan.filters), plan)
        return Citer(self._index).passages(evidence[: options.k]), _ms(start)

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> Response:
        """Return the best answer, or the reason why there is none. `question` must not be blank.

        The evidence begins with the passages that were read, ordered by the best candidate in each. The passages that
        were only found follow.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        start = time.perf_counter()
        # the reader is more certain when the context follows the question than when it precedes it
        asked = f"{question} {options.context}" if options.context else question
        plan = _planned(question, options)
        selection = self._index.select(plan.filters)
        evidence = self._evidence(asked, selection, plan)
        retrieved = time.perf_counter()
        candidates = self.candidates(asked, evidence[:READ])
        citer = Citer(self._index)
        threshold = self._confidence.threshold if options.min_confidence is None else options.min_confidence
        if candidates:
            # not kept: a decider refers back to this answerer, and the cycle would hold the index open
            decider = Decider(self._index, self._confidence, self.candidates)
            decision = decider.decide(asked, candidates, evidence[:READ], threshold, citer)
        else:
            decision = Decision(reason=_nothing_found(selection, plan, threshold))
        return Response(
            question,
            decision.answer,
            decision.reason,
            decision.alternatives,
            decision.conflicts,
            citer.passages(_as_read(evidence, candidates)[: options.k]),
            {"retrieve": (retrieved - start) * 1000, "read": _ms(retrieved), "total": _ms(start)},
            Dates(plan.understood, bool(plan.timings)),
        )

    def candidates(self, question: str, evidence: Sequence[Evidence]) -> list[Candidate]:
        """Every span that the reader finds in the evidence, in document coordinates, without duplicates, best first."""
        return gather(question, evidence, self._reader, self._index, self._confidence)

    def _evidence(self, asked: str, selection: Selection | None, plan: recency.TimingPlan) -> list[Evidence]:
        """The best passages by all signals, reordered by the times in the question, with copies merged."""
        evidence = self._retriever.retrieve(asked, POOL, selection)
        if plan.timings:
            published = self._index.dates({item.passage.document_id for item in evidence})
            evidence = recency.reorder_by_dates(evidence, published, plan.timings)
        return copies.merge_copies(evidence)


def _planned(question: str, options: AskOptions) -> recency.TimingPlan:
    """What the times in the question will filter and prefer."""
    return recency.plan_times(question, options.filters, options.today or date.today(), apply=options.use_dates)


def _as_read(evidence: Sequence[Evidence], candidates: Sequence[Candidate]) -> list[Evidence]:
    """The passages that were read, ordered by the best candidate in each; then the rest in the order of retrieval."""

    def rank(item: Evidence) -> int:
        return next((at for at, one in enumerate(candidates) if contains(item.passage, one)), len(candidates))

    return [*sorted(evidence[:READ], key=rank), *evidence[READ:]]


def _nothing_found(selection: Selection | None, plan: recency.TimingPlan, threshold: float) -> Reason:
    """Why there was no passage to read."""
    if selection is not None and selection.empty:
        strict = [timing.text for timing in plan.timings if timing.use == "filter"]
        if strict:
            named = ", ".join(f"“{text}”" for text in strict)
            return Reason("filtered_out", f"No document to search was published {named}.", None, threshold)
        return Reason("filtered_out", "The filters leave no document to search.", None, threshold)
    return Reason("no_evidence", "No passage is related to this question.", None, threshold)


def _ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000

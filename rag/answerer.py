"""Answers a question: one cited answer, or an abstention with its reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from citeqa.index.embedding.embedder import Embedder
from citeqa.index.protocols import SearchIndex, Selection
from citeqa.rag.candidates import Candidate, features_of, gather, ordered, read_spans
from citeqa.rag.citation.citing import Citer
from citeqa.rag.confidence import Confidence
from citeqa.rag.decision import Decider, Decision, contains
from citeqa.rag.look import SecondLook
from citeqa.rag.names import Unknown, unknown_names
from citeqa.rag.options import DEFAULTS, AskOptions, Look
from citeqa.rag.reader.protocol import Reader, ReaderInfo
from citeqa.rag.retrieval import copies
from citeqa.rag.retrieval.retriever import Retriever
from citeqa.rag.timing import recency
from citeqa.rag.timing.statements import Asked
from citeqa.rag.types import CitedPassage, Dates, Evidence, Reason, Response

POOL = 100  # passages retrieved, reordered by dates and merged with their copies; more than a request may ask for
READ = 10  # passages that are read, however much evidence the request asks for


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a question before any of it is read. Only the answerer that found it can read it.

    Args:
        asked: the question with its context, as it is searched and read.
        plan: what the times in the question filter and prefer.
        selection: the passages that the filters leave; None if there are no filters.
        evidence: the passages, best first.
        started: when the search began, by `time.perf_counter`.
        retrieved: when it had ended.
    """

    question: str
    asked: str
    options: AskOptions
    plan: recency.TimingPlan
    selection: Selection | None
    evidence: tuple[Evidence, ...]
    started: float
    retrieved: float


class Answerer:
    """Answers questions over one index. Safe to share between threads."""

    def __init__(
        self,
        index: SearchIndex,
        embedder: Embedder,
        reader: Reader,
        confidence: Confidence,
        second: SecondLook | None = None,
        look: Look = "twice",
    ) -> None:
        """`look` is how often passages are read where a question does not say it; twice needs `second`.

        Raises:
            IndexMismatchError: if the index was built with another embedder.
        """
        self.embedder = embedder
        self._index = index
        self._retriever = Retriever(index, embedder)
        self._reader = reader
        self._confidence = confidence
        self._second = second
        self._look = look

    @property
    def second(self) -> SecondLook | None:
        """How it looks again where the first look is not sure; None if it cannot."""
        return self._second

    @property
    def look(self) -> Look:
        """How often passages are read where a question does not say it."""
        return self._look if self._second else "once"

    @property
    def reader(self) -> ReaderInfo:
        """The name, digest and precision of the reader."""
        return self._reader.info

    def over(self, index: SearchIndex) -> Answerer:
        """An answerer with the same models over another index: a later snapshot, or texts that come with a question."""
        return Answerer(index, self.embedder, self._reader, self._confidence, self._second, self._look)

    def deciding(self, confidence: Confidence, second: tuple[str, Confidence] | None = None) -> Answerer:
        """An answerer with the same models over the same index that decides by another confidence, and after a second
        look by a calibrated one (see `confidence.InForce`)."""
        look = self._second and self._second.calibrated_by(second)
        return Answerer(self._index, self.embedder, self._reader, confidence, look, self._look)

    def search(self, question: str, options: AskOptions = DEFAULTS) -> tuple[tuple[CitedPassage, ...], float]:
        """Return the best passages with their sources, best first, and how long the search took in milliseconds. They
        are the passages that `ask` finds before it reads.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        found = self.find(question, options)
        return self.passages(found), _ms(found.started)

    def ask(self, question: str, options: AskOptions = DEFAULTS) -> Response:
        """Return the best answer, or the reason why there is none: `find` and `read` in one. `question` must not be
        blank.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        return self.read(self.find(question, options))

    def find(self, question: str, options: AskOptions = DEFAULTS) -> Found:
        """Find the passages for a question, which must not be blank, without reading them.

        Raises:
            UnknownDocumentError: if the filters name documents that do not exist.
        """
        start = time.perf_counter()
        # the reader is more certain when the context follows the question than when it precedes it
        asked = f"{question} {options.context}" if options.context else question
        plan = recency.plan_times(question, options.filters, options.today or date.today(), apply=options.use_dates)
        selection = self._index.select(plan.filters)
        evidence = self._evidence(asked, selection, plan)
        return Found(question, asked, options, plan, selection, tuple(evidence), start, time.perf_counter())

    def passages(self, found: Found) -> tuple[CitedPassage, ...]:
        """The passages that were found with their sources, best first, as many as the options ask for."""
        return Citer(self._index).passages(found.evidence[: found.options.k])

    def read(self, found: Found) -> Response:
        """Return the best answer in what was found, or the reason why there is none.

        The evidence begins with the passages that were read, ordered by the best candidate in each. The passages that
        were only found follow.
        """
        start = time.perf_counter()
        asked, options, evidence = found.asked, found.options, found.evidence
        unknown = unknown_names(asked, self._index, found.selection)
        candidates, confidence = self.looked(asked, evidence[:READ], unknown, options.look or self._look)
        citer = Citer(self._index)
        threshold = confidence.threshold if options.min_confidence is None else options.min_confidence
        if candidates:
            # not kept: a decider refers back to this answerer, and the cycle would hold the index open
            times = found.plan.understood if options.use_dates else ()
            timed = Asked(found.question, times, options.today or date.today())
            decider = Decider(self._index, confidence, self.candidates, unknown, timed)
            decision = decider.decide(asked, candidates, evidence[:READ], threshold, citer)
        else:
            decision = Decision(reason=_nothing_found(found.selection, found.plan, threshold))
        retrieve, read = (found.retrieved - found.started) * 1000, _ms(start)
        return Response(
            found.question,
            decision.answer,
            decision.reason,
            decision.alternatives,
            decision.conflicts,
            citer.passages(_as_read(evidence, candidates)[: options.k]),
            {"retrieve": retrieve, "read": read, "total": retrieve + read},
            Dates(found.plan.understood, bool(found.plan.timings)),
            decision.guesses,
        )

    def candidates(self, question: str, evidence: Sequence[Evidence]) -> list[Candidate]:
        """Every span that the reader finds in the evidence, in document coordinates, without duplicates, best first."""
        return gather(question, evidence, self._reader, self._index, self._confidence)

    def looked(
        self, asked: str, evidence: Sequence[Evidence], unknown: Unknown, look: Look
    ) -> tuple[list[Candidate], Confidence]:
        """The candidates after one look, or after two if the first is not sure, and the confidence that judges them:
        the second look's own if there was one."""
        read = read_spans(asked, evidence, self._reader, self._index)
        candidates = ordered(asked, evidence, read, self._index, self._confidence)
        if look == "once" or not self._second or not candidates or unknown.nonsense:
            return candidates, self._confidence
        features = features_of(candidates[0], candidates, len(unknown.names))
        if self._confidence.probability(features) >= self._second.below:
            return candidates, self._confidence
        read = self._second.again(asked, candidates, evidence, read, self._index)
        return ordered(asked, evidence, read, self._index, self._second.judging), self._second.judging

    def _evidence(self, asked: str, selection: Selection | None, plan: recency.TimingPlan) -> list[Evidence]:
        """The best passages by all signals, reordered by the times in the question, with copies merged."""
        evidence = self._retriever.retrieve(asked, POOL, selection)
        if plan.timings:
            published = self._index.dates({item.passage.document_id for item in evidence})
            evidence = recency.reorder_by_dates(evidence, published, plan.timings)
        return copies.merge_copies(evidence)


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

"""Evidence and a reader's spans become one cited answer, or an abstention with its reason."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from index.embedder import Embedder
from index.store import Index, Selection
from index.types import Document, Filters, Span
from rag.confidence import Confidence
from rag.reader import Reader, SentenceReader
from rag.retriever import HIGHEST, Retriever
from rag.types import Answer, Candidate, Citation, Evidence, Found, Reason, Response, ScoredSpan, Slice, Source

READ = 10  # passages read for a question, however much evidence is asked for
ALTERNATIVES = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A span of a document where an answer may stand, with all that speaks for it.

    `read` is the reader's score. `coverage` is the share of the question's terms that the span holds, each weighted
    by its idf (0 to 1). `evidence` is the fused retrieval score of the passage, divided by the highest there can be
    (0 to 1). `score` is what they come to together.
    """

    document_id: str
    span: Span
    text: str
    read: float
    coverage: float
    evidence: float
    score: float


class Answerer:
    """Answers questions over one index. May be shared between threads."""

    def __init__(self, index: Index, embedder: Embedder, confidence: Confidence, reader: Reader | None = None) -> None:
        self._index = index
        self._retriever = Retriever(index, embedder)
        self._confidence = confidence
        self._reader = reader or SentenceReader(embedder)

    def search(self, question: str, *, k: int = 5, filters: Filters | None = None) -> tuple[list[Found], float]:
        """The `k` best passages with their sources, best first, and the milliseconds it took.

        Raises:
            UnknownDocumentError: if the filters name documents that are not there.
        """
        start = time.perf_counter()
        evidence = self._retriever.retrieve(question, k, self._index.select(filters or Filters()))
        found = self._found(evidence, {})
        return found, _ms(start)

    def ask(
        self,
        question: str,
        *,
        k: int = 5,
        filters: Filters | None = None,
        min_confidence: float | None = None,
        context: str | None = None,
    ) -> Response:
        """The best answer, or the reason why there is none.

        Args:
            question: what a person asks; not blank.
            k: how many pieces of evidence to return, from 1; it never changes the answer.
            min_confidence: answer only from this confidence up, between 0 and 1; the fitted threshold if None.
            context: what a follow-up question carries over from the turn before; searched and read with it.

        Raises:
            UnknownDocumentError: if the filters name documents that are not there.
        """
        start = time.perf_counter()
        asked = f"{context} {question}" if context else question
        selection = self._index.select(filters or Filters())
        evidence = self._retriever.retrieve(asked, max(k, READ), selection)
        retrieved = time.perf_counter()
        places = self.places(asked, evidence[:READ])
        documents: dict[str, Document] = {}
        found = tuple(self._found(evidence[:k], documents))
        threshold = self._confidence.threshold if min_confidence is None else min_confidence
        answer, reason, others = self._decide(places, threshold, selection, documents)
        timing = {"retrieve": (retrieved - start) * 1000, "read": _ms(retrieved), "total": _ms(start)}
        return Response(question, answer, reason, others, (), found, timing)

    def places(self, question: str, evidence: Sequence[Evidence]) -> list[Place]:
        """Every span the reader finds in the evidence, in document coordinates, once each, best first."""
        rarity = {term: self._index.idf(term) for term in self._index.terms(question)}
        read = self._reader.read(question, [item.passage for item in evidence])
        best: dict[tuple[str, Span], Place] = {}
        for item, spans in zip(evidence, read, strict=True):
            for found in spans:
                place = self._place(item, found, rarity)
                key = (place.document_id, place.span)
                if key not in best or best[key].score < place.score:
                    best[key] = place
        return sorted(best.values(), key=lambda place: (-place.score, place.document_id, place.span))

    def _place(self, item: Evidence, found: ScoredSpan, rarity: dict[str, float]) -> Place:
        passage = item.passage
        text = passage.text[found.span.start : found.span.end]
        coverage = self._coverage(text, rarity)
        evidence = item.score / HIGHEST
        score = self._confidence.score(found.score, coverage, evidence)
        span = found.span.shifted(passage.span.start)
        return Place(passage.document_id, span, text, found.score, coverage, evidence, score)

    def _coverage(self, text: str, rarity: dict[str, float]) -> float:
        total = sum(rarity.values())
        held = set(self._index.terms(text))
        return sum(idf for term, idf in rarity.items() if term in held) / total if total else 0.0

    def _decide(
        self, places: list[Place], threshold: float, selection: Selection | None, documents: dict[str, Document]
    ) -> tuple[Answer | None, Reason | None, tuple[Candidate, ...]]:
        if not places:
            return None, _nothing_found(selection, threshold), ()
        best, same, others = grouped(places)
        confidence = self._confidence.probability(best.read)
        if confidence < threshold:
            message = (
                "The documents do not seem to answer this. The nearest passages are shown as evidence, "
                "so that you can judge for yourself."
            )
            return None, Reason("not_in_the_sources", message, confidence, threshold), ()
        citation = self._cite(best, documents)
        answer = Answer(citation.quote.text, confidence, citation, tuple(self._cite(p, documents) for p in same))
        cited = [(place, self._cite(place, documents)) for place in others[:ALTERNATIVES]]
        return answer, None, tuple(Candidate(c.quote.text, place.score, c) for place, c in cited)

    def _cite(self, place: Place, documents: dict[str, Document]) -> Citation:
        return Citation.of(self._document(place.document_id, documents), place.span)

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


def grouped(places: list[Place]) -> tuple[Place, list[Place], list[Place]]:
    """The best place, those that say the same in the same words, and the best place of every other wording."""
    best = places[0]
    same = [place for place in places[1:] if _words(place.text) == _words(best.text)]
    others: dict[str, Place] = {}
    for place in places:
        others.setdefault(_words(place.text), place)
    del others[_words(best.text)]
    return best, same, list(others.values())


def _words(text: str) -> str:
    """A text without case, kind of quotation mark and what surrounds it: what makes two quotes the same answer."""
    return " ".join(text.casefold().translate(_STRAIGHT).split()).lstrip(_BEFORE).rstrip(_BEHIND)


_STRAIGHT = str.maketrans("“”„«»‘’", '"""""\'\'')
_BEFORE = "\"'(["
_BEHIND = " .,;:!?…\"')]"


def _nothing_found(selection: Selection | None, threshold: float) -> Reason:
    if selection is not None and not len(selection.passage_ids):
        return Reason("filtered_out", "The filters leave no document to search.", None, threshold)
    return Reason("no_evidence", "No passage has anything to do with this question.", None, threshold)


def _ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000

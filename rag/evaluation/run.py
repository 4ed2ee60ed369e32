"""Ask every question of a set and note what came back, through the service as its users reach it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from index.types import Span
from rag.evaluation import metrics
from rag.evaluation.questions import Question

RANKED = 10  # pieces of evidence looked at


class Service(Protocol):
    """Whatever answers in the fields of the HTTP contract."""

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /api/ask`."""

    def text(self, document_id: str) -> str:
        """The text of `GET /api/documents/{id}`."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one question led to. Values about the answer are of the answer when forced (`min_confidence` 0).

    `answers` are the accepted ones. `right` is what the confidence is the probability of: a token F1 of at least
    `metrics.RIGHT` with one of them, in an accepted document; never for an unanswerable question.
    """

    id: str
    question: str
    split: str
    answerable: bool
    answers: tuple[str, ...]
    answered: bool
    confidence: float
    answer: str
    document_id: str | None
    sentence: str
    right_document: bool
    in_sentence: bool
    right: bool
    exact_match: float
    f1: float
    success_at_1: float
    success_at_5: float
    success_at_10: float
    reciprocal_rank: float
    citations: int
    exact_citations: int
    milliseconds: float


def run(questions: Sequence[Question], service: Service, progress: Callable[[], None] = lambda: None) -> list[Row]:
    """One row a question, in their order. A question that is refused is asked again with `min_confidence` 0, so that
    what it would have answered counts too."""
    texts: dict[str, str] = {}
    rows = []
    for question in questions:
        rows.append(_row(question, service, texts))
        progress()
    return rows


def _row(question: Question, service: Service, texts: dict[str, str]) -> Row:
    body: dict[str, Any] = {"question": question.question, "k": RANKED}
    given = service.ask(body)
    forced = given if given["answered"] else service.ask(body | {"min_confidence": 0.0})
    answer = forced["answer"]
    citation: dict[str, Any] = answer["citation"] if answer else {}
    relevant = [_holds(question, found["document_id"], _span(found), found["text"]) for found in forced["evidence"]]
    responses = [given] if given["answered"] else [given, forced]
    checks = [exact for response in responses for exact in _exact(response, service, texts)]
    sentence: dict[str, Any] = citation["sentence"] if citation else {}
    words = answer["text"] if answer else ""
    right_document = bool(citation) and citation["document_id"] in question.documents
    f1 = metrics.token_f1(words, question.answers)
    return Row(
        id=question.id,
        question=question.question,
        split=question.split,
        answerable=question.answerable,
        answers=question.answers,
        answered=given["answered"],
        confidence=answer["confidence"] if answer else 0.0,
        answer=words,
        document_id=citation["document_id"] if citation else None,
        sentence=sentence["text"] if sentence else "",
        right_document=right_document,
        in_sentence=bool(sentence) and _holds(question, citation["document_id"], _span(sentence), sentence["text"]),
        right=right_document and f1 >= metrics.RIGHT,
        exact_match=metrics.exact_match(words, question.answers),
        f1=f1,
        success_at_1=metrics.success_at(relevant, 1),
        success_at_5=metrics.success_at(relevant, 5),
        success_at_10=metrics.success_at(relevant, 10),
        reciprocal_rank=metrics.reciprocal_rank(relevant),
        citations=len(checks),
        exact_citations=sum(checks),
        milliseconds=given["timing_ms"]["total"],
    )


def _span(value: dict[str, Any]) -> Span:
    return Span(value["start"], value["end"])


def _holds(question: Question, document_id: str, span: Span, text: str) -> bool:
    """Whether an accepted answer stands inside a slice of a document."""
    if question.spans:
        return any(document == document_id and span.contains(place) for document, place in question.spans)
    return document_id in question.documents and any(answer in text for answer in question.answers)


def _exact(response: dict[str, Any], service: Service, texts: dict[str, str]) -> list[bool]:
    """For every slice in a response, whether the document's text, as served, has these words at that place."""
    answer = response["answer"]
    citations = [answer["citation"], *answer["also_in"]] if answer else []
    citations += [item["citation"] for item in response["alternatives"] + response["conflicts"]]
    slices = [(c["document_id"], c, c["quote"]) for c in citations]
    slices += [(c["document_id"], c["sentence"], c["sentence"]["text"]) for c in citations]
    slices += [(found["document_id"], found, found["text"]) for found in response["evidence"]]
    checks = []
    for document_id, place, words in slices:
        if document_id not in texts:
            texts[document_id] = service.text(document_id)
        text = texts[document_id]
        units = text.encode("utf-16-le")[2 * place["start_utf16"] : 2 * place["end_utf16"]]
        exact = text[place["start"] : place["end"]] == words and units == words.encode("utf-16-le")
        checks.append(exact)
    return checks

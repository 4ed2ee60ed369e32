"""Asks every question of a set through the service, as its users do, and records the responses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from citeqa.index.types import Span
from citeqa.rag.evaluation import metrics
from citeqa.rag.evaluation.failures import FailureStage, stage
from citeqa.rag.evaluation.journal import Journal
from citeqa.rag.evaluation.questions import Question
from citeqa.rag.evaluation.relevance import Excerpt, ShownExcerpt, contains_answer, expected, retrieval_values

RANKED = 10  # passages of evidence that are measured


class Service(Protocol):
    """Anything that answers with the fields of the HTTP contract."""

    def ask(self, body: dict[str, Any]) -> dict[str, Any]:
        """`POST /api/ask`."""

    def text(self, document_id: str) -> str:
        """The text of `GET /api/documents/{id}`."""


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """The result of one question. Values about the answer are about the forced answer (`min_confidence` 0).

    `answers` are the accepted ones. `right` is the event whose probability the confidence is: a token F1 of at least
    `metrics.RIGHT` with one of them, in an accepted document; never for an unanswerable question.
    `relevance.retrieval_values` describes the measures of the evidence. `candidates` are the texts of alternatives and
    conflicts. `expected` is the text around an accepted answer, if the question failed at a `stage`.
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
    answer_in_600: bool | None = None
    answer_in_3000: bool | None = None
    place_in_600: bool | None = None
    place_in_3000: bool | None = None
    measures: Mapping[str, float] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    returned: tuple[ShownExcerpt, ...] = ()
    expected: str = ""
    stage: FailureStage = ""


def run(
    questions: Sequence[Question],
    service: Service,
    progress: Callable[[], None] = lambda: None,
    journal: Journal | None = None,
) -> list[AnswerResult]:
    """One row for each question, in order. A refused question is asked again with `min_confidence` 0, so that the
    answer it would have got is measured too. Questions in the journal are not asked again."""
    texts = _Texts(service)
    rows = []
    for question in questions:
        kept = None if journal is None else journal.row(question.id)
        row = row_from_json(kept) if kept else _row(question, service, texts)
        if journal is not None and not kept:
            journal.add(asdict(row))
        rows.append(row)
        progress()
    return rows


def row_from_json(values: dict[str, Any]) -> AnswerResult:
    """A row from its JSON values."""
    returned = tuple(ShownExcerpt(**one) for one in values["returned"])
    return AnswerResult(
        **values | {name: tuple(values[name]) for name in ("answers", "candidates")} | {"returned": returned}
    )


class _Texts:
    """The texts of documents as the service returns them; each is requested once."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._texts: dict[str, str] = {}

    def __call__(self, document_id: str) -> str:
        if document_id not in self._texts:
            self._texts[document_id] = self._service.text(document_id)
        return self._texts[document_id]


def _row(question: Question, service: Service, texts: _Texts) -> AnswerResult:
    body: dict[str, Any] = {"question": question.question, "k": RANKED}
    if question.asked_on:
        body["today"] = question.asked_on.isoformat()
    response = service.ask(body)
    forced = response if response["answered"] else service.ask(body | {"min_confidence": 0.0})
    answer = forced["answer"]
    citation: dict[str, Any] = answer["citation"] if answer else {}
    retrieved = retrieval_values(question, [_excerpt(found) for found in forced["evidence"]], deepest=RANKED)
    responses = [response] if response["answered"] else [response, forced]
    checks = [exact for each in responses for exact in _exact(each, texts)]
    sentence: dict[str, Any] = citation["sentence"] if citation else {}
    words = answer["text"] if answer else ""
    others = [(item["citation"], item["citation"]["quote"]) for item in forced["alternatives"] + forced["conflicts"]]
    right = bool(citation) and _right(question, citation, words)
    lost = stage(
        answerable=question.answerable,
        answered=response["answered"],
        right=right,
        retrieved=bool(retrieved["reciprocal_rank"]),
        read=right or any(_right(question, *other) for other in others),
    )
    return AnswerResult(
        id=question.id,
        question=question.question,
        split=question.split,
        answerable=question.answerable,
        answers=question.answers,
        answered=response["answered"],
        confidence=answer["confidence"] if answer else 0.0,
        answer=words,
        document_id=citation["document_id"] if citation else None,
        sentence=sentence["text"] if sentence else "",
        right_document=bool(citation) and citation["document_id"] in question.documents,
        in_sentence=bool(sentence)
        and contains_answer(question, _excerpt(sentence | {"document_id": citation["document_id"]})),
        right=right,
        exact_match=metrics.exact_match(words, question.answers),
        f1=metrics.token_f1(words, question.answers),
        citations=len(checks),
        exact_citations=sum(checks),
        milliseconds=response["timing_ms"]["total"],
        candidates=tuple(words for _, words in others),
        expected=expected(question, texts) if lost else "",
        stage=lost,
        **retrieved,
    )


def _excerpt(found: dict[str, Any]) -> Excerpt:
    return Excerpt(found["document_id"], Span(found["start"], found["end"]), found["text"])


def _right(question: Question, cited: dict[str, Any], words: str) -> bool:
    return cited["document_id"] in question.documents and metrics.token_f1(words, question.answers) >= metrics.RIGHT


def _exact(response: dict[str, Any], texts: _Texts) -> list[bool]:
    """For every slice in a response, whether the document's text, as served, has these words at that position."""
    answer = response["answer"]
    citations = [answer["citation"], *answer["also_in"]] if answer else []
    citations += [item["citation"] for item in response["alternatives"] + response["conflicts"] + response["guesses"]]
    slices = [(c["document_id"], c, c["quote"]) for c in citations]
    slices += [(c["document_id"], c["sentence"], c["sentence"]["text"]) for c in citations]
    slices += [(found["document_id"], found, found["text"]) for found in response["evidence"]]
    checks = []
    for document_id, place, words in slices:
        text = texts(document_id)
        units = text.encode("utf-16-le")[2 * place["start_utf16"] : 2 * place["end_utf16"]]
        exact = text[place["start"] : place["end"]] == words and units == words.encode("utf-16-le")
        checks.append(exact)
    return checks

"""What a search returned, and whether it contains what was sought."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from citeqa.index.types import Span
from citeqa.rag.evaluation import metrics, ranking
from citeqa.rag.evaluation.questions import Question

BUDGETS = (600, 3000)  # characters of the results that a person, or a program, reads
SHOWN = 5  # excerpts kept for a person who looks at a question
_LONGEST, _AROUND = 400, 120  # characters shown of an excerpt, and on each side of an accepted answer


class Excerpt(NamedTuple):
    """A slice of a document that a search returned: `text` is the document's text at `span`."""

    document_id: str
    span: Span
    text: str


def contains_answer(question: Question, excerpt: Excerpt) -> bool:
    """Whether an excerpt contains an accepted answer: at its position if the set gives positions, otherwise as a string
    in an accepted document. For a set without answers, whether the excerpt is from a relevant document."""
    if question.spans:
        return any(
            document == excerpt.document_id and excerpt.span.contains(place) for document, place in question.spans
        )
    return mentions_answer(question, excerpt)


def mentions_answer(question: Question, excerpt: Excerpt) -> bool:
    """Whether an excerpt of an accepted document contains an accepted answer as a string. This is easier than
    `contains_answer` if the set gives positions, and comparable between sets that do and sets that do not."""
    if excerpt.document_id not in question.documents:
        return False
    return not question.answers or any(answer in excerpt.text for answer in question.answers)


def first_characters(excerpts: Sequence[Excerpt], characters: int) -> Iterator[Excerpt]:
    """The first `characters` code points of the excerpts, in order: whole excerpts, then the beginning of the one that
    exceeds the budget. So longer excerpts gain no advantage, and text that two excerpts share counts twice."""
    for excerpt in excerpts:
        if characters <= 0:
            return
        text = excerpt.text[:characters]
        yield Excerpt(excerpt.document_id, Span(excerpt.span.start, excerpt.span.start + len(text)), text)
        characters -= len(text)


def documents(excerpts: Iterable[Excerpt]) -> list[str]:
    """The documents of the excerpts, in the order of their first excerpts."""
    return list(dict.fromkeys(excerpt.document_id for excerpt in excerpts))


@dataclass(frozen=True, slots=True)
class ShownExcerpt:
    """An excerpt as reports show it: the beginning of its text, and whether it contains an accepted answer."""

    document_id: str
    start: int
    end: int
    holds: bool
    text: str


def retrieval_values(question: Question, excerpts: Sequence[Excerpt], *, deepest: int) -> dict[str, Any]:
    """The measures of the excerpts returned for a question, best first, under the names that rows of runs use.

    `success_at_k` and `reciprocal_rank` are about excerpts (see `contains_answer`). `measures` are the TREC measures of
    their documents, empty if no document is relevant. `answer_in_n` says whether the first n characters contain an
    accepted string, in an accepted document; `place_in_n` whether they contain an accepted position. Each is None if
    the set has none.
    """
    relevant = [contains_answer(question, excerpt) for excerpt in excerpts[:deepest]]
    found: dict[str, Any] = {f"success_at_{k}": metrics.success_at(relevant, k) for k in (1, 5, 10)}
    found["reciprocal_rank"] = metrics.reciprocal_rank(relevant)
    for budget in BUDGETS:
        read = list(first_characters(excerpts, budget))
        found[f"answer_in_{budget}"] = (
            any(mentions_answer(question, excerpt) for excerpt in read) if question.answers else None
        )
        found[f"place_in_{budget}"] = (
            any(contains_answer(question, excerpt) for excerpt in read) if question.spans else None
        )
    measured = ranking.measured({"": question.relevant}, {"": documents(excerpts)}) if question.relevant else {"": {}}
    found["measures"] = measured[""]
    found["returned"] = tuple(
        ShownExcerpt(p.document_id, p.span.start, p.span.end, held, p.text[:_LONGEST])
        for p, held in zip(excerpts[:SHOWN], relevant, strict=False)
    )
    return found


def expected(question: Question, text: Callable[[str], str]) -> str:
    """The text around the first accepted answer, for a person who looks at the question. For a set without answers, the
    beginning of a relevant document; "" if nothing is known."""
    document, place = next(iter(question.spans), (None, None))
    if document is None or place is None:
        for document in sorted(question.documents):
            whole = text(document)
            if not question.answers:
                return f"{document}: {whole[: 2 * _AROUND]}…"
            for answer in question.answers:
                start = whole.find(answer)
                if start >= 0:
                    return _around(whole, Span(start, start + len(answer)))
        return ""
    return _around(text(document), place)


def _around(text: str, place: Span) -> str:
    start, end = max(0, place.start - _AROUND), place.end + _AROUND
    return ("…" if start else "") + text[start:end] + ("…" if end < len(text) else "")

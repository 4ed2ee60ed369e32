"""What a search returned, and whether what was sought is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from citeqa.index.types import Span
from citeqa.rag.evaluation import metrics, ranking
from citeqa.rag.evaluation.questions import Question

BUDGETS = (600, 3000)  # characters that a person, or a program, reads of what is returned
SHOWN = 5  # pieces kept for whoever looks at a question
_LONGEST, _AROUND = 400, 120  # characters of a piece, and beside an accepted answer, that are shown


class Excerpt(NamedTuple):
    """A slice of a document that was returned: `text` is what stands at `span`."""

    document_id: str
    span: Span
    text: str


def contains_answer(question: Question, excerpt: Excerpt) -> bool:
    """Whether an accepted answer stands inside a slice: at its place, where the set gives places, else as a string in
    an accepted document; of a set without answers, whether the slice is of a relevant document."""
    if question.spans:
        return any(
            document == excerpt.document_id and excerpt.span.contains(place) for document, place in question.spans
        )
    return mentions_answer(question, excerpt)


def mentions_answer(question: Question, excerpt: Excerpt) -> bool:
    """The same by strings alone: an accepted answer stands somewhere in a slice of an accepted document. This is
    easier than `contains_answer` where the set gives places, and what is comparable between sets that do and that do not."""
    if excerpt.document_id not in question.documents:
        return False
    return not question.answers or any(answer in excerpt.text for answer in question.answers)


def first_characters(excerpts: Sequence[Excerpt], characters: int) -> Iterator[Excerpt]:
    """The first `characters` code points of what was returned, in its order: whole slices, then the beginning of the
    one that the budget cuts. So longer slices cannot buy success, and what stands in two slices is paid for twice."""
    for excerpt in excerpts:
        if characters <= 0:
            return
        text = excerpt.text[:characters]
        yield Excerpt(excerpt.document_id, Span(excerpt.span.start, excerpt.span.start + len(text)), text)
        characters -= len(text)


def documents(excerpts: Iterable[Excerpt]) -> list[str]:
    """The documents returned, each where its first slice stands."""
    return list(dict.fromkeys(excerpt.document_id for excerpt in excerpts))


@dataclass(frozen=True, slots=True)
class ShownExcerpt:
    """A piece as it is shown: the beginning of its text, and whether an accepted answer stands in it."""

    document_id: str
    start: int
    end: int
    holds: bool
    text: str


def retrieval_values(question: Question, excerpts: Sequence[Excerpt], *, deepest: int) -> dict[str, Any]:
    """What is measured of the pieces returned for a question, best first, by the names that rows of runs have.

    `success_at_k` and `reciprocal_rank` are of pieces (see `contains_answer`), `measures` those of TREC of their documents, empty
    where no document is relevant. `answer_in_n` says of the first n characters whether an accepted string stands in
    them, in an accepted document; `place_in_n` whether an accepted place does; None where the set gives none.
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
    """The words around the first accepted answer, for whoever looks at a question; of a set without answers, the
    beginning of a relevant document; "" where nothing is known."""
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

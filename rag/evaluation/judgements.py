"""Users' judgements of answers, as rows of a question set that grows.

A row has the fields of a question (see `questions`) and also `verdict`, `date` and, for a judged span,
`document_sha256`:

    right       the cited span is an accepted answer
    missing     the same for a span that was not found; without a span: no document answers the question
    wrong       the cited span, in `rejected`, is not an answer; without a span: the response is wrong in some way;
                `answerable` is null, because nobody said what would have been right

Rows about the same question make one question; later rows correct earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from citeqa.index.types import DocumentView, Span

Verdict = Literal["right", "wrong", "missing"]


class DocumentSpan(NamedTuple):
    """A span of a document."""

    document: DocumentView
    span: Span


def judgement_row(question: str, verdict: Verdict, places: Iterable[DocumentSpan] = ()) -> dict[str, Any]:
    """The row for one judgement.

    Raises:
        ValueError: if a right answer has no span, or a span is outside its document.
    """
    places = list(places)
    if verdict == "right" and not places:
        raise ValueError("a right answer must be cited")
    judged = [_place(place) for place in places]
    values: dict[str, Any] = {
        "id": f"{verdict}-{uuid4().hex[:12]}",
        "question": question,
        "answers": [],
        "documents": [],
        "answerable": None if verdict == "wrong" else bool(judged),
        "verdict": verdict,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if verdict == "wrong":
        return values | {"rejected": judged}
    return values | {
        "answers": list(dict.fromkeys(place["text"] for place in judged)),
        "documents": list(dict.fromkeys(place["document_id"] for place in judged)),
        "spans": judged,
    }


def _place(place: DocumentSpan) -> dict[str, Any]:
    text = place.document.quote(place.span)
    at = {"start": place.span.start, "end": place.span.end}
    return {"document_id": place.document.id, **at, "text": text, "document_sha256": place.document.sha256}


def consolidated(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row for each question: what is accepted after all judgements. `rows` are in the order in which they were
    written. A question for which nobody said what is right is left out."""
    by_question: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_question.setdefault(" ".join(row["question"].split()).casefold(), []).append(row)
    return [found for group in by_question.values() if (found := _consolidated(group))]


def _consolidated(group: list[dict[str, Any]]) -> dict[str, Any] | None:
    accepted: dict[tuple[str, int, int], dict[str, Any]] = {}
    unanswerable = False
    for row in group:
        if row["verdict"] == "wrong":
            for place in row["rejected"]:
                accepted.pop(_key(place), None)
            unanswerable = unanswerable and bool(row["rejected"])
        elif row["answerable"]:
            accepted |= {_key(place): place for place in row["spans"]}
            unanswerable = False
        else:
            accepted, unanswerable = {}, True
    if not accepted and not unanswerable:
        return None
    places = list(accepted.values())
    return {
        "id": group[0]["id"],
        "question": group[0]["question"],
        "answers": list(dict.fromkeys(place["text"] for place in places)),
        "documents": list(dict.fromkeys(place["document_id"] for place in places)),
        "answerable": bool(places),
        "spans": places,
    }


def _key(place: dict[str, Any]) -> tuple[str, int, int]:
    return place["document_id"], place["start"], place["end"]

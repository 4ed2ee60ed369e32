"""What people say of answers, as rows of a question set that grows.

A row has the fields of a question (see `questions`) and besides `verdict`, `date` and, where a place is judged,
`document_sha256`:

    right       the place cited is an accepted answer
    missing     the same of a place that was not found; without a place, that no document answers the question
    wrong       the place cited, in `rejected`, is no answer; without a place, what came back is wrong somehow;
                `answerable` is null, for nobody said what would have been right

Rows about the same question are one question, the later ones correct the earlier ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from citeqa.index.types import Document, Span

Verdict = Literal["right", "wrong", "missing"]


class DocumentSpan(NamedTuple):
    """The words of a document that are judged."""

    document: Document
    span: Span


def judgement_row(question: str, verdict: Verdict, places: Iterable[DocumentSpan] = ()) -> dict[str, Any]:
    """The row that says it.

    Raises:
        ValueError: if a right answer is said to stand nowhere, or a place is outside its document.
    """
    places = list(places)
    if verdict == "right" and not places:
        raise ValueError("what is right must be cited")
    given = [_place(place) for place in places]
    values: dict[str, Any] = {
        "id": f"{verdict}-{uuid4().hex[:12]}",
        "question": question,
        "answers": [],
        "documents": [],
        "answerable": None if verdict == "wrong" else bool(given),
        "verdict": verdict,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    if verdict == "wrong":
        return values | {"rejected": given}
    return values | {
        "answers": list(dict.fromkeys(place["text"] for place in given)),
        "documents": list(dict.fromkeys(place["document_id"] for place in given)),
        "spans": given,
    }


def _place(place: DocumentSpan) -> dict[str, Any]:
    text = place.document.quote(place.span)
    at = {"start": place.span.start, "end": place.span.end}
    return {"document_id": place.document.id, **at, "text": text, "document_sha256": place.document.sha256}


def consolidated(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a question, of rows in the order in which they were written: what is accepted in the end. A question of
    which nobody said what is right is left out."""
    held: dict[str, list[dict[str, Any]]] = {}
    for said in rows:
        held.setdefault(" ".join(said["question"].split()).casefold(), []).append(said)
    return [found for group in held.values() if (found := _consolidated(group))]


def _consolidated(group: list[dict[str, Any]]) -> dict[str, Any] | None:
    accepted: dict[tuple[str, int, int], dict[str, Any]] = {}
    unanswerable = False
    for said in group:
        if said["verdict"] == "wrong":
            for place in said["rejected"]:
                accepted.pop(_key(place), None)
            unanswerable = unanswerable and bool(said["rejected"])
        elif said["answerable"]:
            accepted |= {_key(place): place for place in said["spans"]}
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

"""What a search returned, and whether what was sought is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from index.types import Span
from rag.evaluation.questions import Question

BUDGETS = (600, 3000)  # characters that a person, or a program, reads of what is returned


class Piece(NamedTuple):
    """A slice of a document that was returned: `text` is what stands at `span`."""

    document_id: str
    span: Span
    text: str


def holds(question: Question, piece: Piece) -> bool:
    """Whether an accepted answer stands inside a slice: at its place, where the set gives places, else as a string in
    an accepted document; of a set without answers, whether the slice is of a relevant document."""
    if question.spans:
        return any(document == piece.document_id and piece.span.contains(place) for document, place in question.spans)
    return names(question, piece)


def names(question: Question, piece: Piece) -> bool:
    """The same by strings alone: an accepted answer stands somewhere in a slice of an accepted document. This is
    easier than `holds` where the set gives places, and what is comparable between sets that do and that do not."""
    if piece.document_id not in question.documents:
        return False
    return not question.answers or any(answer in piece.text for answer in question.answers)


def within(pieces: Sequence[Piece], characters: int) -> Iterator[Piece]:
    """The first `characters` code points of what was returned, in its order: whole slices, then the beginning of the
    one that the budget cuts. So longer slices cannot buy success, and what stands in two slices is paid for twice."""
    for piece in pieces:
        if characters <= 0:
            return
        text = piece.text[:characters]
        yield Piece(piece.document_id, Span(piece.span.start, piece.span.start + len(text)), text)
        characters -= len(text)


def documents(pieces: Iterable[Piece]) -> list[str]:
    """The documents returned, each where its first slice stands."""
    return list(dict.fromkeys(piece.document_id for piece in pieces))

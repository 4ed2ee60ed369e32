"""Which cells of a table a question asks for, as far as its words show: those whose row and column it names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from citeqa.index.types import Passage, Span
from citeqa.rag.names import codes_in

WEIGHT = 8.0  # how much lower the margin is of a cell with whose row and column the question shares nothing

Terms = Callable[[str], Sequence[str]]
Row = Sequence[tuple[str, Span]]  # its cells, each with the label that is shown before it


@dataclass(frozen=True, slots=True)
class NamedCell:
    """A cell of a passage, and the share of the question's terms, weighted by their rarity, that its row and its labels
    have without the cell itself; to it the share of the question's codes that these or the headings have is added."""

    span: Span
    share: float


def named_cells(
    passage: Passage, terms: Terms, rarity: Mapping[str, float], codes: Set[str] = frozenset(), heading: str = ""
) -> list[NamedCell]:
    """The cells of the tables in a passage; empty if it has no table.

    Args:
        terms: gives the terms of a text.
        rarity: of each of the question's terms.
        codes: those of the question (see `rag.names.codes_in`): "4410-415" is one thing, its parts stand in many rows.
        heading: what stands above the passage.
    """
    total = sum(rarity.values())
    if not passage.context.pieces or not total:
        return []
    found = []
    labels = {lead: set(terms(lead)) for lead, _ in passage.context.pieces}
    for row in _rows(passage):
        if len(row) < 2 and ": " not in row[0][0]:
            continue
        words = [set(terms(passage.text[span.start : span.end])) for _, span in row]
        again = labels[row[0][0]]  # the labels of the row are shown again before its first cell
        for number, (lead, span) in enumerate(row):
            near = labels[lead] | again | {term for at, one in enumerate(words) if at != number for term in one}
            share = sum(rarity[term] for term in near & rarity.keys()) / total
            found.append(NamedCell(span, share + (_codes_near(row, number, passage, heading, codes) if codes else 0.0)))
    return found


def _codes_near(row: Row, number: int, passage: Passage, heading: str, codes: Set[str]) -> float:
    """The share of the question's codes in the headings, and in the row and the labels of one of its cells, without the
    cell itself."""
    others = (passage.text[span.start : span.end] for at, (_, span) in enumerate(row) if at != number)
    near = "\n".join([heading, row[0][0], row[number][0], *others])
    return len(codes & codes_in(near)) / len(codes)


def losses(cells: Mapping[int, Sequence[NamedCell]]) -> dict[int, dict[Span, float]]:
    """How much lower the margins of cells are than the reader has them, by the number of their passage and their span:
    not at all for the cell that the question names best."""
    best = max((one.share for found in cells.values() for one in found), default=0.0)
    return {number: {one.span: WEIGHT * (best - one.share) for one in found} for number, found in cells.items()}


def _rows(passage: Passage) -> Iterator[list[tuple[str, Span]]]:
    row: list[tuple[str, Span]] = []
    for lead, span in passage.context.pieces:
        if row and lead.startswith("\n"):
            yield row
            row = []
        row.append((lead, span))
    if row:
        yield row

"""Manuscripts whose quotations are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from citeqa.api.schemas.answers import IndexOut
from citeqa.api.schemas.base import StrictModel
from citeqa.api.schemas.citations import CitationOut, PlaceOut
from citeqa.api.schemas.questions import FiltersIn
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import Filters
from citeqa.rag.manuscript.checking import CheckedQuotation

MAX_MANUSCRIPT = 1_000_000  # code points
MAX_QUOTATIONS = 5_000

Status = Literal["exact", "altered", "absent", "unchecked"]


class VerifyQuotesRequest(StrictModel):
    text: Annotated[str, Field(min_length=1, max_length=MAX_MANUSCRIPT)] = Field(
        description="the manuscript, as plain text or Markdown",
        examples=["“The dominant intelligence remains the collective one,” she said."],
    )
    filters: FiltersIn | None = Field(default=None, description="the documents to look in; all of them by default")

    def chosen(self) -> Filters:
        """The filters of the request."""
        return self.filters.filters() if self.filters else Filters()


class AttributionOut(BaseModel):
    """What stands beside the quotation in the manuscript, compared with the source; null where nothing is known."""

    name: str | None
    name_fits: bool | None = Field(description="whether the name is found with the source")
    time: str | None
    date_from: date | None
    date_to: date | None
    date_fits: bool | None = Field(description="whether the source is of that time")


class DifferenceOut(BaseModel):
    """A run of words of the quotation beside that of the source. `added` stands in the quotation alone, `removed` in
    the source alone; for what is `omitted` and `inserted`, the quotation has a mark of omission or brackets."""

    change: Literal["same", "replaced", "added", "removed", "omitted", "inserted", "case"]
    quoted: str
    source: str


class QuotationOut(PlaceOut):
    """A quotation of the manuscript; its position counts in the text of the manuscript, with its marks."""

    text: str
    line: int = Field(description="of the manuscript, from 1")
    kind: Literal["marks", "block"]
    status: Status = Field(
        description="`unchecked` if it is longer than 1,500 words, or only of words that no index lists"
    )
    omissions: int
    insertions: int
    changed: list[Literal["words", "numbers", "negation", "case"]]
    differences: list[DifferenceOut] = Field(description="the whole quotation; empty if it stands so in the source")
    attribution: AttributionOut
    citation: CitationOut | None
    speaker: str | None = Field(description="who says the words in the source, where that can be told")
    also_in: list[str] = Field(description="ids of other documents that have the same words")


class VerifyQuotesResponse(BaseModel):
    quotations: list[QuotationOut]
    counts: dict[Status, int]
    index: IndexOut

    @classmethod
    def of(cls, text: str, found: Sequence[CheckedQuotation], index: SearchIndex) -> VerifyQuotesResponse:
        """The response for a manuscript with this text; `found` is in its order."""
        told = Counter(one.status for one in found)
        statuses: tuple[Status, ...] = ("exact", "altered", "absent", "unchecked")
        places = _Places(text)
        return cls(
            quotations=[_quotation(one, places) for one in found],
            counts={status: told[status] for status in statuses},
            index=IndexOut.of(index),
        )


class _Places:
    """Lines and UTF-16 positions of a text, for offsets that ascend: each part of the text is counted once."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._units, self._line = text, 0, 0, 1

    def reach(self, offset: int) -> tuple[int, int]:
        """The UTF-16 position of an offset, and its line. It must not be below an earlier one."""
        part = self._text[self._at : offset]
        self._units += len(part.encode("utf-16-le", "surrogatepass")) // 2
        self._line += part.count("\n")
        self._at = offset
        return self._units, self._line


def _quotation(one: CheckedQuotation, places: _Places) -> QuotationOut:
    span, ascribed = one.quotation.span, one.attribution
    start, line = places.reach(span.start)
    end, _ = places.reach(span.end)
    return QuotationOut(
        text=one.text,
        line=line,
        start=span.start,
        end=span.end,
        start_utf16=start,
        end_utf16=end,
        kind=one.quotation.kind,
        status=one.status,
        omissions=one.omissions,
        insertions=one.insertions,
        changed=list(one.changed),
        differences=[DifferenceOut(change=d.change, quoted=d.quoted, source=d.source) for d in one.differences],
        attribution=AttributionOut(
            name=ascribed.name,
            name_fits=one.name_fits,
            time=ascribed.time,
            date_from=ascribed.date_from,
            date_to=ascribed.date_to,
            date_fits=one.date_fits,
        ),
        citation=CitationOut.of(one.citation) if one.citation else None,
        speaker=one.speaker,
        also_in=list(one.also_in),
    )

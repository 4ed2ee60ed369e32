"""Words of a document: where they come from, where they stand, and the sentence around them."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, Field

from citeqa.rag.types import CellLabels, Citation, Slice, Source


class SourceOut(BaseModel):
    """The document that a quote or passage comes from."""

    document_id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None


def source_fields(source: Source) -> dict[str, Any]:
    """What is shown of a source."""
    return {name: getattr(source, name) for name in SourceOut.model_fields}


class PlaceOut(BaseModel):
    """The position `text[start:end]` in the document, in code points; the `_utf16` pair counts as JavaScript does."""

    start: int
    end: int
    start_utf16: int
    end_utf16: int


def place_fields(piece: Slice) -> dict[str, Any]:
    """The place of a slice, in both units."""
    a, b = piece.span, piece.span_utf16
    return {"start": a.start, "end": a.end, "start_utf16": b.start, "end_utf16": b.end}


class SentenceOut(PlaceOut):
    text: str


class CellLabelsOut(BaseModel):
    """What names a table's cell."""

    row: str | None
    column: str | None
    caption: str | None


class CitationOut(PlaceOut, SourceOut):
    """Words of a document, their position, and the sentence around them."""

    page: int | None
    table: CellLabelsOut | None = Field(description="the labels of the table's cell that the quote stands in")
    items: int | None = Field(description="how many items the list has, if the quote is a whole list")
    date_origin: Literal["metadata", "text"] | None = Field(description="where the date comes from")
    time_start: float | None = Field(description="of a recording: from which second the words are heard")
    time_end: float | None
    recognised: bool | None = Field(description="whether the words were read from a picture (OCR), with its mistakes")
    quote: str
    sentence: SentenceOut
    document_sha256: str

    @classmethod
    def of(cls, citation: Citation) -> CitationOut:
        start, end = citation.heard or (None, None)
        return cls(
            **source_fields(citation.source),
            **place_fields(citation.quote),
            page=citation.page,
            table=_cell(citation.table),
            items=citation.items,
            date_origin=citation.source.date_origin,
            time_start=start,
            time_end=end,
            recognised=citation.recognised,
            quote=citation.quote.text,
            sentence=SentenceOut(text=citation.sentence.text, **place_fields(citation.sentence)),
            document_sha256=citation.source.sha256,
        )


def _cell(labels: CellLabels | None) -> CellLabelsOut | None:
    return CellLabelsOut(row=labels.row, column=labels.column, caption=labels.caption) if labels else None

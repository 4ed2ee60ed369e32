"""A document's structure as responses show it. All offsets count code points of the document's text."""

from __future__ import annotations

from pydantic import BaseModel, Field

from citeqa.index.structure import List, Structure, Table
from citeqa.index.types import Span


class RangeOut(BaseModel):
    start: int
    end: int

    @classmethod
    def of(cls, span: Span) -> RangeOut:
        return cls(start=span.start, end=span.end)

    @classmethod
    def maybe(cls, span: Span | None) -> RangeOut | None:
        return cls.of(span) if span else None


class CellOut(RangeOut):
    row: int = Field(description="counted from 0, from the top")
    column: int = Field(description="counted from 0, from the left")
    rows: int = Field(description="how many rows it spans")
    columns: int = Field(description="how many columns it spans")


class TableOut(RangeOut):
    header_rows: int = Field(description="how many rows at the top name the columns")
    header_columns: int = Field(description="how many columns at the left name the rows")
    caption: RangeOut | None
    cells: list[CellOut] = Field(description="those that are filled, by row, then column")

    @classmethod
    def of_table(cls, table: Table) -> TableOut:
        return cls(
            start=table.span.start,
            end=table.span.end,
            header_rows=table.header_rows,
            header_columns=table.header_columns,
            caption=RangeOut.maybe(table.caption),
            cells=[
                CellOut(
                    start=cell.span.start, end=cell.span.end, row=cell.row, column=cell.column, rows=cell.rows,
                    columns=cell.columns,
                )
                for cell in table.cells
            ],
        )  # fmt: skip


class ItemOut(RangeOut):
    level: int = Field(description="how deep it is nested, from 0")
    mark: RangeOut | None = Field(description="its bullet or number, where the text has one")


class ListOut(RangeOut):
    ordered: bool = Field(description="whether its outermost items are numbered")
    introduction: RangeOut | None = Field(description="the sentence before it that introduces it")
    items: list[ItemOut]

    @classmethod
    def of_list(cls, found: List) -> ListOut:
        return cls(
            start=found.span.start,
            end=found.span.end,
            ordered=found.ordered,
            introduction=RangeOut.maybe(found.introduction),
            items=[
                ItemOut(start=one.span.start, end=one.span.end, level=one.level, mark=RangeOut.maybe(one.mark))
                for one in found.items
            ],
        )


class HeadingOut(RangeOut):
    level: int = Field(description="from 1, the title")


class TurnOut(RangeOut):
    speaker: RangeOut


class StructureOut(BaseModel):
    """Each part in the order of the text."""

    tables: list[TableOut]
    lists: list[ListOut]
    headings: list[HeadingOut]
    turns: list[TurnOut]
    quotations: list[RangeOut]

    @classmethod
    def of(cls, structure: Structure) -> StructureOut:
        return cls(
            tables=[TableOut.of_table(table) for table in structure.tables],
            lists=[ListOut.of_list(found) for found in structure.lists],
            headings=[
                HeadingOut(start=one.span.start, end=one.span.end, level=one.level) for one in structure.headings
            ],
            turns=[
                TurnOut(start=one.span.start, end=one.span.end, speaker=RangeOut.of(one.speaker))
                for one in structure.turns
            ],
            quotations=[RangeOut.of(span) for span in structure.quotations],
        )

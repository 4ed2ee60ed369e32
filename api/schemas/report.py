"""What a run of indexing did, as `citeqa index --json` and `citeqa sync --json` print it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from citeqa.index.types import Report


class SkippedOut(BaseModel):
    name: str
    reason: str
    format: str | None = Field(description="null for a file of no format that is read")


class WarnedOut(BaseModel):
    name: str
    note: str
    format: str


class FormatReportOut(BaseModel):
    """Documents of one format: new or changed, unchanged, refused; and how many warnings there are."""

    format: str | None
    read: int
    unchanged: int
    refused: int
    warnings: int


class ReportOut(BaseModel):
    """What was done, by document and by format, and what the index holds now."""

    added: int
    replaced: int
    unchanged: int
    removed: int
    documents: int
    passages: int
    change: int
    formats: list[FormatReportOut]
    warnings: list[WarnedOut]
    skipped: list[SkippedOut]

    @classmethod
    def of(cls, report: Report) -> ReportOut:
        return cls.model_validate(report, from_attributes=True)

"""Questions, filters, and the turn before a follow-up question."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from citeqa.api.schemas.base import (
    MAX_ANSWER,
    MAX_CONTEXT,
    MAX_FOLDERS,
    MAX_IDS,
    MAX_K,
    Folder,
    Id,
    IsoDate,
    MinChange,
    StrictModel,
    Text,
)
from citeqa.index.types import Filters
from citeqa.rag.followup import Turn, carried
from citeqa.rag.options import AskOptions, Look


class FiltersIn(StrictModel):
    """Which documents to search: all conditions must hold. Undated documents fail any date condition."""

    document_ids: Annotated[list[Id], Field(min_length=1, max_length=MAX_IDS)] | None = None
    folders: Annotated[list[Folder], Field(min_length=1, max_length=MAX_FOLDERS)] | None = Field(
        default=None,
        description="beginnings of ids: `reports` holds `reports/2024/harbour`; a document is in one of them",
    )
    source: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    date_from: IsoDate | None = Field(default=None, description="first day, included")
    date_to: IsoDate | None = Field(default=None, description="last day, included")

    @model_validator(mode="after")
    def _in_order(self) -> FiltersIn:
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError("date_from is after date_to")
        return self

    def filters(self) -> Filters:
        ids, folders = (None if one is None else frozenset(one) for one in (self.document_ids, self.folders))
        return Filters(ids, self.source, self.date_from, self.date_to, folders=folders)

    @classmethod
    def of(cls, filters: Filters) -> FiltersIn | None:
        """The filters as a request sends them; None if there are none."""
        if not filters:
            return None
        ids, folders = (None if one is None else sorted(one) for one in (filters.document_ids, filters.folders))
        days = {"date_from": filters.date_from, "date_to": filters.date_to}
        return cls(document_ids=ids, folders=folders, source=filters.source, **days)


class SearchRequest(StrictModel):
    question: Text = Field(examples=["How much aid did the United States pledge to the Cubans?"])
    k: int = Field(default=5, ge=1, le=MAX_K, description="how much evidence to return; it never changes the answer")
    filters: FiltersIn | None = None
    today: IsoDate | None = Field(
        default=None, description='the day that "last week" in the question counts from; null means the current day'
    )
    use_dates: bool = Field(
        default=True, description="whether the times that the question names may prefer and filter sources"
    )

    min_change: MinChange = None

    def options(self) -> AskOptions:
        """The options of the request."""
        filters = self.filters.filters() if self.filters else Filters()
        return AskOptions(k=self.k, filters=filters, today=self.today, use_dates=self.use_dates)

    @classmethod
    def of(cls, question: str, options: AskOptions) -> Self:
        """The request with these options."""
        others = {"question", "filters", "min_change", "previous"}
        values = {name: getattr(options, name) for name in cls.model_fields if name not in others}
        return cls(question=question, filters=FiltersIn.of(options.filters), **values)


class TurnIn(StrictModel):
    """A question, the answer to it, and the title of the document that was cited."""

    question: Text
    answer: Annotated[str, Field(max_length=MAX_ANSWER)] = Field(default="", description="blank if there was none")
    title: Annotated[str, Field(max_length=1000)] = Field(default="", description="blank if there was no answer")

    def turn(self) -> Turn:
        return Turn(self.question, self.answer, self.title)


class AskRequest(SearchRequest):
    min_confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="lowest confidence to answer with; null means the fitted threshold"
    )
    context: Annotated[str, Field(max_length=MAX_CONTEXT)] | None = Field(
        default=None, description="what a follow-up question carries over; it is searched and read with the question"
    )
    previous: TurnIn | None = Field(
        default=None,
        description="the turn before; what the question leaves unsaid is taken over from it, unless `context` is given",
    )
    look: Look | None = Field(
        default=None,
        description="how often passages are read: `twice` is again, by a larger reader, where the first is not sure; "
        "null means what the service is set to",
    )

    def carried(self) -> ContextResponse:
        """What the question takes over from the turn before, as /api/context says it."""
        if self.previous is None or self.context is not None:
            return ContextResponse.of(())
        return ContextResponse.of(carried(self.question, self.previous.turn()))

    def options(self, context: str | None = None) -> AskOptions:
        """`context`: what was taken over, where none is given."""
        known = self.context if self.context is not None else context
        return replace(super().options(), min_confidence=self.min_confidence, context=known, look=self.look)


class ContextRequest(StrictModel):
    """A question, and the turn before it in the same conversation. Nothing is stored: what the question carries over
    comes back, to be shown to the user and sent with the question as `context`."""

    question: Text = Field(examples=["And who hosted it?"])
    previous: TurnIn = Field(
        examples=[{"question": "Where did the working group meet?", "answer": "in Miami, Florida", "title": ""}]
    )


class ContextResponse(BaseModel):
    """`context` is what to send with the question: the chips, joined by spaces. If the user removes a chip, join the
    others. It is null where nothing is carried over, because the question is complete."""

    context: str | None
    chips: list[str] = Field(description="words of the turn before, each of which can be removed")

    @classmethod
    def of(cls, chips: tuple[str, ...]) -> ContextResponse:
        return cls(context=" ".join(chips)[:MAX_CONTEXT] or None, chips=list(chips))

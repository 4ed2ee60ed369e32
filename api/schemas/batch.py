"""Several questions in one request."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from citeqa.api.schemas.answers import AskResponse
from citeqa.api.schemas.base import MinChange, StrictModel
from citeqa.api.schemas.problem import Problem

MAX_BATCH = 1000

# Each question is validated on its own, so that one that is not valid does not fail the others.
_Item = Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/AskRequest"})]


class BatchRequest(StrictModel):
    questions: Annotated[list[_Item], Field(min_length=1, max_length=MAX_BATCH)] = Field(
        description="each as POST /api/ask takes it",
        examples=[[{"question": "Who met Marco Rubio?"}, {"question": "Why?", "k": 1}]],
    )
    min_change: MinChange = None


class BatchItem(BaseModel):
    """The result of one question: the `response` that POST /api/ask would give, or the `problem`."""

    response: AskResponse | None
    problem: Problem | None


class BatchResponse(BaseModel):
    """One result for each question, in the same order. All are answered from the same state of the index."""

    results: list[BatchItem]

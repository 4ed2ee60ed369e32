"""Several questions in one request."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema

from citeqa.api.schemas.answers import AskResponse
from citeqa.api.schemas.base import StrictModel
from citeqa.api.schemas.problem import Problem

MAX_BATCH = 1000

# Each question is validated on its own, so that one that is not valid does not fail the others.
_Item = Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/AskRequest"})]


class BatchRequest(StrictModel):
    questions: Annotated[list[_Item], Field(min_length=1, max_length=MAX_BATCH)] = Field(
        description="each as POST /api/ask takes it",
        examples=[[{"question": "Who met Marco Rubio?"}, {"question": "Why?", "k": 1}]],
    )


class BatchItem(BaseModel):
    """What became of one question: `response` as POST /api/ask answers, or the `problem` it would answer with."""

    response: AskResponse | None
    problem: Problem | None


class BatchResponse(BaseModel):
    """One item a question, in their order; all are answered from one state of the index."""

    results: list[BatchItem]

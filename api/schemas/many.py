"""The contract of asking many questions at once, and of asking about texts that come with the question."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from citeqa.api.schemas.answers import AskResponse
from citeqa.api.schemas.documents import DocumentIn
from citeqa.api.schemas.problem import Problem
from citeqa.api.schemas.questions import AskRequest

MAX_BATCH = 1000
MAX_GIVEN = 100  # documents that may come with a question

# Each item is checked on its own, so that one that is not valid does not sink the others.
_Item = Annotated[Any, WithJsonSchema({"$ref": "#/components/schemas/AskRequest"})]


class BatchRequest(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

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


class ReadRequest(AskRequest):
    """A question, as POST /api/ask takes it, and the texts to answer it from. Nothing of it is kept."""

    documents: Annotated[list[DocumentIn], Field(min_length=1, max_length=MAX_GIVEN)] = Field(
        examples=[[{"id": "harbour", "text": "The harbour was opened on 4 May 1987 by the mayor."}]]
    )

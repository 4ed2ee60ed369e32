"""A question about texts that come with it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from citeqa.api.schemas.documents import DocumentIn
from citeqa.api.schemas.questions import AskRequest

MAX_READ_DOCUMENTS = 100


class ReadRequest(AskRequest):
    """A question, as POST /api/ask takes it, and the texts to answer it from. Nothing of it is stored."""

    documents: Annotated[list[DocumentIn], Field(min_length=1, max_length=MAX_READ_DOCUMENTS)] = Field(
        examples=[[{"id": "harbour", "text": "The harbour was opened on 4 May 1987 by the mayor."}]]
    )

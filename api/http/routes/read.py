"""Questions about texts that come with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from citeqa.api.http.freshness import with_change
from citeqa.api.http.limits import UNIT_PASSAGES, UNIT_TOKENS
from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid
from citeqa.api.http.queueing import work_of
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.shared import POSTED, Loaded, check_length, example, json_only
from citeqa.api.http.uploads import from_text
from citeqa.api.schemas import AskResponse, ReadRequest
from citeqa.api.service import ask_over
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage.in_memory import InMemoryIndex
from citeqa.index.storage.settings import chunker_of
from citeqa.index.types import Document

PIECE = 10_000  # characters whose tokens are counted at once

router = APIRouter(prefix="/api", tags=["Questions"])
_HARBOUR = {"id": "harbour", "text": "The harbour was opened on 4 May 1987 by the mayor."}


@router.post("/read", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", turn="answer")
def read(
    body: Annotated[ReadRequest, example(question="Who opened the harbour?", documents=[_HARBOUR])],
    service: Loaded,
    request: Request,
) -> AskResponse:
    """Answer a question from the texts that come with it, with the same reader, citations and abstention as /ask.
    Offsets count in the texts as they were sent; `index` says how much was read. Nothing is stored."""
    check_length(body.question, request)
    most = request.app.state.settings.max_read
    size = sum(len(document.text) for document in body.documents)
    if size > most:
        raise invalid(("body", "documents"), f"The texts have {size:,} characters; {most:,} are allowed")
    service = with_change(service, body.min_change, request)
    documents, work = _documents(body), work_of(request)
    work.charge(1 + _tokens(documents, service.answerer.embedder, request) // UNIT_TOKENS)
    chunker = chunker_of(service.index.settings)
    given = InMemoryIndex(documents, service.answerer.embedder, chunker, at_once=UNIT_PASSAGES, pause=work.pause)
    work.pause()
    response = ask_over(given, service.answerer.over(given), body.question, body.options(body.carried().context))
    request_info(request.scope).answered(response, cached=False)
    return response


def _tokens(documents: Sequence[Document], embedder: Embedder, request: Request) -> int:
    """About how many tokens the models will read of the documents.

    Raises:
        RequestValidationError: if they are more than the settings allow.
    """
    pieces = (
        document.text[start : start + PIECE] for document in documents for start in range(0, len(document.text), PIECE)
    )
    tokens = sum(embedder.count_tokens([piece])[0] for piece in pieces)
    most = request.app.state.settings.max_read_tokens
    if tokens > most:
        raise invalid(("body", "documents"), f"The texts have {tokens:,} tokens; {most:,} are allowed")
    return tokens


def _documents(body: ReadRequest) -> list[Document]:
    documents = [from_text(given, "documents", number) for number, given in enumerate(body.documents)]
    seen: set[str] = set()
    for number, document in enumerate(documents):
        if document.id in seen:
            raise invalid(("body", "documents", number, "id"), "another document has this id already")
        seen.add(document.id)
    return documents

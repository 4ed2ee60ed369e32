"""Questions about texts that come with them."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.shared import POSTED, Loaded, check_length, json_only
from citeqa.api.http.uploads import from_text
from citeqa.api.schemas import AskResponse, ReadRequest
from citeqa.api.service import ask_over
from citeqa.index.storage.in_memory import InMemoryIndex
from citeqa.index.storage.settings import chunker_of
from citeqa.index.types import Document

router = APIRouter(prefix="/api")


@router.post("/read", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", queued=True)
def read(body: ReadRequest, service: Loaded, request: Request) -> AskResponse:
    """Answer a question from the texts that come with it, with the same reader, citations and abstention as /ask.
    Offsets count in the texts as they were sent; `index` says how much was read. Nothing is stored."""
    check_length(body.question, request)
    most = request.app.state.settings.max_read
    size = sum(len(document.text) for document in body.documents)
    if size > most:
        raise invalid(("body", "documents"), f"The texts have {size:,} characters; {most:,} are allowed")
    given = InMemoryIndex(_documents(body), service.answerer.embedder, chunker_of(service.index.settings))
    response = ask_over(given, service.answerer.over(given), body.question, body.options())
    request_info(request.scope).answered(response, cached=False)
    return response


def _documents(body: ReadRequest) -> list[Document]:
    documents = [from_text(given, "documents", number) for number, given in enumerate(body.documents)]
    seen: set[str] = set()
    for number, document in enumerate(documents):
        if document.id in seen:
            raise invalid(("body", "documents", number, "id"), "another document has this id already")
        seen.add(document.id)
    return documents

"""Many questions at once, and questions about texts that come with them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from citeqa.api.http.problems import problem_of
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.questions import POSTED, Loaded, answered, check_length, json_only
from citeqa.api.http.uploads import from_text
from citeqa.api.schemas import AskRequest, AskResponse, BatchItem, BatchRequest, BatchResponse, Problem, ReadRequest
from citeqa.api.service import Service, ask_over
from citeqa.index.errors import UnknownDocumentError
from citeqa.index.storage.in_memory import InMemoryIndex
from citeqa.index.storage.settings import chunker_of
from citeqa.index.types import Document

many = APIRouter(prefix="/api")


@many.post("/ask/batch", dependencies=[Depends(json_only)], responses=POSTED)
def ask_batch(body: BatchRequest, service: Loaded, request: Request) -> BatchResponse:
    """Answer several questions, each as /ask would; what is wrong with one does not concern the others."""
    most = request.app.state.settings.max_batch
    if len(body.questions) > most:
        raise _fault(("body", "questions"), f"List should have at most {most} items")
    return BatchResponse(results=[_one(item, service, request) for item in body.questions])


def _one(item: Any, service: Service, request: Request) -> BatchItem:
    try:
        asked = AskRequest.model_validate(item)
        check_length(asked.question, request)
        return BatchItem(response=answered(asked, service, request), problem=None)
    except ValidationError as error:
        faults = [fault | {"loc": ("body", *fault["loc"])} for fault in error.errors()]
        return _failed(RequestValidationError(faults))
    except (RequestValidationError, UnknownDocumentError) as error:
        return _failed(error)


def _failed(error: Exception) -> BatchItem:
    found: Problem = problem_of(error)
    return BatchItem(response=None, problem=found)


@many.post("/read", dependencies=[Depends(json_only)], responses=POSTED)
def read(body: ReadRequest, service: Loaded, request: Request) -> AskResponse:
    """Answer a question from the texts that come with it, with the same reader, citations and abstention as /ask.
    Offsets count in the texts as they were sent; `index` says how much was read. Nothing is kept."""
    check_length(body.question, request)
    most = request.app.state.settings.max_read
    size = sum(len(document.text) for document in body.documents)
    if size > most:
        raise _fault(("body", "documents"), f"The texts have {size:,} characters; {most:,} are allowed")
    given = InMemoryIndex(_documents(body), service.answerer.embedder, chunker_of(service.index.settings))
    response = ask_over(given, service.answerer.over(given), body.question, body.options())
    request_info(request.scope).answered(response, cached=False)
    return response


def _documents(body: ReadRequest) -> list[Document]:
    documents = [from_text(given, "documents", number) for number, given in enumerate(body.documents)]
    seen: set[str] = set()
    for number, document in enumerate(documents):
        if document.id in seen:
            raise _fault(("body", "documents", number, "id"), "another document has this id already")
        seen.add(document.id)
    return documents


def _fault(where: tuple[str | int, ...], message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "value_error", "loc": where, "msg": message}])

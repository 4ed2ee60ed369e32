"""Questions: asked, searched for, and followed up.

Routes that compute are plain `def`, here as elsewhere, so that the framework runs them in threads, off the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel

from citeqa.api.http.events import EVENTS, EventStream, wants_events
from citeqa.api.http.freshness import with_change
from citeqa.api.http.needs import Needs
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.shared import ASKED, POSTED, Loaded, check_length, example, json_only
from citeqa.api.schemas import (
    AskRequest,
    AskResponse,
    ContextRequest,
    ContextResponse,
    SearchRequest,
    SearchResponse,
)
from citeqa.api.service import Service
from citeqa.rag.followup import carried

router = APIRouter(prefix="/api", tags=["Questions"])
_ASKED = example(question=ASKED)


_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "the answer, or why there is none; events where the request accepts `text/event-stream` first: "
        "`context` (ContextResponse) where `previous` was given, `evidence` with the passages found (SearchResponse), "
        "then `answer` (AskResponse), or `problem` (Problem)",
        "content": {EVENTS: {"schema": {"type": "string"}}},
    }
}


@router.post("/ask", dependencies=[Depends(json_only)], response_model=AskResponse, responses=POSTED | _STREAMED)
@Needs(key="read", turn="answer")
def ask(body: Annotated[AskRequest, _ASKED], service: Loaded, request: Request) -> AskResponse | EventStream:
    """Answer a question in the documents' own words, or say that they do not answer it.

    With the header `Accept: text/event-stream` the answer comes in events: `evidence` as soon as the passages are
    found, `answer` when they have been read; before both, `context` says what was taken over, where
    `previous` was given. What goes wrong in between is an event `problem`.
    """
    check_length(body.question, request)
    service = with_change(service, body.min_change, request)
    return EventStream(_steps(body, service, request)) if wants_events(request) else answered(body, service, request)


def _steps(body: AskRequest, service: Service, request: Request) -> Iterator[tuple[str, BaseModel]]:
    """The events of one question. The passages are found before this returns, so that what is wrong with the question
    is still answered with a status."""
    taken = body.carried()
    found, answering = service.ask_in_steps(body.question, body.options(taken.context))

    def events() -> Iterator[tuple[str, BaseModel]]:
        if body.previous:
            yield "context", taken
        if found is not None:
            yield "evidence", found
        response, kept = answering()
        request_info(request.scope).answered(response, kept)
        if found is None:
            yield "evidence", SearchResponse.kept(response)
        yield "answer", response

    return events()


def answered(body: AskRequest, service: Service, request: Request) -> AskResponse:
    """The answer to one question, which is recorded in the log and the metrics."""
    response, kept = service.ask(body.question, body.options(body.carried().context))
    request_info(request.scope).answered(response, kept)
    return response


@router.post("/search", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", turn="answer")
def search(body: Annotated[SearchRequest, _ASKED], service: Loaded, request: Request) -> SearchResponse:
    """Find the passages nearest to a question, best first."""
    check_length(body.question, request)
    request_info(request.scope).questions.append(body.question)
    return with_change(service, body.min_change, request).search(body.question, body.options())


@router.post("/context", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", turn="look")
def context(
    body: Annotated[
        ContextRequest,
        example(
            question="And who hosted it?",
            previous={"question": "Where did the working group meet?", "answer": "in Miami, Florida"},
        ),
    ],
    request: Request,
) -> ContextResponse:
    """Say what a follow-up question carries over from the turn before: send it as `context` of /api/ask."""
    check_length(body.question, request)
    return ContextResponse.of(carried(body.question, body.previous.turn()))

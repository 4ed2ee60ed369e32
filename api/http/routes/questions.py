"""Questions: asked, searched for, and followed up.

Routes that compute are plain `def`, here as elsewhere, so that the framework runs them in threads, off the event loop.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from citeqa.api.http.needs import Needs
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.shared import POSTED, Loaded, check_length, json_only
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

router = APIRouter(prefix="/api")


@router.post("/ask", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", queued=True)
def ask(body: AskRequest, service: Loaded, request: Request) -> AskResponse:
    """Answer a question in the documents' own words, or say that they do not answer it."""
    check_length(body.question, request)
    return answered(body, service, request)


def answered(body: AskRequest, service: Service, request: Request) -> AskResponse:
    """The answer to one question, which is recorded in the log and the metrics."""
    response, kept = service.ask(body.question, body.options())
    request_info(request.scope).answered(response, kept)
    return response


@router.post("/search", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", queued=True)
def search(body: SearchRequest, service: Loaded, request: Request) -> SearchResponse:
    """The passages nearest to a question, best first."""
    check_length(body.question, request)
    request_info(request.scope).questions.append(body.question)
    return service.search(body.question, body.options())


@router.post("/context", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read")
def context(body: ContextRequest, request: Request) -> ContextResponse:
    """What a follow-up question carries over from the turn before: send it as `context` of /api/ask."""
    check_length(body.question, request)
    return ContextResponse.of(carried(body.question, body.previous.turn()))

"""Questions: asked, searched for, and followed up.

Routes that compute are plain `def`, here as elsewhere, so that the framework runs them in threads, off the event loop.
"""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from citeqa.api.caching import AnswerCache
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
from citeqa.index.protocols import SearchIndex
from citeqa.index.types import Filters
from citeqa.rag.answerer import Answerer
from citeqa.rag.followup import carried

router = APIRouter(prefix="/api")


@router.post("/ask", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", queued=True)
def ask(body: AskRequest, service: Loaded, request: Request) -> AskResponse:
    """Answer a question in the documents' own words, or say that they do not answer it."""
    check_length(body.question, request)
    return answered(body, service.answerer, service.index, service.cache, request)


def answered(
    body: AskRequest, answerer: Answerer, searched: SearchIndex, cache: AnswerCache, request: Request
) -> AskResponse:
    """The answer to one question over what is searched. It is recorded in the log and the metrics."""
    response, kept = cache.ask(
        answerer,
        searched,
        body.question,
        k=body.k,
        filters=_filters(body),
        min_confidence=body.min_confidence,
        context=body.context,
        today=body.today,
        use_dates=body.use_dates,
    )
    request_info(request.scope).answered(response, kept)
    return response


@router.post("/search", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", queued=True)
def search(body: SearchRequest, service: Loaded, request: Request) -> SearchResponse:
    """The passages nearest to a question, best first."""
    check_length(body.question, request)
    request_info(request.scope).questions.append(body.question)
    found, milliseconds = service.answerer.search(
        body.question, k=body.k, filters=_filters(body), today=body.today, use_dates=body.use_dates
    )
    return SearchResponse.of(body.question, found, milliseconds, service.index)


@router.post("/context", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read")
def context(body: ContextRequest, request: Request) -> ContextResponse:
    """What a follow-up question carries over from the turn before: send it as `context` of /api/ask."""
    check_length(body.question, request)
    return ContextResponse.of(carried(body.question, body.previous.turn()))


def _filters(body: SearchRequest) -> Filters | None:
    return body.filters.filters() if body.filters else None

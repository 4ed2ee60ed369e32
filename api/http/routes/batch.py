"""Several questions in one request."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid, problem_of
from citeqa.api.http.routes.questions import answered
from citeqa.api.http.routes.shared import POSTED, Loaded, check_length, json_only
from citeqa.api.schemas import AskRequest, BatchItem, BatchRequest, BatchResponse
from citeqa.api.service import Service
from citeqa.index.errors import UnknownDocumentError

router = APIRouter(prefix="/api")


@router.post("/ask/batch", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", queued=True)
def ask_batch(body: BatchRequest, service: Loaded, request: Request) -> BatchResponse:
    """Answer several questions, each as /ask would. A question that is not valid does not affect the others."""
    most = request.app.state.settings.max_batch
    if len(body.questions) > most:
        raise invalid(("body", "questions"), f"List should have at most {most} items")
    return BatchResponse(results=[_one(item, service, request) for item in body.questions])


def _one(item: Any, service: Service, request: Request) -> BatchItem:
    """The answer to one question, or the problem it would be answered with if it came alone."""
    try:
        asked = AskRequest.model_validate(item)
        check_length(asked.question, request)
        return BatchItem(response=answered(asked, service, request), problem=None)
    except ValidationError as error:
        faults = [fault | {"loc": ("body", *fault["loc"])} for fault in error.errors()]
        return BatchItem(response=None, problem=problem_of(RequestValidationError(faults)))
    except (RequestValidationError, UnknownDocumentError) as error:
        return BatchItem(response=None, problem=problem_of(error))

"""Several questions in one request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from citeqa.api.http.freshness import behind, with_change
from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid, problem_of
from citeqa.api.http.queueing import work_of
from citeqa.api.http.routes.questions import answered
from citeqa.api.http.routes.shared import POSTED, Loaded, check_length, example, json_only
from citeqa.api.schemas import AskRequest, BatchItem, BatchRequest, BatchResponse
from citeqa.api.service import Service
from citeqa.index.errors import CiteqaError, UnknownDocumentError, UnknownFolderError

router = APIRouter(prefix="/api", tags=["Questions"])


@router.post("/ask/batch", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", turn="answer")
def ask_batch(
    body: Annotated[BatchRequest, example(questions=[{"question": "Who met Marco Rubio?"}])],
    service: Loaded,
    request: Request,
) -> BatchResponse:
    """Answer several questions, each as /ask would. A question that is not valid does not affect the others."""
    most = request.app.state.settings.max_batch
    if len(body.questions) > most:
        raise invalid(("body", "questions"), f"List should have at most {most} items")
    service = with_change(service, body.min_change, request)
    work_of(request).charge(len(body.questions))
    return BatchResponse(results=list(_results(body.questions, service, request)))


def _results(questions: list[Any], service: Service, request: Request) -> Iterator[BatchItem]:
    """The result of each question; other requests may have their turns between two of them."""
    for number, item in enumerate(questions):
        if number:
            work_of(request).pause()
        yield _one(item, service, request)


def _one(item: Any, service: Service, request: Request) -> BatchItem:
    """The answer to one question, or the problem it would be answered with if it came alone.

    Raises:
        CiteqaError: if the index can answer none of the questions.
    """
    try:
        asked = AskRequest.model_validate(item)
        check_length(asked.question, request)
        if asked.min_change is not None and asked.min_change > service.index.change:
            raise behind(service.index.change, asked.min_change)
        return BatchItem(response=answered(asked, service, request), problem=None)
    except ValidationError as error:
        faults = [fault | {"loc": ("body", *fault["loc"])} for fault in error.errors()]
        return BatchItem(response=None, problem=problem_of(RequestValidationError(faults)))
    except HTTPException as error:
        return BatchItem(response=None, problem=problem_of(error))
    except CiteqaError as error:
        if not isinstance(error, UnknownDocumentError | UnknownFolderError):
            raise
        return BatchItem(response=None, problem=problem_of(error))
    except Exception as error:  # whatever one question brings about, the others are answered
        return BatchItem(response=None, problem=problem_of(error))

"""Every error becomes a problem detail (RFC 9457): one shape everywhere, which repeats nothing of the request."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException

from citeqa.api.http.needs import RouteTable
from citeqa.api.schemas import Problem, ProblemError
from citeqa.api.schemas.base import FAULTS
from citeqa.index.errors import (
    ChangedMeanwhileError,
    IndexBusyError,
    IndexDamagedError,
    MissingExtraError,
    StorageError,
    StoreUnreachableError,
    UnknownDocumentError,
    UnknownFolderError,
)

log = logging.getLogger(__name__)
Body = TypeVar("Body", bound=BaseModel)

FULL_DISK = "The disk refused what was to be stored; nothing was changed and nothing is lost."
UNEXPECTED = "Something went wrong inside the service; its log says what."


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"


def problem(
    status: int, detail: str, errors: list[ProblemError] | None = None, headers: dict[str, str] | None = None
) -> ProblemResponse:
    """A response that says what is wrong."""
    return _response(_problem(status, detail, errors), headers)


def _problem(status: int, detail: str, errors: list[ProblemError] | None = None) -> Problem:
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])


def _response(body: Problem, headers: dict[str, str] | None = None) -> ProblemResponse:
    return ProblemResponse(body.model_dump(exclude_defaults=False), status_code=body.status, headers=headers)


def problem_of(error: Exception) -> Problem:
    """What is wrong with one question of several, or behind a stream that has begun, as a problem in the response. An
    unexpected error is logged."""
    if isinstance(error, RequestValidationError):
        return _invalid_problem(error)
    if isinstance(error, UnknownDocumentError):
        return _unknown_problem(error)
    if isinstance(error, HTTPException):
        return _problem(error.status_code, error.detail)
    if isinstance(error, UnknownFolderError):
        return _unknown_folder(error)
    log.error("unexpected error in a question of a batch or in an event stream", exc_info=error)
    return _problem(500, UNEXPECTED)


def invalid(location: tuple[str | int, ...], message: str, kind: str = "value_error") -> RequestValidationError:
    """The error of a request that is not valid, which is answered 422. `location` is where in the request the fault
    lies, as the framework names it: `("body", "citation", "quote")`."""
    fault: dict[str, Any] = {"type": kind, "loc": location, "msg": message}
    return RequestValidationError([fault])


def validated(model: type[Body], body: bytes) -> Body:
    """A body that is read by the route itself.

    Raises:
        RequestValidationError: if it is not valid.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from None


def install(app: FastAPI) -> None:
    """Let the application answer every expected error with a problem, those of the framework included."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(UnknownDocumentError, _unknown_documents)
    app.add_exception_handler(UnknownFolderError, _unknown_folders)
    app.add_exception_handler(IndexBusyError, _busy)
    app.add_exception_handler(StoreUnreachableError, _unreachable)
    app.add_exception_handler(ChangedMeanwhileError, _changed)
    app.add_exception_handler(StorageError, _disk)
    app.add_exception_handler(IndexDamagedError, _damaged)
    app.add_exception_handler(MissingExtraError, _incomplete)
    app.add_exception_handler(HTTPException, _http)


def _invalid(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, RequestValidationError)
    return _response(_invalid_problem(error))


def _invalid_problem(error: RequestValidationError) -> Problem:
    faults = error.errors()
    if any(fault["type"] == "json_invalid" for fault in faults):
        return _problem(400, "The body is not valid JSON.")
    errors = [ProblemError(pointer=_pointer(fault["loc"]), detail=_detail(fault)) for fault in faults[:FAULTS]]
    more = f" There are {len(faults) - FAULTS:,} more." if len(faults) > FAULTS else ""
    return _problem(422, f"The request is not valid: see errors.{more}", errors)


def _pointer(location: tuple[Any, ...]) -> str:
    where, *rest = location
    path = "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in rest)
    if where == "body":
        return f"#/{path}" if path else "#"
    return f"{where}/{path}"


def _detail(fault: dict[str, Any]) -> str:
    """The validator's message. It does not repeat the name of an unknown field, which the pointer has."""
    if fault["type"] == "extra_forbidden":
        return "There is no such field."
    return str(fault["msg"]).removeprefix("Value error, ")


def _unknown_documents(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, UnknownDocumentError)
    if request.method in ("GET", "DELETE"):
        return problem(404, "There is no document with this id.")
    return _response(_unknown_problem(error))


def _unknown_problem(error: UnknownDocumentError) -> Problem:
    fault = ProblemError(pointer="#/filters/document_ids", detail=f"No such document: {_few(error.ids)}")
    return _problem(422, "The filters name documents that are not in the index.", [fault])


def _unknown_folders(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, UnknownFolderError)
    return _response(_unknown_folder(error))


def _unknown_folder(error: UnknownFolderError) -> Problem:
    fault = ProblemError(pointer="#/filters/folders", detail=f"No document is in: {_few(error.folders)}")
    return _problem(422, "The filters name folders that hold no document of the index.", [fault])


def _few(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _busy(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, IndexBusyError)
    log.warning("%s", error)
    detail = f"{error.holder[0].upper()}{error.holder[1:]} is writing to the index; try again after it."
    return problem(503, detail, headers={"Retry-After": "5"})


def _unreachable(request: Request, error: Exception) -> ProblemResponse:
    log.error("%s", error)
    detail = "The server that keeps the index cannot be reached; nothing was acknowledged. Try again later."
    return problem(503, detail, headers={"Retry-After": "5"})


def _changed(request: Request, error: Exception) -> ProblemResponse:
    return problem(503, "Others keep changing this document; try again.", headers={"Retry-After": "1"})


def _disk(request: Request, error: Exception) -> ProblemResponse:
    log.error("%s", error)
    return problem(507, FULL_DISK)


def _damaged(request: Request, error: Exception) -> ProblemResponse:
    log.error("%s", error)
    return problem(503, "The index is damaged and gives no answers; the service's log says what mends it.")


def _incomplete(request: Request, error: Exception) -> ProblemResponse:
    log.error("%s", error)
    return problem(503, "The service was installed without what this index needs; its log says how to add it.")


def _http(request: Request, error: Exception) -> ProblemResponse:
    assert isinstance(error, HTTPException)
    detail = _HTTP_DETAILS.get(error.status_code, error.detail)
    if error.status_code == 404 and error.detail != HTTPStatus.NOT_FOUND.phrase:  # a route of ours says what is missing
        detail = error.detail
    if error.status_code == 400 and "multipart/form-data" in request.headers.get("content-type", "").lower():
        detail = "The form cannot be read: it must be multipart/form-data with one file and few fields."
    headers = dict(error.headers or {})
    if error.status_code == 405 and (allowed := _allowed(request)):
        headers["Allow"] = ", ".join(allowed)
    return problem(error.status_code, detail, headers=headers)


def _allowed(request: Request) -> list[str]:
    """The methods of all routes of this path, and HEAD where there is GET (see `AnswerHead`). The framework would name
    those of the first route alone."""
    routes: RouteTable = request.app.state.routes
    methods = routes.methods(request.scope)
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


_HTTP_DETAILS = {
    400: "The body cannot be read: it must be JSON in UTF-8.",
    404: "There is nothing here. The paths that exist are listed at /docs.",
    405: "This method is not allowed here.",
}

"""Errors of asking a service over HTTP; `citeqa.errors` shows the tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from citeqa.api.schemas import Problem
from citeqa.api.wording import fault_in_words
from citeqa.index.errors import CiteqaError

Model = TypeVar("Model", bound=BaseModel)


class ServiceError(CiteqaError):
    """A service cannot be used; the message says which and why."""


class UnreachableError(ServiceError):
    """The connection could not be made, broke, or timed out."""


class UnexpectedAnswerError(ServiceError):
    """The response is not from citeqa, or from another version of it."""


class RefusedError(ServiceError):
    """The service refused the request. `problem` says why (RFC 9457); `request_id` finds the request in the service's
    log."""

    def __init__(self, message: str, problem: Problem, request_id: str | None) -> None:
        super().__init__(message)
        self.problem, self.request_id = problem, request_id

    @property
    def status(self) -> int:
        return self.problem.status

    @classmethod
    def of(cls, url: str, status: int, content: bytes, headers: Mapping[str, str]) -> RefusedError:
        """The error for a response with an error status."""
        try:
            problem = Problem.model_validate_json(content)
        except ValidationError:
            problem = Problem(title="", status=status, detail="no reason was given")
        faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in problem.errors)
        mend = " Set CITEQA_KEY." if status == 401 else ""
        message = f"{url} answers {status}: {faults or problem.detail}{mend}"
        request_id = headers.get("X-Request-ID")
        if status not in (429, 503):
            return RefusedError(message, problem, request_id)
        wait = headers.get("Retry-After", "")
        return BusyError(message, problem, request_id, float(wait) if wait.isdigit() else 0.0)


class BusyError(RefusedError):
    """The service is overloaded, or the client asked too often; retry after `retry_after` seconds."""

    def __init__(self, message: str, problem: Problem, request_id: str | None, retry_after: float) -> None:
        super().__init__(message, problem, request_id)
        self.retry_after = retry_after


def expected(model: type[Model], content: bytes, url: str) -> Model:
    """What the service at `url` sent, as this model.

    Raises:
        UnexpectedAnswerError: if it is no such thing.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        message = f"{url} did not answer as this version of citeqa expects: {where}: {fault_in_words(first)}"
        raise UnexpectedAnswerError(message) from None

"""What can go wrong when a service is asked over HTTP; `citeqa.errors` draws the tree."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from citeqa.api.schemas import Problem
from citeqa.index.errors import CiteqaError


class ServiceError(CiteqaError):
    """A service could not be used; the message says which and why."""


class UnreachableError(ServiceError):
    """No connection could be made, or it broke off, or took too long."""


class UnexpectedAnswerError(ServiceError):
    """What answered is no citeqa, or one of another version."""


class RefusedError(ServiceError):
    """The service said no, and why. `problem` is what it said (RFC 9457), `request_id` finds it in its log."""

    def __init__(self, message: str, problem: Problem, request_id: str | None) -> None:
        super().__init__(message)
        self.problem, self.request_id = problem, request_id

    @property
    def status(self) -> int:
        return self.problem.status

    @classmethod
    def of(cls, url: str, status: int, content: bytes, headers: Mapping[str, str]) -> RefusedError:
        """What a response with an error's status means."""
        try:
            problem = Problem.model_validate_json(content)
        except ValidationError:
            problem = Problem(title="", status=status, detail="it does not say why")
        faults = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in problem.errors)
        mend = " Set CITEQA_KEY." if status == 401 else ""
        message = f"{url} answers {status}: {faults or problem.detail}{mend}"
        request_id = headers.get("X-Request-ID")
        if status not in (429, 503):
            return RefusedError(message, problem, request_id)
        wait = headers.get("Retry-After", "")
        return BusyError(message, problem, request_id, float(wait) if wait.isdigit() else 0.0)


class BusyError(RefusedError):
    """The service has too much to do, or the client asked too often; `retry_after` seconds is what it asks to wait."""

    def __init__(self, message: str, problem: Problem, request_id: str | None, retry_after: float) -> None:
        super().__init__(message, problem, request_id)
        self.retry_after = retry_after

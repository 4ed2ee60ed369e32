"""Every request gets an id, one line in the log, and its place in the metrics. The text of a question is never logged,
unless a setting asks for it."""

from __future__ import annotations

import logging
import re
import time
import uuid
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from citeqa.api.http.problems import UNEXPECTED, problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from citeqa.api.http.metrics import Metrics
    from citeqa.api.schemas import AskResponse

log = logging.getLogger(__name__)
access_log = logging.getLogger("citeqa.access")

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CLIENT_LEFT = 499  # status in log and metrics for a client that left before its answer, as in nginx


@dataclass(slots=True)
class RequestInfo:
    """What becomes known about a request while it is answered. Only the request itself changes it.

    `right` is what its key allows, None without a valid key. `outcomes` and `stages` have one entry for each question
    that was answered, `questions` one for each that was asked.
    """

    request_id: str
    right: str | None = None
    questions: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    stages: list[Mapping[str, float]] = field(default_factory=list)
    cached: int = 0

    def answered(self, response: AskResponse, cached: bool) -> None:
        """Record how a question was answered; if the answer was `cached`, no stage took any time."""
        self.questions.append(response.question)
        self.outcomes.append(response.reason.code if response.reason else "answered")
        self.stages.append({} if cached else response.timing_ms)
        self.cached += cached


def request_info(scope: Scope) -> RequestInfo:
    """What is known so far about the request of this scope."""
    found: RequestInfo = scope["state"]["request_info"]
    return found


class RequestLog:
    """Gives each request an id, the client's own if it is valid, and logs and counts the request when it ends.

    An unexpected error is logged here and answered 500, without any detail of what happened inside.
    """

    def __init__(self, app: ASGIApp, *, metrics: Metrics, log_questions: bool) -> None:
        self._app, self._metrics, self._log_questions = app, metrics, log_questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), _CLIENT_LEFT
        info = RequestInfo(_request_id(Headers(scope=scope)))
        scope.setdefault("state", {})["request_info"] = info
        token = REQUEST_ID.set(info.request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = info.request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        except ClientDisconnect:  # nobody is left to be answered
            status = _CLIENT_LEFT
        except Exception:
            log.exception("unexpected error in %s %s", scope["method"], scope["path"])
            if status != _CLIENT_LEFT:  # a response has begun: all that is left is to break the connection off
                raise
            await problem(500, UNEXPECTED)(scope, receive, send_with_id)
        finally:
            self._record(scope, info, status, time.perf_counter() - start)
            REQUEST_ID.reset(token)

    def _record(self, scope: Scope, info: RequestInfo, status: int, seconds: float) -> None:
        """Count a request that has ended, and write its line."""
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.request(scope["method"], route, status, seconds)
        for outcome, stages in zip(info.outcomes, info.stages, strict=True):
            self._metrics.question(outcome, stages)
        self._metrics.cached.inc(info.cached)
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round(seconds * 1000, 1),
            "client": (scope.get("client") or (None,))[0],
            "key": info.right,
            "outcomes": info.outcomes or None,
            "stages_ms": [{n: round(ms, 1) for n, ms in one.items()} for one in info.stages] or None,
            "cached": info.cached or None,
            "questions": info.questions or None if self._log_questions else None,
        }
        kept = {name: value for name, value in fields.items() if value is not None}
        access_log.info("request", extra={"fields": kept, "request_id": info.request_id})


def _request_id(headers: Headers) -> str:
    """The id that the client gave, if it is valid; otherwise a new one."""
    given = headers.get("x-request-id", "")
    return given if _VALID_ID.fullmatch(given) else uuid.uuid4().hex

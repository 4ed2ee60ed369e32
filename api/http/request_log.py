"""What is told of every request: an id, a line in the log, figures. Never the text of a question, unless asked for."""

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

from citeqa.api.http.problems import problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from citeqa.api.http.metrics import Metrics
    from citeqa.api.schemas import AskResponse

log = logging.getLogger(__name__)
access = logging.getLogger("citeqa.access")

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LEFT = 499  # status in log and figures for a client that went before its answer; nginx's word for it


@dataclass(slots=True)
class RequestInfo:
    """What is found out about a request on its way; changed by that request alone."""

    request_id: str
    right: str | None = None
    questions: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    stages: list[Mapping[str, float]] = field(default_factory=list)
    cached: int = 0

    def answered(self, response: AskResponse, cached: bool) -> None:
        """Keep what became of a question; where its answer was `cached`, no stage took place."""
        self.questions.append(response.question)
        self.outcomes.append(response.reason.code if response.reason else "answered")
        self.stages.append({} if cached else response.timing_ms)
        self.cached += cached


def request_info(scope: Scope) -> RequestInfo:
    """What is told of the request of this scope."""
    found: RequestInfo = scope["state"]["request_info"]
    return found


class RequestLog:
    """Gives each request an id, its own if that is sane; writes the line and counts when it is done. What goes wrong
    unforeseen is logged and answered here, with nothing of the inside."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log_questions: bool) -> None:
        self._app, self._metrics, self._log_questions = app, metrics, log_questions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), _LEFT
        about = RequestInfo(_request_id(Headers(scope=scope)))
        scope.setdefault("state", {})["request_info"] = about
        marked = REQUEST_ID.set(about.request_id)

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = about.request_id
            await send(message)

        try:
            await self._app(scope, receive, named)
        except ClientDisconnect:  # nobody is left to be answered
            pass
        except Exception:
            log.exception("unexpected error in %s %s", scope["method"], scope["path"])
            if status != _LEFT:  # too late for another answer: the connection breaks off
                raise
            detail = "Something went wrong inside the service; its log says what."
            await problem(500, detail)(scope, receive, named)
        finally:
            self._tell(scope, about, status, time.perf_counter() - start)
            REQUEST_ID.reset(marked)

    def _tell(self, scope: Scope, about: RequestInfo, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "other")
        self._metrics.request(scope["method"], route, status, seconds)
        for outcome, stages in zip(about.outcomes, about.stages, strict=True):
            self._metrics.question(outcome, stages)
        self._metrics.cached.inc(about.cached)
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round(seconds * 1000, 1),
            "client": (scope.get("client") or (None,))[0],
            "key": about.right,
            "outcomes": about.outcomes or None,
            "stages_ms": [{n: round(ms, 1) for n, ms in one.items()} for one in about.stages] or None,
            "cached": about.cached or None,
            "questions": about.questions or None if self._log_questions else None,
        }
        kept = {name: value for name, value in fields.items() if value is not None}
        access.info("request", extra={"fields": kept, "request_id": about.request_id})


def _request_id(headers: Headers) -> str:
    given = headers.get("x-request-id", "")
    return given if _SANE.fullmatch(given) else uuid.uuid4().hex

"""The application: its routes, and what a request passes through before it reaches one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send

from citeqa.api.http import originals, problems
from citeqa.api.http.answering_head import AnswerHead
from citeqa.api.http.body import CheckBody
from citeqa.api.http.freshness import Freshness
from citeqa.api.http.guard import Authenticate, CheckHost, KeyRing, RateLimit
from citeqa.api.http.metrics import Metrics
from citeqa.api.http.needs import Needs, RouteTable
from citeqa.api.http.queueing import Queue
from citeqa.api.http.readiness import Readiness
from citeqa.api.http.request_log import RequestLog
from citeqa.api.http.routes import ROUTERS
from citeqa.api.http.routes.shared import CHANGE
from citeqa.api.http.security_headers import SecurityHeaders
from citeqa.api.http.transfer import Transfer
from citeqa.api.live import LiveService
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index import __version__

_SMALLEST_GZIPPED = 1000  # bytes; below it, a response takes one packet anyway
STATIC = Path(__file__).parents[1] / "static"

# What the routes need that the framework defines. They hold no document and no question.
_FILES = Needs(key="none", rate_limited=False)
_FRAMEWORK_ROUTES = {
    "/docs": Needs(key="none"),
    "/docs/oauth2-redirect": Needs(key="read"),
    "/openapi.json": Needs(key="none"),
    "/static": _FILES,
    "/static-offline-docs": _FILES,
}


def create_app(
    service: Service | LiveService,
    *,
    settings: Settings | None = None,
    metrics: Metrics | None = None,
    routers: Sequence[APIRouter] = ROUTERS,
) -> FastAPI:
    """The service as an ASGI application with the routes of `routers`. To change documents, which `settings.writing`
    allows, the service must be a live one. Without settings, the defaults hold, and any host name is answered to.

    Raises:
        ValueError: if a route does not declare what it needs.
    """
    chosen = settings or Settings.model_construct()
    app = FastAPIOffline(
        redoc_url=None,
        redirect_slashes=False,
        title="citeqa",
        version=__version__,
        description="Ask a folder of documents a question; get the documents' own words back, cited to the character.",
    )
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    routes = RouteTable([*app.routes, *(route for router in routers for route in router.routes)], _FRAMEWORK_ROUTES)
    # Only described here: Authenticate demands it, before a body is read.
    key = Depends(HTTPBearer(auto_error=False, description="A key, where the service has any."))
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                route.summary = _first_sentence(route.description)
        app.include_router(router, dependencies=[key], generate_unique_id_function=_operation_id)
    app.state.service, app.state.settings, app.state.routes = service, chosen, routes
    app.state.metrics, app.state.readiness = metrics or Metrics(), Readiness()
    app.state.freshness, app.state.originals = Freshness(), originals.Checked()
    problems.install(app)
    _add_middleware(app, chosen, hosts=settings.hosts if settings else None)
    return app


class Compress(GZipMiddleware):
    """Compresses what is answered, but for original files: their ranges count in their own bytes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        original = scope["type"] == "http" and scope["path"].startswith(originals.PREFIX)
        await (self.app if original else super().__call__)(scope, receive, send)


def _first_sentence(description: str) -> str:
    return re.split(r"(?<=[.]) (?=[A-Z])", " ".join(description.split()))[0]


def _operation_id(route: APIRoute) -> str:
    """What generated clients name the method for a route: as its function is named here."""
    return route.name


def _add_middleware(app: FastAPI, settings: Settings, *, hosts: frozenset[str] | None) -> None:
    """Add what a request passes through before it reaches its route. What is added last sees the request first."""
    routes: RouteTable = app.state.routes
    metrics: Metrics = app.state.metrics
    app.add_middleware(Compress, minimum_size=_SMALLEST_GZIPPED, compresslevel=5)
    app.add_middleware(AnswerHead)
    app.add_middleware(Queue, routes=routes, settings=settings, metrics=metrics)
    app.add_middleware(CheckBody, routes=routes, settings=settings)
    if keys := KeyRing(settings.read_keys, settings.write_keys):
        app.add_middleware(Authenticate, routes=routes, keys=keys)
    if settings.rate:
        app.add_middleware(RateLimit, routes=routes, rate=settings.rate)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "X-Request-ID"),
            expose_headers=("Retry-After", "X-Request-ID", CHANGE),
        )
    if hosts:
        app.add_middleware(CheckHost, hosts=hosts)
    app.add_middleware(Transfer)
    app.add_middleware(RequestLog, metrics=metrics, log_questions=settings.log_questions)
    app.add_middleware(SecurityHeaders)

"""The application: its routes, and what a request passes through before it reaches one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from citeqa.api.http import problems
from citeqa.api.http.body import CheckBody
from citeqa.api.http.guard import Authenticate, CheckHost, KeyRing, RateLimit
from citeqa.api.http.metrics import Metrics
from citeqa.api.http.needs import Needs, RouteTable
from citeqa.api.http.queueing import Queue
from citeqa.api.http.request_log import RequestLog
from citeqa.api.http.routes import ROUTERS
from citeqa.api.http.security_headers import SecurityHeaders
from citeqa.api.live import LiveService
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index import __version__

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
        app.include_router(router, dependencies=[key])
    app.state.service, app.state.settings, app.state.routes = service, chosen, routes
    app.state.metrics = metrics or Metrics()
    problems.install(app)
    _add_middleware(app, chosen, hosts=settings.hosts if settings else None)
    return app


def _add_middleware(app: FastAPI, settings: Settings, *, hosts: frozenset[str] | None) -> None:
    """Add what a request passes through before it reaches its route. What is added last sees the request first."""
    routes: RouteTable = app.state.routes
    metrics: Metrics = app.state.metrics
    app.add_middleware(
        Queue,
        routes=routes,
        at_once=settings.answering,
        most_waiting=settings.queue,
        timeout=settings.timeout,
        metrics=metrics,
    )
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
            expose_headers=("Retry-After", "X-Request-ID"),
        )
    if hosts:
        app.add_middleware(CheckHost, hosts=hosts)
    app.add_middleware(RequestLog, metrics=metrics, log_questions=settings.log_questions)
    app.add_middleware(SecurityHeaders)

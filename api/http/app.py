"""The application: routes, errors, limits, the chat page."""

from __future__ import annotations

from pathlib import Path

from fastapi import Depends, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from citeqa.api.http import problems as errors
from citeqa.api.http.body import CheckBody
from citeqa.api.http.guard import Authenticate, CheckHost, KeyRing, RateLimit
from citeqa.api.http.metrics import Metrics
from citeqa.api.http.queueing import Queue
from citeqa.api.http.request_log import RequestLog
from citeqa.api.http.routes import feedback
from citeqa.api.http.routes.many import many
from citeqa.api.http.routes.questions import router
from citeqa.api.http.security_headers import SecurityHeaders
from citeqa.api.live import LiveService
from citeqa.api.service import Service
from citeqa.api.settings import Settings
from citeqa.index import __version__

STATIC = Path(__file__).parents[1] / "static"
DEFAULTS = Settings.model_construct()
MAX_BODY = DEFAULTS.max_body  # bytes of a request's body
MAX_DOCUMENT = DEFAULTS.max_upload  # bytes of a document's, where documents can be added


def create_app(
    service: Service | LiveService,
    *,
    writing: bool = False,
    settings: Settings | None = None,
    metrics: Metrics | None = None,
) -> FastAPI:
    """The service as an ASGI application; with `writing`, which needs a living one, documents can be changed. Without
    settings everything is as by default, and it answers to every host name."""
    chosen = settings or DEFAULTS
    app = FastAPIOffline(
        redoc_url=None,
        redirect_slashes=False,
        title="citeqa",
        version=__version__,
        description="Ask a folder of documents a question; get the documents' own words back, cited to the character.",
    )
    app.state.service, app.state.writing, app.state.settings = service, writing, chosen
    app.state.metrics = metrics = metrics or Metrics()
    # Described here, demanded by Authenticate, before a body is read.
    key = Depends(HTTPBearer(auto_error=False, description="A key, where the service has any."))
    app.state.routers = (router, feedback.router, many)
    for routes in app.state.routers:
        app.include_router(routes, dependencies=[key])
    errors.install(app)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    @app.get("/metrics", include_in_schema=False)
    def figures() -> Response:
        index = service.now.index
        content, kind = metrics.rendered(index.document_count, index.passage_count)
        return Response(content, media_type=kind)

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    _guard(app, chosen, metrics, writing=writing, hosts=settings.hosts if settings else None)
    return app


def _guard(app: FastAPI, settings: Settings, metrics: Metrics, *, writing: bool, hosts: frozenset[str] | None) -> None:
    """What a request goes through before a route sees it; what is added last sees it first."""
    app.add_middleware(
        Queue, at_once=settings.answering, most=settings.queue, patience=settings.timeout, metrics=metrics
    )
    app.add_middleware(
        CheckBody,
        most=settings.max_body,
        most_of_documents=settings.max_upload if writing else settings.max_body,
        patience=settings.timeout,
    )
    if keys := KeyRing(settings.read_keys, settings.write_keys):
        app.add_middleware(Authenticate, keys=keys)
    if settings.rate:
        app.add_middleware(RateLimit, rate=settings.rate)
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

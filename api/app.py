"""The application: routes, errors, limits, the chat page."""

from __future__ import annotations

from pathlib import Path

import anyio
from fastapi import Depends, FastAPI, Response
from fastapi.responses import FileResponse
from fastapi.security import HTTPBearer
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, feedback
from api.errors import problem
from api.guard import Authenticate, CheckHost, KeyRing, RateLimit
from api.living import LivingService
from api.metrics import Metrics
from api.observing import Observed
from api.queueing import Queue
from api.routes import router
from api.routes_many import many
from api.service import Service
from api.settings import Settings
from index import __version__

STATIC = Path(__file__).parent / "static"
DEFAULTS = Settings.model_construct()
_UPLOAD = 10  # times the patience for a document
MAX_BODY = DEFAULTS.max_body  # bytes of a request's body
MAX_DOCUMENT = DEFAULTS.max_upload  # bytes of a document's, where documents can be added

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DOCS_POLICY = _PAGE_POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)


def create_app(
    service: Service | LivingService,
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
        content, kind = metrics.rendered(index.documents, index.passages)
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
    app.add_middleware(Observed, metrics=metrics, log_questions=settings.log_questions)
    app.add_middleware(SecurityHeaders)


class CheckBody:
    """Answers 413 to a body of more than `most` bytes, announced or not, 400 to JSON that is not in UTF-8, and 408 to
    a body that does not come within `patience` seconds. Gives the whole body on in one message."""

    def __init__(self, app: ASGIApp, most: int, most_of_documents: int, patience: float) -> None:
        self._app, self._patience = app, patience
        self._most, self._most_of_documents = most, most_of_documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_of_documents if scope["path"] == "/api/documents" else self._most
        announced = dict(scope["headers"]).get(b"content-length", b"")
        size = int(announced) if announced.isdigit() else 0
        body: bytes | None = b""
        patience = self._patience * (_UPLOAD if most > self._most else 1)
        with anyio.move_on_after(patience) as waiting:
            body = await _read(receive, most) if size <= most else None
        if waiting.cancelled_caught:
            response = problem(408, f"The body did not arrive within {patience:g} seconds.")
        elif body is None:
            response = problem(413, f"The body is larger than the {most:,} bytes that are allowed.")
        elif _is_json(scope) and not _is_utf8(body):
            response = problem(400, "The body is not JSON in UTF-8.")
        else:
            messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

            async def replay() -> Message:
                return messages.pop() if messages else await receive()

            await self._app(scope, replay, send)
            return
        await response(scope, receive, send)


async def _read(receive: Receive, most: int) -> bytes | None:
    """The whole body; None if it has more than `most` bytes.

    Raises:
        ClientDisconnect: if the client goes before it is whole.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _is_json(scope: Scope) -> bool:
    kind: bytes = dict(scope["headers"]).get(b"content-type", b"")
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _is_utf8(body: bytes) -> bool:
    """Whether a body can be JSON in UTF-8. Python's own reader would guess UTF-16 and 32 from the NULs."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in body


class SecurityHeaders:
    """Says that nothing but our own files may run, and that nothing about the visit may leave."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        policy = _DOCS_POLICY if scope.get("path") == "/docs" else _PAGE_POLICY

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded)

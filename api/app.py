"""The application: routes, errors, limits, the chat page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import errors, feedback
from api.errors import problem
from api.living import LivingService
from api.routes import router
from api.service import Service
from index import __version__

STATIC = Path(__file__).parent / "static"
MAX_BODY = 1_000_000  # bytes of a request's body
MAX_DOCUMENT = 64_000_000  # bytes of a document's, where documents can be added

_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_DOCS_POLICY = _PAGE_POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)


def create_app(service: Service | LivingService, *, writing: bool = False) -> FastAPI:
    """The service as an ASGI application; with `writing`, which needs a living one, documents can be changed."""
    app = FastAPIOffline(
        redoc_url=None,
        redirect_slashes=False,
        title="citeqa",
        version=__version__,
        description="Ask a folder of documents a question; get the documents' own words back, cited to the character.",
    )
    app.state.service, app.state.writing = service, writing
    app.include_router(router)
    app.include_router(feedback.router)
    errors.install(app)

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(CheckBody, most=MAX_BODY, most_of_documents=MAX_DOCUMENT if writing else MAX_BODY)
    app.add_middleware(SecurityHeaders)
    return app


class CheckBody:
    """Answers 413 to a body of more than `most` bytes, announced or not, and 400 to JSON that is not in UTF-8."""

    def __init__(self, app: ASGIApp, most: int, most_of_documents: int) -> None:
        self._app = app
        self._most, self._most_of_documents = most, most_of_documents

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._most_of_documents if scope["path"] == "/api/documents" else self._most
        announced = dict(scope["headers"]).get(b"content-length", b"")
        size = int(announced) if announced.isdigit() else 0
        received = 0
        messages: list[Message] = []
        while max(size, received) <= most:
            message = await receive()
            messages.append(message)
            received += len(message.get("body", b""))
            if not message.get("more_body"):
                break
        if max(size, received) > most:
            response = problem(413, f"The body is larger than the {most:,} bytes that are allowed.")
            await response(scope, receive, send)
            return
        if _is_json(scope) and not _is_utf8(b"".join(message.get("body", b"") for message in messages)):
            await problem(400, "The body is not JSON in UTF-8.")(scope, receive, send)
            return

        async def replay() -> Message:
            return messages.pop(0) if messages else await receive()

        await self._app(scope, replay, send)


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
            await send(message)

        await self._app(scope, receive, guarded)

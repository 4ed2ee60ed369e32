"""What several routes share: what they are given, checks of a request, and the errors they describe."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request

from citeqa.api.http.problems import invalid
from citeqa.api.live import LiveService
from citeqa.api.schemas import PROBLEM
from citeqa.api.service import Service
from citeqa.api.settings import Settings


def current_service(request: Request) -> Service:
    """The service as it is now. A request sees one state of the index from beginning to end."""
    service: Service = request.app.state.service.now
    return service


def writable_service(request: Request) -> LiveService:
    """The service, to change documents.

    Raises:
        HTTPException: 403, if writing is off, or if the request comes from a page of another site.
    """
    settings: Settings = request.app.state.settings
    if not settings.writing:
        raise HTTPException(403, "Documents cannot be changed here. To allow it, serve with --writing.")
    origin = request.headers.get("origin")
    own = origin is None or origin in settings.allowed_origins
    if not own and urlsplit(origin or "").netloc != request.headers.get("host"):
        raise HTTPException(403, "Documents can only be changed by the service's own page and by programs.")
    service: LiveService = request.app.state.service
    return service


def json_only(request: Request) -> None:
    """Raises HTTPException 415 unless the body is announced as JSON."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "The body must be JSON, with the header Content-Type: application/json.")


def check_length(question: str, request: Request) -> None:
    """Raises RequestValidationError if a question is longer than the settings allow, which may be less than the
    schema does."""
    most = request.app.state.settings.max_question
    if len(question) > most:
        message = f"String should have at most {most} characters"
        raise invalid(("body", "question"), message, "string_too_long")


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The responses with these statuses, as OpenAPI describes them: problem details."""
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {status: {"description": "what is wrong (RFC 9457)", "content": content} for status in statuses}


Loaded = Annotated[Service, Depends(current_service)]
Writing = Annotated[LiveService, Depends(writable_service)]
GUARDED = problems(401, 421, 429)  # what any route may answer, depending on the settings
POSTED = GUARDED | problems(400, 408, 413, 415, 422, 503)  # and what a route may answer that takes a body

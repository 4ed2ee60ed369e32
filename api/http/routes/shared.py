"""What several routes share: what they are given, checks of a request, and the errors they describe.

Dependencies are `async`, since the framework would run others in threads, and a request may have none yet.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Body, Depends, HTTPException, Query, Request

from citeqa.api.http.freshness import Freshness
from citeqa.api.http.problems import invalid
from citeqa.api.live import LiveService
from citeqa.api.schemas import PROBLEM
from citeqa.api.service import Service
from citeqa.api.settings import Settings

CHANGE = "Citeqa-Change"  # header of what a write answers with: the number of its change

CHANGED = {CHANGE: {"description": "the number of this change", "schema": {"type": "integer"}}}

# What the examples at /docs ask of the seed articles, and a right answer in one of them.
ASKED = "How much aid did the United States pledge to the Cubans?"
CITED_SEED = {
    "document_id": "002_73ec0a3e5fd5a0e3",
    "document_sha256": "b70d55f2fa5122ecdddf6cf95217a7b20fc14902b0d1c01d40c6c7fc82a079e5",
    "start": 2502,
    "end": 2512,
    "quote": "$9 million",
}


async def current_service(request: Request) -> Service:
    """The service with all that was written before now, by whichever process. A request sees one state of the index
    from beginning to end."""
    freshness: Freshness = request.app.state.freshness
    return await freshness.current(request.app.state.service)


async def writable_service(request: Request) -> LiveService:
    """The service, to change documents.

    Raises:
        HTTPException: 403, if writing is off, or if the request comes from a page of another site.
    """
    settings: Settings = request.app.state.settings
    if not settings.writing:
        raise HTTPException(403, "Documents cannot be changed here. To allow it, serve with --writing.")
    origin = request.headers.get("origin")
    if not (origin is None or origin in settings.allowed_origins or _host(origin) == request.headers.get("host")):
        raise HTTPException(403, "Documents can only be changed by the service's own page and by programs.")
    service: LiveService = request.app.state.service
    return service


def _host(origin: str) -> str | None:
    """The host and port of an origin; None if it is not one."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # an address in brackets that is none
        return None


async def json_only(request: Request) -> None:
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


def example(**value: Any) -> Any:
    """The body of a request, with what /docs fills in: the least that is needed to send it."""
    return Body(openapi_examples={"minimal": {"summary": "The least that is needed", "value": value}})


MinChange = Annotated[
    int | None, Query(ge=0, description="the number of a change that the answer is to show", examples=[5])
]
Loaded = Annotated[Service, Depends(current_service)]
Writing = Annotated[LiveService, Depends(writable_service)]
GUARDED = problems(401, 421, 429)  # what any route may answer, depending on the settings
LOOKED = GUARDED | problems(408, 413, 503)  # and what a route may answer that waits for its turn
POSTED = LOOKED | problems(400, 415, 422)  # and what a route may answer that takes a body

"""Whether the service is alive, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from citeqa.api.http.guard import may_write
from citeqa.api.http.needs import Needs
from citeqa.api.http.readiness import Readiness
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.shared import GUARDED, Loaded, problems
from citeqa.api.schemas import ConfidenceOut, Health, IndexOut, Ready
from citeqa.api.service import versions
from citeqa.api.settings import Settings

router = APIRouter(prefix="/api", tags=["Status"])


@router.get("/health", responses=problems(421))
@Needs(key="none", rate_limited=False)
async def health() -> Health:
    """Say that the process is alive."""
    return Health()


@router.get("/ready", responses=GUARDED | problems(503))
@Needs(key="read")
async def ready(service: Loaded, request: Request) -> Ready:
    """Say that the service can answer: it has just searched the index and read what it found, and, where machines
    share an index, its replica was in touch with it lately."""
    readiness: Readiness = request.app.state.readiness
    if not await readiness.check(service):
        raise HTTPException(503, "The service cannot answer now; its log says why.")
    settings: Settings = request.app.state.settings
    lag = service.index.lag
    if lag > settings.max_lag:
        message = f"The replica shows change {service.index.change} and has been out of touch for {lag:.0f} seconds."
        raise HTTPException(503, message)
    return Ready(
        index=IndexOut.of(service.index),
        lag=lag,
        confidence=ConfidenceOut.of(service.confidence),
        look=service.answerer.look,
        versions=versions(),
        advice=list(await run_in_threadpool(lambda: service.index.advice)),
        writing=may_write(settings, request_info(request.scope).right),
        originals=settings.originals,
        authentication=settings.authentication,
    )

"""Whether the service is alive, and whether it can answer."""

from __future__ import annotations

import logging

from fastapi import APIRouter, HTTPException, Request

from citeqa.api.http.guard import may_write
from citeqa.api.http.needs import Needs
from citeqa.api.http.request_log import request_info
from citeqa.api.http.routes.shared import GUARDED, Loaded, problems
from citeqa.api.schemas import Health, IndexOut, Ready
from citeqa.api.service import versions
from citeqa.api.settings import Settings
from citeqa.rag.options import AskOptions

log = logging.getLogger(__name__)
router = APIRouter(prefix="/api")


@router.get("/health", responses=problems(421))
@Needs(key="none", rate_limited=False)
def health() -> Health:
    """The process is alive."""
    return Health()


@router.get("/ready", responses=GUARDED | problems(503))
@Needs(key="read")
def ready(service: Loaded, request: Request) -> Ready:
    """The service can answer: it has just searched the index and read what it found."""
    try:
        found, _ = service.answerer.search("ready", AskOptions(k=1))
        service.answerer.candidates("ready", [item.evidence for item in found])
    except Exception as error:
        log.exception("not ready")
        raise HTTPException(503, "The service cannot answer now; its log says why.") from error
    settings: Settings = request.app.state.settings
    return Ready(
        index=IndexOut.of(service.index),
        versions=versions(),
        writing=may_write(settings, request_info(request.scope).right),
        authentication=settings.authentication,
    )

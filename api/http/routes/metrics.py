"""Metrics for Prometheus."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from citeqa.api.http.metrics import Metrics
from citeqa.api.http.needs import Needs
from citeqa.api.http.routes.shared import Loaded

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
@Needs(key="read", rate_limited=False)
async def show(service: Loaded, request: Request) -> Response:
    """All metrics, with the size of the index as it is now."""
    metrics: Metrics = request.app.state.metrics
    content, media_type = metrics.rendered(service.index.document_count, service.index.passage_count)
    return Response(content, media_type=media_type)

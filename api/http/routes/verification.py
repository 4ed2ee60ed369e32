"""Whether a citation still holds."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from citeqa.api.http.needs import Needs
from citeqa.api.http.routes.shared import POSTED, Loaded, json_only
from citeqa.api.schemas import VerifyRequest, VerifyResponse
from citeqa.rag.citation.verification import verify as compare

router = APIRouter(prefix="/api")


@router.post("/verify", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read")
def verify(body: VerifyRequest, service: Loaded) -> VerifyResponse:
    """Whether a citation still holds: valid, moved, changed or gone."""
    return VerifyResponse.of(compare(service.index, body.claim()))

"""Whether a citation still holds, and whether a manuscript quotes what stands in the documents."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool

from citeqa.api.http import uploads
from citeqa.api.http.limits import QUOTATIONS_A_UNIT
from citeqa.api.http.needs import Needs
from citeqa.api.http.problems import invalid, validated
from citeqa.api.http.queueing import Work, work_of
from citeqa.api.http.routes.shared import CITED_SEED, POSTED, Loaded, example, json_only
from citeqa.api.schemas import (
    MAX_MANUSCRIPT,
    MAX_QUOTATIONS,
    VerifyQuotesRequest,
    VerifyQuotesResponse,
    VerifyRequest,
    VerifyResponse,
)
from citeqa.api.service import Service
from citeqa.index.types import Filters, Span
from citeqa.rag.citation.verification import verify as compare
from citeqa.rag.manuscript.checking import Checker
from citeqa.rag.manuscript.quotations import quotations_in

router = APIRouter(prefix="/api", tags=["Citations"])
_MANUSCRIPT = "The minister said: “Nine million dollars will be sent.”"
_BODY = uploads.body_of(
    VerifyQuotesRequest.model_json_schema(ref_template="#/components/schemas/{model}"), {"text": _MANUSCRIPT}, {}
)


@router.post("/verify", dependencies=[Depends(json_only)], responses=POSTED)
@Needs(key="read", turn="answer")
def verify(body: Annotated[VerifyRequest, example(citation=CITED_SEED)], service: Loaded) -> VerifyResponse:
    """Say whether a citation still holds: valid, moved, changed or gone."""
    return VerifyResponse.of(compare(service.index, body.claim()))


@router.post(
    "/verify/quotes", responses=POSTED, openapi_extra={"requestBody": _BODY}, response_model=VerifyQuotesResponse
)
@Needs(key="read", turn="answer", manuscript=True)
async def verify_quotes(request: Request, service: Loaded) -> VerifyQuotesResponse:
    """Look up every quotation of a manuscript in the documents: exact, altered (and how) or absent. The manuscript is
    JSON, or a file of any format that is read, as multipart/form-data in the field `file`. Nothing is stored."""
    blocks: tuple[Span, ...] = ()
    filters = Filters()
    if uploads.is_json(request):
        body = await run_in_threadpool(validated, VerifyQuotesRequest, await request.body())
        text, filters = body.text, body.chosen()
    else:
        async with uploads.file_of(request, {"file"}) as (document, _):
            text, blocks = document.text, document.structure.quotations
    return await run_in_threadpool(_checked, text, blocks, filters, service, work_of(request))


def _checked(
    text: str, blocks: tuple[Span, ...], filters: Filters, service: Service, work: Work
) -> VerifyQuotesResponse:
    """The quotations of a manuscript; others have their turns between two units of work."""
    if len(text) > MAX_MANUSCRIPT:
        message = f"The manuscript has {len(text):,} characters; {MAX_MANUSCRIPT:,} are allowed"
        raise invalid(("body", "file"), message)
    quotations = quotations_in(text, blocks)
    if len(quotations) > MAX_QUOTATIONS:
        message = f"The manuscript has {len(quotations):,} quotations; {MAX_QUOTATIONS:,} are allowed"
        raise invalid(("body",), message)
    work.charge(1 + len(quotations) // QUOTATIONS_A_UNIT)
    checker, found = Checker(service.index, filters), []
    for number, quotation in enumerate(quotations):
        if number and number % QUOTATIONS_A_UNIT == 0:
            work.pause()
        found.append(checker.checked(text, quotation))
    return VerifyQuotesResponse.of(text, found, service.index)

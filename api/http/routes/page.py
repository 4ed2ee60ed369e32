"""The chat page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.staticfiles import StaticFiles

from citeqa.api.http.needs import Needs

PAGE = Path(__file__).parents[2] / "static" / "index.html"

_FILES = StaticFiles(directory=PAGE.parent)

router = APIRouter(include_in_schema=False)


@router.get("/")
@Needs(key="none")
async def page(request: Request) -> Response:
    """The page, which loads its other files from /static; 304 if the browser has it already."""
    return _FILES.file_response(PAGE, PAGE.stat(), request.scope)

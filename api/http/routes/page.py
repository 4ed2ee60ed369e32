"""The chat page."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from citeqa.api.http.needs import Needs

PAGE = Path(__file__).parents[2] / "static" / "index.html"

router = APIRouter(include_in_schema=False)


@router.get("/")
@Needs(key="none")
def page() -> FileResponse:
    """The page, which loads its other files from /static."""
    return FileResponse(PAGE)

"""A module of routes as anybody could add one. test_needs.py serves it and checks that its declarations hold."""

from __future__ import annotations

from fastapi import APIRouter, Request

from citeqa.api.http.needs import Needs

router = APIRouter(prefix="/api/toys")


@router.get("")
@Needs(key="none", rate_limited=False)
async def show() -> dict[str, str]:
    return {"toy": "duck"}


@router.post("/measure")
@Needs(key="read", upload=True)
async def measure(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@router.post("/slow")
@Needs(key="read", turn="answer")
async def slow(request: Request) -> None:
    await request.app.state.go.wait()


@router.delete("/{name}")
@Needs(key="write", turn="write")
def remove(name: str) -> dict[str, str]:
    return {"removed": name}

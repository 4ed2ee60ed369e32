"""Whether the service is alive and ready."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from citeqa.api.schemas.answers import IndexOut


class Health(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    index: IndexOut
    versions: dict[str, str]
    writing: bool = Field(description="whether the caller may add and remove documents")
    authentication: bool = Field(description="whether a key is needed")

"""What the service says of itself."""

from __future__ import annotations

from typing import Literal

from citeqa.api.schemas.answers import IndexOut
from pydantic import BaseModel, Field


class Health(BaseModel):
    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    index: IndexOut
    versions: dict[str, str]
    writing: bool = Field(description="whether the caller may add and remove documents")
    authentication: bool = Field(description="whether a key is needed")

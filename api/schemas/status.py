"""Whether the service is alive and ready."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from citeqa.api.schemas.answers import IndexOut
from citeqa.rag.confidence import InForce
from citeqa.rag.options import Look


class Health(BaseModel):
    status: Literal["alive"] = "alive"


class ConfidenceOut(BaseModel):
    """The confidence that answers are given with."""

    fitted_to: Literal["shipped", "documents"] = Field(
        description="`documents` if it was calibrated with questions about the documents at hand"
    )
    threshold: float
    questions: int | None = Field(description="how many questions it was calibrated with")
    unused: str | None = Field(description="why the calibration that is kept with the index is not used")

    @classmethod
    def of(cls, found: InForce) -> ConfidenceOut:
        return cls(
            fitted_to="documents" if found.calibrated else "shipped",
            threshold=found.confidence.threshold,
            questions=found.fitted_on.get("questions"),
            unused=found.unused,
        )


class Ready(BaseModel):
    status: Literal["ready"] = "ready"
    index: IndexOut
    lag: float = Field(
        description="seconds since the replica of a shared index was last known to show all; 0 for an index in a folder"
    )
    confidence: ConfidenceOut
    look: Look = Field(description="how often passages are read where a request does not say it")
    versions: dict[str, str]
    writing: bool = Field(description="whether the caller may add and remove documents")
    advice: list[str] = Field(description="what would make the index better, each with the command that does it")
    originals: bool = Field(description="whether original files can be fetched, at /api/originals/{id}")
    authentication: bool = Field(description="whether a key is needed")

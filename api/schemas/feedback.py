"""What users say about answers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from citeqa.api.schemas.base import Id, StrictModel, Text


class PlaceIn(StrictModel):
    """Words of a document: `text[start:end] == quote`, in code points of the document's text, whose SHA-256 is
    `document_sha256`. Citations of answers and alternatives have these fields."""

    document_id: Id
    document_sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=1)]
    quote: Annotated[str, Field(min_length=1)]


class Feedback(StrictModel):
    """What somebody says about the answer to a question.

        {"question": str, "verdict": "right" | "wrong" | "missing",
         "citation": {"document_id", "document_sha256", "start", "end", "quote"} | null}

    right: `citation` is a right answer; it must be given. wrong: `citation` is not an answer; with null, whatever came
    back was wrong. missing: `citation` should have been found; with null, no document answers the question.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"question": "Who opened the harbour?", "verdict": "missing", "citation": None}]
        },
    )
    question: Text
    verdict: Literal["right", "wrong", "missing"]
    citation: PlaceIn | None

    @model_validator(mode="after")
    def _cited_if_right(self) -> Feedback:
        if self.verdict == "right" and self.citation is None:
            raise ValueError("a right answer must be cited")
        return self

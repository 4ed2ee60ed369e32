"""What is wrong with a request (RFC 9457)."""

from __future__ import annotations

from pydantic import BaseModel, Field


class ProblemError(BaseModel):
    """One fault of a request. `pointer` is a JSON pointer into the body (`#/k`), or names a parameter (`query/q`)."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """A problem detail as RFC 9457 defines it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[ProblemError] = Field(default_factory=list)


# The schema of a problem without references, since OpenAPI shows it where references to its parts would lead nowhere.
PROBLEM = Problem.model_json_schema()
PROBLEM["properties"]["errors"]["items"] = PROBLEM.pop("$defs")["ProblemError"]

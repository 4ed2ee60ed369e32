"""How to ask a question: built once from a request, and passed on unchanged."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from citeqa.index.types import Filters

Look = Literal["once", "twice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOptions:
    """What a question may be asked with.

    Attributes:
        k: how many passages of evidence to return, at least 1; it never changes the answer.
        filters: which documents to search; all of them by default.
        min_confidence: the lowest confidence to answer with, between 0 and 1; None takes the fitted threshold.
        context: what a follow-up question carries over from the turn before; it is searched and read with the question.
        today: the day that "last week" in the question counts from; None takes the current day.
        use_dates: whether times in the question may prefer and filter sources (see `rag.timing.recency`).
        look: how often passages are read: "once", or "twice" where the first look is not sure (see `rag.look`); None
            takes what the answerer does by itself.

    A search reads nothing, so it ignores `min_confidence`, `context` and `look`.

    Raises:
        ValueError: if `k` or `min_confidence` is out of range.
    """

    k: int = 5
    filters: Filters = field(default_factory=Filters)
    min_confidence: float | None = None
    context: str | None = None
    today: date | None = None
    use_dates: bool = True
    look: Look | None = None

    def __post_init__(self) -> None:
        if self.k < 1:
            raise ValueError(f"k is {self.k}; needed at least 1")
        if self.min_confidence is not None and not self.min_confidence >= 0:
            raise ValueError(f"min_confidence is {self.min_confidence}; needed 0 or more")


DEFAULTS = AskOptions()

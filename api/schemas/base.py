"""What all requests share: strict models, limits, dates."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from citeqa.index.documents.ids import MAX_ID_BYTES

MAX_QUESTION = 2000  # code points
MAX_CONTEXT = 2000
MAX_ANSWER = 10000
MAX_K = 50
MAX_IDS = 1000
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _to_date(value: Any) -> Any:
    """A date from its text; anything else is left to the validation of types."""
    if isinstance(value, str):
        if not _ISO_DATE.fullmatch(value):
            raise ValueError("must be a date as YYYY-MM-DD")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("must be a day that exists, as YYYY-MM-DD") from None
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


IsoDate = Annotated[date, BeforeValidator(_to_date, json_schema_input_type=date)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION), AfterValidator(_not_blank)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_BYTES)]


class StrictModel(BaseModel):
    """A model that converts no types and takes no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

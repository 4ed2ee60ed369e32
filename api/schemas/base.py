"""What all requests share: strict models, limits, dates."""

from __future__ import annotations

import re
from datetime import date
from itertools import islice
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from citeqa.index.documents.ids import MAX_ID_BYTES

MAX_QUESTION = 2000  # code points
MAX_CONTEXT = 2000
MAX_ANSWER = 10000
MAX_K = 50
MAX_IDS = 1000
MAX_FOLDERS = 100
FAULTS = 20  # faults of one request that are named
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


def _folder(value: str) -> str:
    if not value.strip("/"):
        raise ValueError("must be the name of a folder")
    return value.rstrip("/")


IsoDate = Annotated[date, BeforeValidator(_to_date, json_schema_input_type=date)]
Text = Annotated[str, Field(min_length=1, max_length=MAX_QUESTION), AfterValidator(_not_blank)]
Folder = Annotated[str, Field(min_length=1, max_length=MAX_ID_BYTES), AfterValidator(_folder)]
Id = Annotated[str, Field(min_length=1, max_length=MAX_ID_BYTES)]


MinChange = Annotated[
    Annotated[int, Field(ge=0)] | None,
    Field(description="the number of a change that the answer is to show; 503 if it does not come within seconds"),
]


class StrictModel(BaseModel):
    """A model that converts no types and takes no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _few_unknown(cls, given: Any) -> Any:
        """What is given, with a few of the unknown fields: each of a hundred thousand would become a fault."""
        if not isinstance(given, dict) or len(given) <= len(cls.model_fields) + FAULTS:
            return given
        unknown = islice((name for name in given if name not in cls.model_fields), FAULTS + 1)
        kept = {*unknown, *cls.model_fields}
        return {name: value for name, value in given.items() if name in kept}

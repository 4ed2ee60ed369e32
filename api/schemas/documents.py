"""Documents as requests bring them and as responses show them."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from citeqa.api.schemas.base import Id, IsoDate, StrictModel
from citeqa.api.schemas.structure import StructureOut
from citeqa.index.types import Document, Order, Summary


class DocumentIn(StrictModel):
    """A document to add, or to replace the one with its id. Metadata that is not given is read from the text."""

    id: Id = Field(examples=["reports/2024/harbour"], description="a relative path: no empty, '.' or '..' segment")
    text: Annotated[str, Field(min_length=1)] = Field(examples=["The harbour was opened on 4 May 1987."])
    title: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    author: Annotated[str, Field(min_length=1, max_length=1000)] | None = None
    date: IsoDate | None = None
    source: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    url: Annotated[str, Field(min_length=1, max_length=2000)] | None = None


class _DocumentFields(BaseModel):
    id: str
    title: str
    author: str | None
    date: date | None
    source: str | None
    url: str | None
    sha256: str
    file_sha256: str
    encoding: str


class DocumentSummary(_DocumentFields):
    length: int = Field(description="code points of the text")
    passages: int

    @classmethod
    def of(cls, summary: Summary) -> DocumentSummary:
        return cls(**summary._asdict())


class DocumentList(BaseModel):
    documents: list[DocumentSummary]
    next_cursor: str | None
    total: int


class BoilerplateOut(BaseModel):
    start: int
    end: int


class DocumentOut(_DocumentFields):
    boilerplate: list[BoilerplateOut] = Field(description="ranges that are neither indexed nor used for answers")
    pages: list[int] = Field(
        description="the offsets at which the pages of the original begin, the first one 0; empty without pages"
    )
    structure: StructureOut | None = Field(
        default=None, description="where tables, lists, headings and the like stand in the text; null if it has none"
    )
    original: bool = Field(
        default=False, description="whether the file that it came from can be fetched, at /api/originals/{id}"
    )
    text: str

    @classmethod
    def of(cls, document: Document, *, original: bool = False, text: str | None = None) -> DocumentOut:
        """The document; `text` stands for its own text, where that is sent otherwise."""
        return cls(
            **{name: getattr(document, name) for name in _DocumentFields.model_fields},
            boilerplate=[BoilerplateOut(start=span.start, end=span.end) for span in document.boilerplate],
            pages=list(document.pages),
            structure=StructureOut.of(document.structure) if document.structure else None,
            original=original,
            text=document.text if text is None else text,
        )


class DocumentStored(DocumentOut):
    replaced: str | None = Field(
        description="the sha256 of the text that the document with this id had before; null if there was none"
    )
    change: int = Field(description="the number of this change")


class StoringOut(BaseModel):
    passages: int = Field(description="how many are embedded so far")


class StoredOut(BaseModel):
    """What `DocumentStored` says beyond the document that was sent."""

    id: str
    sha256: str
    replaced: str | None = Field(description="as in DocumentStored")
    change: int = Field(description="the number of this change")


def encode_place(order: Order, key: str | int, document_id: str) -> str:
    """An opaque cursor for the documents behind this one in an order."""
    return encode_cursor(json.dumps([order, key, document_id]))


def decode_place(cursor: str, order: Order) -> tuple[str | int, str]:
    """The key and the id in a cursor of that order.

    Raises:
        ValueError: if it is not a cursor of that order.
    """
    try:
        found = json.loads(decode_cursor(cursor))
        named, key, document_id = found
    except (ValueError, TypeError):
        raise ValueError("must be the next_cursor of an earlier page in this order") from None
    kind = int if order == "added" else str
    if named != order or type(key) is not kind or type(document_id) is not str:
        raise ValueError("must be the next_cursor of an earlier page in this order")
    return key, document_id


def encode_cursor(document_id: str) -> str:
    """An opaque cursor for the documents after this one."""
    return base64.urlsafe_b64encode(document_id.encode()).decode()


def decode_cursor(cursor: str) -> str:
    """The document id in a cursor.

    Raises:
        ValueError: if it is not a cursor.
    """
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise ValueError("must be the next_cursor of an earlier page") from None

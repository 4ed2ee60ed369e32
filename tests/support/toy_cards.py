"""A toy format of many documents: cards parted by lines of dashes, each with its id before a colon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from citeqa.index.errors import DocumentError
from citeqa.index.formats import Extracted, Part


def parts(path: Path) -> Iterator[Part]:
    for number, card in enumerate(path.read_bytes().split(b"\n---\n"), 1):
        yield Part(f"card {number}", card)


def extract(data: bytes) -> Extracted:
    document_id, colon, text = data.decode("utf-8").partition(": ")
    if not colon:
        raise DocumentError("it has no id")
    return Extracted(text, id=document_id)

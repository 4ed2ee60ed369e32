"""A toy format of one document: a line with the title, and then the text."""

from __future__ import annotations

from citeqa.index.errors import DocumentError
from citeqa.index.formats import Extracted


def extract(data: bytes) -> Extracted:
    title, line, text = data.decode("utf-8").partition("\n")
    if not line:
        raise DocumentError("it has no text below its title")
    return Extracted(text, title=title)

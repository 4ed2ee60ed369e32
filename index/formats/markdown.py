"""Markdown: the text as it stands, with the structure that its marks say."""

from __future__ import annotations

from citeqa.index.documents.layout.markdown import markdown_structure
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted


def extract(data: bytes) -> Extracted:
    """Canonical text is the decoded file with a byte-order mark removed and nothing else changed: its marks are part of
    the text, and no part of any table cell, list item or heading.

    Raises:
        DocumentError: if the bytes are not text in any known encoding.
    """
    text, encoding = decode(data)
    return Extracted(text, encoding=encoding, structure=markdown_structure(text))

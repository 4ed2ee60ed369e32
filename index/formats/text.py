"""Text that is not UTF-8: telling an encoding takes a while, and on large files that are no text, very long."""

from __future__ import annotations

from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted


def extract(data: bytes) -> Extracted:
    """Canonical text is the decoded file with a byte-order mark removed and nothing else changed.

    Raises:
        DocumentError: if the bytes are no text in any encoding that can be told.
    """
    text, encoding = decode(data)
    return Extracted(text, encoding=encoding)

"""Plain text that is not UTF-8. Detecting an encoding takes a while, and very long on large files that are not text."""

from __future__ import annotations

from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted


def extract(data: bytes) -> Extracted:
    """Canonical text is the decoded file with a byte-order mark removed and nothing else changed.

    Raises:
        DocumentError: if the bytes are not text in any known encoding.
    """
    text, encoding = decode(data)
    return Extracted(text, encoding=encoding)

"""Files of unknown endings that the user wants read as text: as UTF-8 or not at all, because nobody knows what they
are."""

from __future__ import annotations

from citeqa.index.errors import DocumentError
from citeqa.index.formats.extracted import Extracted


def extract(data: bytes) -> Extracted:
    """The text, without a byte-order mark.

    Raises:
        DocumentError: if it is not UTF-8, or holds NULs.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise DocumentError("it is not text in UTF-8") from None
    if "\0" in text:
        raise DocumentError("it is not text in UTF-8")
    return Extracted(text.removeprefix("\ufeff"))

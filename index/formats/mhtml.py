"""MHTML (RFC 2557): a web page that a browser saved with its parts."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from citeqa.index.errors import DocumentError
from citeqa.index.formats import html
from citeqa.index.formats.extracted import Extracted, tidy
from citeqa.index.formats.mail import decoded_text

_MARK = b"\xef\xbb\xbf"


def extract(data: bytes) -> Extracted:
    """Canonical text is that of the page, as of an HTML file; its other parts are not looked at. The page's address is
    the one that it was saved from.

    Raises:
        DocumentError: if it holds no page, or the page no words.
    """
    message = message_from_bytes(data, policy=default)
    page = next((part for part in message.walk() if part.get_content_type() == "text/html"), None)
    if not isinstance(page, EmailMessage):
        raise DocumentError("it holds no web page")
    found = html.extract(_MARK + decoded_text(page).encode("utf-8", "replace"))
    return replace(found, encoding="utf-8", url=found.url or _address(page) or _address(message))


def _address(part: EmailMessage) -> str | None:
    """Where a part was saved from."""
    value = tidy(str(part.get("Content-Location") or part.get("Snapshot-Content-Location") or ""))
    return value if value and value.startswith(("http://", "https://")) else None

"""E-mail (RFC 5322 with MIME): the text of the body; title, author and date from subject, sender and day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default

from citeqa.index.errors import DocumentError
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted, tidy
from citeqa.index.formats.markup import decoded, parse_html, text_of

_HEADERS = ("From", "Date", "Subject", "Message-ID")


def extract(data: bytes) -> Extracted:
    """Canonical text is the plain text body, decoded and otherwise unchanged; without one, the words of the HTML body.
    Attachments are not read; `notes` name them.

    Raises:
        DocumentError: if it is not an e-mail, is encrypted, or its body holds no text.
    """
    message = message_from_bytes(data, policy=default)
    if not any(name in message for name in _HEADERS):
        raise DocumentError(f"it is not an e-mail: it has none of the headers {', '.join(_HEADERS)}")
    if message.get_content_type() == "multipart/encrypted":
        raise DocumentError("it is encrypted")
    body = message.get_body(("plain", "html"))
    text = _text(body) if isinstance(body, EmailMessage) else ""
    if not text.strip():
        raise DocumentError("its body holds no text")
    return Extracted(
        text,
        title=tidy(_header(message, "Subject")),
        author=_sender(message),
        date=_day(message),
        notes=tuple(f"its attachment {name!r} is not read" for name in _attachments(message)),
    )


def _text(body: EmailMessage) -> str:
    payload = body.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    if body.get_content_subtype() == "html":
        return text_of(parse_html(_decoded(body, data) or decoded(data)[0]).find("body")) if data.strip() else ""
    return _decoded(body, data) or decode(data)[0]


def _decoded(body: EmailMessage, data: bytes) -> str | None:
    """The text in the encoding that the part names; None if it names none, or the wrong one."""
    try:
        return data.decode(body.get_content_charset() or "")
    except (LookupError, UnicodeError, ValueError):
        return None


def _header(message: EmailMessage, name: str) -> str | None:
    """A header's text; None if it is missing or cannot be parsed."""
    try:
        value = message[name]
    except (MessageError, ValueError, IndexError, AttributeError, TypeError):
        return None
    return None if value is None else str(value)


def _sender(message: EmailMessage) -> str | None:
    """The names of the senders; of a sender without a name, the address."""
    if _header(message, "From") is None:
        return None
    senders = getattr(message["From"], "addresses", ())
    return tidy(", ".join(sender.display_name or sender.addr_spec for sender in senders))


def _day(message: EmailMessage) -> date | None:
    """The day on which it was sent, in the sender's time zone."""
    if _header(message, "Date") is None:
        return None
    sent = getattr(message["Date"], "datetime", None)
    return sent.date() if sent else None


def _attachments(message: EmailMessage) -> Iterator[str]:
    for part in message.walk():
        name = part.get_filename()
        if name is not None or part.get_content_disposition() == "attachment":
            yield tidy(name) or part.get_content_type()

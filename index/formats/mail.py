"""E-mail (RFC 5322 with MIME): the text of the body; title, author and date from subject, sender and day."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import default

from citeqa.index.documents.layout.finding import text_structure
from citeqa.index.errors import DocumentError
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted, tidy
from citeqa.index.formats.inline import write_inline
from citeqa.index.formats.markup import decoded, parse_html
from citeqa.index.formats.markup_lines import laid_out
from citeqa.index.structure import NO_STRUCTURE, Structure, in_a_row

Written = tuple[str, Structure]

_HEADERS = ("From", "Date", "Subject", "Message-ID")
_SHOWN = ("From", "To", "Cc", "Date", "Subject")  # of a message inside another one
_ENCRYPTED = ("multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime")
_SILENT = ("text/rfc822-headers", "text/css", "text/enriched")  # nobody misses these
_SAME = 0.6  # of the words shown: with so many in the plain text, it is the same text
_MORE = 2.0  # times as many words as the best alternative: then that one leaves something out
_WORD = re.compile(r"\w+")


def extract(data: bytes) -> Extracted:
    """Canonical text is the text of the body as a mail program shows it: its text parts in order, each decoded and
    otherwise unchanged, with a blank line between them. Of alternatives the plain text is taken, unless the HTML says
    something else or more; of HTML, the words. Messages that are attached follow in their place, each behind its own
    header lines. Other attachments are not read; `notes` name them.

    Raises:
        DocumentError: if it is not an e-mail, is encrypted, or its body holds no text.
    """
    message = message_from_bytes(data, policy=default)
    if not any(name in message for name in _HEADERS):
        raise DocumentError(f"it is not an e-mail: it has none of the headers {', '.join(_HEADERS)}")
    if message.get_content_type() in _ENCRYPTED and not _is_signed(message):
        raise DocumentError("it is encrypted")
    return of_message(message)


def of_message(message: EmailMessage) -> Extracted:
    """What a message says.

    Raises:
        DocumentError: if its body holds no text.
    """
    notes: list[str] = []
    text, structure = _joined(_texts(message, notes))
    if not text.strip():
        raise DocumentError("; ".join(["its body holds no text", *notes]))
    return Extracted(
        text,
        title=tidy(_header(message, "Subject")),
        author=_sender(message),
        date=_day(message),
        notes=tuple(notes),
        structure=structure,
    )


def _is_signed(message: EmailMessage) -> bool:
    """Whether a message of S/MIME is only signed (RFC 8551, 3.2.2); then its text lies open."""
    return str(message.get_param("smime-type", "")).lower() in ("signed-data", "certs-only")


def _texts(part: EmailMessage, notes: list[str]) -> list[Written]:
    """The texts that a part of a message is shown with, in order; what is not read is named in `notes`."""
    kind = part.get_content_type()
    if kind == "message/rfc822":
        return _forwarded(part, notes)
    if kind == "multipart/alternative":
        return _best([(sub.get_content_type(), _texts(sub, notes)) for sub in _parts(part)])
    if part.is_multipart():
        return [text for sub in _parts(part) for text in _texts(sub, notes)]
    name = part.get_filename()
    if name is not None or part.get_content_disposition() == "attachment":
        notes.append(f"its attachment {tidy(name) or kind!r} is not read")
    elif kind in ("text/plain", "text/html"):
        return [written] if (written := _text(part))[0].strip() else []
    elif part.get_content_maintype() == "text" and kind not in _SILENT:
        notes.append(f"its part of the kind {kind} is not read")
    return []


def _parts(part: EmailMessage) -> list[EmailMessage]:
    return [sub for sub in part.get_payload() if isinstance(sub, EmailMessage)] if part.is_multipart() else []


def _forwarded(part: EmailMessage, notes: list[str]) -> list[Written]:
    """The messages that a part holds, each as its header lines and its text."""
    found = list[Written]()
    for message in _parts(part):
        lines = [f"{name}: {value}" for name in _SHOWN if (value := tidy(_header(message, name)))]
        found.append(("\n".join(lines), NO_STRUCTURE))
        found += _texts(message, notes)
    return found


def _best(alternatives: list[tuple[str, list[Written]]]) -> list[Written]:
    """The alternative to read (RFC 2046, 5.1.4: the last one is the best). The plain text is as its writer typed it; it
    is taken if it says what the best one says, or if there is more of it."""
    held = [(kind, texts) for kind, texts in alternatives if texts]
    if not held:
        return []
    best = held[-1][1]
    plain = next((texts for kind, texts in held if kind == "text/plain"), None)
    if plain is None or plain is best:
        return best
    typed, shown = Counter(_words(plain)), Counter(_words(best))
    same = (typed & shown).total()
    return plain if same >= _SAME * shown.total() or typed.total() > _MORE * shown.total() else best


def _words(texts: list[Written]) -> list[str]:
    return [word for text, _ in texts for word in _WORD.findall(text.casefold())]


def _joined(texts: list[Written]) -> Written:
    """Texts in a row; between two of them there is a blank line."""
    return in_a_row(texts if len(texts) < 2 else map(_stripped, texts))


def _stripped(written: Written) -> Written:
    """A text without the line breaks around it."""
    text, structure = written
    before = len(text) - len(text.lstrip("\r\n"))
    return text.strip("\r\n"), structure.shifted(-before) if structure and before else structure


def _text(body: EmailMessage) -> Written:
    payload = body.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    if body.get_content_subtype() == "html":
        if not data.strip():
            return "", NO_STRUCTURE
        page = parse_html(_decoded(body, data) or decoded(data)[0])
        write_inline(page)
        return laid_out(page if (shown := page.find("body")) is None else shown)
    text = _decoded(body, data) or decode(data)[0]
    return text, text_structure(text)


def decoded_text(part: EmailMessage) -> str:
    """The text of a part as it is, in the encoding that it names, or else in the one that it most likely has."""
    payload = part.get_payload(decode=True)
    data = payload if isinstance(payload, bytes) else b""
    return _decoded(part, data) or decoded(data)[0]


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

"""MSG (Outlook, MS-OXMSG): the message as an e-mail file would hold it, read in the same way."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import HeaderParser
from email.policy import default
from email.utils import format_datetime

from citeqa.index.errors import DocumentError
from citeqa.index.formats import mail
from citeqa.index.formats.extracted import Extracted, tidy
from citeqa.index.formats.mapi import MESSAGE, Container, Properties

MAX_DEPTH = 20  # messages inside messages
_SUBJECT, _BODY, _HTML, _RTF, _HEADERS, _CLASS = 0x0037, 0x1000, 0x1013, 0x1009, 0x007D, 0x001A
_FROM = ((0x0C1A, (0x5D01, 0x0C1F)), (0x0042, (0x5D02, 0x0065)))  # the sender, else for whom: a name, addresses
_TO, _CC, _SENT, _DELIVERED = 0x0E04, 0x0E03, 0x0039, 0x0E06
_NAMES, _DATA, _KIND, _HIDDEN = (0x3707, 0x3704, 0x3001), 0x3701, 0x370E, 0x7FFE
_ENCRYPTED, _SIGNED = "ipm.note.smime", "ipm.note.smime.multipartsigned"


def extract(data: bytes) -> Extracted:
    """Canonical text, title, author and date are those of the message as an e-mail file (see `mail`): its plain text,
    unless its HTML says something else or more, and messages that are attached, each behind its own header lines.
    Other attachments are not read; `notes` name them.

    Raises:
        DocumentError: if it is no message of Outlook, is damaged or encrypted, or its body holds no text.
    """
    with Container(data) as container:
        message = _message(container.properties((), header=MESSAGE), 0)
    return mail.of_message(message)


def _message(found: Properties, depth: int) -> EmailMessage:
    """A message with its parts, as MIME has them."""
    if depth > MAX_DEPTH:
        raise DocumentError("it is nested too deeply")
    kind = (found.text(_CLASS) or "").lower()
    signed = kind == _SIGNED
    if kind.startswith(_ENCRYPTED) and not signed:
        raise DocumentError("it is encrypted")
    message = EmailMessage(policy=default)
    _describe(message, found)
    texts = _texts(found)
    if not texts and not signed and found.data(_RTF):
        raise DocumentError("its body is kept as RTF alone, which is not read: save it as EML")
    message["Content-Type"] = 'multipart/mixed; boundary="mixed"'
    message.attach(_whole("multipart/alternative", texts))
    for attachment in found.attachments():
        inner = attachment.message(_DATA)
        if inner is not None:
            message.attach(_whole("message/rfc822", [_message(inner, depth + 1)]))
        elif signed and (body := attachment.data(_DATA)):
            message.attach(message_from_bytes(body, policy=default))
        elif not attachment.number(_HIDDEN):
            message.attach(_named(attachment))
    return message


def _texts(found: Properties) -> list[EmailMessage]:
    """The forms of the text that a message has, the plain one first."""
    plain, web = found.text(_BODY), found.text(_HTML)
    data = web.encode("utf-8", "replace") if web else found.data(_HTML)
    texts = [_part('text/plain; charset="utf-8"', plain.encode("utf-8", "replace"))] if plain and plain.strip() else []
    if data:
        texts.append(_part(f'text/html; charset="{"utf-8" if web else found.encoding}"', data))
    return texts


def _describe(message: EmailMessage, found: Properties) -> None:
    """Write the header lines that say who wrote to whom, when and about what; where the message came over the internet,
    its own."""
    own = HeaderParser().parsestr(found.text(_HEADERS) or "")
    sent = found.time(_SENT) or found.time(_DELIVERED)
    values = {
        "From": own["From"] or _sender(found),
        "To": own["To"] or found.text(_TO),
        "Cc": own["Cc"] or found.text(_CC),
        "Date": own["Date"] or (format_datetime(sent) if sent else None),
        "Subject": found.text(_SUBJECT) or own["Subject"],
    }
    for name, value in values.items():
        if shown := tidy(str(value)) if value else None:
            try:
                message[name] = shown
            except (MessageError, ValueError, IndexError):  # an address that no program would send to
                continue


def _sender(found: Properties) -> str | None:
    for name_id, address_ids in _FROM:
        name = (found.text(name_id) or "").replace('"', "")
        address = next((text for each in address_ids if "@" in (text := found.text(each) or "")), "")
        if name or address:
            return f'"{name or address}" <{address or "unknown"}>'
    return None


def _named(attachment: Properties) -> EmailMessage:
    """An attachment by its name and kind alone: what it holds is not read."""
    name = next((text for each in _NAMES if (text := tidy(attachment.text(each)))), "attachment")
    part = EmailMessage(policy=default)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part


def _whole(kind: str, parts: list[EmailMessage]) -> EmailMessage:
    made = EmailMessage(policy=default)
    made["Content-Type"] = kind
    made.set_payload(list(parts))
    return made


def _part(kind: str, data: bytes) -> EmailMessage:
    """A part that gives back these very bytes."""
    made = EmailMessage(policy=default)
    made["Content-Type"], made["Content-Transfer-Encoding"] = kind, "base64"
    made.set_payload(base64.b64encode(data).decode("ascii"))
    return made

"""mbox (RFC 4155 and its kin): a document a message."""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from email.errors import MessageError
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import parsedate
from pathlib import Path
from typing import BinaryIO

from citeqa.index.errors import DocumentError
from citeqa.index.formats import mail
from citeqa.index.formats.extracted import Extracted, Part, written_on

MAX_MESSAGE = 64 * 1024 * 1024  # bytes; of longer ones no more is held than is needed to refuse them
_HEADER_BYTES = 64 * 1024  # of a message, in which its id is looked for
# A line that begins a message: a sender and a day. Many writers leave such lines in texts unmarked, without a day.
_BEGINS = re.compile(rb"From \S.*\d{1,2}:\d\d.*\d{4}")
_SENDER = re.compile(rb"From \S+\s+")
_MARKED = re.compile(rb"^>+From ")
_ODD = re.compile(r"[^\w.@+=-]+")


def parts(path: Path) -> Iterator[Part]:
    """The messages of a file, named by their numbers from 1. The id of each is its Message-ID, or else the digest of
    its bytes; a second one of the same id gets a number.

    Raises:
        DocumentError: if it is not a regular file, or does not begin as an mbox file.
        OSError: if it cannot be read.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise DocumentError("it is not a regular file")
    taken: dict[str, int] = {}
    with path.open("rb") as file:
        for number, data in enumerate(_messages(file), 1):
            found = _id(data)
            taken[found] = taken.get(found, 0) + 1
            yield Part(f"message {number}", data, found if taken[found] == 1 else f"{found}-{taken[found]}")


def extract(data: bytes) -> Extracted:
    """The document in one message, as that of an e-mail file. A message that does not say when it was sent has the day
    of the line that begins it.

    Raises:
        DocumentError: as for an e-mail file, and if the message is too long.
    """
    if len(data) > MAX_MESSAGE:
        raise DocumentError(f"it has more than {MAX_MESSAGE:,} bytes, the most that is read of a message")
    found = mail.extract(data)
    received = (
        None if found.date else parsedate(_SENDER.sub(b"", data[:400].partition(b"\n")[0]).decode("ascii", "replace"))
    )
    return replace(found, date=written_on("{:04}-{:02}-{:02}".format(*received[:3]))) if received else found


def _messages(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of the messages, each with the line that begins it; `From ` at the beginning of other lines is marked
    in the file, and is not here."""
    first = file.readline(1000)
    if not first.startswith(b"From "):
        raise DocumentError("it is not an mbox file: it does not begin with a line 'From ...'")
    lines, size, blank = [first], len(first), False
    while line := file.readline(1024 * 1024):
        if blank and line.startswith(b"From ") and _BEGINS.match(line[:400]):
            yield b"".join(lines)
            lines, size, blank = [line], len(line), False
            continue
        blank = not line.strip()
        size += len(line)
        if size <= MAX_MESSAGE + 1024 * 1024:
            lines.append(line[1:] if _MARKED.match(line[:100]) else line)
    yield b"".join(lines)


def _id(data: bytes) -> str:
    try:
        given = BytesHeaderParser(policy=compat32).parsebytes(data[:_HEADER_BYTES])["Message-ID"]
    except (MessageError, ValueError, AttributeError):
        given = None
    found = _ODD.sub("-", str(given or "").strip().strip("<>")).strip("-.")[:150]
    return found or hashlib.sha256(data).hexdigest()[:16]

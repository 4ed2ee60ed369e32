"""Zip archives that may be hostile: limits are checked on the archive's own listing before anything is unpacked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from io import BytesIO

from citeqa.index.errors import DocumentError

MAX_UNPACKED = 256 * 1024 * 1024  # bytes of all members that are read
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # DOCX and EPUB allow no others
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, ValueError)


class Archive:
    """The members of a zip archive by name. Only the members asked for are unpacked, and archives inside are not
    opened. A member that is read twice counts twice towards the limit.

    Raises:
        DocumentError: if the bytes are not a zip archive.
    """

    def __init__(self, data: bytes, limit: int = MAX_UNPACKED) -> None:
        self._limit = self._left = limit
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except _DAMAGE as error:
            raise DocumentError(f"it is damaged: {_message(error)}") from None
        self._folded = {name.casefold(): name for name in self._zip.NameToInfo}

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def find(self, name: str) -> str | None:
        """The name of a member that is called so, or so but for upper and lower case; None if there is none."""
        return name if name in self else self._folded.get(name.casefold())

    def read(self, name: str) -> bytes:
        """The bytes of one member.

        Raises:
            DocumentError: if there is none of that name, it is encrypted or damaged, or it would exceed the limit.
        """
        if name not in self:
            raise DocumentError(f"it is damaged: {name!r} is missing")
        member = self._zip.getinfo(name)
        if member.flag_bits & 1:
            raise DocumentError("it is encrypted")
        if member.compress_type not in _METHODS:
            raise DocumentError(f"it is packed by method {member.compress_type}, which is not read")
        self._left -= member.file_size
        if self._left < 0:
            raise DocumentError(f"its archive unpacks to more than {self._limit:,} bytes")
        try:
            with self._zip.open(member) as file:
                data = file.read(member.file_size)  # never more than the listing says, whatever the member holds
        except _DAMAGE as error:
            raise DocumentError(f"it is damaged: {_message(error)}") from None
        if len(data) < member.file_size:
            raise DocumentError(f"it is damaged: {name!r} is cut off")
        return data


def _message(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__

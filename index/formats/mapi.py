"""The properties of messages and attachments in an Outlook file, which is a compound file (MS-CFB, read by olefile).

A property lies in a stream that is named by its id and type, or, if its values all have the same few bytes, in the list
of those (MS-OXMSG, 2.1 and 2.4).
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from types import TracebackType

from citeqa.index.errors import DocumentError

MESSAGE, _INNER, _ATTACHMENT = 32, 24, 8  # bytes before the list of properties
MAX_ATTACHMENTS = 10_000
_UNICODE, _STRING, _BINARY, _OBJECT = 0x001F, 0x001E, 0x0102, 0x000D
_INTEGER, _BOOLEAN, _TIME = 0x0003, 0x000B, 0x0040
_CODEPAGES = (0x3FFD, 0x3FDE)  # of the strings, of the internet
_LIST = "__properties_version1.0"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_SUPERSETS = {1252: "cp1252", 28591: "cp1252", 20127: "cp1252", 65001: "utf-8", 50220: "iso-2022-jp", 20866: "koi8-r"}
# What olefile and struct raise where a file says one thing and holds another.
_DAMAGE = (OSError, ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error)

_Path = tuple[str, ...]


class Container:
    """A compound file, open.

    Raises:
        DocumentError: if it is none, or is damaged; so do all that is read from it.
    """

    def __init__(self, data: bytes) -> None:
        from olefile import OleFileIO

        try:
            self._file = OleFileIO(BytesIO(data))
            self._size = len(data)
            self._streams = {tuple(path) for path in self._file.listdir(streams=True, storages=False)}
            self._storages = [tuple(path) for path in self._file.listdir(streams=False, storages=True)]
        except _DAMAGE as error:
            raise DocumentError(f"it is damaged, or no file of Outlook: {str(error)[:200]}") from None

    def __enter__(self) -> Container:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def properties(self, path: _Path, *, header: int) -> Properties:
        """The properties of what lies in a storage of the file; () is the message itself."""
        if (*path, _LIST) not in self._streams:
            raise DocumentError("it is damaged, or no message of Outlook: it has no list of properties")
        return Properties(self, path, header)

    def read(self, path: _Path) -> bytes | None:
        """The bytes of a stream; None if there is none of this name."""
        if path not in self._streams:
            return None
        try:
            if (size := self._file.get_size(list(path))) > self._size:
                raise DocumentError(f"it is damaged: a part of it should have {size:,} bytes")
            with self._file.openstream(list(path)) as stream:
                return bytes(stream.read())
        except _DAMAGE as error:
            raise DocumentError(f"it is damaged: {str(error)[:200]}") from None

    def attachments(self, path: _Path) -> list[_Path]:
        """The storages of the attachments of a message, in order."""
        below = [found for found in self._storages if len(found) == len(path) + 1 and found[:-1] == path]
        return sorted(found for found in below if found[-1].startswith("__attach_version1.0_#"))


class Properties:
    """The properties of a message or an attachment, by their ids."""

    def __init__(self, container: Container, path: _Path, header: int) -> None:
        self._container, self._path = container, path
        listed = container.read((*path, _LIST)) or b""
        entries = listed[header : header + (len(listed) - header) // 16 * 16]
        self._fixed = {(number, kind): value for kind, number, value in struct.iter_unpack("<HH4x8s", entries)}
        pages = (self.number(each) for each in _CODEPAGES)
        self._codepage = next((page for page in pages if page), 1252)
        internet = self.number(_CODEPAGES[1])
        self.encoding = _encoding(internet or self._codepage)

    def number(self, property_id: int) -> int:
        """An integer or a switch; 0 if there is none."""
        for kind, form in ((_INTEGER, "<i4x"), (_BOOLEAN, "<H6x")):
            if value := self._fixed.get((property_id, kind)):
                return int(struct.unpack(form, value)[0])
        return 0

    def time(self, property_id: int) -> datetime | None:
        """A time; None if there is none, or no such time ever was."""
        value = self._fixed.get((property_id, _TIME))
        try:
            return _EPOCH + timedelta(microseconds=int.from_bytes(value, "little") // 10) if value else None
        except OverflowError:
            return None

    def text(self, property_id: int) -> str | None:
        """A string without the NULs at its end; None if there is none."""
        data = self._stream(property_id, _UNICODE)
        if data is not None:
            return data.decode("utf-16-le", "replace").rstrip("\0")
        data = self._stream(property_id, _STRING)
        return None if data is None else data.decode(_encoding(self._codepage), "replace").rstrip("\0")

    def data(self, property_id: int) -> bytes | None:
        """Bytes; None if there are none."""
        return self._stream(property_id, _BINARY)

    def message(self, property_id: int) -> Properties | None:
        """The message that this property holds; None if it holds none."""
        path = (*self._path, _name(property_id, _OBJECT))
        if self._container.read((*path, _LIST)) is None:
            return None
        return self._container.properties(path, header=_INNER)

    def attachments(self) -> Iterator[Properties]:
        """The attachments of the message.

        Raises:
            DocumentError: if there are more than are read.
        """
        found = self._container.attachments(self._path)
        if len(found) > MAX_ATTACHMENTS:
            raise DocumentError(f"it has {len(found):,} attachments; at most {MAX_ATTACHMENTS:,} are read")
        for path in found:
            yield self._container.properties(path, header=_ATTACHMENT)

    def _stream(self, property_id: int, kind: int) -> bytes | None:
        return self._container.read((*self._path, _name(property_id, kind)))


def _name(property_id: int, kind: int) -> str:
    return f"__substg1.0_{property_id:04X}{kind:04X}"


def _encoding(codepage: int) -> str:
    """The encoding of a code page of Windows; cp1252 for one that is not known."""
    name = _SUPERSETS.get(codepage, f"cp{codepage}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"

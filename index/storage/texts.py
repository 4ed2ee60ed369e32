"""Parts of long texts: read from the database where they stand, so that a question costs what it looks at.

SQLite keeps a text in UTF-8 and reads any bytes of it, but does not know where a code point lies. That is worked out
once for a text, in pieces, which also checks its digest; it is kept as long as the text may be asked for.
"""

from __future__ import annotations

import codecs
import hashlib
import threading
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from citeqa.index.document import DocumentView, Text, utf16_length
from citeqa.index.storage import schema
from citeqa.index.storage.catalog import Catalog
from citeqa.index.types import Passage

WHOLE = 65_536  # code points; a text that is not longer is read as a whole
BLOCK = 16_384  # bytes of a text that are read together
_AT_ONCE = 64  # blocks that are read together where all are
_PIECES = 16  # decoded blocks that are kept of a text
_VIEWS = 16  # long documents that are kept open
_MARKS = 1000  # texts of which it is kept where their code points lie
_MORE = 3  # bytes of a character behind its first one

_TEXT = schema.DOCUMENT.split(", ").index("text")

Key = TypeVar("Key")
Value = TypeVar("Value")
Read = Callable[[int, int], bytes]  # the bytes of a text from one place to another


class Marks(NamedTuple):
    """Where the code points of a text lie: how many of them, and how many UTF-16 units, begin before each block of its
    bytes, and at last how many there are."""

    points: NDArray[np.int64]
    units: NDArray[np.int64]


class StoredText:
    """A text in a database, to take slices of. Threads may share it."""

    def __init__(self, marks: Marks, read: Read) -> None:
        self._marks, self._read = marks, read
        self._piece = lru_cache(_PIECES)(self._decoded)

    def __len__(self) -> int:
        return int(self._marks.points[-1])

    def __getitem__(self, part: int | slice) -> str:
        """A slice without steps."""
        if isinstance(part, int):
            part = slice(range(len(self))[part], range(len(self))[part] + 1)
        start, end, _ = part.indices(len(self))
        if start >= end:
            return ""
        first, last = self._block(start), self._block(end - 1)
        begins = int(self._marks.points[first])
        return "".join(map(self._piece, range(first, last + 1)))[start - begins : end - begins]

    def utf16(self, offset: int) -> int:
        """How many UTF-16 units stand before the code point at `offset`."""
        block = self._block(min(offset, len(self) - 1))
        return int(self._marks.units[block]) + utf16_length(self[int(self._marks.points[block]) : offset])

    def _block(self, offset: int) -> int:
        """The block in which the code point at `offset` begins."""
        return int(np.searchsorted(self._marks.points, offset, side="right")) - 1

    def _decoded(self, block: int) -> str:
        """The code points that begin in a block; the last of them may end in the next one."""
        read = self._read(block * BLOCK, (block + 1) * BLOCK + _MORE)
        first = next(at for at, byte in enumerate(read) if byte & 0xC0 != 0x80)
        count = int(self._marks.points[block + 1] - self._marks.points[block])
        return codecs.getincrementaldecoder("utf-8")().decode(read[first:])[:count]


class StoredDocument(DocumentView):
    """A document whose text stays in the database."""

    __slots__ = ()
    text: StoredText

    def utf16(self, offset: int) -> int:
        """How many UTF-16 units stand before the code point at `offset`."""
        return self.text.utf16(offset)


class Texts:
    """What questions read of the texts in a database. Threads may share it.

    Raises:
        IndexDamagedError: where a text is not the one that was stored. Of a long one this is found out when it is first
            asked for.
    """

    def __init__(self, catalog: Catalog, before: Texts | None = None) -> None:
        """`before` is that of an earlier view: what it knows of texts that are still the same is kept."""
        self._catalog = catalog
        self._marks: dict[tuple[str, str], Marks] = before._marks if before else {}
        self._views: dict[str, StoredDocument] = {}
        self._opening: threading.Lock = before._opening if before else threading.Lock()

    def view(self, document_id: str) -> DocumentView:
        """Raises UnknownDocumentError if there is no document with that id."""
        if found := self._views.get(document_id):
            return found
        row, values = self._catalog.row_of(document_id, WHOLE)
        if values[_TEXT] is not None:
            return self._catalog.checked(schema.document_of(values))
        with self._opening:  # of those who ask for a text at once, one reads it through
            found = self._views.get(document_id) or self._opened(row, schema.values_in(values))
            _keep(self._views, document_id, found, _VIEWS)
        return found

    def _opened(self, row: int, values: dict[str, Any]) -> StoredDocument:
        text = self._catalog.open_text(row)

        def read(start: int, end: int) -> bytes:
            return self._catalog.read_text(text, start, end)

        known = values["id"], values["sha256"]
        if known not in self._marks:
            marks, digest = _marks_of(read, len(text))
            self._catalog.check_digest(*known, digest)
            _keep(self._marks, known, marks, _MARKS)
        return StoredDocument(**values | {"text": StoredText(self._marks[known], read)})

    def passages(self, ids: Collection[int]) -> dict[int, Passage]:
        """The passages with these numbers, ascending; numbers that no passage has are left out."""
        spans = self._catalog.spans_and_contexts(ids)
        found, long = dict[int, Passage](), list[str]()

        def take(document_id: str, text: Text) -> None:
            for i, (span, context) in spans[document_id].items():
                found[i] = Passage(document_id, span, text[span.start : span.end], context)

        for document_id, whole in self._catalog.texts(spans, WHOLE):
            if whole is None:
                long.append(document_id)
            else:
                take(document_id, whole)
        for document_id in long:
            take(document_id, self.view(document_id).text)
        return dict(sorted(found.items()))


def _marks_of(read: Read, size: int) -> tuple[Marks, str]:
    """Where the code points of a text of so many bytes lie, and its digest. It is read through in pieces."""
    digest, points, units = hashlib.sha256(), [0], [0]
    for start in range(0, size, _AT_ONCE * BLOCK):
        data = read(start, start + _AT_ONCE * BLOCK)
        digest.update(data)
        found = np.frombuffer(data, dtype=np.uint8)
        begins, long = (found & 0xC0) != 0x80, found >= 0xF0  # outside the basic plane: two units of UTF-16
        at = np.arange(0, len(data), BLOCK)
        points += np.add.reduceat(begins, at, dtype=np.int64).tolist()
        units += np.add.reduceat(long, at, dtype=np.int64).tolist()
    marks = np.cumsum(points, dtype=np.int64)
    return Marks(marks, marks + np.cumsum(units, dtype=np.int64)), digest.hexdigest()


def _keep(kept: dict[Key, Value], key: Key, value: Value, most: int) -> None:
    """Keep a value, and let go of the oldest one where there are too many."""
    kept[key] = value
    while len(kept) > most:
        del kept[next(iter(kept))]

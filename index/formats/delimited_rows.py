"""CSV and TSV, a document a row. Splitting text at delimiters is harmless; only detecting encodings takes long."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from citeqa.index.errors import DocumentError
from citeqa.index.formats import jsonl
from citeqa.index.formats.composing import Composer, Filled
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.delimited import dialect, records, shown
from citeqa.index.formats.extracted import Extracted, Part, day, tidy
from citeqa.index.formats.tables import header_rows

MAX_BYTES = 256 * 1024 * 1024
MAX_UNKNOWN = 4 * 1024 * 1024  # bytes of a file that is not UTF-8, since its encoding must be found out
_ODD = re.compile(r"[^\w.@+=-]+")
_IDS = ("id", "_id")


def parts(path: Path) -> Iterator[Part]:
    """The rows below the first one, which names the columns, each named by its number in the file. Its id is what a
    column `id` says, or else that number; a second one of the same id gets a number too. If there are columns `id` and
    `text`, a row is a document as a line of JSONL is, and says its whole id itself.

    Raises:
        DocumentError: if it is not a regular file, is too large, is no text, or has no row that names the columns.
        OSError: if it cannot be read.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError("it is not a regular file")
    if status.st_size > MAX_BYTES:
        raise DocumentError(f"it has {status.st_size:,} bytes; at most {MAX_BYTES:,} are read")
    text = _decoded(path.read_bytes())
    start, delimiter = dialect(text)
    rows = (shown(text, record) for record in records(text, delimiter, start))
    names = next(rows, [])
    if not header_rows([name for name in names if name], 2):
        raise DocumentError("its first row does not name the columns, which a document a row needs")
    said = [name.strip().casefold() for name in names]
    own = next((at for at, name in enumerate(said) if name in _IDS), None)
    whole = own is not None and "text" in said
    taken: dict[str, int] = {}
    for number, row in enumerate(rows, 2):
        data = json.dumps([names, row], ensure_ascii=False).encode("utf-8", "surrogatepass")
        yield Part(f"row {number}", data, "" if whole else _id(row, own, number, taken))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError:
        if len(data) > MAX_UNKNOWN:
            raise DocumentError(
                f"it is not UTF-8; of other encodings, files of up to {MAX_UNKNOWN:,} bytes are read row by row"
            ) from None
    return decode(data)[0]


def _id(row: Sequence[str], own: int | None, number: int, taken: dict[str, int]) -> str:
    said = row[own] if own is not None and own < len(row) else ""
    found = _ODD.sub("-", said).strip("-.")[:150] or str(number)
    taken[found] = taken.get(found, 0) + 1
    return found if taken[found] == 1 else f"{found}-{taken[found]}"


def extract(data: bytes) -> Extracted:
    """The document in one row. With columns `id` and `text`, their fields are those of JSONL. Else canonical text is
    the names of the columns and the row, as a table of two lines; its title is in a column `title` or `name`, or else
    in the first cell, its day in a column `date`, and so on.

    Raises:
        DocumentError: if the row holds no text, or a field that JSONL would not have.
    """
    names, row = json.loads(data)
    fields = {name.strip().casefold(): value for name, value in zip(names, row, strict=False) if value.strip()}
    if "text" in fields and any(name in fields for name in _IDS):
        known = {name: value for name, value in fields.items() if name in {*jsonl.FIELDS, *_IDS}}
        return jsonl.extract(json.dumps(known, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    filled = [at for at, value in enumerate(row) if value.strip()]
    if not filled:
        raise DocumentError("it holds no text")
    composer = Composer()
    cells = [Filled(0, at, names[at]) for at in filled if at < len(names)]
    composer.table([*cells, *(Filled(1, at, row[at]) for at in filled)], header=int(bool(cells)))
    return Extracted(
        composer.text,
        title=tidy(fields.get("title") or fields.get("name") or row[filled[0]]),
        author=tidy(fields.get("author")),
        date=day(fields.get("date")),
        source=tidy(fields.get("source")),
        url=tidy(fields.get("url")),
        structure=composer.structure,
    )

"""CSV and TSV (RFC 4180, and what programs write in its name): the decoded file, and where its cells stand in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.tables import MAX_CELLS, header_rows
from citeqa.index.structure import Cell, Structure, Table
from citeqa.index.types import Span

DELIMITERS = "\t,;|"
_LOOKED_AT = 200  # records, to tell the delimiter
_SHARE = 0.8  # of the records looked at must have the same number of cells
_SEPARATOR = re.compile(r"sep=(.)(?:\r\n?|\n)")  # how Excel writes down the delimiter

Record = list[Span | None]  # where the cells of a row stand, without quotes and blanks around them; None if empty


def extract(data: bytes) -> Extracted:
    """Canonical text is the decoded file with a byte-order mark removed and nothing else changed: its quotes and
    delimiters stay, and `structure` says where the cells are. The first record names the columns if it reads so.

    Raises:
        DocumentError: if the bytes are not text in any known encoding.
    """
    text, encoding = decode(data)
    start, delimiter = dialect(text)
    cells, notes = list[Cell](), []
    for row, record in enumerate(records(text, delimiter, start)):
        if len(cells) + len(record) > MAX_CELLS:
            notes.append(f"only its first {row:,} rows are known as rows of a table; the rest is text")
            break
        cells += [Cell(span, row, column) for column, span in enumerate(record) if span]
    structure = Structure()
    if cells:
        first = [text[cell.span.start : cell.span.end] for cell in cells if cell.row == 0]
        rows = cells[-1].row + 1
        whole = Span(cells[0].span.start, cells[-1].span.end)
        structure = Structure((Table(whole, tuple(cells), header_rows(first, rows)),))
    separator = (Span(0, start),) if start else ()
    return Extracted(text, encoding=encoding, boilerplate=separator, notes=tuple(notes), structure=structure)


def dialect(text: str) -> tuple[int, str]:
    """Where the first record begins, and what stands between cells: what a first line `sep=;` says, else what cuts the
    first records into the most equal rows."""
    if said := _SEPARATOR.match(text):
        return said.end(), said[1]
    found = [(_fit(text, delimiter), delimiter) for delimiter in DELIMITERS]
    (share, columns), best = max(found, key=lambda one: (one[0][0] >= _SHARE, one[0][1] > 1, one[0]))
    return 0, best if share and columns > 1 else ","


def _fit(text: str, delimiter: str) -> tuple[float, int]:
    """The share of the first records that have as many cells as most, and how many these are."""
    counted = Counter(len(record) for record in islice(records(text, delimiter), _LOOKED_AT))
    if not (several := [(count, columns) for columns, count in counted.items() if columns > 1]):
        return 0.0, 1
    count, columns = max(several)
    return count / counted.total(), columns


def records(text: str, delimiter: str, start: int = 0) -> Iterator[Record]:
    """The records from `start` on, without blank lines. A cell in quotes may hold delimiters, line breaks and quotes,
    which are doubled; a quote that is never closed, or closed within a cell, is a character like any other."""
    cut = re.escape(delimiter)
    cell = re.compile(rf'"(?P<quoted>(?:[^"]++|"")*+)"[ \t]*(?={cut}|[\r\n]|\Z)|(?P<plain>[^{cut}\r\n]*+)')
    record, at = Record(), start
    while at < len(text):
        found = cell.match(text, at)
        if found is None:  # cannot be: an empty cell matches
            break
        record.append(_trimmed(text, *found.span("plain" if found["quoted"] is None else "quoted")))
        at = found.end()
        if text.startswith(delimiter, at):
            at += 1
            if at < len(text):
                continue
            record.append(None)
        at += 2 if text.startswith("\r\n", at) else 1
        if any(record):
            yield record
        record = Record()


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """A range without the white space around it; None if nothing is left."""
    inner = text[start:end]
    lead = len(inner) - len(inner.lstrip())
    return Span(start + lead, start + len(inner.rstrip())) if lead < len(inner) else None


def shown(text: str, record: Sequence[Span | None]) -> list[str]:
    """What the cells of a record say: quotes are single again."""
    return ["" if span is None else text[span.start : span.end].replace('""', '"') for span in record]

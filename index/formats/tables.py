"""What sheets and tables of all formats have in common: how many cells are held, and which rows name the columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

MAX_CELLS = 300_000  # of a document; each takes some 400 bytes in this process and in its parent

# What stands below the names of columns, not among them: numbers with their signs and units, days, addresses.
_VALUE = re.compile(
    r"[-+(]?[€$£¥]?\s?\d[\d.,'\s\u00a0]*\s?(?:%|[€$£¥])?\)?|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}.*|\S+@\S+|https?://.*"
)
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d")  # a year may name a column


def header_rows(first: Sequence[str], rows: int) -> int:
    """How many rows of a table name its columns, 0 or 1: the first row does if there are others, and nothing in it is
    a value.

    Args:
        first: what stands in the filled cells of the first row.
        rows: how many rows the table has.
    """
    named = [cell for cell in first if not _YEAR.fullmatch(cell.strip())]
    return int(rows > 1 and bool(named) and not any(_VALUE.fullmatch(cell.strip()) for cell in named))

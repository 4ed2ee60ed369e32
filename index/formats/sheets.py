"""Sheets of any spreadsheet become text: the name as a heading, what stands alone above as lines, the rest a table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

from citeqa.index.errors import DocumentError
from citeqa.index.formats.composing import Composer, Filled
from citeqa.index.formats.extracted import Extracted

# What programs call a sheet when nobody does.
_UNNAMED = re.compile(r"(?:sheet|tabelle|feuil|hoja|blad|ark|foglio|planilha|лист|arkusz|list)\s?\d*", re.IGNORECASE)

MAX_FILLED = 2_000_000  # cells of a file; each takes some 150 bytes


@dataclass(slots=True)
class Sheet:
    """A sheet as it is read.

    Args:
        cells: the filled ones, in any order.
        merged: over how many rows and columns a cell reaches, by its row and column.
        without_value: formulas whose value nobody stored.
    """

    name: str
    cells: list[Filled] = field(default_factory=list)
    merged: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    hidden_rows: int = 0
    hidden_columns: int = 0
    without_value: int = 0


class Workbook:
    """Puts sheets together to one text.

    Args:
        sheets: how many there are; the name of a single one says nothing if nobody gave it.
    """

    def __init__(self, sheets: int) -> None:
        self._single = sheets < 2
        self._composer = Composer()
        self._filled = 0
        self.notes: list[str] = []

    def add(self, sheet: Sheet) -> None:
        """Write a sheet. Rows above the table that hold one cell each are lines; the last of them is the table's
        caption, or else the sheet's name.

        Raises:
            DocumentError: if there are too many cells.
        """
        self._filled += len(sheet.cells)
        if self._filled > MAX_FILLED:
            raise DocumentError(f"its sheets hold more than {MAX_FILLED:,} filled cells, the most that are read")
        self._note(sheet)
        if not sheet.cells:
            return
        composer = self._composer
        composer.gap()
        unnamed = self._single and _UNNAMED.fullmatch(sheet.name)
        caption = None if unnamed else composer.heading(" ".join(sheet.name.split()), 1)
        rows = [list(cells) for _, cells in groupby(_ordered(sheet), key=lambda cell: cell.row)]
        table_at = next((at for at, row in enumerate(rows) if len(row) > 1), len(rows))
        if table_at == len(rows):  # one column; it has no title of its own
            table_at = 0
        for row in rows[:table_at]:
            caption = composer.line(" ".join(row[0].text.split())) or caption
        composer.table([cell for row in rows[table_at:] for cell in row], caption=caption)

    def _note(self, sheet: Sheet) -> None:
        hidden = [f"{sheet.hidden_rows} hidden rows"] * bool(sheet.hidden_rows)
        hidden += [f"{sheet.hidden_columns} groups of hidden columns"] * bool(sheet.hidden_columns)
        if hidden:
            self.notes.append(f"its sheet {sheet.name!r} has {' and '.join(hidden)}, which are read too")
        if sheet.without_value:
            self.notes.append(
                f"{sheet.without_value} formulas of its sheet {sheet.name!r} have no stored value and are left out; "
                "saving it in a spreadsheet program stores them"
            )

    def extracted(self, *, title: str | None, author: str | None, published: date | None) -> Extracted:
        """The whole text with its structure.

        Raises:
            DocumentError: if no sheet holds text.
        """
        structure, text = self._composer.structure, self._composer.text
        notes = (*self.notes, *self._composer.notes)
        if not text:
            raise DocumentError("; ".join(["it holds no text", *notes]))
        return Extracted(text, title=title, author=author, date=published, notes=notes, structure=structure)


def _ordered(sheet: Sheet) -> list[Filled]:
    """The cells by their places, with how far they reach; of two at the same place the first."""
    seen = set[tuple[int, int]]()
    found = list[Filled]()
    for cell in sorted(sheet.cells, key=lambda cell: (cell.row, cell.column)):
        place = (cell.row, cell.column)
        if place not in seen and cell.text.strip():
            seen.add(place)
            rows, columns = sheet.merged.get(place, (cell.rows, cell.columns))
            found.append(cell._replace(rows=rows, columns=columns))
    return found

"""ODS (OpenDocument spreadsheets): each sheet as a table of what its cells show."""

from __future__ import annotations

from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.markup import local
from citeqa.index.formats.odf import Content, attribute, cells
from citeqa.index.formats.sheets import Sheet, Workbook


def extract(data: bytes) -> Extracted:
    """Canonical text is as that of XLSX. Cells say what the program that wrote them showed.

    Raises:
        DocumentError: if it is encrypted, damaged, too large, or holds no text.
    """
    content = Content(data)
    tables = [one for one in content.body.iter() if local(one) == "table" and local(one.getparent()) == "spreadsheet"]
    book = Workbook(len(tables))
    hidden = {
        attribute(style, "name")
        for style in content.body.getroottree().iter()
        if local(style) == "style" and any(attribute(one, "display") == "false" for one in style)
    }
    for table in tables:
        name = attribute(table, "name")
        if attribute(table, "style-name") in hidden:
            book.notes.append(f"its hidden sheet {name!r} is not read")
            continue
        sheet = Sheet(name, list(cells(table, content)))
        sheet.hidden_rows = sum(
            attribute(row, "visibility") in ("collapse", "filter") for row in table.iter() if local(row) == "table-row"
        )
        book.add(sheet)
    title, author, published = content.described()
    return book.extracted(title=title, author=author, published=published)

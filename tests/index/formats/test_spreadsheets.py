"""XLSX and ODS: what the cells show, as tables; real files, made with openpyxl or written by hand."""

from __future__ import annotations

from datetime import date, datetime, time
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from support.made_files import ods, packed, xlsx

from citeqa.index.errors import DocumentError
from citeqa.index.formats import ods as ods_format
from citeqa.index.formats import sheets
from citeqa.index.formats import xlsx as xlsx_format
from citeqa.index.formats.extracted import Extracted

ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


def _saved(book: Workbook) -> bytes:
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _rows(found: Extracted, table: int = 0) -> list[list[str]]:
    cells = found.structure.tables[table].cells
    return [
        [found.text[cell.span.start : cell.span.end] for cell in cells if cell.row == row]
        for row in sorted({cell.row for cell in cells})
    ]


def test_cells_say_what_they_show() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Prices"
    rows = [
        ("Item", "Price", "Share", "Day", "At", "In stock"),
        ("Rope", 1234.5, 0.256, date(2024, 5, 12), time(13, 30), True),
        ("Chain", -3, 1, datetime(2024, 5, 13, 8, 15), time(8, 0), False),
    ]
    for row in rows:
        sheet.append(row)
    for cell in sheet["B"][1:]:
        cell.number_format = '#,##0.00\\ "kr"'
    for cell in sheet["C"][1:]:
        cell.number_format = "0.0%"
    sheet["D2"].number_format = "d mmmm yyyy"
    book.properties.creator = "Ines Brandvold"
    found = xlsx_format.extract(_saved(book))
    assert found.text == (
        "Prices\nItem\tPrice\tShare\tDay\tAt\tIn stock\n"
        "Rope\t1,234.50 kr\t25.6%\t12 May 2024\t13:30:00\tTRUE\n"
        "Chain\t-3.00 kr\t100.0%\t2024-05-13 8:15:00\t8:00:00\tFALSE"
    )
    (table,) = found.structure.tables
    assert (table.header_rows, found.author) == (1, "Ines Brandvold")
    assert table.caption is not None
    assert found.text[table.caption.start : table.caption.end] == "Prices"
    assert [found.text[h.span.start : h.span.end] for h in found.structure.headings] == ["Prices"]


def test_hidden_sheets_are_named_and_hidden_rows_read() -> None:
    book = Workbook()
    book.active.append(("a", "b"))
    book.active.append(("c", "d"))
    book.active.row_dimensions[2].hidden = True
    book.create_sheet("Secret").append(("e",))
    book["Secret"].sheet_state = "hidden"
    book.create_sheet("Other").append(("f", "g"))
    found = xlsx_format.extract(_saved(book))
    assert found.text == "Sheet\na\tb\nc\td\n\nOther\nf\tg"
    assert found.notes == (
        "its sheet 'Sheet' has 1 hidden rows, which are read too",
        "its hidden sheet 'Secret' is not read",
    )


def test_merged_cells_reach_over_rows_and_columns_and_empty_ones_are_left_out() -> None:
    book = Workbook()
    sheet = book.active
    sheet["A1"] = "Ports of the north"
    sheet["C3"], sheet["F3"], sheet["C4"], sheet["D4"], sheet["F4"] = "Depth", "Keeper", "low", "high", "Ines"
    sheet.merge_cells("C3:D3")
    found = xlsx_format.extract(_saved(book))
    assert found.text == "Ports of the north\nDepth\t\tKeeper\nlow\thigh\tInes"
    (table,) = found.structure.tables
    assert [(c.row, c.column, c.rows, c.columns) for c in table.cells] == [
        (0, 0, 1, 2), (0, 2, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1), (1, 2, 1, 1),
    ]  # fmt: skip
    assert table.caption is not None
    assert found.text[table.caption.start : table.caption.end] == "Ports of the north"


def test_a_formula_gives_its_stored_value_or_is_named() -> None:
    cells = '<row r="1"><c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>A1</f><v>two</v></c>'
    cells += '<c r="C1"><f>X</f></c></row>'
    found = xlsx_format.extract(xlsx(cells))
    assert found.text == "2\ttwo"
    assert found.notes == (
        "1 formulas of its sheet 'Sheet1' have no stored value and are left out; "
        "saving it in a spreadsheet program stores them",
    )


def test_raised_parts_of_a_string_stay_raised() -> None:
    book = Workbook()
    book.active["A1"] = CellRichText("10", TextBlock(InlineFont(vertAlign="superscript"), "7"), " cells")
    assert xlsx_format.extract(_saved(book)).text == "10⁷ cells"


def test_a_cell_at_the_far_end_costs_no_empty_rows() -> None:
    far = '<row r="1"><c r="A1" t="str"><v>near</v></c></row>'
    far += '<row r="1048576"><c r="XFD1048576" t="str"><v>far</v></c></row>'
    assert xlsx_format.extract(xlsx(far)).text == "near\n\tfar"


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_FILLED", 2)
    with pytest.raises(DocumentError, match="more than 2 filled cells"):
        xlsx_format.extract(xlsx("<row>" + '<c t="str"><v>x</v></c>' * 3 + "</row>"))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (xlsx("<row><c><v>1</v></c></row>", before=ENTITIES), "its XML declares entities"),
        (xlsx("<row>" + "<c>" * 9999), "it is nested too deeply"),
        (xlsx("<row><c"), "its XML is damaged"),
        (xlsx(""), "it holds no text"),
        (packed({"x": ""}), "it is damaged: 'xl/workbook.xml' is missing"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "it is an old .xls file, not a .xlsx file"),
        (b"words", "it is damaged"),
    ],
)
def test_what_is_no_sheet_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}"):
        xlsx_format.extract(data)


def test_ods_gives_what_the_cells_show() -> None:
    table = (
        '<table:table table:name="Depths"><table:table-row table:number-rows-repeated="2"><table:table-cell/>'
        "</table:table-row><table:table-row><table:table-cell><text:p>Port</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-spanned="2"><text:p>Depth</text:p></table:table-cell>'
        "<table:covered-table-cell/></table:table-row><table:table-row><table:table-cell><text:p>Hull</text:p>"
        '</table:table-cell><table:table-cell office:value="0.5"><text:p>50<text:s/>%</text:p></table:table-cell>'
        '<table:table-cell table:number-columns-repeated="2"><text:p>4</text:p></table:table-cell></table:table-row>'
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="16384"/></table:table-row></table:table>'
    )
    found = ods_format.extract(ods(table))
    assert found.text == "Depths\nPort\tDepth\nHull\t50 %\t4\t4"
    assert [(c.row, c.column, c.columns) for c in found.structure.tables[0].cells[:2]] == [(0, 0, 1), (0, 1, 2)]


@pytest.mark.slow
def test_what_ods_repeats_without_end_is_bounded() -> None:
    row = (
        '<table:table table:name="x"><table:table-row table:number-rows-repeated="1048576"><table:table-cell '
        'table:number-columns-repeated="16384"><text:p>x</text:p></table:table-cell></table:table-row></table:table>'
    )
    found = ods_format.extract(ods(row))
    assert len(found.structure.tables[0].cells) == 100_000  # 100 of each row, 1,000 rows


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (ods("", before=ENTITIES), "its XML declares entities"),
        (ods("<text:p>" * 9999), "it is nested too deeply"),
        (ods(""), "it holds no text"),
        (packed({"content.xml": "<x/>", "META-INF/manifest.xml": "<m><encryption-data/></m>"}), "it is encrypted"),
        (packed({"x": ""}), "it is damaged: 'content.xml' is missing"),
    ],
)
def test_what_is_no_opendocument_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}"):
        ods_format.extract(data)

"""XLSX (Office Open XML spreadsheets, with or without macros): each sheet as a table of what its cells show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from lxml import etree

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.composing import Filled
from citeqa.index.formats.extracted import Extracted, somebody, written_on
from citeqa.index.formats.markup import local, parse_xml
from citeqa.index.formats.number_formats import BUILT_IN, general, show
from citeqa.index.formats.opc import main_part, opened, properties, related, relation_id
from citeqa.index.formats.raised import subscript, superscript, with_fractions
from citeqa.index.formats.sheets import Sheet, Workbook

_PLACE = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_MOST_ROWS, _MOST_COLUMNS = 1_048_576, 16_384
_PART_OF_A_STRING = {"superscript": superscript, "subscript": subscript}


def extract(data: bytes) -> Extracted:
    """Canonical text is, for each sheet that is shown, its name as a heading and its rows as lines with tabs between
    the cells (see `sheets`). A cell says what it shows: numbers, days and times in their formats, of a formula the
    value that was stored, of merged cells the one text. Hidden sheets, charts, comments and macros are left out, and
    nothing outside the file is looked at; `notes` name what is left out.

    Raises:
        DocumentError: if it is encrypted, damaged, an .xls file, too large, or holds no text.
    """
    archive = opened(data, ".xls", ".xlsx")
    main = main_part(archive, "xl/workbook.xml")
    workbook = parse_xml(archive.read(main))
    sheets = list(_named(workbook, "sheet"))
    book = Workbook(len(sheets))
    parts = related(archive, main)
    kinds = {part.kind: part.name for part in parts.values()}
    reader = _Reader(
        archive,
        _strings(archive, kinds.get("sharedStrings")),
        _formats(archive, kinds.get("styles")),
        since_1904=any(_true(element.get("date1904")) for element in _named(workbook, "workbookPr")),
    )
    for element in sheets:
        name, part = element.get("name") or "", parts.get(relation_id(element))
        if element.get("state", "visible") != "visible":
            book.notes.append(f"its hidden sheet {name!r} is not read")
        elif part is None or part.kind != "worksheet":
            book.notes.append(f"its sheet {name!r} is not read: it holds no cells")
        else:
            book.add(reader.sheet(name, part.name))
    if "externalLink" in kinds:
        book.notes.append("it refers to other files, which are not looked at; their stored values are read")
    found = properties(archive)
    return book.extracted(
        title=somebody(found.get("title")),
        author=somebody(found.get("creator")),
        published=written_on(found.get("modified")) or written_on(found.get("created")),
    )


def _named(element: Any, name: str) -> Iterator[Any]:
    return (found for found in element.iter() if local(found) == name)


def _true(value: str | None) -> bool:
    return value in ("1", "true")


def _formats(archive: Archive, name: str | None) -> list[str | None]:
    """The codes of the formats that cells name by their number; None where numbers are shown as they are."""
    if name is None or (found := archive.find(name)) is None:
        return []
    styles = parse_xml(archive.read(found))
    codes: dict[str, str] = {str(number): code for number, code in BUILT_IN.items()}
    codes |= {one.get("numFmtId", ""): one.get("formatCode", "") for one in _named(styles, "numFmt")}
    used = next(_named(styles, "cellXfs"), ())
    return [codes.get(one.get("numFmtId", "")) for one in used if local(one) == "xf"]


def _strings(archive: Archive, name: str | None) -> list[str]:
    """The strings that cells name by their number."""
    if name is None or (found := archive.find(name)) is None:
        return []
    return [_string(one) for one in _elements(archive.read(found), "si")]


def _string(element: Any) -> str:
    """The words of a string; what is raised or lowered is written as `raised` says, and readings are left out."""
    words = list[str]()
    for part in element:
        if local(part) == "t":
            words.append(part.text or "")
        elif local(part) == "r":
            text = "".join(one.text or "" for one in part if local(one) == "t")
            aligned = next((one.get("val", "") for one in _named(part, "vertAlign")), "")
            words.append(_PART_OF_A_STRING.get(aligned, str)(text))
    return with_fractions("".join(words))


def _elements(data: bytes, *names: str) -> Iterator[Any]:
    """The elements of these names, one after the other, so that large sheets take little memory. Entities are not
    expanded.

    Raises:
        DocumentError: if the XML is damaged, nested too deeply, or declares entities.
    """
    walk = etree.iterparse(
        BytesIO(data), events=("end",), resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        for _, element in walk:
            if local(element) in names:
                declared = element.getroottree().docinfo.internalDTD
                if declared is not None and any(True for _ in declared.iterentities()):
                    raise DocumentError("its XML declares entities, which may unpack without end")
                yield element
                element.clear(keep_tail=False)
                while element.getprevious() is not None and element.getparent() is not None:
                    del element.getparent()[0]
    except etree.LxmlError as error:
        if "depth" in str(error).lower():
            raise DocumentError("it is nested too deeply") from None
        raise DocumentError(f"its XML is damaged: {error}") from None


class _Reader:
    """Reads sheets with the strings and formats of their file."""

    def __init__(self, archive: Archive, strings: list[str], formats: list[str | None], *, since_1904: bool) -> None:
        self._archive = archive
        self._strings = strings
        self._formats = formats
        self._since_1904 = since_1904

    def sheet(self, name: str, part: str) -> Sheet:
        """The filled cells of a sheet."""
        sheet, at_row = Sheet(name), 0
        for element in _elements(self._archive.read(part), "row", "mergeCell", "col"):
            kind = local(element)
            if kind == "mergeCell":
                self._merge(sheet, element.get("ref", ""))
            elif kind == "col":
                sheet.hidden_columns += _true(element.get("hidden"))
            else:
                given = element.get("r", "")
                at_row = int(given) - 1 if given.isdecimal() and 0 < int(given) <= _MOST_ROWS else at_row
                sheet.hidden_rows += _true(element.get("hidden"))
                self._row(sheet, element, at_row)
                at_row += 1
        return sheet

    def _row(self, sheet: Sheet, row: Any, at_row: int) -> None:
        at_column = 0
        for cell in row:
            if local(cell) != "c":
                continue
            if place := _PLACE.fullmatch(cell.get("r", "")):
                at_column = min(_column(place[1]), _MOST_COLUMNS - 1)
            value = next((one.text or "" for one in cell if local(one) == "v"), "")
            if not value and any(local(one) == "f" for one in cell):
                sheet.without_value += 1
            if text := self._shown(cell, value):
                sheet.cells.append(Filled(at_row, at_column, text))
            at_column += 1

    def _shown(self, cell: Any, value: str) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "".join(_string(one) for one in cell if local(one) == "is")
        if kind == "s":
            return self._strings[int(value)] if value.isdecimal() and int(value) < len(self._strings) else ""
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind != "n" or not value:  # words of a formula, errors, days in ISO 8601
            return value
        try:
            number = float(value)
        except ValueError:
            return value
        style = cell.get("s", "0")
        code = self._formats[int(style)] if style.isdecimal() and int(style) < len(self._formats) else None
        return show(number, code, since_1904=self._since_1904) if code else general(number)

    @staticmethod
    def _merge(sheet: Sheet, reference: str) -> None:
        first, _, last = reference.partition(":")
        if (begins := _PLACE.fullmatch(first)) and (ends := _PLACE.fullmatch(last)):
            row, column = int(begins[2]) - 1, _column(begins[1])
            reach = (max(1, int(ends[2]) - row), max(1, _column(ends[1]) - column + 1))
            sheet.merged[row, column] = reach


def _column(letters: str) -> int:
    """A column's number from 0: A is 0, Z 25, AA 26."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1

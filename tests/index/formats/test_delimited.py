"""CSV and TSV: cells are spans of the file itself."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeqa.index.formats import delimited, tables
from citeqa.index.formats.extracted import Extracted

MOORINGS = 'Mooring,Depth (m),Note\r\nSkerry North,14.5,"chain, 40 m\r\nchecked"\r\nShoal,,"the ""old"" one"\r\n'


def _grid(found: Extracted) -> list[tuple[int, int, str]]:
    return [(c.row, c.column, found.text[c.span.start : c.span.end]) for t in found.structure.tables for c in t.cells]


def test_the_text_is_the_file_and_cells_are_its_spans() -> None:
    found = delimited.extract(b"\xef\xbb\xbf" + MOORINGS.encode())
    assert found.text == MOORINGS
    assert _grid(found) == [
        (0, 0, "Mooring"), (0, 1, "Depth (m)"), (0, 2, "Note"),
        (1, 0, "Skerry North"), (1, 1, "14.5"), (1, 2, "chain, 40 m\r\nchecked"),
        (2, 0, "Shoal"), (2, 2, 'the ""old"" one'),
    ]  # fmt: skip
    (table,) = found.structure.tables
    assert table.header_rows == 1
    assert found.text[table.span.start : table.span.end] == MOORINGS.rstrip('\r\n"')


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("Name;Preis\nBrot;1,50\nMilch;0,99\n", ";"),
        ("a\tb, c\n1\t2\n", "\t"),
        ("a|b|c\nd|e, f|g\n", "|"),
        ("Title, with a comma\nA;B;C\n1;2;3\n4;5;6\n7;8;9\n0;1;2\n", ";"),
        ("words\nmore words\n", ","),
        ('"a;b";c\n"d;e";f\n', ";"),
    ],
)
def test_the_delimiter_is_found(text: str, delimiter: str) -> None:
    assert delimited.dialect(text) == (0, delimiter)


def test_what_excel_says_of_its_delimiter_is_believed_and_is_boilerplate() -> None:
    found = delimited.extract(b"sep=;\r\na;b,c\r\nd;e,f\r\n")
    assert _grid(found)[:2] == [(0, 0, "a"), (0, 1, "b,c")]
    assert found.text[found.boilerplate[0].start : found.boilerplate[0].end] == "sep=;\r\n"


@pytest.mark.parametrize(
    ("text", "rows"),
    [("a,b\n1,2\n", 1), ("Ada,1815\nAlan,1912\n", 1), ("Ada,36.5\nAlan,41\n", 0), ("2023,2024\n1,2\n", 0),
     ("Port,2023,2024\nHull,1,2\n", 1), ("a,b\n", 0), ("12.05.2024,x\n13.05.2024,y\n", 0)],
)  # fmt: skip
def test_the_first_row_names_the_columns_unless_a_value_stands_in_it(text: str, rows: int) -> None:
    assert delimited.extract(text.encode()).structure.tables[0].header_rows == rows


def test_a_quote_that_is_not_closed_swallows_nothing() -> None:
    assert _grid(delimited.extract(b'a,b\n"6 inch,c\nd,5" pipe\n')) == [
        (0, 0, "a"), (0, 1, "b"), (1, 0, '"6 inch'), (1, 1, "c"), (2, 0, "d"), (2, 1, '5" pipe'),
    ]  # fmt: skip


def test_other_encodings_are_told() -> None:
    found = delimited.extract("Name;Größe;Straße\nÄrmelkanal;Öl;Übung\n".encode("cp1252"))
    assert (found.encoding, _grid(found)[1][2]) == ("cp1252", "Größe")


def test_beyond_the_most_cells_rows_are_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "MAX_CELLS", 6)
    found = delimited.extract(b"a,b\n1,2\n3,4\n5,6\n")
    assert len(_grid(found)) == 6
    assert found.text.endswith("5,6\n")
    assert found.notes == ("only its first 3 rows are known as rows of a table; the rest is text",)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6).map(str.strip)


@given(
    rows=st.lists(st.lists(CELL, min_size=2, max_size=4), min_size=1, max_size=5), delimiter=st.sampled_from(",;\t|")
)
def test_cells_are_those_of_the_standard_library(rows: list[list[str]], delimiter: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    text = written.getvalue()
    found = [delimited.shown(text, record) for record in delimited.records(text, delimiter)]
    assert found == [row for row in rows if any(row)]


def test_a_value_is_told_from_a_name() -> None:
    assert tables.header_rows(["Price", "€ 5"], 3) == 0
    assert tables.header_rows(["Price (€)", "A-1"], 3) == 1

"""Each format tells where tables, lists, headings and quotations stand in the text it gives."""

from __future__ import annotations

import json
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_files import Placed, docx, epub, pdf, placed_pdf
from support.structures import check, headings_of, items_of, rows_of

from citeqa.index.documents.corpus import document
from citeqa.index.formats import docx as docx_format
from citeqa.index.formats import epub as epub_format
from citeqa.index.formats import html, jsonl, mail, markdown
from citeqa.index.formats import pdf as pdf_format
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.markup import parse_html
from citeqa.index.formats.markup_lines import laid_out
from citeqa.index.structure import MAX_CELLS, Structure, values_of

PROSE = (
    "The island of Tornholm lies eleven kilometres west of the mainland and has been settled since the middle ages, "
    "mostly by fishing families."
)
FERRY = """<h2>Prices <b>now</b></h2><table><caption>Ferry prices</caption>
<thead><tr><th rowspan="2">Who</th><th colspan="2">Price</th></tr><tr><th>Summer</th><th>Winter</th></tr></thead>
<tr><th>Adult</th><td>9</td><td><b>7</b></td></tr><tr><th>Child</th><td></td><td>3</td></tr>
<tr><th>Dog</th><td colspan="2">free</td></tr></table>
<p>You need:</p><ul><li>a tent</li><li>food:<ol><li>bread</li><li>milk</li></ol></li><li>water</li></ul>
<blockquote><p>All is well.</p><p>Really.</p></blockquote>
<dl><dt>Hull</dt><dd>The body of a ship.</dd><dt>Mast</dt><dd>A pole.</dd></dl>"""
PAGE = f"<html><body><article><h1>Tornholm</h1><p>{PROSE}</p>{FERRY}<p>{PROSE}</p></article></body></html>"


def _html(page: str) -> tuple[str, Structure]:
    found = html.extract(page.encode())
    return found.text, found.structure


def _mail(page: str) -> tuple[str, Structure]:
    found = mail.extract(b"Subject: Prices\nContent-Type: text/html; charset=utf-8\n\n" + page.encode())
    return found.text, found.structure


def _epub(page: str) -> tuple[str, Structure]:
    found = epub_format.extract(epub("<p>Before.</p>", page.replace("<html>", "").replace("</html>", "")))
    return found.text, found.structure


@pytest.mark.parametrize("read", [_html, _mail, _epub])
def test_a_page_tells_its_structure(read: object) -> None:
    text, structure = read(PAGE)  # type: ignore[operator]
    check(text, structure)
    (table,) = structure.tables
    assert rows_of(text, table) == [
        ["Who", "Price", ""], ["", "Summer", "Winter"], ["Adult", "9", "7"], ["Child", "", "3"], ["Dog", "free", ""],
    ]  # fmt: skip
    assert (table.header_rows, table.header_columns) == (2, 1)
    assert {text[c.span.start : c.span.end]: (c.rows, c.columns) for c in table.cells if c.rows + c.columns > 2} == {
        "Who": (2, 1), "Price": (1, 2), "free": (1, 2),
    }  # fmt: skip
    assert table.caption
    assert text[table.caption.start : table.caption.end] == "Ferry prices"
    assert items_of(text, structure) == [
        (0, "a tent"), (0, "food:"), (1, "bread"), (1, "milk"), (0, "water"),
        (0, "Hull\nThe body of a ship."), (0, "Mast\nA pole."),
    ]  # fmt: skip
    introduced = structure.lists[0].introduction
    assert introduced
    assert text[introduced.start : introduced.end] == "You need:"
    assert [one.introduction for one in structure.lists[1:]] == [None]
    assert headings_of(text, structure) == [(1, "Tornholm"), (2, "Prices now")]
    assert [text[span.start : span.end] for span in structure.quotations] == ["All is well.\nReally."]


WORDS = st.text("ab <&é", max_size=6).map(lambda word: "x" + word + "y")
SPANS = st.sampled_from([1, 1, 1, 2, 3])


@settings(max_examples=50)
@given(st.data(), st.integers(1, 4), st.integers(2, 5))
def test_cells_that_span_others_leave_the_others_in_their_columns(data: st.DataObject, width: int, height: int) -> None:
    held: set[tuple[int, int]] = set()
    expected, page = dict[tuple[int, int], tuple[str, int, int]](), ""
    for row in range(height):
        page += "<tr>"
        for column in range(width + 1):
            if (row, column) in held:
                continue
            across = 1
            while across < data.draw(SPANS) and column + across <= width and (row, column + across) not in held:
                across += 1
            down = min(data.draw(SPANS), height - row)
            held |= {(row + y, column + x) for y in range(down) for x in range(across)}
            word = data.draw(WORDS)
            expected[row, column] = " ".join(word.split(" ")), down, across
            page += f'<td rowspan="{down}" colspan="{across}">{escape(word)}</td>'
        page += "</tr>"
    text, structure = laid_out(parse_html(f"<body><p>Before.</p><table>{page}</table><p>After.</p></body>"))
    check(text, structure)
    if len({row for row, _ in expected}) > 1 and len({column for _, column in expected}) > 1:
        (table,) = structure.tables
        found = {
            (c.row, c.column): (text[c.span.start : c.span.end], c.rows, c.columns) for c in table.cells
        }  # fmt: skip
        squeezed = {place: (" ".join(word.split()), *spans) for place, (word, *spans) in expected.items()}
        assert found == squeezed


def test_tables_that_lay_out_a_page_are_none_and_those_in_them_are() -> None:
    inner = "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>"
    page = f"<table><tr><td><h2>Left</h2>{inner}</td><td>Right</td></tr><tr><td>x</td><td>y</td></tr></table>"
    text, structure = laid_out(parse_html(page))
    check(text, structure)
    assert [rows_of(text, table) for table in structure.tables] == [[["a", "b"], ["1", "2"]]]
    assert headings_of(text, structure) == [(2, "Left")]
    _, without = laid_out(parse_html(inner.replace("<table>", '<table role="presentation">')))
    assert not without.tables


@pytest.mark.slow
def test_cells_beyond_the_bound_are_plain_text() -> None:
    rows = "<tr><td>a</td><td>b</td></tr>" * (MAX_CELLS // 2 + 10)
    text, structure = laid_out(parse_html(f"<table>{rows}</table>"))
    assert sum(len(table.cells) for table in structure.tables) == MAX_CELLS
    assert text.count("\t") == MAX_CELLS // 2 + 10


def _paragraph(words: str, properties: str = "") -> str:
    return f'<w:p><w:pPr>{properties}</w:pPr><w:r><w:t xml:space="preserve">{words}</w:t></w:r></w:p>'


def _item(words: str, level: int, number: int = 1) -> str:
    return _paragraph(words, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def _cell(words: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{_paragraph(words)}</w:tc>"


def _style(name: str, properties: str = "", based: str = "") -> str:
    return (
        f'<w:style w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/><w:basedOn w:val="{based}"/>'
        f"<w:pPr>{properties}</w:pPr></w:style>"
    )


def test_docx_tells_its_structure() -> None:
    wide, first, further = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    rows = [
        "<w:trPr><w:tblHeader/></w:trPr>" + _cell("Part") + _cell("Price", wide),
        _cell("Fan", first) + _cell("1") + _cell("2"),
        _cell("", further) + _cell("3") + _cell("4"),
    ]
    table = "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in rows) + "</w:tbl>"
    body = (
        _paragraph("Manual", '<w:pStyle w:val="Title"/>') + _paragraph("Care", '<w:pStyle w:val="My"/>')
        + _paragraph("Deep", '<w:outlineLvl w:val="3"/>') + _paragraph("Do this:")
        + _item("clean", 0) + _item("wash", 1) + _item("dry", 0) + _paragraph("Words.") + _item("a nut", 0, 2)
        + _paragraph("Quoted.", '<w:pStyle w:val="Quote"/>') + _paragraph("Prices", '<w:pStyle w:val="caption"/>')
        + table + _paragraph("End.")
    )  # fmt: skip
    styles = (
        _style("Title") + _style("heading 1") + _style("My", based="heading1") + _style("Quote") + _style("caption")
    )
    numbering = (
        '<w:abstractNum w:abstractNumId="5"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/></w:lvl></w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="5"/></w:num>'
    )
    found = docx_format.extract(docx(body, styles=styles, numbering=numbering))
    text, structure = found.text, found.structure
    check(text, structure)
    assert headings_of(text, structure) == [(1, "Manual"), (1, "Care"), (4, "Deep")]
    assert items_of(text, structure) == [(0, "clean"), (1, "wash"), (0, "dry"), (0, "a nut")]
    assert [one.ordered for one in structure.lists] == [True, False]
    (shown,) = structure.tables
    assert rows_of(text, shown) == [["Part", "Price", ""], ["Fan", "1", "2"], ["", "3", "4"]]
    assert {(c.row, c.column): (c.rows, c.columns) for c in shown.cells if c.rows + c.columns > 2} == {
        (0, 1): (1, 2), (1, 0): (2, 1),
    }  # fmt: skip
    assert (shown.header_rows, shown.header_columns) == (1, 1)
    assert shown.caption
    assert text[shown.caption.start : shown.caption.end] == "Prices"
    assert [text[span.start : span.end] for span in structure.quotations] == ["Quoted."]


def test_the_canonical_text_of_markdown_stays_the_decoded_file() -> None:
    source = "\ufeff# Fees\r\n\r\n| a | b |\r\n|---|---|\r\n| 1 | 2 |\r\n"
    found = markdown.extract(source.encode())
    assert found.text == source[1:]
    check(found.text, found.structure)
    assert rows_of(found.text, found.structure.tables[0]) == [["a", "b"], ["1", "2"]]


def test_lines_of_a_pdf_tell_its_structure() -> None:
    found = pdf_format.extract(pdf(["You need:", "- a tent", "- a stove", "The end."]))
    made = document("a", found.text, file_sha256="0", structure=found.structure)
    assert items_of(made.text, made.structure) == [(0, "a tent"), (0, "a stove")]


def test_headings_of_a_pdf_are_written_larger_than_its_text() -> None:
    page: list[Placed] = [(72, 700, 20, "Care"), (72, 660, 14, "Filters"), (72, 640, 10, PROSE[:80])]
    page += [(72, 600, 14, "Fans"), (72, 580, 10, PROSE[:80])]
    found = pdf_format.extract(placed_pdf(page))
    check(found.text, found.structure)
    assert headings_of(found.text, found.structure) == [(1, "Care"), (2, "Filters"), (2, "Fans")]


def test_an_exported_structure_comes_back_and_what_is_none_is_ignored() -> None:
    text, structure = laid_out(parse_html(FERRY))

    def read(value: object, of: str = text) -> Extracted:
        return jsonl.extract(json.dumps({"id": "a", "text": of, "structure": value}).encode())

    assert read(values_of(structure)).structure == structure
    others: tuple[object, ...] = (None, 3, "x", [], {"tables": 3})
    for wrong in (*others, {"headings": [[[0, 10**9], 1]]}, {"headings": [[[0.5, 2], 1]]}):
        assert not read(wrong).structure
    assert not read(values_of(structure), "Another text.").structure
    twice = values_of(structure)
    assert not read(twice | {"tables": twice["tables"] * 2}).structure, "tables overlap"

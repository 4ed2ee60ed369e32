"""ODT and ODP: words in their order, with headings, lists, tables and notes."""

from __future__ import annotations

from datetime import date

from support.made_files import odp, odt

from citeqa.index.formats import odp as odp_format
from citeqa.index.formats import odt as odt_format

STYLES = (
    '<style:style style:name="T1" style:family="text"><style:text-properties style:text-position="super 58%"/>'
    '</style:style><style:style style:name="T2"><style:text-properties style:text-position="-20% 58%"/></style:style>'
    '<style:style style:name="T3"><style:text-properties style:text-position="0% 100%"/></style:style>'
)
TEXT = (
    "<text:sequence-decls/><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
    '<text:h text:outline-level="2">The <text:span text:style-name="T3">tank</text:span></text:h>'
    '<text:p>It holds 10<text:span text:style-name="T1">7</text:span>\n   litres<text:s text:c="2"/>of CO'
    '<text:span text:style-name="T2">2</text:span>.<text:note>'
    "<text:note-citation>1</text:note-citation><text:note-body>"
    "<text:p>Measured in May.</text:p></text:note-body></text:note> It is"
    "<office:annotation><text:p>remark</text:p></office:annotation> full.<text:line-break/>Next</text:p>"
    "<text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>one a</text:p></text:list-item>"
    "</text:list></text:list-item><text:list-item><text:p>two</text:p></text:list-item></text:list>"
    "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>36</text:p></table:table-cell>"
    "<table:table-cell><text:p>B</text:p></table:table-cell></table:table-row></table:table-header-rows><table:table-row>"
    "<table:table-cell><text:p>c</text:p><text:p>d</text:p></table:table-cell><table:table-cell><text:p/>"
    "</table:table-cell></table:table-row></table:table><text:p>End.</text:p>"
)
META = (
    '<m xmlns:dc="d" xmlns:meta="m"><dc:title>The tank</dc:title><meta:initial-creator>Ines</meta:initial-creator>'
    "<dc:date>2024-05-12T10:00:00</dc:date></m>"
)


def test_odt_gives_its_words_in_order_with_their_structure() -> None:
    found = odt_format.extract(odt(TEXT, STYLES, meta=META))
    assert found.text == (
        "The tank\nIt holds 10⁷ litres  of CO₂.¹ It is full.\nNext\none\none a\ntwo\n"
        "36\tB\nc\nd\nEnd.\n¹ Measured in May."
    )
    assert (found.title, found.author, found.date) == ("The tank", "Ines", date(2024, 5, 12))
    assert [(h.level, found.text[h.span.start : h.span.end]) for h in found.structure.headings] == [(2, "The tank")]
    (items,) = found.structure.lists
    assert [(i.level, found.text[i.span.start : i.span.end]) for i in items.items] == [
        (0, "one"),
        (1, "one a"),
        (0, "two"),
    ]
    (table,) = found.structure.tables
    assert table.header_rows == 1
    assert [found.text[c.span.start : c.span.end] for c in table.cells] == ["36", "B", "c\nd"]


def test_odp_gives_a_page_a_slide_with_its_notes() -> None:
    slide = (
        "<draw:page><presentation:notes><draw:frame><draw:text-box><text:p>Say it {0}.</text:p></draw:text-box>"
        "</draw:frame></presentation:notes><draw:frame><draw:text-box><text:p>Body {0}</text:p></draw:text-box>"
        '</draw:frame><draw:frame presentation:class="title"><draw:text-box><text:p>Title {0}</text:p></draw:text-box>'
        "</draw:frame></draw:page>"
    )
    found = odp_format.extract(odp(slide.format(1) + slide.format(2)))
    assert found.text == "Body 1\nTitle 1\nSay it 1.\n\nBody 2\nTitle 2\nSay it 2."
    assert [found.text[at : at + 6] for at in found.pages] == ["Body 1", "Body 2"]
    assert len(found.structure.headings) == 2

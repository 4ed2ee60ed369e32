"""Files of the newer formats that mean harm: each is named within the limits, and nothing outside is ever asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.hostile import ENTITIES, OUTSIDE, SYSTEM, TOO_MUCH, bomb, with_members
from support.made_files import odp, ods, odt, packed, xlsx

from citeqa.index.errors import DocumentError
from citeqa.index.formats import delimited, pptx, rtf, subtitles
from citeqa.index.formats import odp as odp_format
from citeqa.index.formats import ods as ods_format
from citeqa.index.formats import odt as odt_format
from citeqa.index.formats import xlsx as xlsx_format
from citeqa.index.formats.extraction import Extractor

EXTERNAL = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    f'Type="x/{{0}}" Target="{OUTSIDE}" TargetMode="External"/></Relationships>'
)
CELL = '<row r="1"><c r="A1" t="str"><f>WEBSERVICE("{0}")</f><v>kept</v></c></row>'


SHEET = xlsx(CELL.format(OUTSIDE))
DECK = packed({
    "ppt/presentation.xml": '<p xmlns:r="r"><sldId r:id="r1"/><sldId r:id="r2"/></p>',
    "ppt/_rels/presentation.xml.rels": EXTERNAL.format("slide").replace("</", '<Relationship Id="r2" Type="x/slide" '
                                                                       'Target="slides/a.xml"/></', 1),
    "ppt/slides/a.xml": "<sld><sp><p><r><t>kept</t></r></p></sp></sld>",
})  # fmt: skip
FRAME = f'<draw:frame><draw:image xmlns:xlink="x" xlink:href="{OUTSIDE}"/></draw:frame>'
ASKING: dict[str, tuple[Callable[[bytes], object], bytes]] = {
    "a formula that loads": (xlsx_format.extract, SHEET),
    "a document type elsewhere": (xlsx_format.extract, xlsx(CELL.format(""), before=SYSTEM)),
    "links of a workbook": (xlsx_format.extract, with_members(
        SHEET, xl__externalLinks___rels__a_dot_xml_dot_rels=EXTERNAL)),
    "macros": (xlsx_format.extract, with_members(SHEET, xl__vbaProject_dot_bin=b"\xd0\xcf\x11\xe0")),
    "a slide elsewhere": (pptx.extract, DECK),
    "a picture in a text": (odt_format.extract, odt(f"<text:p>kept</text:p>{FRAME}", before=SYSTEM)),
    "a picture on a slide": (odp_format.extract, odp(f"<draw:page>{FRAME}<text:p>kept</text:p></draw:page>")),
    "a table elsewhere": (ods_format.extract, ods(
        f'<table:table table:name="a"><table:table-source xmlns:xlink="x" xlink:href="{OUTSIDE}"/><table:table-row>'
        "<table:table-cell><text:p>kept</text:p></table:table-cell></table:table-row></table:table>")),
    "fields and templates": (rtf.extract, (
        br'{\rtf1{\*\template http://198.51.100.7/x}{\field{\*\fldinst INCLUDETEXT "http://198.51.100.7/x"}'
        br"{\fldrslt kept}}{\object\objautlink{\*\objclass Package}{\*\objdata 0102}}}")),
    "a formula in CSV": (delimited.extract, b'kept,b\n"=HYPERLINK(""http://198.51.100.7"")",2\n'),
    "styles of subtitles": (subtitles.extract, (
        b"WEBVTT\n\nSTYLE\n@import url(http://198.51.100.7/x);\n\n00:00.000 --> 00:01.000\nkept\n")),
}  # fmt: skip


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ASKING)
def test_nothing_outside_is_asked_for(name: str) -> None:
    extract, data = ASKING[name]
    assert "kept" in str(extract(data))


HARM: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a bomb of a sheet": ("xlsx", lambda: bomb("xl/worksheets/a.xml", SHEET), TOO_MUCH),
    "a bomb of strings": ("xlsx", lambda: bomb("xl/workbook.xml", SHEET), TOO_MUCH),
    "a bomb of a slide": ("pptx", lambda: bomb("ppt/slides/a.xml", DECK), TOO_MUCH),
    "a bomb of a text": ("odt", lambda: bomb("content.xml", odt("")), TOO_MUCH),
    "entities of a slide": ("pptx", lambda: with_members(DECK, ppt__slides__a_dot_xml=f"{ENTITIES}<x>&b;</x>"),
                            "its XML declares entities"),
    "nested groups": ("rtf", lambda: b"{\\rtf1 " + b"{" * 100_000, "it is nested too deeply"),
    "nested lists": ("odt", lambda: odt("<text:list><text:list-item>" * 500), "it is nested too deeply"),
    "nested shapes": ("pptx", lambda: with_members(DECK, ppt__slides__a_dot_xml="<sp>" * 5000),
                      "it is nested too deeply"),
    "far cells on each row": ("xlsx", lambda: xlsx("".join(
        f'<row r="{n}"><c r="A{n}"><v>1</v></c><c r="{_letters(n % 16384)}{n}"><v>1</v></c></row>'
        for n in range(1, 20_000))), "its text has more than 67,108,864 characters"),
}  # fmt: skip


def _letters(column: int) -> str:
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


@pytest.mark.parametrize("name", HARM)
def test_what_means_harm_is_named_within_the_limits(extractor: Extractor, name: str) -> None:
    kind, make, reason = HARM[name]
    with pytest.raises(DocumentError) as caught:
        extractor.extract(f"citeqa.index.formats.{kind}", make())
    assert str(caught.value).startswith(reason)

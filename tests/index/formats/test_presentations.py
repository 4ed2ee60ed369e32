"""PPTX: a slide is a page; real files, made with python-pptx."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO

import pytest
from pptx import Presentation
from pptx.util import Inches
from support.made_files import packed

from citeqa.index.documents.corpus import document
from citeqa.index.errors import DocumentError
from citeqa.index.formats import pptx as pptx_format
from citeqa.index.formats.extracted import Extracted
from citeqa.index.types import Document


def _saved(made: object) -> bytes:
    file = BytesIO()
    made.save(file)  # type: ignore[attr-defined]
    return file.getvalue()


def _changed(data: bytes, part: str, pattern: str, by: str) -> bytes:
    """A package in one part of which a pattern is replaced."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    before = members[part]
    assert isinstance(before, bytes)
    members[part] = re.sub(pattern, by, before.decode(), count=1)
    assert members[part] != before.decode()
    return packed(members)


@pytest.fixture(scope="module")
def deck() -> bytes:
    made = Presentation()
    first = made.slides.add_slide(made.slide_layouts[1])
    first.shapes.title.text = "Harbour plan"
    body = first.placeholders[1].text_frame
    body.text = "The slipway opens on 3 June."
    second = body.add_paragraph()
    second.text, second.level = "It holds 10", 1
    raised = second.add_run()
    raised.text = "7"
    raised.font._element.set("baseline", "30000")
    first.notes_slide.notes_text_frame.text = "Thank the divers."
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = "Depths"
    table = slide.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(6), Inches(1)).table
    for at, text in enumerate(["Port", "Depth (m)", "Hull", "14.5", "all of them"]):
        table.cell(at // 2, at % 2).text = text
    table.cell(2, 0).merge(table.cell(2, 1))
    made.core_properties.author, made.core_properties.title = "Ines", "PowerPoint Presentation"
    return _saved(made)


def _document(found: Extracted) -> Document:
    return document("d", found.text, file_sha256="0" * 64, pages=found.pages, boilerplate=found.boilerplate)


def test_a_slide_is_a_page_with_its_title_list_table_and_notes(deck: bytes) -> None:
    found = pptx_format.extract(deck)
    assert found.text == (
        "Harbour plan\nThe slipway opens on 3 June.\nIt holds 10⁷\nThank the divers.\n\n"
        "Depths\nPort\tDepth (m)\nHull\t14.5\nall of them"
    )
    made = _document(found)
    assert [made.page(found.text.index(words)) for words in ("Harbour", "divers", "Depths", "all")] == [1, 1, 2, 2]
    assert [found.text[h.span.start : h.span.end] for h in found.structure.headings] == ["Harbour plan", "Depths"]
    assert [item.level for item in found.structure.lists[0].items] == [0, 1]
    (table,) = found.structure.tables
    assert (table.header_rows, table.cells[-1].columns) == (1, 2)
    assert (found.title, found.author, found.date) == (None, "Ines", None)  # what python-pptx fills in is not taken


def test_footers_are_boilerplate_and_hidden_slides_named(deck: bytes) -> None:
    footer = (
        '<p:sp><p:nvSpPr><p:cNvPr id="9" name="f"/><p:cNvSpPr/><p:nvPr><p:ph type="ftr"/></p:nvPr></p:nvSpPr><p:spPr/>'
        "<p:txBody><a:bodyPr/><a:p><a:r><a:t>Draft, do not share</a:t></a:r></a:p></p:txBody></p:sp></p:spTree>"
    )
    changed = _changed(deck, "ppt/slides/slide1.xml", "</p:spTree>", footer)
    changed = _changed(changed, "ppt/slides/slide2.xml", "<p:sld ", '<p:sld show="0" ')
    found = pptx_format.extract(changed)
    assert [found.text[span.start : span.end] for span in found.boilerplate] == ["Draft, do not share"]
    assert found.notes == ("hidden slides are read too: 2",)


def test_a_missing_slide_costs_no_other_and_keeps_the_numbers(deck: bytes) -> None:
    found = pptx_format.extract(_changed(deck, "ppt/_rels/presentation.xml.rels", "slides/slide1.xml", "slides/x.xml"))
    assert found.notes == ("slide 1 is missing",)
    assert _document(found).page(found.text.index("Depths")) == 2


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed({"ppt/presentation.xml": '<!DOCTYPE x [<!ENTITY e "words">]><x>&e;</x>'}), "its XML declares entities"),
        (packed({"ppt/presentation.xml": "<a>" * 9999}), "it is nested too deeply"),
        (packed({"ppt/presentation.xml": "<x/>"}), "it holds no text"),
        (packed({"x": ""}), "it is damaged: 'ppt/presentation.xml' is missing"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "it is an old .ppt file, not a .pptx file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "it is encrypted"),
    ],
)
def test_what_is_no_presentation_is_refused_by_name(data: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}"):
        pptx_format.extract(data)

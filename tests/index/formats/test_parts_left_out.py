"""Books and documents made of parts: what can be read is read, and what cannot is named; what programs fill in is not
taken for a title, an author or a day; headers and footers are boilerplate."""

from __future__ import annotations

from datetime import date

import pytest
from support.made_files import OFFICE, RELATION, RELATIONS, XHTML, docx, epub, odt, packed, paragraph

from citeqa.index.documents.corpus import document
from citeqa.index.errors import DocumentError
from citeqa.index.formats import docx as docx_format
from citeqa.index.formats import epub as epub_format
from citeqa.index.formats.extracted import somebody, written_on

ONE, TWO = XHTML.format("<p>One goat.</p>"), XHTML.format("<p>Two goats.</p>")


def _book(items: str, spine: str, **members: str | bytes) -> bytes:
    return packed({
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/b.opf"/></rootfiles></container>',
        "OEBPS/b.opf": f"<package><manifest>{items}</manifest><spine>{spine}</spine></package>",
        "OEBPS/text/c1.xhtml": ONE,
        "OEBPS/text/c2.xhtml": TWO,
        **members,
    })  # fmt: skip


def _item(name: str, href: str, kind: str = "application/xhtml+xml") -> str:
    return f'<item id="{name}" href="{href}" media-type="{kind}"/>'


C1, C2 = _item("c1", "text/c1.xhtml"), _item("c2", "text/c2.xhtml")
REF1, REF2 = '<itemref idref="c1"/>', '<itemref idref="c2"/>'
BOOKS = {
    "a chapter that is not in the archive": (
        _book(C1 + C2 + _item("t", "title.xhtml"), '<itemref idref="t"/>' + REF1 + REF2),
        ("its chapter 'OEBPS/title.xhtml' is missing",),
    ),
    "a chapter that is not listed": (
        _book(C1 + C2, '<itemref idref="cover"/>' + REF1 + REF2),
        ("its chapter 'cover' is missing: the list of its parts does not have it",),
    ),
    "a place inside a chapter": (_book(_item("c1", "text/c1.xhtml#start") + C2, REF1 + REF2), ()),
    "other cases": (_book(_item("c1", "Text/C1.XHTML") + C2, REF1 + REF2), ()),
    "listed as XML": (_book(_item("c1", "text/c1.xhtml", "text/xml") + C2, REF1 + REF2), ()),
    "listed as HTML": (_book(_item("c1", "text/c1.xhtml", "TEXT/HTML; charset=utf-8") + C2, REF1 + REF2), ()),
    "a chapter that is a drawing": (
        _book(C1 + C2 + _item("d", "d.svg", "image/svg+xml"), REF1 + REF2 + '<itemref idref="d"/>'),
        ("its chapter 'OEBPS/d.svg' is not read: it is image/svg+xml",),
    ),
    "a damaged chapter": (
        _book(C1 + C2 + _item("x", "x.xhtml"), REF1 + '<itemref idref="x"/>' + REF2, **{"OEBPS/x.xhtml": "<a>" * 9999}),
        None,
    ),
    "the same chapter twice": (
        _book(C1 + _item("c3", "text/c1.xhtml#b") + C2, REF1 + '<itemref idref="c3"/>' + REF2),
        (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOOKS)
def test_one_bad_chapter_costs_no_other(name: str) -> None:
    data, notes = BOOKS[name]
    found = epub_format.extract(data)
    assert found.text == "One goat.\n\nTwo goats."
    assert (
        found.notes == notes if notes is not None else found.notes[0].startswith("its chapter 'OEBPS/x.xhtml' is not")
    )


def test_a_book_without_any_chapter_left_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"^it holds no text; its chapter 'OEBPS/text/gone.xhtml' is missing$"):
        epub_format.extract(_book(_item("c1", "text/gone.xhtml"), REF1))


# --- parts of other kinds in DOCX


def _chunked(target: str, content: str | bytes, body: str = paragraph("Cover")) -> bytes:
    whole = RELATION.format(0, f"{OFFICE}/officeDocument", "word/document.xml")
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    chunk = f'<w:altChunk xmlns:r="{OFFICE}" r:id="r7"/>'
    return packed({
        "_rels/.rels": RELATIONS.format(whole),
        "word/document.xml": f'<w:document xmlns:w="{name}"><w:body>{body}{chunk}{paragraph("End")}</w:body>'
        "</w:document>",
        "word/_rels/document.xml.rels": RELATIONS.format(RELATION.format(7, f"{OFFICE}/aFChunk", target)),
        f"word/{target}": content,
    })  # fmt: skip


MHT = "MIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n<p>The warden is Unni <b>Falk</b>.</p>"


@pytest.mark.parametrize(
    ("target", "content"),
    [
        ("c.html", "<html><body><p>The warden is Unni Falk.</p></body></html>"),
        ("c.xhtml", XHTML.format("<p>The warden is Unni Falk.</p>")),
        ("c.dat", "<!DOCTYPE html><p>The warden is Unni Falk."),
        ("c.txt", "The warden is Unni Falk.\n"),
        ("c.mht", MHT),
        ("c.rtf", r"{\rtf1{\fonttbl{\f0 Arial;}} The warden is {\b Unni} Falk.\par}"),
        ("c.dat", r"{\rtf1 The warden is Unni Falk.}"),
        ("c.docx", docx(paragraph("The warden is Unni Falk."))),
    ],
)
def test_a_part_of_a_kind_that_is_read_is_read_in_its_place(target: str, content: str | bytes) -> None:
    found = docx_format.extract(_chunked(target, content))
    assert (found.text, found.notes) == ("Cover\nThe warden is Unni Falk.\nEnd", ())


def test_a_part_of_another_kind_is_named() -> None:
    found = docx_format.extract(_chunked("c.odt", odt("<text:p>The warden</text:p>")))
    assert found.text == "Cover\nEnd"
    assert found.notes == ("its part 'word/c.odt' is not read: it is built in from a file of another kind",)


@pytest.mark.parametrize(
    ("target", "content", "reason"),
    [
        ("c.rtf", "no RTF", "it is not RTF: it does not begin with {\\rtf"),
        ("c.rtf", r"{\rtf1{\pict 00}}", "it holds no text; is it scanned?"),
        ("c.docx", "no archive", "it is damaged"),
    ],
)
def test_a_part_that_cannot_be_read_is_named(target: str, content: str, reason: str) -> None:
    found = docx_format.extract(_chunked(target, content))
    assert found.text == "Cover\nEnd"
    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"its part 'word/{target}' is not read: {reason}")


def test_documents_inside_each_other_are_read_three_deep_and_the_next_is_named() -> None:
    made = docx(paragraph("Too deep"))
    for level in (4, 3, 2, 1):
        made = _chunked("c.docx", made, paragraph(f"Level {level}"))
    found = docx_format.extract(made)
    assert [line for line in found.text.split("\n") if line != "End"] == [f"Level {n}" for n in (1, 2, 3, 4)]
    (note,) = found.notes
    assert note.endswith("its part 'word/c.docx' is not read: it is nested too deeply")


def test_a_table_of_a_part_is_one_in_its_place() -> None:
    table = r"{\rtf1 Fares\par\trowd\cellx1\cellx2\intbl Crew\cell 4\cell\row\trowd\intbl Boats\cell 2\cell\row}"
    found = docx_format.extract(_chunked("c.rtf", table))
    (made,) = found.structure.tables
    assert [found.text[cell.span.start : cell.span.end] for cell in made.cells] == ["Crew", "4", "Boats", "2"]


# --- headers and footers of DOCX


def test_headers_and_footers_are_boilerplate_behind_the_text() -> None:
    found = docx_format.extract(
        docx(paragraph("The harbour opens."), header=paragraph("Annual report"), footer=paragraph("Page 3"))
    )
    made = document("a", found.text, file_sha256="0", boilerplate=found.boilerplate)
    assert made.text == "The harbour opens.\nAnnual report\nPage 3"
    assert [made.quote(span) for span in made.boilerplate] == ["Annual report", "Page 3"]
    assert made.title == "The harbour opens."


def test_a_document_that_is_nothing_but_a_header_is_read() -> None:
    found = docx_format.extract(docx("", header=paragraph("Annual report")))
    assert (found.text, found.boilerplate) == ("Annual report", ())


# --- what programs fill in


@pytest.mark.parametrize("name", ["anonymous", "(anonymous)", "(unspecified)", "Untitled", " unknown ", "Un-named", ""])
def test_nobody_is_no_author_and_no_title(name: str) -> None:
    assert somebody(name) is None
    assert somebody(f"{name}x").endswith("x")  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["Document1", "Presentation 2", "untitled (3)", "Slide 1", "Workbook", "---", "* * *"])
def test_what_programs_call_new_files_is_no_title(name: str) -> None:
    assert somebody(name) is None
    assert somebody(f"{name} of the harbour") == f"{name} of the harbour"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2013-12-23T23:15:00Z", None),
        ("1601-01-01T00:00:00Z", None),
        ("2013-12-23T23:16:00Z", date(2013, 12, 23)),
        ("2013-01-27T09:14:16Z", None),
        ("1970-01-01T00:00:00Z", None),
        ("0101-01-01T00:00:00+00:00", None),
        ("1888-05-01", date(1888, 5, 1)),
        (None, None),
    ],
)
def test_a_programs_own_day_is_none(value: str | None, expected: date | None) -> None:
    assert written_on(value) == expected


def test_documents_and_books_take_no_names_and_days_of_programs() -> None:
    core = (
        "<dc:title>Word Document</dc:title><dc:creator>python-docx</dc:creator>"
        "<dcterms:created>2013-12-23T23:15:00Z</dcterms:created><dcterms:modified>2013-12-23T23:15:00Z</dcterms:modified>"
    )
    found = docx_format.extract(docx(paragraph("Words."), core))
    assert (found.title, found.author, found.date) == (None, None, None)
    real = core.replace("python-docx", "Ane Vik").replace("modified>2013-12-23", "modified>2024-02-03")
    found = docx_format.extract(docx(paragraph("Words."), real))
    assert (found.author, found.date) == ("Ane Vik", date(2024, 2, 3))
    metadata = "<dc:creator>Unknown</dc:creator><dc:creator>Jane Roe</dc:creator><dc:date>0101-01-01</dc:date>"
    book = epub_format.extract(epub(ONE, metadata=metadata))
    assert (book.author, book.date) == ("Jane Roe", None)

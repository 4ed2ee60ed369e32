"""Files of other formats, written byte by byte, so that a test shows all that is in them."""

from __future__ import annotations

import zipfile
from io import BytesIO

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
RELATION = '<Relationship Id="r{}" Type="{}" Target="{}"/>'
XHTML = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'

# Glyphs 1 to 5 of the font F2: Arabic, Chinese, an emoji, a ligature as one character, a ligature as two.
CMAP = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
5 beginbfchar <0001> <0633> <0002> <4E2D> <0003> <D83DDE00> <0004> <FB01> <0005> <00660069> endbfchar
endcmap end end"""


# Widths of Helvetica's characters, in thousandths of its size; those of all others are 556.
WIDTHS = {
    **dict.fromkeys("ijl'", 222), **dict.fromkeys("ft .,:;I", 278), **dict.fromkeys("r-()", 333), "m": 833, "M": 833,
    **dict.fromkeys("ckJsvxyz", 500), **dict.fromkeys("FTZ", 611), **dict.fromkeys("ABEKPSVXY", 667), "W": 944,
    **dict.fromkeys("wCDHNRU", 722), **dict.fromkeys("GOQ", 778),
}  # fmt: skip


def helvetica(text: str, size: float) -> float:
    """How wide a text is, in points."""
    return sum(WIDTHS.get(letter, 556) for letter in text) * size / 1000


def pdf(*pages: list[str], extra: bytes = b"", title: str = "A title") -> bytes:
    """A PDF of pages of lines, in WinAnsi; a line that begins with `<` is in hexadecimal, in the font F2."""
    contents = [b"BT 72 720 Td 14 TL " + b" ".join(map(_shown, lines)) + b" ET" for lines in pages]
    return _pdf(contents, extra, title)


def placed_pdf(*pages: list[Placed], fields: list[tuple[str, str, Box]] = [], more: str = "") -> bytes:  # noqa: B006
    """A PDF of pages of texts, drawn one by one at a place (left, baseline, size); on the first page there are text
    fields of a form, each with its name, value and box. `more` is drawn on every page."""
    contents = [
        b" ".join(
            b"BT /F1 %g Tf %g %g Td (%s) Tj ET" % (size, left, base, _escaped(text)) for left, base, size, text in page
        )
        + b" " + more.encode()
        for page in pages
    ]  # fmt: skip
    return _pdf(contents, b"", "A title", fields)


Placed = tuple[float, float, float, str]
Box = tuple[float, float, float, float]


def _escaped(text: str) -> bytes:
    return text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf(pages: list[bytes], extra: bytes, title: str, fields: list[tuple[str, str, Box]] = []) -> bytes:  # noqa: B006
    kids = b" ".join(b"%d 0 R" % (7 + 2 * number) for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % (_form(len(pages), len(fields)) if fields else b""),
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Any /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype"
        b" /CIDFontType2 /BaseFont /Any /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        b" /DW 1000 >>] /ToUnicode 5 0 R >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(CMAP), CMAP),
        b"<< /Title (%s) /Author (An author) /CreationDate (D:20240321101500+01'00') >>" % title.encode("cp1252"),
    ]
    for number, content in enumerate(pages):
        annotations = b"/Annots [%s]" % _references(len(pages), len(fields)) if fields and not number else b""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 3 0 R"
            b" /F2 4 0 R >> >> %s >>" % (8 + 2 * number, annotations)
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
    objects += [
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (%s) /V (%s) /Rect [%g %g %g %g] /F 4 /P 7 0 R >>"
        % (name.encode(), _escaped(value), *box)
        for name, value, box in fields
    ]
    return _assembled(objects, extra)


def _references(pages: int, fields: int) -> bytes:
    return b" ".join(b"%d 0 R" % (7 + 2 * pages + number) for number in range(fields))


def _form(pages: int, fields: int) -> bytes:
    return b"/AcroForm << /Fields [%s] >>" % _references(pages, fields)


def _shown(line: str) -> bytes:
    return (
        b"/F2 12 Tf %s Tj T*" % line.encode()
        if line.startswith("<")
        else b"/F1 12 Tf (%s) Tj T*" % line.encode("cp1252")
    )


def _assembled(objects: list[bytes], extra: bytes) -> bytes:
    data, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    entries = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"<< /Size %d /Root 1 0 R /Info 6 0 R %s >>" % (len(objects) + 1, extra)
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, entries)
    return data + table + b"trailer %s\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(data))


def packed(members: dict[str, str | bytes]) -> bytes:
    """A zip archive."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def docx(body: str, core: str = "", **parts: str) -> bytes:
    """A DOCX file with this body, properties, and other parts by kind (header, footer, footnotes, endnotes)."""
    document = f"<w:document {WORD}><w:body>{body}</w:body></w:document>"
    whole = RELATION.format(0, f"{OFFICE}/officeDocument", "word/document.xml")
    core_type = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
    whole += RELATION.format(1, core_type, "/docProps/core.xml")
    related = "".join(RELATION.format(i, f"{OFFICE}/{kind}", f"{kind}.xml") for i, kind in enumerate(parts))
    return packed({
        "_rels/.rels": RELATIONS.format(whole),
        "word/document.xml": document,
        "word/_rels/document.xml.rels": RELATIONS.format(related),
        "docProps/core.xml": '<cp:p xmlns:cp="c" xmlns:dc="d" xmlns:dcterms="t">' + core + "</cp:p>",
        **{f"word/{kind}.xml": f"<w:part {WORD}>{content}</w:part>" for kind, content in parts.items()},
    })  # fmt: skip


def paragraph(*texts: str) -> str:
    """A paragraph of DOCX, each text a run of its own."""
    runs = "".join(f'<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>' for text in texts)
    return f"<w:p><w:pPr><w:jc/><w:tabs><w:tab/></w:tabs></w:pPr>{runs}</w:p>"


def epub(*chapters: str, metadata: str = "", **more: str | bytes) -> bytes:
    """An EPUB file whose spine has the chapters in this order, though they are listed in the reverse one."""
    items = [
        f'<item id="c{i}" href="text/chapter%20{i}.xhtml" media-type="application/xhtml+xml"/>'
        for i in range(len(chapters))
    ]
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    package = (
        f'<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}'
        f'</metadata><manifest>{"".join(reversed(items))}<item id="nav" href="nav.xhtml" properties="nav" '
        f'media-type="application/xhtml+xml"/><item id="x" href="x.png" media-type="image/png"/></manifest>'
        f'<spine><itemref idref="nav"/><itemref idref="x"/>{spine}</spine></package>'
    )
    return packed({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles>'
        "</container>",
        "OEBPS/book.opf": package,
        "OEBPS/nav.xhtml": XHTML.format("<p>Contents</p>"),
        **{f"OEBPS/text/chapter {i}.xhtml": chapter for i, chapter in enumerate(chapters)},
        **{name.replace("__", "/").replace("_", "."): content for name, content in more.items()},
    })  # fmt: skip


def xlsx(rows: str, before: str = "", more: str = "") -> bytes:
    """An XLSX file with one sheet of these rows; `before` stands before its XML, `more` behind the rows."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'{before}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData>{more}</worksheet>'
    names = f'<workbook xmlns="{main}" xmlns:r="{OFFICE}"><sheets><sheet name="Sheet1" r:id="r1"/></sheets></workbook>'
    return packed({
        "_rels/.rels": RELATIONS.format(RELATION.format(0, f"{OFFICE}/officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": names,
        "xl/_rels/workbook.xml.rels": RELATIONS.format(RELATION.format(1, f"{OFFICE}/worksheet", "worksheets/a.xml")),
        "xl/worksheets/a.xml": sheet,
    })  # fmt: skip


def _opendocument(kind: str, body: str, styles: str, before: str, meta: str) -> bytes:
    names = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for prefix, name in {
            "office": "office", "text": "text", "table": "table", "style": "style", "draw": "drawing",
            "presentation": "presentation",
        }.items()
    )  # fmt: skip
    content = (
        f"{before}<office:document-content {names}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return packed({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content, "meta.xml": meta})


def ods(body: str, before: str = "") -> bytes:
    """An ODS file with these tables."""
    return _opendocument("spreadsheet", body, "", before, "<m/>")


def odt(body: str, styles: str = "", before: str = "", meta: str = "<m/>") -> bytes:
    """An ODT file with this text."""
    return _opendocument("text", body, styles, before, meta)


def odp(body: str) -> bytes:
    """An ODP file with these slides."""
    return _opendocument("presentation", body, "", "", "<m/>")

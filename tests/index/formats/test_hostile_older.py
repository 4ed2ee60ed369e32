"""Files of text, Markdown, HTML, PDF, DOCX, EPUB, e-mail and JSON lines that mean harm: they are read right, or named,
quickly and within the limits, and nothing outside is ever asked for."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from importlib import import_module

import pytest
from support.hostile import ENTITIES, OUTSIDE, SYSTEM, TOO_MUCH, bomb, with_members
from support.made_files import OFFICE, RELATION, RELATIONS, XHTML, docx, epub, packed, paragraph, pdf

from citeqa.index.errors import DocumentError
from citeqa.index.formats.extraction import MEMORY_IS_LIMITED, Extractor

KEPT = paragraph("kept")
_ELSEWHERE = RELATIONS.format(
    RELATION.format(7, f"{OFFICE}/aFChunk", OUTSIDE).replace("/>", ' TargetMode="External"/>')
)
_CHUNK = f'<w:altChunk xmlns:r="{OFFICE}" r:id="r7"/>'
_CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


def page(
    content: bytes = b"BT /F1 12 Tf 72 700 Td (kept) Tj ET", packing: bytes = b"", *, of_page: bytes = b""
) -> bytes:
    """A PDF of a page whose content is written (or packed) as given, whatever the table at its end says of places."""
    made = pdf(["REPLACED"])
    begin, end = made.index(b"8 0 obj"), made.index(b"endobj", made.index(b"8 0 obj"))
    stream = b"8 0 obj\n<< /Length %d %s >>\nstream\n%s\nendstream\n" % (len(content), packing, content)
    made = made[:begin] + stream + made[end:]
    return made.replace(b"/Type /Page /", b"/Type /Page %s /" % of_page)


def _book(spine: str) -> bytes:
    """A book that shows its one chapter as the spine says."""
    item = '<item id="c" href="c.xhtml" media-type="application/xhtml+xml"/>'
    return packed({
        "META-INF/container.xml": _CONTAINER.format("b.opf"),
        "b.opf": f"<package><manifest>{item}</manifest><spine>{spine}</spine></package>",
        "c.xhtml": XHTML.format("<p>kept</p>"),
    })  # fmt: skip


def _mail(*headers: bytes, body: bytes = b"kept") -> bytes:
    return b"\n".join([b"Subject: s", *headers, b"", body])


ASKING: dict[str, tuple[str, bytes]] = {
    "a page's own address and pictures": ("html", (
        f'<base href="{OUTSIDE}"><link rel=stylesheet href=a.css><meta http-equiv=refresh content="0;url={OUTSIDE}">'
        f"<style>@import url({OUTSIDE});</style><iframe src=a></iframe><img src=b><p>kept</p>").encode()),
    "a page's document type elsewhere": ("html", f"{SYSTEM}<p>kept</p>".encode()),
    "a DOCX document type elsewhere": ("docx", with_members(docx(KEPT), word__document_dot_xml=(
        SYSTEM + "<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'>"
        f"<w:body>{KEPT}</w:body></w:document>"))),
    "a part of DOCX elsewhere": ("docx", with_members(
        docx(KEPT + _CHUNK), word___rels__document_dot_xml_dot_rels=_ELSEWHERE)),
    "a style sheet of a book": ("epub", epub(
        f"<?xml-stylesheet href='{OUTSIDE}'?><html><head><link rel='stylesheet' href='{OUTSIDE}'/></head>"
        f"<body><img src='{OUTSIDE}'/><p>kept</p></body></html>")),
    "a chapter's document type elsewhere": ("epub", epub(f"{SYSTEM}<html><body><p>kept</p></body></html>")),
    "an action of a PDF": ("pdf", page(of_page=f"/AA << /O << /S /URI /URI ({OUTSIDE}) >> >>".encode())),
    "a PDF's content elsewhere": ("pdf", pdf(["kept"], extra=f"/F << /FS /URL /F ({OUTSIDE}) >>".encode())),
    "pictures and frames of Markdown": (
        "markdown", f"![a]({OUTSIDE})\n<iframe src='{OUTSIDE}'></iframe>\n\nkept".encode()),
    "a body of a mail elsewhere": ("mail", _mail(
        b'Content-Type: multipart/mixed; boundary="b"', body=(
            f'--b\nContent-Type: message/external-body; access-type=URL; URL="{OUTSIDE}"\n\n'
            "Content-Type: text/plain\n\n\n--b\nContent-Type: text/html\n\n"
            f"<img src={OUTSIDE}><p>kept</p>\n--b--").encode())),
    "addresses of a row": ("jsonl", f'{{"id": "a", "text": "kept", "url": "{OUTSIDE}"}}'.encode()),
}  # fmt: skip


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ASKING)
def test_nothing_outside_is_asked_for(name: str) -> None:
    kind, data = ASKING[name]
    assert "kept" in import_module(f"citeqa.index.formats.{kind}").extract(data).text


DEEP = "it is nested too deeply"
HARM: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a bomb of a document": ("docx", lambda: bomb("word/document.xml", docx(KEPT)), TOO_MUCH),
    "a bomb of a chapter": ("epub", lambda: bomb("c.xhtml", _book('<itemref idref="c"/>')), TOO_MUCH),
    "entities of a chapter": ("epub", lambda: epub(f"{ENTITIES}<html><body>&b;</body></html>"),
                              "its XML declares entities"),
    "a book outside": ("epub", lambda: packed({"META-INF/container.xml": _CONTAINER.format("../../etc/passwd")}),
                       "it is damaged: '../../etc/passwd' is missing"),
    "a cut book": ("epub", lambda: epub(XHTML.format("<p>kept</p>"))[:-99], "it is damaged"),
    "open elements": ("html", lambda: b"<p>kept</p>" + b"<b><i>" * 20_000, DEEP),
    "an endless attribute": ("html", lambda: b"<p title='" + b"x" * 12_000_000 + b"'>kept",
                             "it exceeds a parser's limit"),
    "nested tables": ("docx", lambda: docx("<w:tbl><w:tr><w:tc>" * 500), DEEP),
    "nested messages": ("mail", lambda: _mail(body=b"") [:-1] + b"Content-Type: message/rfc822\n\n" * 1000, DEEP),
    "nested remarks of a header": ("mail", lambda: _mail(b"From: " + b"(" * 20_000), DEEP),
    "an endless boundary": ("mail", lambda: _mail(b"Content-Type: multipart/mixed; boundary=" + b"a" * 100_000),
                            "its body holds no text"),
    "nested lists of a row": ("jsonl", lambda: b'{"id":"a","text":"kept","x":' + b"[" * 1_000_000,
                              "it is not a JSON object in UTF-8: maximum recursion"),
    "an endless number": ("jsonl", lambda: b'{"id":"a","text":"kept","x":' + b"9" * 1_000_000 + b"}",
                          "it is not a JSON object in UTF-8: Exceeds the limit"),
    "a cut row": ("jsonl", lambda: b'{"id":"a","text":"kept', "it is not a JSON object in UTF-8"),
    "places far outside": ("pdf", lambda: page(b"BT /F1 12 Tf " + b"99999999 99999999 Td (kept) Tj " * 999 + b"ET"),
                           "it holds no text"),
    "half a character": ("text", lambda: "\ufeffkept".encode("utf-16-le") + b"\0",
                         "it is not text in any known encoding"),
    "any bytes": ("text", lambda: bytes(range(128, 256)) * 2000, "it is not text in any known encoding"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARM)
def test_what_means_harm_is_named_within_the_limits(extractor: Extractor, name: str) -> None:
    kind, make, reason = HARM[name]
    with pytest.raises(DocumentError) as caught:
        extractor.extract(f"citeqa.index.formats.{kind}", make())
    assert reason in str(caught.value)


_CELL = '<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="{}"/></w:tcPr>' + KEPT + "</w:tc></w:tr></w:tbl>"
SPACE = zlib.compress(b"BT /F1 12 Tf 72 700 Td (kept) Tj ET " + b" " * 100_000_000)
READ: dict[str, tuple[str, Callable[[], bytes], int]] = {
    "remarks without end": ("html", lambda: b"<p>kept</p>" + b"<!-- " * 100_000, 1),
    "cells over all columns": ("html", lambda: (
        b"<table><tr><td colspan=2000000000 rowspan=2000000000>kept<td>b</table>"), 1),
    "cells over cells": ("html", lambda: b"<table>" + b"<tr><td colspan=1000 rowspan=65534>kept<td>b" * 400, 400),
    "characters that are none": ("html", lambda: b"<p>kept &#x110000; &#99999999999; &#xD800; &lt" * 500, 500),
    "empty elements before formulas": ("html", lambda: b"<p>kept " + b"<i></i>" * 2000 + b"<math></math>" * 2000, 1),
    "a cell over all columns": ("docx", lambda: docx(_CELL.format(999_999_999)), 1),
    "a chapter again and again": ("epub", lambda: _book('<itemref idref="c"/>' * 20_000), 1),
    "a page that unpacks to blanks": ("pdf", lambda: page(SPACE, b"/Filter /FlateDecode"), 1),
    "states that are never restored": ("pdf", lambda: page(
        b"q " * 200_000 + b"BT /F1 12 Tf 72 700 Td (kept) Tj ET"), 1),
    "a page as large as the moon": ("pdf", lambda: page().replace(b"[0 0 612 792]", b"[0 0 9e9 9e9]"), 1),
    "more pages than there are": ("pdf", lambda: page().replace(b"/Count 1", b"/Count 2147483647"), 1),
    "pages inside themselves": ("pdf", lambda: page().replace(b"/Kids [7 0 R]", b"/Kids [2 0 R 7 0 R]"), 1),
    "nested quotations": ("markdown", lambda: b">" * 50_000 + b" kept", 1),
    "open brackets": ("markdown", lambda: b"[" * 100_000 + b" kept", 1),
    "open tags": ("markdown", lambda: b"<div>\n" * 20_000 + b"kept", 1),
    "front matter without end": ("markdown", lambda: b"---\ntitle: " + b"[" * 19_000 + b"\n\nkept", 1),
    "many headers": ("mail", lambda: _mail(*[b"X-A: b"] * 50_000), 1),
    "a day of many digits": ("mail", lambda: _mail(b"Date: " + b"9" * 20_000), 1),
    "quotation marks of a sender": ("mail", lambda: _mail(b'From: "' + b'\\"' * 20_000), 1),
    "a saved page behind many parts": ("mhtml", lambda: (
        b'MIME-Version: 1.0\nContent-Type: multipart/related; boundary="b"\n\n'
        + b"--b\nContent-Type: image/png\n\nx\n" * 2_000
        + b"--b\nContent-Type: text/html\n\n<p>kept</p>\n--b--\n"), 1),
    "a group in a group": ("mail", lambda: _mail(b"From: " + b"a:" * 2000), 1),
    "structure that is none": ("jsonl", lambda: (
        b'{"id":"a","text":"kept","structure":{"tables":[' + b"[0,4]," * 9999 + b"[0,4]]}}"), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_what_only_looks_like_harm_is_read_quickly(extractor: Extractor, name: str) -> None:
    kind, make, times = READ[name]
    data, before = make(), time.monotonic()
    assert extractor.extract(f"citeqa.index.formats.{kind}", data).text.count("kept") == times
    assert time.monotonic() - before < 30  # a second, where nothing else runs


def test_attributes_without_end_run_into_the_limit_of_time_and_the_next_file_is_read() -> None:
    element = b"<p " + b" ".join(b"a%d" % number for number in range(200_000)) + b">kept</p>"
    with Extractor(seconds=3) as extractor:  # each attribute is compared with all others
        with pytest.raises(DocumentError, match="reading it took longer than 3 seconds"):
            extractor.extract("citeqa.index.formats.html", element)
        assert extractor.extract("citeqa.index.formats.text", b"kept").text == "kept"


@pytest.mark.slow
@pytest.mark.skipif(not MEMORY_IS_LIMITED, reason="the system does not limit memory")
def test_encoded_words_without_end_run_into_the_limit_of_memory() -> None:
    mail = b"Subject: " + b"=?utf-8?q?a?=\n " * 20_000 + b"\n\nkept"
    with Extractor() as extractor:
        with pytest.raises(DocumentError, match="reading it takes more than 2,048 MiB of memory"):
            extractor.extract("citeqa.index.formats.mail", mail)
        assert extractor.extract("citeqa.index.formats.text", b"kept").text == "kept"

"""What each format's canonical text is, letter for letter, and what is refused with which reason."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.made_files import WORD, XHTML, docx, epub, packed, paragraph, pdf

from citeqa.index.documents.corpus import count, load, load_file
from citeqa.index.errors import DocumentError
from citeqa.index.formats import archive, jsonl, mail, markup
from citeqa.index.formats import docx as docx_format
from citeqa.index.formats import epub as epub_format
from citeqa.index.formats import html as html_format
from citeqa.index.formats import pdf as pdf_format
from citeqa.index.formats import text as text_format
from citeqa.index.formats.extracted import Extracted, day, tidy
from citeqa.index.formats.extraction import Extractor
from citeqa.index.formats.markup import decoded, parse_html, parse_xhtml, parse_xml
from citeqa.index.formats.markup_lines import text_of
from citeqa.index.formats.registry import known_endings
from citeqa.index.structure import NO_STRUCTURE
from citeqa.index.types import Document, Skipped, Span


def _words(found: Extracted) -> Extracted:
    """What was extracted without its structure, which has tests of its own."""
    return replace(found, structure=NO_STRUCTURE)


TALKS = (
    "The minister said on Tuesday that the talks went well, and that a second round would follow in the spring of "
    "next year. Nobody at the ministry wanted to be named."
)
ARTICLE = f"""<!DOCTYPE html><html><head><title>Talks in Kingston | The Daily</title>
<meta name="author" content="Jane Roe"><meta property="og:site_name" content="The Daily">
<meta property="article:published_time" content="2024-03-21T23:30:00-05:00">
<link rel="canonical" href="https://daily.example/talks"><style>p {{ color: red }}</style></head>
<body><nav><ul><li><a href="/">Home</a></li><li><a href="/world">World</a></li></ul></nav>
<article><h1>Talks in   Kingston</h1><p>{TALKS}</p><h2>“Very well”</h2><ul><li>caf&eacute;,
 &amp;lt; and 😀 <b>bold</b>ly</li><li>العربية 中文</li></ul><script>var no = 1</script>
<table><tr><th>Name</th><th>Votes</th></tr><tr><td></td><td>1</td></tr></table><p>One line<br>another line</p></article>
<footer><p>Copyright 2023, updated 5 May 2021</p></footer></body></html>"""
BILLION = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    + "]><x>&a9;</x>"
)
LOCKED = b"/Encrypt << /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >> /ID [<00> <00>]" % (b"11" * 32, b"22" * 32)
LETTER = b"""From: =?utf-8?q?Ren=C3=A9?= Roe <rene@example.org>, bob@example.org
To: all@example.org
Subject: =?utf-8?q?Re=3A_the?=
 talks
Date: Thu, 21 Mar 2024 23:30:00 -0500
Content-Type: text/plain; charset="iso-8859-1"
Content-Transfer-Encoding: quoted-printable

  Dear all,=20

the caf=E9 is open=\r
.
"""
MIXED = b"""From: a@example.org
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="m"

--m
Content-Type: multipart/alternative; boundary="a"

--a
Content-Type: text/html; charset=utf-8

<p>In HTML.</p>
--a
Content-Type: text/plain; charset=utf-8

In plain text.
--a--
--m
Content-Type: application/pdf; name="plan.pdf"
Content-Disposition: attachment; filename="plan.pdf"

%PDF
--m--
"""


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    with Extractor() as made:
        yield made


def _read(folder: Path) -> tuple[dict[str, Document], dict[str, str]]:
    """The documents of a folder by id, the reasons of what was skipped by file name."""
    items = list(load([folder]))
    skipped = {Path(item.name).name: item.reason for item in items if isinstance(item, Skipped)}
    return {item.id: item for item in items if isinstance(item, Document)}, skipped


# --- HTML


def test_html_gives_the_main_content_and_what_the_page_says_about_itself() -> None:
    assert _words(html_format.extract(ARTICLE.encode())) == Extracted(
        f"Talks in Kingston\n{TALKS}\n“Very well”\ncafé, &lt; and 😀 boldly\nالعربية 中文\nName\tVotes\n\t1\n"
        "One line\nanother line",
        title="Talks in Kingston",
        author="Jane Roe",
        date=date(2024, 3, 21),
        source="The Daily",
        url="https://daily.example/talks",
    )


@pytest.mark.parametrize(
    "page", ["<p>Short.</p>", "Short.", "<div><div>Short.</div></div>", "<td>Short.", "\ufeff<p>Short."]
)
def test_a_page_without_an_article_gives_all_its_words(page: str) -> None:
    assert html_format.extract(page.encode()).text == "Short."


def test_a_day_is_never_guessed_from_a_pages_words() -> None:
    found = html_format.extract(f"<html><body><p>{TALKS}</p><p>Updated 5 May 2021</p></body></html>".encode())
    assert found.date is None


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a<p>b", "a\nb"),
        ("<p> a\n b <i> c</i></p>d", "a b c\nd"),
        ("a<b>b</b>c", "abc"),
        ("a<!-- no -->b<?pi no?>c<script>no</script>d<style>no</style>e", "abcde"),
        ("a<br>b<br><br>c", "a\nb\nc"),
        ("<table><tr><td>a<td>b<tr><td><td>c</table>d", "a\tb\n\tc\nd"),
        ("<table><tr><td><p>a<p>b</td><td>c</td></tr></table>", "a\nb\tc"),
        ("<table><tr><td>a</td><td></td><td></td></tr><tr><td>b</td></tr></table>", "a\nb"),
        ("<pre>\n a\n\n   b</pre>c", "a\n\n   b\nc"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>字", "漢字"),
        ("a&nbsp;b&shy;c &amp;amp; &#x1F600;", "a\xa0b\xadc &amp; 😀"),
        ("<div><div></div> <div> </div></div>", ""),
    ],
)
def test_a_block_is_a_line_and_nothing_is_added_to_the_words(html: str, text: str) -> None:
    assert text_of(parse_html(f"<html><body>{html}</body></html>").find("body")) == text


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        ("<p>naïve 😀".encode("utf-16"), "<p>naïve 😀", "utf-16"),
        (b"\xef\xbb\xbf<p>caf\xc3\xa9", "<p>café", "utf-8"),
        (b'<meta charset="iso-8859-1"><p>\x93caf\xe9\x94', '<meta charset="iso-8859-1"><p>“café”', "cp1252"),
        (b'<meta charset="iso-8859-1"><p>caf\xc3\xa9', '<meta charset="iso-8859-1"><p>café', "utf-8"),
        ("<meta charset=windows-1251>да".encode("cp1251"), "<meta charset=windows-1251>да", "cp1251"),
        (
            '<?xml version="1.0" encoding="koi8-r"?>да'.encode("koi8-r"),
            '<?xml version="1.0" encoding="koi8-r"?>да',
            "koi8-r",
        ),
        ("<meta charset=iso-2022-jp>今日".encode("iso-2022-jp"), "<meta charset=iso-2022-jp>今日", "iso2022_jp"),
        (b"<meta charset=zlib><p>caf\xe9", "<meta charset=zlib><p>café", "cp1252"),
        (b"<meta charset=utf-8><p>It\x92s a caf\xe9", "<meta charset=utf-8><p>It’s a café", "cp1252"),
    ],
)
def test_a_page_is_decoded_as_its_mark_or_itself_says(data: bytes, text: str, encoding: str) -> None:
    assert decoded(data) == (text, encoding)


def test_xhtml_with_its_declaration_is_read(extractor: Extractor) -> None:
    page = XHTML.format("<p>Some&nbsp;words<br/>here.</p>").encode()
    assert extractor.extract(html_format.__name__, page).text == "Some\xa0words\nhere."


# --- PDF


def test_pdf_gives_its_pages_and_the_pages_of_each_place(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(["First page."], [], ["Third page, café."]))
    found = _read(tmp_path)[0]["a"]
    assert found.text == "First page.\n\n\n\nThird page, café."
    assert (found.title, found.author, found.date) == ("A title", "An author", date(2024, 3, 21))
    assert found.pages == (0, 13, 15)
    assert [found.page(found.text.index(word)) for word in ("First", "page.", "Third", "café.")] == [1, 1, 3, 3]


def test_pdf_lines_of_a_paragraph_are_joined_and_broken_words_whole() -> None:
    lines = [
        "A heading",
        "The minister said on Tuesday that the talks went well, and that a se-",
        "cond round would follow in the spring of next year. Nobody at the",
        "ministry wanted to be named.",
        "Another paragraph begins here and goes on until the end of this line, as",
        "Mr. Roe of the Anglo-",
        "American Society said.",
        "• one item",
        "• another item",
    ]
    assert pdf_format.extract(pdf(lines)).text.split("\n") == [
        "A heading",
        "The minister said on Tuesday that the talks went well, and that a second round would follow in the spring "
        "of next year. Nobody at the ministry wanted to be named.",
        "Another paragraph begins here and goes on until the end of this line, as Mr. Roe of the Anglo-American "
        "Society said.",
        "• one item",
        "• another item",
    ]


def test_pdf_text_is_that_of_its_characters_map() -> None:
    """Ligatures come apart, whichever way the file maps them; characters beyond U+FFFF stay whole."""
    assert pdf_format.extract(pdf(["<000100020003>", "<0004>", "<0005>"])).text == "س中😀 fifi"


@pytest.mark.parametrize("title", ["Microsoft Word - plan_final2.doc", "plan.indd", "untitled", " "])
def test_the_name_of_a_file_is_not_taken_for_a_title(title: str) -> None:
    assert pdf_format.extract(pdf(["Words."], title=title)).title is None


# --- DOCX


def test_docx_gives_its_words_in_the_documents_order() -> None:
    box = paragraph("In the box.")
    body = (
        paragraph("A ", "heading")
        + paragraph()
        + f"<w:p><w:r><w:t>Before.</w:t></w:r><w:r><mc:AlternateContent xmlns:mc='m'><mc:Choice><w:txbxContent>{box}"
        f"</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>{box}</w:txbxContent></mc:Fallback>"
        "</mc:AlternateContent></w:r></w:p>"
        + f"<w:tbl><w:tr><w:tc><w:tcPr/>{paragraph('a')}{paragraph('b')}</w:tc><w:tc>{paragraph('c')}</w:tc></w:tr>"
        f"<w:tr><w:trPr/><w:tc>{paragraph()}</w:tc><w:tc>{paragraph('d')}</w:tc></w:tr></w:tbl>"
        + "<w:sdt><w:sdtContent>" + paragraph("In a field.") + "</w:sdtContent></w:sdt>"
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del><w:ins><w:r><w:t>new</w:t></w:r></w:ins>"
        "<w:moveFrom><w:r><w:t>away</w:t></w:r></w:moveFrom><w:r><w:tab/><w:t>x</w:t><w:br/><w:t>y</w:t>"
        "<w:noBreakHyphen/><w:softHyphen/><w:instrText>PAGE</w:instrText><w:t>العربية 中文 😀</w:t></w:r></w:p>"
    )  # fmt: skip
    note, head = paragraph("A note."), paragraph("On every page")
    found = docx_format.extract(
        docx(
            body,
            "<dc:title>The  title</dc:title><dc:creator>Jane Roe</dc:creator><dcterms:created>2020-01-01T00:00:00Z"
            "</dcterms:created><dcterms:modified>2024-03-21T10:00:00Z</dcterms:modified>",
            header=head, footnotes=note, footer=head,
        )
    )  # fmt: skip
    assert _words(found) == Extracted(
        "A heading\nBefore.\nIn the box.\na\nb\tc\n\td\nIn a field.\nnew\tx\ny\u2011\xadالعربية 中文 😀\n"
        "A note.\nOn every page",
        title="The title",
        author="Jane Roe",
        date=date(2024, 3, 21),
        boilerplate=(Span(81, 94),),
    )


def test_docx_of_the_strict_kind_and_without_properties_is_read() -> None:
    document = f"<w:document {WORD}><w:body>{paragraph('Words.')}</w:body></w:document>"
    strict = document.replace(
        "schemas.openxmlformats.org/wordprocessingml/2006", "purl.oclc.org/ooxml/wordprocessingml"
    )
    assert docx_format.extract(packed({"word/document.xml": strict})) == Extracted("Words.")


# --- EPUB


def test_epub_gives_its_chapters_in_the_order_of_the_spine() -> None:
    chapters = (
        XHTML.format("<h1>One</h1><p>Some&nbsp;words,<br/>in <i>two</i> lines.</p>"),
        XHTML.format(""),
        XHTML.format("<p>Two, not closed.") + "<p>العربية 中文 😀",
    )
    metadata = (
        "<dc:title>A book</dc:title><dc:creator>Jane Roe</dc:creator><dc:creator>John Doe</dc:creator>"
        "<dc:date>1999</dc:date><dc:date>2001-02-03</dc:date><dc:publisher>A house</dc:publisher>"
    )
    assert _words(epub_format.extract(epub(*chapters, metadata=metadata))) == Extracted(
        "One\nSome\xa0words,\nin two lines.\n\nTwo, not closed.\nالعربية 中文 😀",
        title="A book",
        author="Jane Roe, John Doe",
        date=date(2001, 2, 3),
        source="A house",
        notes=("its chapter 'OEBPS/x.png' is not read: it is image/png",),
    )


def test_a_book_with_encrypted_fonts_is_read_and_one_with_encrypted_chapters_is_not() -> None:
    listing = (
        '<encryption><EncryptedData><CipherData><CipherReference URI="{}"/></CipherData></EncryptedData></encryption>'
    )
    chapter = XHTML.format("<p>Words.</p>")
    fonts = epub(chapter, **{"META-INF__encryption.xml": listing.format("OEBPS/font.otf")})
    assert epub_format.extract(fonts).text == "Words."
    with pytest.raises(DocumentError, match=r"^it is encrypted$"):
        epub_format.extract(
            epub(chapter, **{"META-INF__encryption.xml": listing.format("OEBPS/text/chapter%200.xhtml")})
        )


# --- e-mail


def test_mail_gives_its_body_untouched_and_its_header() -> None:
    assert _words(mail.extract(LETTER)) == Extracted(
        "  Dear all, \n\nthe café is open.\n",
        title="Re: the talks",
        author="René Roe, bob@example.org",
        date=date(2024, 3, 21),
    )


def test_mail_prefers_plain_text_and_names_its_attachments_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.eml").write_bytes(MIXED)
    with caplog.at_level("INFO", logger="citeqa.index.documents.corpus"):
        found = _read(tmp_path)[0]["a"]
    assert found.text == "In plain text."
    assert f"{tmp_path / 'a.eml'}: its attachment 'plan.pdf' is not read" in caplog.messages


def test_mail_in_html_alone_gives_its_words() -> None:
    data = (
        b"Subject: S\nContent-Type: text/html; charset=koi8-r\n\n<style>no</style><p>" + "да".encode("koi8-r") + b"<p>b"
    )
    assert mail.extract(data) == Extracted("да\nb", title="S")


@pytest.mark.parametrize("charset", ["no-such-charset", "us-ascii", "zlib"])
def test_mail_with_a_wrong_charset_is_decoded_by_detection(charset: str) -> None:
    data = f"Subject: S\nContent-Type: text/plain; charset={charset}\n\n".encode() + "It’s the café.".encode()
    assert mail.extract(data).text == "It’s the café."


@pytest.mark.parametrize(
    "header", ["From: @@@", "From: <", "Date: yesterday", "Date: ", "From: a@b (", "Subject: =?x?q?=FF?="]
)
def test_mail_with_a_broken_header_is_still_read(header: str) -> None:
    found = mail.extract(f"Message-ID: <1@b>\n{header}\n\nWords.".encode())
    assert (found.text, found.date) == ("Words.", None)


# --- JSONL packed by gzip


def test_packed_rows_are_read_and_counted_like_plain_ones(tmp_path: Path) -> None:
    data = b'{"id": "a", "text": "One."}\n\n{"id": "b"}\r\n{"id": "c", "text": "\xc3\xa9"}'
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(data[:20]) + gzip.compress(data[20:]))
    (tmp_path / "y.NDJSON.GZ").write_bytes(gzip.compress(b'\xef\xbb\xbf{"id": "d", "text": "Four."}'))
    documents, skipped = _read(tmp_path)
    assert {i: d.text for i, d in documents.items()} == {"a": "One.", "c": "é", "d": "Four."}
    assert skipped == {"x.jsonl.gz, line 3": "it has no 'text'"}
    assert count([tmp_path]) == 4


@pytest.mark.parametrize("damage", ["cut", "garbled", "no gzip", "empty"])
def test_packed_rows_before_the_damage_are_read(tmp_path: Path, damage: str) -> None:
    whole = b"".join(
        json.dumps({"id": f"{n}", "text": hashlib.sha256(b"%d" % n).hexdigest() * 40}).encode() + b"\n"
        for n in range(900)
    )
    data = gzip.compress(whole)
    data = {
        "cut": data[: len(data) // 2],
        "garbled": data[: len(data) // 2] + b"\0" * 99 + data[len(data) // 2 + 99 :],
        "no gzip": whole,
        "empty": b"",
    }[damage]
    (tmp_path / "a.jsonl.gz").write_bytes(data)
    (tmp_path / "b.txt").write_text("Words.")
    documents, skipped = _read(tmp_path)
    assert "b" in documents
    assert (len(documents) > 100) == (damage in ("cut", "garbled"))
    assert skipped["a.jsonl.gz"].startswith("it is empty" if damage == "empty" else "it is damaged: ")
    assert count([tmp_path]) == len(documents) + len(skipped)


@pytest.mark.faults
@pytest.mark.slow
def test_a_file_that_unpacks_without_end_is_left_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "_SMALL", 100_000)
    row = b'{"id": "a", "text": "One."}\n'
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(row + b"\n" * 20_000_000))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(row.replace(b"a", b"b") + b"x" * 20_000_000))
    documents, skipped = _read(tmp_path)
    assert list(documents) == ["a", "b"]  # what comes before the limit is read
    assert all("it unpacks to more than " in reason for reason in skipped.values())
    assert list(skipped) == ["a.jsonl.gz", "b.jsonl.gz"]


def test_of_a_row_that_is_too_long_no_more_is_held_than_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE_BYTES", 50)
    lines = [b'{"id": "a", "text": "One."}', b'{"id": "b", "text": "%s"}' % (b"x" * 170), b'{"id": "c", "text": "3"}']
    for name, data in (("p.jsonl", b"\n".join(lines)), ("q.jsonl.gz", gzip.compress(b"\n".join(lines)))):
        (tmp_path / name).write_bytes(data)
        found = [(part.name, len(part.data)) for part in jsonl.parts(tmp_path / name)]
        assert found == [("line 1", len(lines[0])), ("line 2", 51), ("line 3", len(lines[2]))]
    assert _read(tmp_path)[1]["p.jsonl, line 2"] == "it has more than 50 bytes, the most that is read"


# --- what is refused


def _lying(name: str = "word/document.xml") -> bytes:
    """An archive whose member unpacks to more than its listing says."""
    data = packed({name: b"x" * 10_000})
    return data.replace(struct.pack("<I", 10_000), struct.pack("<I", 10))


def _zipped(member: bytes, **flags: int) -> bytes:
    data = bytearray(packed({"word/document.xml": member}))
    directory = data.index(b"PK\x01\x02")
    for offset, value in flags.items():
        data[directory + int(offset[1:])] = value
    return bytes(data)


GOOD = docx(paragraph("Words."))
BOOK = epub(XHTML.format("<p>Words.</p>"))
ENTITIES = "it exceeds a parser's limit: Maximum entity amplification"
NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(3000))
BOMB = packed({"word/document.xml": b" " * 40_000_000})
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty.pdf": (b"", "it is empty"),
    "empty.docx": (b"", "it is empty"),
    "empty.html": (b"", "it is empty"),
    "blank.html": (b" \n", "it is not HTML: Document is empty"),
    "no words.html": (b"<html><body><img src=x></body></html>", "it holds no text"),
    "frames.html": (b"<frameset><frame src=x></frameset>", "it holds no text"),
    "picture.html": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "it is not text in any known encoding"),
    "picture.txt": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "it is not text in any known encoding"),
    "deep.html": (b"<div>" * 100_000 + b"words" + b"</div>" * 100_000, "it is nested too deeply"),
    "locked.pdf": (pdf(["Secret."], extra=LOCKED), "it is encrypted"),
    "scanned.pdf": (pdf([], []), "it holds no text; is it scanned?"),
    "cut.pdf": (pdf(["Words."] * 40)[:-200], "it is damaged: its end is missing"),
    "garbled.pdf": (b"%PDF-1.4\n" + b"x" * 99 + b"%%EOF", "it is damaged, or not a PDF: "),
    "text.pdf": (b"Only words.", "it is damaged, or not a PDF: "),
    "cut.docx": (GOOD[:-40], "it is damaged: "),
    "cut.epub": (BOOK[: len(BOOK) // 2], "it is damaged: "),
    "garbled.docx": (GOOD.replace(b"PK\x03\x04", b"PK\x03\x05"), "it is damaged: "),
    "no document.docx": (packed({"x": ""}), "it is damaged: 'word/document.xml' is missing"),
    "not XML.docx": (packed({"word/document.xml": "<w:document>"}), "its XML is damaged: "),
    "no words.docx": (docx(""), "it holds no text; is it scanned?"),
    "locked.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "it is encrypted"),
    "old.docx": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "it is an old .doc file, not a .docx file"),
    "locked member.docx": (_zipped(b"<x/>", _8=1), "it is encrypted"),
    "odd method.docx": (_zipped(b"<x/>", _10=12), "it is packed by method 12, which is not read"),
    "lying.docx": (_lying(), "it is damaged: "),
    "billion.docx": (packed({"word/document.xml": BILLION}), ENTITIES),
    "entity.docx": (
        packed({"word/document.xml": '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'}),
        "its XML declares entities, which may unpack without end",
    ),
    "deep.docx": (packed({"word/document.xml": "<a>" * 9999 + "</a>" * 9999}), "it is nested too deeply"),
    "billion.epub": (epub(BILLION), ENTITIES),
    "no package.epub": (packed({"META-INF/container.xml": "<x/>"}), "it is damaged: it names no package document"),
    "no words.epub": (epub(XHTML.format("")), "it holds no text"),
    "no mail.eml": (b"Only words.", "it is not an e-mail: it has none of the headers From, Date, Subject, Message-ID"),
    "no words.eml": (b"Subject: S\n\n \n", "its body holds no text"),
    "locked.eml": (b"Subject: S\nContent-Type: multipart/encrypted; boundary=b\n\n--b--\n", "it is encrypted"),
    "deep.eml": (b"Subject: S\n" + NESTED, "it is nested too deeply"),
}  # fmt: skip


def test_what_is_refused_is_named_with_the_reason_and_all_else_is_read(tmp_path: Path) -> None:
    for name, (data, _) in REFUSED.items():
        (tmp_path / name).write_bytes(data)
    good = {"a.html": ARTICLE.encode(), "n.docx": GOOD, "o.epub": BOOK, "y.pdf": pdf(["Words."]), "z.eml": LETTER}
    for name, data in good.items():
        (tmp_path / name).write_bytes(data)
    documents, skipped = _read(tmp_path)
    assert set(documents) == {"a", "n", "o", "y", "z"}
    assert set(skipped) == set(REFUSED)
    assert {name: reason for name, reason in skipped.items() if not reason.startswith(REFUSED[name][1])} == {}
    assert count([tmp_path]) == len(REFUSED) + len(good)


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    def unpacked(*_: object) -> None:
        raise AssertionError("it was unpacked")

    bomb = archive.Archive(BOMB, limit=39_999_999)
    with monkeypatch.context() as patch:
        patch.setattr(zipfile.ZipFile, "open", unpacked)
        with pytest.raises(DocumentError, match=r"^its archive unpacks to more than 39,999,999 bytes$"):
            bomb.read("word/document.xml")


def test_what_is_read_twice_counts_twice_and_archives_inside_are_not_opened() -> None:
    nested = packed({"a": "x" * 60, "inner.zip": BOMB})
    opened = archive.Archive(nested, limit=119)
    assert opened.read("a") == b"x" * 60
    with pytest.raises(DocumentError, match="unpacks to more than 119 bytes"):
        opened.read("a")
    chapter = XHTML.format("<p>Words.</p>")
    assert epub_format.extract(epub(chapter, OEBPS__inner_zip=BOMB)).text == "Words."


def test_a_member_never_unpacks_to_more_than_its_listing_says() -> None:
    with pytest.raises(DocumentError, match=r"^it is damaged: "):
        archive.Archive(_lying("a"), limit=100).read("a")


@pytest.mark.parametrize("parse", [parse_xml, parse_xhtml])
def test_entities_of_a_files_own_are_never_expanded(parse: object) -> None:
    assert callable(parse)
    with pytest.raises(DocumentError, match=r"declares entities"):
        parse(b'<!DOCTYPE x [<!ENTITY e "words">]><x>&e;</x>')


# --- any bytes


@settings(max_examples=60)
@given(
    ending=st.sampled_from(known_endings()),
    start=st.sampled_from(
        [b"", b"%PDF-1.4\n", b"PK\x03\x04", b"Subject: s\n\n", b"<html><p>", GOOD[:300], BOOK[:-9], b"\x1f\x8b"]
    ),
    rest=st.binary(max_size=300),
)
def test_any_bytes_become_documents_or_are_skipped(
    extractor: Extractor, tmp_path_factory: pytest.TempPathFactory, ending: str, start: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(start + rest + b"%%EOF" * (start[:4] == b"%PDF"))
    for _, item in load_file(path, "any", extractor):
        assert isinstance(item, (Document, Skipped))
        if isinstance(item, Skipped):
            assert item.reason
            assert "its reader" not in item.reason


@given(st.text())
def test_a_field_is_one_line_without_control_characters(value: str) -> None:
    found = tidy(value)
    assert found is None or found == " ".join(found.split())
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in found or "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024-03-21", date(2024, 3, 21)),
        (" 2024-03-21T23:30:00Z", date(2024, 3, 21)),
        ("2024-02-30", None),
        ("2024-03-211", None),
        ("2024-03", None),
        ("0000-01-01", None),
        (None, None),
    ],
)
def test_a_day_is_read_or_is_none(value: str | None, expected: date | None) -> None:
    assert day(value) == expected


@pytest.mark.parametrize("pages", [(1,), (0, 5, 5), (0, 7, 3), (0, 99)])
def test_pages_that_are_none_are_refused(pages: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="not the beginnings of pages in 12 code points"):
        Extracted("Twelve chars", pages=pages)


def test_text_in_another_encoding_is_read_in_the_child_too(extractor: Extractor) -> None:
    assert extractor.extract(text_format.__name__, "It’s the café.".encode("cp1252")) == Extracted(
        "It’s the café.", encoding="cp1252"
    )


def test_only_a_declaration_at_the_very_beginning_is_taken_away() -> None:
    """Looked for everywhere, blanks without one took time by their square."""
    assert markup._DECLARATION.pattern.startswith(r"\A")
    assert markup._DECLARATION.sub("", " \n<?xml version='1.0'?><p>a</p>", count=1) == "<p>a</p>"
    assert markup._DECLARATION.sub("", "<p> <?xml a?></p>", count=1) == "<p> <?xml a?></p>"

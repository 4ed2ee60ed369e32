"""A file of each format, and what becomes of it when its bytes are changed by chance."""

from __future__ import annotations

import gzip
import random
import zipfile
from io import BytesIO

from support.made_files import docx, epub, odp, ods, odt, packed, paragraph, pdf, placed_pdf, xlsx
from support.made_msg import compound, message

ROWS = (
    '<row r="1"><c r="A1" t="str"><v>Port</v></c><c r="B1"><v>12</v></c></row><row r="2"><c r="A2"><v>3.5</v></c></row>'
)
SLIDES = {
    "ppt/presentation.xml": '<p xmlns:r="r"><sldId r:id="r2"/></p>',
    "ppt/_rels/presentation.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="r2" Type="x/slide" Target="slides/a.xml"/></Relationships>',
    "ppt/slides/a.xml": "<sld><sp><p><r><t>Herons nest in May.</t></r></p></sp></sld>",
}
CHAPTER = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body><p>Herons nest.</p></body></html>'
TABLE = (
    '<table:table table:name="a"><table:table-row><table:table-cell><text:p>Herons</text:p></table:table-cell>'
    "</table:table-row></table:table>"
)
MAIL = (
    b"From: a@b.example\r\nSubject: =?utf-8?q?V=C3=B6gel?=\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; "
    b"charset=utf-8\r\n\r\nHerons nest in May.\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>Herons "
    b"<b>nest</b>.</p>\r\n--x--\r\n"
)
MADE: dict[str, bytes] = {
    "a.txt": "Heron report\n\n1. Nests\n2. Eggs\n\nDie Störche brüten im Mai. “Yes,” he said.".encode(),
    "latin.txt": "Die Störche brüten im Frühling auf den Dächern der Stadt, wie jedes Jahr.".encode("latin-1"),
    "a.md": b"---\ntitle: Birds\ndate: 2026-03-01\n---\n# Cranes\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n> Herons.\n\n"
    b"- x\n",
    "a.html": b"<html><head><title>T</title></head><body><article><h1>Birds</h1><table><tr><th>a</th><td>1</td>"
    b"</tr></table>"
    b"<p>Herons nest in May, says the warden of the marsh.</p></article></body></html>",
    "a.pdf": pdf(["Storks return."], ["Herons nest in May."]),
    "placed.pdf": placed_pdf([(72, 700, 12, "Herons nest"), (72, 680, 12, "in May.")]),
    "a.docx": docx(paragraph("Herons ", "nest in May.") + paragraph("1. Eggs"), footnotes=paragraph("A note.")),
    "a.epub": epub(CHAPTER, CHAPTER),
    "a.eml": MAIL,
    "a.msg": compound(message(strings={0x37: "Birds", 0x1000: "Herons nest in May.\r\nStorks return."})),
    "a.mhtml": MAIL.replace(b"multipart/mixed", b"multipart/related"),
    "a.mbox": b"From a Mon Mar  2 10:00:00 2026\n" + MAIL.replace(b"\r\n", b"\n") + b"\nFrom b\n" + MAIL,
    "a.csv": b'port,tons\n"Lamu, old",12\n"Kilifi ""new""",3.5\n',
    "a.xlsx": xlsx(ROWS),
    "a.pptx": packed(dict(SLIDES)),
    "a.ods": ods(TABLE),
    "a.odt": odt("<text:h>Birds</text:h><text:p>Herons <text:span>nest</text:span>.</text:p>"),
    "a.odp": odp("<draw:page><draw:frame><text:p>Herons nest.</text:p></draw:frame></draw:page>"),
    "a.rtf": rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\b Herons}\par nest in \u77?ay\'e9.\trowd a\cell b\cell\row}",
    "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\nHerons nest\n\n2\n00:00:02,000 --> 00:00:03,500\n<i>in May.</i>\n",
    "a.vtt": b"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Herons nest\n",
    "a.jsonl": b'{"id": "a", "text": "Herons nest.", "date": "2026-03-01"}\n{"id": "b", "text": "Storks return."}\n',
    "a.jsonl.gz": gzip.compress(b'{"id": "packed", "text": "Herons nest in May."}\n'),
}  # fmt: skip
ODD = [
    *(
        b"\0",
        b"<",
        b">",
        b"&",
        b"&#0;",
        b"&#x110000;",
        b"<![CDATA[",
        b"]]>",
        b'"',
        b"'",
        b"\\",
        b"{",
        b"}",
        b"\xff\xfe",
    ),
    *(b"-1", b"0", b"9" * 400, b"1e999", b"NaN", b"null", b"%s%n", b"\r", b"\n", b"\n\n", b"\xed\xa0\x80", b"\xf0\x9f"),
    *(b"/Length 99999999", b"stream", b"endobj", b"<<", b">>", b"\\bin999999999 ", b"\\u-99999?", b"\\'zz", b"\\ud800"),
    *(b"=?utf-7?b?////?=", b"boundary=", b"charset=x-unknown", b"--x", b"2026-13-45", b"00:99:99,999 --> ", b" " * 300),
]


def mutated(name: str, chance: random.Random) -> bytes:
    """The bytes of the made file of this name, changed; those of a package, or of what is packed, mostly inside."""
    data = MADE[name]
    if chance.random() < 0.2:
        return _changed(data, chance)
    if name.endswith(".gz"):
        return gzip.compress(_changed(gzip.decompress(data), chance))
    if not zipfile.is_zipfile(BytesIO(data)):
        return _changed(data, chance)
    with zipfile.ZipFile(BytesIO(data)) as archive:
        members: dict[str, str | bytes] = {one: archive.read(one) for one in archive.namelist()}
    chosen = chance.choice(sorted(members))
    members[chosen] = _changed(archive_member(members[chosen]), chance)
    if chance.random() < 0.1:
        del members[chance.choice(sorted(members))]
    return packed(members)


def archive_member(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _changed(data: bytes, chance: random.Random) -> bytes:
    """A few changes: something odd put in, a piece doubled, cut out, turned around or taken from another file, bytes
    that are others, an end that is missing."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 3, 8])):
        at = chance.randrange(len(changed) + 1)
        until = min(len(changed), at + chance.choice([1, 2, 5, 20, 200]))
        kind = chance.randrange(7)
        if kind == 0:
            changed[at:at] = chance.choice(ODD)
        elif kind == 1:
            changed[at:at] = changed[at:until] * chance.choice([1, 2, 50])
        elif kind == 2:
            del changed[at:until]
        elif kind == 3:
            changed[at:until] = changed[at:until][::-1]
        elif kind == 4:
            other = MADE[chance.choice(sorted(MADE))]
            start = chance.randrange(len(other))
            changed[at:until] = other[start : start + chance.choice([5, 50, 500])]
        elif kind == 5 and at < until:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 6 and chance.random() < 0.3:
            del changed[at:]
    return bytes(changed)

"""What is built into a DOCX file from a file of another kind (ECMA-376 part 1, 17.17.2), as text for its place."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import replace

from citeqa.index.documents.layout.finding import text_structure
from citeqa.index.errors import DocumentError
from citeqa.index.formats import mail, rtf
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.extracted import Extracted
from citeqa.index.formats.inline import write_inline
from citeqa.index.formats.markup import parse_xhtml
from citeqa.index.formats.markup_lines import laid_out

_WEB, _PLAIN, _MAIL = {".html", ".htm", ".xhtml"}, {".txt", ".text"}, {".mht", ".mhtml"}
_WORD, _RICH = {".docx", ".docm", ".dotx", ".dotm"}, {".rtf"}


def built_in(name: str, data: bytes, read_word: Callable[[bytes], Extracted]) -> Extracted:
    """The words and the structure of such a part: HTML, MHTML, plain text, RTF, or DOCX, which `read_word` reads. Its
    headers and footers are words like others here.

    Args:
        name: what it is called in the archive; its ending says what it is, unless it begins as HTML or RTF does.

    Raises:
        DocumentError: if it is of another kind, or cannot be read.
    """
    ending = posixpath.splitext(name)[1].lower()
    beginning = data.lstrip()[:15].lower()
    if ending in _RICH or beginning.startswith(b"{\\rtf"):
        return _stripped(rtf.extract(data))
    if ending in _WORD:
        return _stripped(read_word(data))
    if ending in _WEB or beginning.startswith((b"<html", b"<!doctype html")):
        page = parse_xhtml(data)
        write_inline(page)
        text, structure = laid_out(page)
        return Extracted(text, structure=structure)
    if ending in _PLAIN:
        text = decode(data)[0].strip()
        return Extracted(text, structure=text_structure(text))
    if ending in _MAIL:
        return _stripped(mail.extract(b"Subject: \n" + data))
    raise DocumentError("it is built in from a file of another kind")


def _stripped(found: Extracted) -> Extracted:
    """What a format gives, without white space around it."""
    before = len(found.text) - len(found.text.lstrip())
    moved = found.structure.shifted(-before) if found.structure else found.structure
    return replace(found, text=found.text.strip(), structure=moved, boilerplate=(), pages=())

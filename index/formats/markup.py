"""HTML and XML: parsing pages that may be hostile."""

from __future__ import annotations

import codecs
import re
from html.entities import html5
from typing import Any

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from citeqa.index.errors import DocumentError
from citeqa.index.formats.decoding import decode

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # no characters of XML
_DECLARATION = re.compile(r"\A\s*<\?xml[^>]*\?>")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*;)")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_DECLARED = re.compile(
    rb"""<meta[^>]{0,400}?charset\s*=\s*["']?\s*(?P<meta>[\w.:-]+)|<\?xml[^>]{0,200}?encoding\s*=\s*["'](?P<xml>[\w.:-]+)""",
    re.IGNORECASE,
)
_DECLARED_WITHIN = 4096  # bytes
# Browsers read these labels as supersets of what they say (WHATWG Encoding Standard, section 4.2).
_SUPERSETS = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
}  # fmt: skip


def local(element: Any) -> str:
    """An element's name without its namespace; empty for a comment or a processing instruction."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def child_of(element: Any, name: str) -> Any:
    """The first child of this name, whatever namespace it is in; None if there is none, or no element."""
    return None if element is None else next((child for child in element if local(child) == name), None)


def value_of(element: Any, name: str) -> str:
    """An attribute's value, whatever namespace the attribute is in; empty if there is none, or no element."""
    if element is None:
        return ""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a page and the name of its encoding: by its byte-order mark, as UTF-8 if it is UTF-8, by its own
    declaration, else by detection.

    Raises:
        DocumentError: if it is not text in any known encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _as(data, "utf-16") or decode(data)
    found = _DECLARED.search(data, 0, _DECLARED_WITHIN)
    declared = (found["meta"] or found["xml"]).decode("ascii", "replace") if found else ""
    if declared.lower().startswith("iso-2022"):  # these use seven bits, and so look like UTF-8
        return _as(data, declared) or decode(data)
    return _as(data, "utf-8") or _as(data, declared) or decode(data)


def _as(data: bytes, label: str) -> tuple[str, str] | None:
    try:
        name = codecs.lookup(label).name
        name = _SUPERSETS.get(name, name)
        return data.decode(name).removeprefix("\ufeff"), name
    except (LookupError, UnicodeError, ValueError):
        return None


def parse_html(text: str) -> Any:
    """The tree of a page.

    Raises:
        DocumentError: if it is empty, or nested deeper than the parser goes, so that words would be lost.
    """
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        tree = document_fromstring(text.encode("utf-8"), parser=parser)
    except etree.LxmlError as error:
        raise DocumentError(f"it is not HTML: {error}") from None
    _check_limits(parser)
    for stray in list(tree.itersiblings()):  # text after </html> belongs to the body (HTML standard, 13.2.6.4.22)
        body = tree.find("body")
        (tree if body is None else body).append(stray)
        stray.tag = "div"
    if "&#" in text or _UNWRITABLE.search(text):
        _make_writable(tree)
    return tree


def _make_writable(tree: Any) -> None:
    """Put spaces in place of control characters, which the HTML parser lets in but nobody can write into a tree."""
    for element in tree.iter():
        element.text, element.tail = (
            _UNWRITABLE.sub(" ", part) if part and _UNWRITABLE.search(part) else part
            for part in (element.text, element.tail)
        )
        for name, value in element.attrib.items():
            if _UNWRITABLE.search(value):
                element.attrib[name] = _UNWRITABLE.sub(" ", value)


def _check_limits(parser: Any) -> None:
    for entry in parser.error_log:
        if entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            deep = "depth" in entry.message.lower()
            raise DocumentError("it is nested too deeply" if deep else f"it exceeds a parser's limit: {entry.message}")


def parse_xml(data: bytes) -> Any:
    """The root of an XML file that may be hostile: nothing outside it is loaded, and its own entities are not expanded.

    Raises:
        DocumentError: if it is damaged, nested too deeply, or declares entities.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(data, parser=parser)
    except etree.LxmlError as error:
        _check_limits(parser)
        raise DocumentError(f"its XML is damaged: {error}") from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise DocumentError("its XML declares entities, which may unpack without end")
    return root


def parse_xhtml(data: bytes) -> Any:
    """The root of a page that should be XML: read as XML with HTML's named characters, else as HTML.

    Raises:
        DocumentError: if it is neither, or declares entities.
    """
    text = _DECLARATION.sub("", decoded(data)[0], count=1)
    try:
        return parse_xml(_ENTITY.sub(_named, text).encode("utf-8"))
    except DocumentError as error:
        if not str(error).startswith("its XML is damaged"):
            raise
    return parse_html(text)


def _named(found: re.Match[str]) -> str:
    return found[0] if found[1] in _XML_ENTITIES else html5.get(found[1], found[0])

"""HTML and XML: parsing pages that may be hostile, and turning their trees into lines of text."""

from __future__ import annotations

import codecs
import re
from html.entities import html5
from typing import Any

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from citeqa.index.errors import DocumentError
from citeqa.index.formats.decoding import decode

# The elements that begin a line: HTML's, and those that trafilatura writes (head, item, list, quote, row).
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre", "section",
    "summary", "table", "tbody", "tfoot", "thead", "ul", "head", "item", "list", "quote",
}  # fmt: skip
_ROWS = {"tr", "row"}
_CELLS = {"td", "th", "cell"}
_BREAKS = {"br", "lb"}
# Never shown as text: programs, styles, and ruby readings, which would stand inside the words.
_UNSEEN = {
    "script", "style", "template", "noscript", "title", "iframe", "object", "audio", "video", "canvas", "svg", "rt",
    "rp",
}  # fmt: skip

_SPACE = re.compile(r"[ \t\n\r\f]+")
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
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


class Lines:
    """Builds text from words, line breaks and cells, without blank lines and without blanks around lines."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._row = 0

    def words(self, text: str) -> None:
        """Add text in which white space only separates words."""
        text = _SPACE.sub(" ", text)
        if not self._pieces or self._pieces[-1][-1] in " \n\t":
            text = text.removeprefix(" ")
        self.verbatim(text)

    def verbatim(self, text: str) -> None:
        """Add text in which every blank counts."""
        if text:
            self._pieces.append(text)

    def line(self) -> None:
        """Begin a line, unless one has just begun, or a cell has."""
        if self._pieces and self._pieces[-1] not in ("\n", "\t"):
            self._trim()
            self._pieces.append("\n")

    def row(self) -> None:
        """Begin a row of a table."""
        while self._pieces and self._pieces[-1] in ("\t", " "):
            self._pieces.pop()
        self.line()
        self._row = len(self._pieces)

    def cell(self, first: bool) -> None:
        """Begin a cell of a row; a tab stands between two cells."""
        if not first:
            if len(self._pieces) > self._row and self._pieces[-1] == "\n":
                self._pieces.pop()
            self._trim()
            self._pieces.append("\t")

    def _trim(self) -> None:
        while self._pieces and self._pieces[-1] != "\n" and not (last := self._pieces[-1]).endswith("\t"):
            if shorter := last.rstrip(" "):
                self._pieces[-1] = shorter
                return
            self._pieces.pop()

    def __str__(self) -> str:
        return "".join(self._pieces).strip()


def local(element: Any) -> str:
    """An element's name without its namespace; empty for a comment or a processing instruction."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def text_of(root: Any) -> str:
    """The words in an element of HTML, or of the tree that trafilatura makes of it. A block or a table row is a line,
    cells are separated by tabs, and preformatted text keeps its blanks; nothing is added to the words."""
    lines, preformatted = Lines(), 0
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        name = local(element).lower()
        if event == "start":
            preformatted += name == "pre"
            _begin(lines, name, element)
            if name in _UNSEEN:
                walk.skip_subtree()
            else:
                _write(lines, element.text, preformatted)
        else:
            preformatted -= name == "pre"
            if event == "end" and name in _BLOCKS | _ROWS:
                lines.line()
            if element is not root:
                _write(lines, element.tail, preformatted)
    return str(lines)


def _begin(lines: Lines, name: str, element: Any) -> None:
    if name in _ROWS:
        lines.row()
    elif name in _CELLS:
        lines.cell(first=element.getprevious() is None)
    elif name in _BLOCKS or name in _BREAKS:
        lines.line()


def _write(lines: Lines, text: str | None, preformatted: int) -> None:
    if text:
        (lines.verbatim if preformatted else lines.words)(text)


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
    return tree


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

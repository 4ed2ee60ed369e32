"""HTML and XML: parsing pages that may be hostile, and turning their trees into lines of text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import replace
from html.entities import html5
from typing import Any

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from citeqa.index.errors import DocumentError
from citeqa.index.formats.decoding import decode
from citeqa.index.formats.lines import Lines
from citeqa.index.formats.recording import MAX_ROWS_SPANNED, Recorder
from citeqa.index.structure import Structure

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
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6", "head"}
_LISTS = {"ul", "ol", "dl", "menu", "list"}
_ITEMS = {"li", "dt", "dd", "item"}
_QUOTATIONS = {"blockquote", "quote"}
_NO_SIGNS: Mapping[int, str] = {}
# Never shown as text: programs, styles, and ruby readings, which would stand inside the words.
_UNSEEN = {
    "script", "style", "template", "noscript", "title", "iframe", "object", "audio", "video", "canvas", "svg", "rt",
    "rp",
}  # fmt: skip

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


def text_of(root: Any) -> str:
    """The words in an element of HTML, or of the tree that trafilatura makes of it. A block or a table row is a line,
    cells are separated by tabs, and preformatted text keeps its blanks; nothing is added to the words."""
    return laid_out(root)[0]


def laid_out(root: Any, signs: Mapping[int, str] = _NO_SIGNS, note: str = "") -> tuple[str, Structure]:
    """The words of an element as `text_of` gives them, and their structure.

    Args:
        signs: what to put in place of characters of the words, one for one; those are preformatted.
        note: the sign around what `noted` says at the beginning of cells; empty if nothing is said there.
    """
    writing = _Writing(root, note)
    walk = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
    for event, element in walk:
        name = local(element).lower()
        if event == "start":
            writing.begin(name, element)
            if name in _UNSEEN:
                walk.skip_subtree()
            else:
                writing.write(element.text)
        else:
            writing.end(name if event == "end" else "")
            if element is not root:
                writing.write(element.tail)
    raw = writing.lines.whole()
    whole = raw.translate(signs)
    found = writing.recorder.structure(whole)
    quoted = tuple(span for span in found.quotations if not any(ord(c) in signs for c in raw[span.start : span.end]))
    found = replace(found, quotations=quoted) if signs else found
    before = len(whole) - len(whole.lstrip())
    return whole.strip(), found.shifted(-before) if found and before else found


def noted(sign: str, *, header: bool = False, rows: int = 1, columns: int = 1, caption: bool = False) -> str:
    """What to write at the beginning of a cell so that `laid_out` knows it, whatever becomes of the cell's element; it
    is no part of the words. Empty for an ordinary cell."""
    kind = "c" if caption else "h" if header else "d"
    spans = f"{rows}x{columns}" if rows > 1 or columns > 1 else ""
    return f"{sign}{kind}{spans}{sign}" if sign and (spans or kind != "d") else ""


class _Writing:
    """Writes a tree's elements as lines, and says to a recorder what they are."""

    def __init__(self, root: Any, note: str) -> None:
        self.lines = Lines()
        self.recorder = Recorder(self.lines)
        self._preformatted = 0
        self._laying_out = _holding_tables(root)
        self._note = re.compile(rf"{note}([chd])(?:(\d+)x(\d+))?{note}") if note else None
        self._begun: list[tuple[int, int]] = []  # where headings and quotations began, and the levels of headings
        self._defining = False  # whether a word stands before that a list of definitions explains

    def begin(self, name: str, element: Any) -> None:
        """Write what an element begins with."""
        self._preformatted += name == "pre"
        if name in _ROWS:
            self.lines.row()
            parent = element.getparent()
            self.recorder.begin_row(header=parent is not None and local(parent).lower() == "thead")
        elif name in _CELLS:
            self.lines.cell(first=element.getprevious() is None)
            rows, columns = span_of(element, "rowspan"), span_of(element, "colspan")
            header = name == "th" or element.get("role") == "head"
            self.recorder.begin_cell(rows=rows, columns=columns, header=header)
        elif name in _BLOCKS or name in _BREAKS:
            self.lines.line()
            self._begin_part(name, element)

    def _begin_part(self, name: str, element: Any) -> None:
        recorder, rendered = self.recorder, str(element.get("rend") or name)
        if name == "table":
            shown = element.get("role") not in ("presentation", "none")
            recorder.begin_table(data=shown and element not in self._laying_out)
        elif name == "caption":
            recorder.begin_caption()
        elif name in _LISTS:
            self._defining = False
            recorder.begin_list(ordered=rendered == "ol")
        elif name in _ITEMS:
            recorder.begin_item(further=rendered.startswith("dd") and self._defining)
            self._defining = rendered.startswith(("dt", "dd"))
        elif name in _HEADINGS or name in _QUOTATIONS:
            level = rendered[1:] if rendered in _HEADINGS else ""
            self._begun.append((self.lines.here, int(level) if level.isdecimal() else 2))

    def end(self, name: str) -> None:
        """Write what an element ends with; an empty name is that of a comment."""
        self._preformatted -= name == "pre"
        recorder = self.recorder
        if name in _CELLS:
            recorder.end_cell()
        elif name == "table":
            recorder.end_table()
        elif name == "caption":
            recorder.end_caption()
        elif name in _LISTS:
            recorder.end_list()
        elif name in _ITEMS:
            recorder.end_item()
        elif name in _HEADINGS:
            recorder.heading(*self._begun.pop())
        elif name in _QUOTATIONS:
            recorder.quotation(self._begun.pop()[0])
        if name in _ROWS:
            self.lines.end_row()
        elif name in _BLOCKS:
            self.lines.line()

    def write(self, text: str | None) -> None:
        """Write the words of an element, without what is noted in them."""
        if text and self._note and (found := self._note.search(text)):
            text = text[: found.start()] + text[found.end() :]
            if found[1] == "c":
                self.recorder.caption_cell()
            else:
                rows, columns = int(found[2] or 1), int(found[3] or 1)
                self.recorder.describe_cell(rows=rows, columns=columns, header=found[1] == "h")
        if text:
            (self.lines.verbatim if self._preformatted else self.lines.words)(text)


def span_of(cell: Any, name: str) -> int:
    """How many rows or columns a cell says that it spans."""
    value = (cell.get(name) or "").strip()
    return max(1, min(int(value), MAX_ROWS_SPANNED)) if value.isascii() and value.isdecimal() and len(value) < 7 else 1


def _holding_tables(root: Any) -> set[Any]:
    """The tables that hold other tables: they lay out a page."""
    found = set()
    for table in root.iter("{*}table"):
        for around in table.iterancestors("{*}table"):
            if around in found:
                break
            found.add(around)
    return found


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

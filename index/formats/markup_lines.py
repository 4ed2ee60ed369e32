"""Trees of HTML become lines of text with their structure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lxml import etree

from citeqa.index.formats.lines import Lines
from citeqa.index.formats.markup import local
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

"""OpenDocument (ISO/IEC 26300): what its texts, sheets and slides have in common."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from lxml import etree

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.composing import Composer, Filled
from citeqa.index.formats.extracted import somebody, written_on
from citeqa.index.formats.formulas import linear
from citeqa.index.formats.markup import local, parse_xml
from citeqa.index.formats.raised import subscript, superscript, with_fractions

MAX_CELLS_REPEATED, MAX_ROWS_REPEATED = 100, 1000  # times that a filled cell or row is read; more say nothing new
# Never shown in their place: remarks, deleted text, readings of ruby, drawings' descriptions, notes' marks.
_UNSEEN = {
    "annotation", "annotation-end", "tracked-changes", "ruby-text", "desc", "title", "note-citation", "forms",
    "sequence-decls", "event-listeners", "shapes",
}  # fmt: skip
_BLOCKS = {"p", "h"}


class Content:
    """The content of an OpenDocument file. Notes to the text are collected in `notes_below`.

    Raises:
        DocumentError: if it is encrypted or damaged.
    """

    def __init__(self, data: bytes) -> None:
        self._archive = Archive(data)
        manifest = self._part("META-INF/manifest.xml")
        if manifest is not None and any(local(element) == "encryption-data" for element in manifest.iter()):
            raise DocumentError("it is encrypted")
        root = parse_xml(self._archive.read("content.xml"))
        self._raised = dict[str, str]()
        for styles in (self._part("styles.xml"), root):
            self._raised |= _raised(styles)
        self.body = next((element for element in root if local(element) == "body"), root)
        self.notes_below: list[str] = []

    def _part(self, name: str) -> Any:
        return parse_xml(self._archive.read(name)) if name in self._archive else None

    def described(self) -> tuple[str | None, str | None, date | None]:
        """Title, author and day as the file says them."""
        meta = self._part("meta.xml")
        found = {} if meta is None else {local(element): element.text for element in meta.iter()}
        author = somebody(found.get("creator")) or somebody(found.get("initial-creator"))
        return somebody(found.get("title")), author, written_on(found.get("date")) or written_on(
            found.get("creation-date")
        )  # fmt: skip

    def words(self, element: Any) -> str:
        """The words of a paragraph, heading or cell: blanks as they are shown, line breaks and inner paragraphs as
        lines, what is raised or lowered as `raised` says. Tables inside are left to others."""
        pieces = list[str]()
        self._write(element, pieces)
        return with_fractions("".join(pieces)).strip()

    def _write(self, element: Any, pieces: list[str]) -> None:
        walk = etree.iterwalk(element, events=("start", "end"))
        raised = list[tuple[Any, str, int]]()  # the spans that are raised, and where their words begin
        for event, one in walk:
            kind = local(one)
            if event == "start":
                if kind in _UNSEEN or kind == "note" or (kind == "object" and one is not element):
                    self._aside(kind, one, pieces)
                    walk.skip_subtree()
                    continue
                if kind in _BLOCKS and one is not element and pieces and pieces[-1] != "\n":
                    pieces.append("\n")
                self._begin(kind, one, pieces)
                if kind == "span" and (how := self._raised.get(attribute(one, "style-name"), "")):
                    raised.append((one, how, len(pieces)))
                pieces.append(_blanks(one.text))
            else:
                if raised and raised[-1][0] is one:
                    _, how, at = raised.pop()
                    pieces[at:] = [{"super": superscript, "sub": subscript}[how]("".join(pieces[at:]))]
                if kind in _BLOCKS and one is not element:
                    pieces.append("\n")
                if one is not element:
                    pieces.append(_blanks(one.tail) if local(one.getparent()) in {*_BLOCKS, "span", "a"} else "")

    def _begin(self, kind: str, one: Any, pieces: list[str]) -> None:
        if kind == "tab":
            pieces.append(" ")
        elif kind == "line-break":
            pieces.append("\n")
        elif kind == "s":
            pieces.append(" " * min(count(one, "c"), 100))

    def _aside(self, kind: str, one: Any, pieces: list[str]) -> None:
        """Write what stands in place of a note or an object."""
        if kind == "note":
            mark = next(("".join(e.itertext()) for e in one if local(e) == "note-citation"), "")
            body = next((self.words(e) for e in one if local(e) == "note-body"), "")
            pieces.append(superscript(mark.strip()))
            if body:
                self.notes_below.append(f"{superscript(mark.strip())} {body}".strip())
        elif kind == "object" and (math := next((e for e in one.iter() if local(e) == "math"), None)) is not None:
            pieces.append(linear(math))


def attribute(element: Any, name: str) -> str:
    """An attribute's value, whatever namespace the attribute is in; empty if there is none."""
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")


def count(element: Any, name: str) -> int:
    """An attribute that counts; 1 if there is none."""
    value = attribute(element, name)
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 10 and int(value) else 1


def cells(table: Any, content: Content) -> Iterator[Filled]:
    """The filled cells of a table, row by row; those that are repeated more often, as often as is read."""
    at_row = 0
    for row in _rows(table):
        repeated, filled = count(row, "number-rows-repeated"), list[Filled]()
        at_column = 0
        for cell in row:
            kind = local(cell)
            if kind not in ("table-cell", "covered-table-cell"):
                continue
            times = count(cell, "number-columns-repeated")
            if kind == "table-cell" and (text := content.words(cell)):
                reach = (count(cell, "number-rows-spanned"), count(cell, "number-columns-spanned"))
                filled += [Filled(at_row, at_column + n, text, *reach) for n in range(min(times, MAX_CELLS_REPEATED))]
            at_column += times
        if filled:
            for n in range(min(repeated, MAX_ROWS_REPEATED)):
                yield from (cell._replace(row=at_row + n) for cell in filled)
        at_row += repeated


def _rows(table: Any) -> Iterator[Any]:
    """The rows of a table, those of its groups and header included, not those of tables in its cells."""
    walk = etree.iterwalk(table, events=("start",))
    for _, element in walk:
        kind = local(element)
        if kind == "table-row":
            yield element
            walk.skip_subtree()


def header_rows(table: Any) -> int | None:
    """How many rows a table says that name its columns; None if it does not say."""
    found = sum(
        1 for group in table.iter() if local(group) == "table-header-rows" for row in group if local(row) == "table-row"
    )
    return found or None


def _raised(styles: Any) -> dict[str, str]:
    """The styles of characters that are raised ("super") or lowered ("sub")."""
    found = dict[str, str]()
    for style in () if styles is None else styles.iter():
        if local(style) == "style":
            for properties in style:
                how = attribute(properties, "text-position").split()
                if how and (how[0] in ("super", "sub") or how[0].rstrip("%").lstrip("-").isdecimal()):
                    up = how[0] == "super" or (how[0] not in ("sub", "0%") and not how[0].startswith("-"))
                    if how[0] != "0%":
                        found[attribute(style, "name")] = "super" if up else "sub"
    return found


def _blanks(text: str | None) -> str:
    """White space as it is shown: any of it is one blank."""
    if not text:
        return ""
    inner = " ".join(text.split())
    before, after = text[:1].isspace(), text[-1:].isspace()
    return (" " if before else "") + inner + (" " if after and inner else "")


class Blocks:
    """Writes paragraphs, headings, lists and tables of a text or a slide."""

    def __init__(self, content: Content, composer: Composer) -> None:
        self._content = content
        self._composer = composer

    def write(self, root: Any) -> None:
        """Write everything in an element, in its order."""
        walk = etree.iterwalk(root, events=("start", "end"))
        depth = 0
        for event, element in walk:
            kind = local(element)
            if kind == "list":
                depth += 1 if event == "start" else -1
            if event == "end":
                continue
            if kind in _UNSEEN:
                walk.skip_subtree()
            elif kind in _BLOCKS:
                self._paragraph(element, kind, depth)
                walk.skip_subtree()
            elif kind == "table":
                self._composer.table(list(cells(element, self._content)), header=header_rows(element))
                walk.skip_subtree()

    def _paragraph(self, element: Any, kind: str, depth: int) -> None:
        text = self._content.words(element)
        if kind == "h" and text:
            self._composer.heading(" ".join(text.split()), min(count(element, "outline-level"), 9))
        elif depth:
            self._composer.item(text, depth - 1)
        else:
            self._composer.line(text)

"""Pages are rewritten before trafilatura looks for their main content, so that it does not lose parts of that content:
captions, asides and closing lines of an article, lists in the cells of a table, the lines of preformatted text, and the
words of inline elements that it takes for controls."""

from __future__ import annotations

from typing import Any, NamedTuple

from citeqa.index.formats.markup_lines import noted, span_of, text_of

# One of the characters of each row stands for a newline, a blank, a tab; those of a page that uses them are left alone.
_STANDS_FOR = {"\n": "␤⏎↵⤶", " ": "␠␣⎵⍽", "\t": "␉⇥↹⭾"}
_NOTES = "␟⍰⌸⎄"  # one of these stands around what is noted of a cell
_CONTROLS = ("time", "label", "output", "dialog", "fieldset", "legend")  # their words are content inside a text
_BLOCKS = (
    "ul", "ol", "dl", "p", "div", "blockquote", "br", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "figure", "address",
    "section",
)  # fmt: skip
_LONG_CELL = 1000  # code points; a cell with more is part of a page's layout, not of a table
_MOST_SPANNED = 20_000  # places of a table that its cells reach over; trafilatura fills each, in quadratic time
_SHORT_FOOTER = 300  # code points
_MOST_LINKED = 0.5  # of the words of an aside: with more in links, it leads elsewhere


class Kept(NamedTuple):
    """What was written into a page's tree: what to put in place of characters of its content when that has been found,
    and the sign around what is noted of cells (see `markup.laid_out`)."""

    signs: dict[int, str]
    note: str


def keep_content(tree: Any, text: str) -> Kept:
    """Rewrite a page's tree in place. `text` is the page as it was parsed."""
    for element in list(tree.iter("figure", "aside", "footer", *_CONTROLS)):
        _keep(element)
    for caption in tree.xpath("//figcaption | //*[contains(@class, 'caption')]"):
        _lose_looks(caption)
    for table in tree.iter("table"):
        if _is_data(table):
            for cell in list(table.iter("td", "th")):
                _flatten(cell)
    stands_for = {key: next((sign for sign in signs if sign not in text), key) for key, signs in _STANDS_FOR.items()}
    for block in list(tree.iter("pre")):
        _keep_lines(block, stands_for)
    note = next((sign for sign in _NOTES if sign not in text), "")
    for cell in tree.iter("td", "th", "caption"):
        _note(cell, note)
    for table in tree.iter("table"):
        _limit_spans(table)
    return Kept({ord(sign): key for key, sign in stands_for.items() if sign != key}, note)


def _note(cell: Any, sign: str) -> None:
    """Write into a cell what trafilatura forgets of it: that it names a row or a column, and what it spans."""
    if len(cell) == 0 and not (cell.text or "").strip():
        return
    around = cell.getparent().getparent() if cell.getparent() is not None else None
    header = cell.tag == "th" or (around is not None and around.tag == "thead")
    rows, columns = span_of(cell, "rowspan"), span_of(cell, "colspan")
    said = noted(sign, header=header, rows=rows, columns=columns, caption=cell.tag == "caption")
    cell.text = said + (cell.text or "") if said else cell.text


def _limit_spans(table: Any) -> None:
    """Let no cell of a table reach over others, where they would reach over more than a table can have."""
    cells = list(table.iter("td", "th"))
    if sum(span_of(cell, "rowspan") * span_of(cell, "colspan") - 1 for cell in cells) > _MOST_SPANNED:
        for cell in cells:
            for name in ("rowspan", "colspan"):
                cell.attrib.pop(name, None)


def _keep(element: Any) -> None:
    """Make an element an ordinary one where it is part of the content."""
    if element.tag == "figure":
        if element.find(".//figcaption") is not None:
            element.tag = "div"
    elif element.tag in ("aside", "footer"):
        inside = any(True for _ in element.iterancestors("article", "main"))
        if inside and _is_prose(element) and (element.tag == "aside" or len(_text(element)) <= _SHORT_FOOTER):
            element.tag = "div"
            _lose_looks(element)
    elif any(True for _ in element.iterancestors("p", "li", "td", "th", "dd", "figcaption", "blockquote")):
        element.tag = "span"


def _is_prose(element: Any) -> bool:
    """Whether an element's words are mostly outside of links, and it holds no controls."""
    linked = sum(len(_text(link)) for link in element.iter("a"))
    return linked <= _MOST_LINKED * len(_text(element)) and element.find(".//form") is None


def _text(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _lose_looks(element: Any) -> None:
    """Drop the attributes by which pages are styled, and content is told from its surroundings."""
    if element.tag in ("figcaption", "caption") or element.tag in ("div", "p", "span"):
        for name in ("class", "id", "role", "style"):
            element.attrib.pop(name, None)
    if element.tag == "figcaption":
        element.tag = "p"


def _is_data(table: Any) -> bool:
    """Whether a table holds data: no other table, no headings, and nothing long."""
    if table.find(".//table") is not None or table.get("role") in ("presentation", "none"):
        return False
    cells = list(table.iter("td", "th"))
    return all(len(_text(cell)) <= _LONG_CELL for cell in cells)


def _flatten(cell: Any) -> None:
    """Leave only words in a cell that holds blocks: trafilatura reads no lists, quotes or lines in cells."""
    if next(cell.iter(*_BLOCKS), None) is not None:
        words = " ".join(text_of(cell).split())
        tail, attributes = cell.tail, dict(cell.attrib)
        cell.clear()
        cell.attrib.update(attributes)
        cell.text, cell.tail = words, tail


def _keep_lines(block: Any, stands_for: dict[str, str]) -> None:
    """Write the line breaks and blanks of preformatted text as characters that are never collapsed."""
    table = str.maketrans(stands_for)
    for element in list(block.iter()):
        if element.tag == "br":
            element.tag, element.text = "span", "\n"
        element.text = _translated(element.text, table)
        if element is not block:
            element.tail = _translated(element.tail, table)
    if block.text:
        block.text = block.text.removeprefix(stands_for["\n"])  # HTML standard, 13.1.2.5


def _translated(text: str | None, table: dict[int, str]) -> str | None:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(table) if text else text

"""PPTX (Office Open XML presentations): a slide is a page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.composing import Composer, Filled
from citeqa.index.formats.extracted import Extracted, somebody, written_on
from citeqa.index.formats.formulas import linear
from citeqa.index.formats.markup import local, parse_xml
from citeqa.index.formats.opc import Related, main_part, opened, properties, related, relation_id
from citeqa.index.formats.raised import subscript, superscript, with_fractions

_TITLES = ("title", "ctrTitle")
_FURNITURE = ("dt", "ftr", "sldNum", "hdr")  # placeholders that are printed on every slide
_NO_TEXT = ("sldImg", *_FURNITURE)  # of notes
_TABLE = "http://schemas.openxmlformats.org/drawingml/2006/table"


def extract(data: bytes) -> Extracted:
    """In the canonical text each slide is a page: its title as a heading, then its texts in the order in which the file
    has them (a paragraph a line, table cells separated by tabs), diagrams, and the speaker's notes. Slide numbers,
    dates and footers are boilerplate. Hidden slides are read and named in `notes`; remarks, pictures, charts and
    macros are left out.

    Raises:
        DocumentError: if it is encrypted, damaged, a .ppt file, or holds no text.
    """
    archive = opened(data, ".ppt", ".pptx")
    main = main_part(archive, "ppt/presentation.xml")
    parts, composer, notes = related(archive, main), Composer(), list[str]()
    listed = [one for one in parse_xml(archive.read(main)).iter() if local(one) == "sldId"]
    hidden, furniture = list[int](), set[str]()
    for number, element in enumerate(listed, 1):
        composer.page()
        part = parts.get(relation_id(element))
        if part is None or archive.find(part.name) is None:
            notes.append(f"slide {number} is missing")
        elif _write(archive, part, composer, furniture):
            hidden.append(number)
    if hidden:
        notes.append(f"hidden slides are read too: {', '.join(map(str, hidden))}")
    structure, text = composer.structure, composer.text
    if not text:
        raise DocumentError("it holds no text; is it scanned?")
    found = properties(archive)
    return Extracted(
        text,
        title=somebody(found.get("title")),
        author=somebody(found.get("creator")),
        date=written_on(found.get("modified")) or written_on(found.get("created")),
        pages=composer.pages,
        notes=(*notes, *composer.notes),
        boilerplate=tuple(composer.boilerplate),
        structure=structure,
    )


def _write(archive: Archive, part: Related, composer: Composer, furniture: set[str]) -> bool:
    """Write a slide and its notes; whether it is hidden. What is printed on every slide is written once."""
    slide, others = parse_xml(archive.read(part.name)), related(archive, part.name)
    later = list[str]()
    shapes = list(_shapes(slide))
    titled = [shape for shape in shapes if _placeholder(shape) in _TITLES]
    for shape in [*titled, *(shape for shape in shapes if shape not in titled)]:
        kind = _placeholder(shape)
        if kind in _FURNITURE:
            later += [text for text, _, _ in _paragraphs(shape)]
        elif local(shape) == "tbl":
            composer.table(list(_cells(shape)), header=_header(shape))
        elif kind in _TITLES:
            composer.heading(" ".join(" ".join(text for text, _, _ in _paragraphs(shape)).split()), 1)
        else:
            _texts(shape, composer, listed=kind in ("body", "obj", ""))
    for other in others.values():
        if other.kind == "diagramData" and other.name in archive:
            _texts(parse_xml(archive.read(other.name)), composer, listed=False)
    for other in others.values():
        if other.kind == "notesSlide" and other.name in archive:
            for shape in _shapes(parse_xml(archive.read(other.name))):
                if _placeholder(shape) not in _NO_TEXT:
                    _texts(shape, composer, listed=False)
    for text in dict.fromkeys(later):
        if text not in furniture and not text.strip().isdecimal():
            furniture.add(text)
            composer.aside(text)
    return slide.get("show") in ("0", "false")


def _shapes(root: Any) -> Iterator[Any]:
    """The shapes and tables of a slide, those inside groups too; of alternatives the first."""
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        kind = local(element)
        if kind == "Fallback":
            walk.skip_subtree()
        elif kind == "sp" or (kind == "tbl" and element.tag.startswith(f"{{{_TABLE[:-6]}")):
            yield element
            walk.skip_subtree()


def _placeholder(shape: Any) -> str | None:
    """The kind of a placeholder, empty for the usual one; None for a shape that is none."""
    found = next((one for one in shape.iter() if local(one) == "ph"), None) if local(shape) == "sp" else None
    return None if found is None else found.get("type", "")


def _texts(root: Any, composer: Composer, *, listed: bool) -> None:
    """Write the paragraphs of a shape: as a list, if its place is that of a list and it has several, or levels."""
    found = list(_paragraphs(root))
    several = listed and sum(bool(text.strip()) for text, _, _ in found) > 1
    for text, level, ordered in found:
        if several or level:
            composer.item(text, level, ordered=ordered)
        else:
            composer.line(text)


def _paragraphs(root: Any) -> Iterator[tuple[str, int, bool]]:
    """The paragraphs in an element: text, level, and whether it is numbered."""
    for element in root.iter():
        if local(element) == "p":
            properties = next((one for one in element if local(one) == "pPr"), None)
            level = properties.get("lvl", "0") if properties is not None else "0"
            numbered = properties is not None and any(local(one) == "buAutoNum" for one in properties)
            yield _words(element), int(level) if level.isdecimal() else 0, numbered


def _words(paragraph: Any) -> str:
    """The words of a paragraph; what is raised or lowered is written as `raised` says."""
    pieces = list[str]()
    raised, pending = "", list[str]()

    def flush() -> None:
        text = "".join(pending)
        pending.clear()
        pieces.append(superscript(text) if raised == "up" else subscript(text) if raised == "down" else text)

    for run in paragraph:
        kind = local(run)
        if kind in ("r", "fld"):
            now = next((_shift(one.get("baseline", "0")) for one in run if local(one) == "rPr"), "")
            if now != raised:
                flush()
                raised = now
            pending += [one.text or "" for one in run if local(one) == "t"]
        elif kind == "br":
            pending.append("\n")
        elif (formula := next((one for one in run.iter() if local(one) == "oMath"), None)) is not None:
            flush()
            pieces.append(linear(formula))
    flush()
    return with_fractions("".join(pieces)).replace("\v", "\n")


def _shift(baseline: str) -> str:
    """How a run stands that is moved by so many thousandths of a percent."""
    number = baseline.removesuffix("%").lstrip("-")
    if not number.isdecimal() or int(number) == 0:
        return ""
    return "down" if baseline.startswith("-") else "up"


def _cells(table: Any) -> Iterator[Filled]:
    """The filled cells of a table. Cells that others reach over hold no text of their own."""
    for at_row, row in enumerate(one for one in table if local(one) == "tr"):
        for at_column, cell in enumerate(one for one in row if local(one) == "tc"):
            if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
                continue
            text = "\n".join(text for text, _, _ in _paragraphs(cell))
            yield Filled(at_row, at_column, text, _reach(cell.get("rowSpan")), _reach(cell.get("gridSpan")))


def _reach(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and 0 < int(value) < 1000 else 1


def _header(table: Any) -> int | None:
    """How many rows a table says that name its columns; None if it does not say."""
    says = next((one for one in table if local(one) == "tblPr"), None)
    return None if says is None or says.get("firstRow") is None else int(says.get("firstRow") in ("1", "true"))

"""DOCX (Office Open XML, transitional and strict): the words in the order of the document."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from lxml import etree

from citeqa.index.errors import DocumentError
from citeqa.index.formats.archive import Archive
from citeqa.index.formats.docx_paragraphs import Paragraphs
from citeqa.index.formats.docx_parts import built_in
from citeqa.index.formats.docx_writer import Writer
from citeqa.index.formats.extracted import Extracted, somebody, written_on
from citeqa.index.formats.formulas import linear
from citeqa.index.formats.markup import child_of, local, parse_xml, value_of
from citeqa.index.structure import NO_STRUCTURE, Structure, joined
from citeqa.index.types import Span

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how .doc files begin, and encrypted .docx files
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_AFTER = ("footnotes", "endnotes")  # these parts follow the body, in this order
_ON_PAGES = ("header", "footer")  # and these, which are printed on every page; each text once
# Left out: deleted and moved text, the formulas of fields, properties, the second form of drawings, ruby readings.
_UNSEEN = {
    "del", "moveFrom", "Fallback", "instrText", "delText", "delInstrText", "pPr", "rPr", "sectPr", "tblPr", "trPr",
    "tcPr", "rt",
}  # fmt: skip
_DEEPEST = 3  # files that are built into each other
_SHIFTED = 3.0  # points; text that is moved by less stands in the line


def extract(data: bytes) -> Extracted:
    """In the canonical text each paragraph is a line, and each table row a line with its cells separated by tabs. Text
    boxes stand where they are anchored. What is raised, lowered or a formula is written as `raised` and `formulas`
    say. Footnotes and endnotes follow, then page headers and footers as boilerplate, each text once. Files that are
    built in are read in their place (see `docx_parts`), or named in `notes`. Numbers of lists are not in the file;
    comments and deleted words are left out.

    Raises:
        DocumentError: if it is encrypted, damaged, too large, or holds no text.
    """
    return _extracted(data, depth=0)


def _extracted(data: bytes, *, depth: int) -> Extracted:
    """The same of a file that is built into so many others."""
    if depth > _DEEPEST:
        raise DocumentError("it is nested too deeply")
    if data.startswith(_OLD_OFFICE):
        raise DocumentError("it is encrypted" if _ENCRYPTED in data else "it is an old .doc file, not a .docx file")
    archive = Archive(data)
    related = _related(archive, "")
    main = next((part.name for part in related.values() if part.kind == "officeDocument"), "word/document.xml")
    reader = _Reader(archive, main, depth)
    read = dict([reader.text(main), *(reader.text(name) for name in reader.parts(_AFTER))])
    read.pop("", None)
    text, structure = _following(read)
    furniture = [found for name in reader.parts(_ON_PAGES) if (found := reader.text(name)[0]) and found not in read]
    text, boilerplate = _with_furniture(text, list(dict.fromkeys(furniture)))
    if not text:
        raise DocumentError("; ".join(reader.notes) or "it holds no text; is it scanned?")
    properties = _properties(archive, related)
    return Extracted(
        text,
        title=somebody(properties.get("title")),
        author=somebody(properties.get("creator")),
        date=written_on(properties.get("modified")) or written_on(properties.get("created")),
        boilerplate=boilerplate,
        notes=tuple(reader.notes),
        structure=structure,
    )


def _following(read: Mapping[str, Structure]) -> tuple[str, Structure]:
    """Texts on lines of their own as one text, and their structures as one."""
    structures, at = list[Structure](), 0
    for text, structure in read.items():
        structures.append(structure.shifted(at) if structure else structure)
        at += len(text) + 1
    return "\n".join(read), joined(structures)


def _with_furniture(text: str, furniture: list[str]) -> tuple[str, tuple[Span, ...]]:
    """The text with what is printed on every page behind it, and where that stands. It is no boilerplate where there is
    nothing else."""
    spans = []
    for found in furniture:
        start = len(text) + 1 if text else 0
        text = f"{text}\n{found}" if text else found
        spans.append(Span(start, len(text)))
    return text, tuple(spans) if spans and spans[0].start else ()


class _Part(NamedTuple):
    """A part of the archive that another one names: its kind, its name, and whether it lies in another file."""

    kind: str
    name: str


def _related(archive: Archive, part: str) -> dict[str, _Part]:
    """The parts of the archive that a part names as related, by their ids; '' stands for the whole file."""
    folder, name = posixpath.split(part)
    listing = posixpath.join(folder, "_rels", f"{name}.rels")
    if listing not in archive:
        return {}
    return {
        element.get("Id", ""): _Part(
            element.get("Type", "").rpartition("/")[2], posixpath.normpath(posixpath.join("/", folder, target))[1:]
        )
        for element in parse_xml(archive.read(listing))
        if (target := element.get("Target")) and element.get("TargetMode") != "External"
    }


class _Reader:
    """Reads the parts of a document as text. `notes` collects lines on what could not be read."""

    def __init__(self, archive: Archive, main: str, depth: int) -> None:
        self._archive, self._depth = archive, depth
        self._related = _related(archive, main)
        self._raised = self._raised_styles()
        self._paragraphs = Paragraphs(self._root("styles"), self._root("numbering"))
        self.notes: list[str] = []

    def parts(self, kinds: Sequence[str]) -> list[str]:
        """The names of the parts of these kinds, in the order of the kinds."""
        return [part.name for kind in kinds for part in self._related.values() if part.kind == kind]

    def _root(self, kind: str) -> Any:
        """The root of the part of this kind; None if there is none."""
        name = next((part.name for part in self._related.values() if part.kind == kind), "")
        return parse_xml(self._archive.read(name)) if name in self._archive else None

    def text(self, name: str) -> tuple[str, Structure]:
        """The words of a part, laid out in lines, and their structure."""
        writer = Writer(self._paragraphs)
        root = parse_xml(self._archive.read(name))
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            kind = local(element)
            if event == "end":
                writer.end(kind)
            elif kind in _UNSEEN:
                walk.skip_subtree()
            elif kind == "oMath":
                writer.formula(linear(element))
                walk.skip_subtree()
            elif kind == "altChunk":
                writer.block(*self._chunk(element))
            else:
                if kind == "r":
                    writer.align(self._alignment(element))
                writer.begin(kind, element)
        return writer.written()

    def _chunk(self, element: Any) -> tuple[str, Structure]:
        """The words and the structure of a part of another kind (ECMA-376 part 1, 17.17.2), which stands in place of an
        element."""
        reference = next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == "id"), "")
        part = self._related.get(reference)
        if part is None or self._archive.find(part.name) is None:
            self.notes.append("a part that is built in is missing")
            return "", NO_STRUCTURE
        read_word = partial(_extracted, depth=self._depth + 1)
        try:
            found = built_in(part.name, self._archive.read(part.name), read_word)
        except DocumentError as error:
            self.notes.append(f"its part {part.name!r} is not read: {error}")
            return "", NO_STRUCTURE
        self.notes += [f"its part {part.name!r}: {note}" for note in found.notes]
        return found.text, found.structure

    def _raised_styles(self) -> dict[str, str]:
        """The styles of characters that are raised or lowered, with those that are based on them."""
        styles = self._root("styles")
        if styles is None:
            return {}
        own, based = dict[str, str](), dict[str, str]()
        for style in styles:
            if local(style) == "style":
                style_id = value_of(style, "styleId")
                own[style_id] = _aligned(child_of(style, "rPr"))
                based[style_id] = value_of(child_of(style, "basedOn"), "val")
        found: dict[str, str] = {}
        for style_id in own:
            at, seen = style_id, set[str]()
            while at in own and not own[at] and at not in seen:
                seen.add(at)
                at = based[at]
            if own.get(at):
                found[style_id] = own[at]
        return found

    def _alignment(self, run: Any) -> str:
        """How a run stands: superscript, subscript, or as usual ("" or "baseline")."""
        properties = child_of(run, "rPr")
        return _aligned(properties) or self._raised.get(value_of(child_of(properties, "rStyle"), "val"), "")


def _aligned(properties: Any) -> str:
    """How a run with these properties stands; empty if they do not say."""
    return value_of(child_of(properties, "vertAlign"), "val") or _shifted(
        value_of(child_of(properties, "position"), "val")
    )


def _shifted(position: str) -> str:
    """How text stands that is moved up or down by so many half points; small moves only adjust it."""
    try:
        points = int(position) / 2 if position else 0.0
    except ValueError:
        return ""
    return "" if abs(points) < _SHIFTED else "superscript" if points > 0 else "subscript"


def _properties(archive: Archive, related: dict[str, _Part]) -> dict[str, str]:
    """What the file says about itself, by the field's name."""
    name = next((part.name for part in related.values() if part.kind == "core-properties"), None)
    if name is None or name not in archive:
        return {}
    return {local(element): element.text or "" for element in parse_xml(archive.read(name))}

"""RTF (Rich Text Format 1.9.1): the words in the order of the document."""

from __future__ import annotations

from datetime import date

from citeqa.index.errors import DocumentError
from citeqa.index.formats.composing import Composer, Filled
from citeqa.index.formats.extracted import Extracted, somebody, written_on
from citeqa.index.formats.raised import subscript, superscript, with_fractions
from citeqa.index.formats.rtf_tokens import Group, Reader
from citeqa.index.types import Span


def extract(data: bytes) -> Extracted:
    """In the canonical text each paragraph, heading and item of a list is a line, and each table row a line with its
    cells separated by tabs. Footnotes follow at the end, then headers and footers as boilerplate, each once. What is
    raised or lowered is written as `raised` says. Hidden and deleted words, remarks, pictures and objects are left out.

    Raises:
        DocumentError: if it is no RTF, nested too deeply, or holds no text.
    """
    if not data.lstrip().startswith(b"{\\rtf"):
        raise DocumentError("it is not RTF: it does not begin with {\\rtf")
    writer = _Writer()
    reader = Reader(writer)
    reader.read(data)
    return writer.extracted(reader)


class _Writer:
    """Writes what a file says as paragraphs, rows and notes."""

    def __init__(self) -> None:
        self._composer = Composer()
        self._words: list[tuple[str, str]] = []  # pieces of the paragraph, and whether each is raised or lowered
        self._cell: list[str] = []  # the paragraphs of the cell
        self._row: list[str] = []
        self._rows: list[list[str]] = []
        self._kept: list[tuple[list[tuple[str, str]], list[str]]] = []  # what a note or a header interrupts
        self._notes: list[str] = []
        self._furniture: dict[str, None] = {}

    def text(self, text: str, group: Group) -> None:
        """Write words."""
        self._words.append((text, group.raised))

    def paragraph(self, group: Group, style: str) -> None:
        """End a paragraph."""
        text = self._taken()
        if group.in_table or self._kept:
            self._cell.append(text)
            return
        self._flush_table()
        level = group.outline if group.outline is not None else _heading(style)
        if level is not None:
            self._composer.heading(" ".join(text.split()), level + 1)
        elif group.listed:
            self._composer.item(text, group.level)
        else:
            self._composer.line(text)

    def cell(self) -> None:
        """End a cell."""
        self._cell.append(self._taken())
        self._row.append("\n".join(filter(None, self._cell)))
        self._cell = []

    def row(self) -> None:
        """End a row of a table."""
        if self._row:
            self._rows.append(self._row)
        self._row = []

    def begin_aside(self) -> None:
        """Begin a note, a header or a footer."""
        self._kept.append((self._words, self._cell))
        self._words, self._cell = [], []

    def end_aside(self, kind: str) -> None:
        """End it."""
        text = "\n".join(filter(None, [*self._cell, self._taken()])).strip()
        self._words, self._cell = self._kept.pop()
        if kind == "footnote":
            if text:
                self._notes.append(text)
        elif text:
            self._furniture[text] = None

    def note_mark(self, group: Group) -> None:
        """Write the number of a note: of the one that is being written, or of the next."""
        number = str(len(self._notes) + 1)
        self._words.append((number, "super"))

    def _taken(self) -> str:
        pieces, self._words = self._words, []
        found, at = list[str](), 0
        while at < len(pieces):
            raised, end = pieces[at][1], at
            while end < len(pieces) and pieces[end][1] == raised:
                end += 1
            text = "".join(text for text, _ in pieces[at:end])
            found.append({"super": superscript, "sub": subscript}.get(raised, str)(text))
            at = end
        return with_fractions("".join(found)).strip()

    def _flush_table(self) -> None:
        self.row()
        rows, self._rows = self._rows, []
        cells = [Filled(at, column, text) for at, row in enumerate(rows) for column, text in enumerate(row)]
        if cells:
            self._composer.table(cells)

    def extracted(self, reader: Reader) -> Extracted:
        """All that was written."""
        self.paragraph(Group(), "")
        self._flush_table()
        for note in self._notes:
            self._composer.line(note)
        composer = self._composer
        for text in self._furniture:
            composer.aside(text)
        structure, text = composer.structure, composer.text
        if not text:
            raise DocumentError("it holds no text; is it scanned?")
        return Extracted(
            text,
            title=somebody(reader.info.get("title")),
            author=somebody(reader.info.get("author")),
            date=_day(reader),
            boilerplate=tuple(composer.boilerplate) if composer.boilerplate[:1] != [Span(0, len(text))] else (),
            notes=tuple(composer.notes),
            structure=structure,
        )


def _heading(style: str) -> int | None:
    """The level, from 0, of a style that is called "heading 2"; None for any other."""
    kind, _, number = style.strip().casefold().partition(" ")
    return int(number) - 1 if kind == "heading" and number.isdecimal() and 0 < int(number) < 10 else None


def _day(reader: Reader) -> date | None:
    """The day of the last change, or else of the beginning."""
    for kind in ("revtim", "creatim"):
        year, month, day = (reader.times.get((kind, part), 0) for part in ("yr", "mo", "dy"))
        if found := written_on(f"{year:04}-{month:02}-{day:02}"):
            return found
    return None

"""The words of a DOCX file become lines: runs, paragraphs, rows and formulas, told one by one."""

from __future__ import annotations

from typing import Any

from citeqa.index.formats.docx_paragraphs import Paragraph, Paragraphs
from citeqa.index.formats.lines import Lines
from citeqa.index.formats.markup import child_of, local, value_of
from citeqa.index.formats.raised import subscript, superscript, with_fractions
from citeqa.index.formats.recording import Recorder
from citeqa.index.structure import Structure, in_order

_CHARACTERS = {"tab": "\t", "noBreakHyphen": "\u2011", "softHyphen": "\u00ad"}


class Writer:
    """Writes runs, paragraphs, rows and formulas as lines. Neighbouring runs that are raised alike are one."""

    def __init__(self, paragraphs: Paragraphs) -> None:
        self._lines = Lines()
        self._recorder = Recorder(self._lines)
        self._paragraphs = paragraphs
        self._open: list[tuple[int, Paragraph]] = []  # where the paragraphs began that are open, and what they are
        self._blocks: list[Structure] = []
        self._pieces: list[str] = []  # of the line, as they are written
        self._pending: list[str] = []  # runs behind them that stand alike
        self._alignment = ""

    def align(self, alignment: str) -> None:
        """Say how the runs that follow stand."""
        if alignment != self._alignment:
            self._gather()
            self._alignment = alignment

    def begin(self, kind: str, element: Any) -> None:
        """Write what an element begins with."""
        if kind == "t":
            self._pending.append(element.text or "")
        elif kind in _CHARACTERS:
            self._pending.append(_CHARACTERS[kind])
        elif kind == "tr":
            self._flush()
            self._lines.row()
            self._recorder.begin_row(header=_is_on(child_of(child_of(element, "trPr"), "tblHeader")))
        elif kind == "tc":
            self._flush()
            previous = element.getprevious()
            self._lines.cell(first=previous is None or local(previous) != "tc")
            self._begin_cell(child_of(element, "tcPr"))
        elif kind in ("p", "br", "cr"):
            self._flush()
            self._lines.line()
            if kind == "p":
                self._open.append((self._lines.here, self._paragraphs.of(element)))
        elif kind == "tbl":
            self._flush()
            self._recorder.begin_table(data=next(element.iterdescendants("{*}tbl"), None) is None)

    def _begin_cell(self, properties: Any) -> None:
        spanned = value_of(child_of(properties, "gridSpan"), "val")
        merged = child_of(properties, "vMerge")
        self._recorder.begin_cell(
            columns=int(spanned) if spanned.isascii() and spanned.isdecimal() and len(spanned) < 4 else 1,
            further=merged is not None and value_of(merged, "val") in ("", "continue"),
        )

    def end(self, kind: str) -> None:
        """Write what an element ends with."""
        if kind in ("p", "tr"):
            self._flush()
            if kind == "p":
                self._end_paragraph(*self._open.pop())
            self._lines.end_row() if kind == "tr" else self._lines.line()
        elif kind == "tc":
            self._flush()
            self._recorder.end_cell()
        elif kind == "tbl":
            self._recorder.end_table()

    def _end_paragraph(self, start: int, paragraph: Paragraph) -> None:
        if self._lines.said <= start:
            return
        recorder = self._recorder
        recorder.listed(start, paragraph.list, paragraph.level, ordered=paragraph.ordered)
        if paragraph.heading:
            recorder.heading(start, paragraph.heading)
        if paragraph.quotation:
            recorder.quotation(start)
        if paragraph.caption:
            recorder.caption(start)

    def formula(self, text: str) -> None:
        """Write a formula in its place in the line."""
        self._flush()
        self._lines.formula(text)

    def block(self, text: str, structure: Structure) -> None:
        """Write lines of their own, which have this structure."""
        self._flush()
        self._lines.line()
        if structure:
            self._blocks.append(structure.shifted(self._lines.here))
        self._lines.verbatim(text)
        self._lines.line()

    def _gather(self) -> None:
        text, self._pending = "".join(self._pending), []
        self._pieces.append({"superscript": superscript, "subscript": subscript}.get(self._alignment, str)(text))

    def _flush(self) -> None:
        self._gather()
        pieces, self._pieces = self._pieces, []
        self._lines.verbatim(with_fractions("".join(pieces)))

    def written(self) -> tuple[str, Structure]:
        """The text, and its structure."""
        self._flush()
        whole = self._lines.whole()
        found = in_order([self._recorder.structure(whole), *self._blocks])
        before = len(whole) - len(whole.lstrip())
        return whole.strip(), found.shifted(-before) if found and before else found


def _is_on(switch: Any) -> bool:
    """Whether a switch is there and on (ECMA-376 part 1, 17.17.4)."""
    return switch is not None and value_of(switch, "val") not in ("0", "false", "off")

"""Lines of text, as formats write them."""

from __future__ import annotations

import re

from citeqa.index.formats.raised import beside

_SPACE = re.compile(r"[ \t\n\r\f]+")


class Lines:
    """Builds text from words, line breaks and cells, without blank lines and without blanks around lines.

    Attributes:
        here: the place in the text at which the next piece begins.
        said: the place behind the last character that is no white space.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._row = 0
        self.here = 0
        self.said = 0

    def words(self, text: str) -> None:
        """Add text in which white space only separates words."""
        text = _SPACE.sub(" ", text)
        if not self._pieces or self._pieces[-1][-1] in " \n\t":
            text = text.removeprefix(" ")
        self.verbatim(text)

    def verbatim(self, text: str) -> None:
        """Add text in which every blank counts."""
        if text:
            if shown := text.rstrip():
                self.said = self.here + len(shown)
            self._push(text)

    def formula(self, text: str) -> None:
        """Add a formula; its digits stay apart from those before it."""
        self.verbatim(beside(self._pieces[-1][-1] if self._pieces else "", text))

    def line(self) -> None:
        """Begin a line, unless one has just begun, or a cell has."""
        if self._pieces and self._pieces[-1] not in ("\n", "\t"):
            self._trim()
            self._push("\n")

    def row(self) -> None:
        """Begin a row of a table."""
        self.end_row()
        self._row = len(self._pieces)

    def end_row(self) -> None:
        """Begin a line behind a row; the tabs before cells that are empty go."""
        while self._pieces and self._pieces[-1] in ("\t", " "):
            self._pop()
        self.line()

    def cell(self, first: bool) -> None:
        """Begin a cell of a row; a tab stands between two cells."""
        if not first:
            if len(self._pieces) > self._row and self._pieces[-1] == "\n":
                self._pop()
            self._trim()
            self._push("\t")

    def _trim(self) -> None:
        while self._pieces and self._pieces[-1] != "\n" and not (last := self._pieces[-1]).endswith("\t"):
            if shorter := last.rstrip(" "):
                self.here -= len(last) - len(shorter)
                self._pieces[-1] = shorter
                return
            self._pop()

    def _push(self, piece: str) -> None:
        self._pieces.append(piece)
        self.here += len(piece)

    def _pop(self) -> None:
        self.here -= len(self._pieces.pop())

    def whole(self) -> str:
        """The text with the white space around it, in which `here` counts."""
        return "".join(self._pieces)

    def __str__(self) -> str:
        return self.whole().strip()

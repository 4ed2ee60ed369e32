"""The groups and control words of RTF: what is text, in which encoding, and what it belongs to."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from citeqa.index.errors import DocumentError

MAX_DEPTH = 10_000
_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<byte>[0-9A-Fa-f]{2})|\\(?P<symbol>[^A-Za-z])"
    rb"|(?P<open>\{)|(?P<close>\})|[\r\n]+|(?P<text>[^\\{}\r\n]+)|\\\Z",
    re.DOTALL,
)
_UNSEEN = {
    "colortbl", "pict", "objdata", "fldinst", "annotation", "xe", "tc", "rxe", "bkmkstart", "bkmkend", "nonshppict",
    "listtable", "listoverridetable", "revtbl", "rsidtbl", "generator", "filetbl", "datafield", "formfield", "template",
    "private1", "keywords", "doccomm", "operator", "comment", "subject", "company", "category", "manager", "hlinkbase",
    "printim", "buptim", "xmlnstbl", "sp", "mmathPr", "ftnsep", "ftnsepc", "aftnsep", "aftnsepc", "atnid", "atnauthor",
}  # fmt: skip
_STARRED = {
    "shpinst",
    "shptxt",
    "listtext",
    "pntext",
    "footnote",
    "nesttableprops",
    "shppict",
}  # read where `\*` is before
_HEADERS = {f"{kind}{page}" for kind in ("header", "footer") for page in ("", "l", "r", "f")}
_CHARACTERS = {
    "tab": "\t", "line": "\n", "lbr": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
    "ldblquote": "“",
    "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ", "qmspace": " ", "zwj": "\u200d", "zwnj": "\u200c",
    "nestcell": "\t", "nestrow": "\n",
}  # fmt: skip
_SYMBOLS = {b"~": "\u00a0", b"_": "\u2011", b"{": "{", b"}": "}", b"\\": "\\"}
_CHARSETS = {
    77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "big5hkscs", 161: "cp1253", 162: "cp1254",
    163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_RAISED_BY = 6  # half points; text that is moved by less stands in the line


@dataclass(frozen=True, slots=True)
class Group:
    """What holds inside a pair of braces.

    Args:
        target: what its text belongs to: the "body", or "fonttbl", "stylesheet", "title" and so on; "" is left out.
        aside: the note, header or footer that began with this group; empty if none did.
        raised: "super" or "sub".
        outline: the level of the heading that the paragraph is, from 0.
    """

    target: str = "body"
    aside: str = ""
    skip: int = 1  # characters behind a Unicode character that stand for it where Unicode is not read
    font: int | None = None
    style: int | None = None
    raised: str = ""
    hidden: bool = False
    in_table: bool = False
    listed: bool = False
    level: int = 0
    outline: int | None = None


class Writes(Protocol):
    """What is done with the words."""

    def text(self, text: str, group: Group) -> None: ...
    def paragraph(self, group: Group, style: str) -> None: ...
    def cell(self) -> None: ...
    def row(self) -> None: ...
    def begin_aside(self) -> None: ...
    def end_aside(self, kind: str) -> None: ...
    def note_mark(self, group: Group) -> None: ...


class Reader:
    """Reads a file. `info` holds what the file says about itself, `times` its days by kind and part."""

    def __init__(self, writer: Writes) -> None:
        self._writer = writer
        self._group = Group()
        self._stack: list[Group] = []
        self._encoding = "cp1252"
        self._fonts: dict[int, str] = {}
        self._styles: dict[int, str] = {}
        self._bytes = bytearray()
        self._units: list[int] = []
        self._left = 0  # characters to leave out behind a Unicode character
        self._starred = False
        self.info: dict[str, str] = {}
        self.times: dict[tuple[str, str], int] = {}

    def read(self, data: bytes) -> None:
        """Read a file's bytes.

        Raises:
            DocumentError: if groups are nested too deeply.
        """
        for found in _tokens(data):
            kind = found.lastgroup
            if kind == "byte" or kind == "text":
                self._take(bytes([int(found["byte"], 16)]) if kind == "byte" else found["text"])
                continue
            if found["word"] is not None and found["word"] == b"u":
                self._unicode(int(found["number"] or 0))
                continue
            if found[0].isspace():
                continue
            self._flush()
            if kind == "open":
                self._open()
            elif kind == "close":
                self._close()
            elif kind == "symbol":
                self._symbol(found["symbol"])
            elif found["word"] is not None:
                number = found["number"]
                self._word(found["word"].decode("ascii"), None if number is None else int(number))
        self._flush()

    def _open(self) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise DocumentError("it is nested too deeply")
        self._stack.append(self._group)
        self._group = replace(self._group, aside="")
        self._starred = False
        self._left = 0

    def _close(self) -> None:
        ended = self._group
        if ended.aside:
            self._writer.end_aside(ended.aside)
        if self._stack:
            outer = self._stack.pop()
            listed = outer.listed or ended.target == "mark"
            self._group = replace(outer, listed=listed) if outer.target == "body" else outer
        self._left = 0

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._starred = True
        elif symbol in (b"\r", b"\n"):
            self._word("par", None)
        elif symbol in _SYMBOLS:
            if self._left:
                self._left -= 1
            else:
                self._write(_SYMBOLS[symbol])

    def _word(self, word: str, number: int | None) -> None:
        starred, self._starred = self._starred, False
        group = self._group
        if word == "u":
            return
        if not group.target:
            return
        if word in _UNSEEN or (starred and word not in _STARRED):
            self._group = replace(group, target="")
        elif word in ("listtext", "pntext"):
            self._group = replace(group, target="mark")
        elif word in ("fonttbl", "stylesheet", "info", "title", "author", "creatim", "revtim"):
            self._group = replace(group, target=word)
        elif word in _HEADERS or word == "footnote":
            self._writer.begin_aside()
            self._group = Group(aside=word, font=group.font, skip=group.skip)
        elif word in _CHARACTERS:
            self._write(_CHARACTERS[word])
        else:
            self._format(word, number)

    def _format(self, word: str, number: int | None) -> None:
        group, on = self._group, number != 0
        if word == "ansicpg" and number:
            self._encoding = _known(f"cp{number}") or self._encoding
        elif word == "mac":
            self._encoding = "mac_roman"
        elif word == "f":
            self._group = replace(group, font=number)
        elif word == "fcharset" and group.target == "fonttbl" and group.font is not None:
            self._fonts[group.font] = _CHARSETS.get(number or 0, "")
        elif word == "uc":
            self._group = replace(group, skip=max(0, min(number or 0, 100)))
        elif word in ("v", "deleted"):
            self._group = replace(group, hidden=on)
        elif word in ("super", "sub", "nosupersub", "up", "dn"):
            self._group = replace(group, raised=_raised(word, number))
        elif word == "plain":
            self._group = replace(group, raised="", hidden=False)
        elif word in ("yr", "mo", "dy") and group.target in ("creatim", "revtim"):
            self.times[group.target, word] = number or 0
        elif word == "chftn":
            self._writer.note_mark(group)
        else:
            self._paragraph_word(word, number)

    def _paragraph_word(self, word: str, number: int | None) -> None:
        group = self._group
        if word in ("par", "sect", "page") and group.target == "body":
            self._writer.paragraph(group, self._styles.get(group.style or 0, ""))
            self._group = replace(group, listed=False)
        elif word == "pard":
            self._group = replace(group, in_table=False, listed=False, level=0, outline=None, style=None)
        elif word == "intbl":
            self._group = replace(group, in_table=True)
        elif word == "cell" and group.target == "body":
            self._writer.cell()
        elif word == "row" and group.target == "body":
            self._writer.row()
        elif word == "s":
            self._group = replace(group, style=number)
        elif word == "ilvl":
            self._group = replace(group, level=max(0, min(number or 0, 8)))
        elif word == "ls":
            self._group = replace(group, listed=bool(number))
        elif word == "outlinelevel" and number is not None and 0 <= number < 9:
            self._group = replace(group, outline=number)

    def _take(self, text: bytes) -> None:
        if self._left:
            dropped = min(self._left, len(text))
            self._left -= dropped
            text = text[dropped:]
        if text:
            if self._units:
                self._flush()
            self._bytes += text

    def _unicode(self, number: int) -> None:
        if self._bytes:
            self._flush()
        self._units.append(number & 0xFFFF)
        self._left = self._group.skip

    def _flush(self) -> None:
        """Write the characters that have come."""
        if self._bytes:
            encoding = self._fonts.get(self._group.font or 0) or self._encoding
            text, self._bytes = self._bytes.decode(encoding, "replace"), bytearray()
            self._write(text)
        if self._units:
            packed = b"".join(unit.to_bytes(2, "little") for unit in self._units)
            self._units = []
            self._write(packed.decode("utf-16-le", "replace"))

    def _write(self, text: str) -> None:
        group = self._group
        text = text.replace("\0", "")
        if group.target in ("title", "author"):
            self.info[group.target] = self.info.get(group.target, "") + text
        elif group.target == "stylesheet":
            number = group.style or 0
            self._styles[number] = (self._styles.get(number, "") + text).removesuffix(";")[:100]
        elif group.target == "body" and not group.hidden:
            self._writer.text(text, group)


def _tokens(data: bytes) -> Iterator[re.Match[bytes]]:
    """The tokens of a file; raw bytes behind the word `bin` are left out."""
    at = 0
    while found := _TOKEN.match(data, at):
        at = found.end()
        if found["word"] == b"bin" and found["number"]:
            at += max(0, int(found["number"]))
        yield found


def _known(encoding: str) -> str | None:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return None


def _raised(word: str, number: int | None) -> str:
    if word in ("up", "dn"):
        moved = 6 if number is None else number
        return "" if moved < _RAISED_BY else "super" if word == "up" else "sub"
    return {"nosupersub": ""}.get(word, word) if number != 0 else ""

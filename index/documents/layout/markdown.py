"""The structure of Markdown (CommonMark with GitHub's tables), as markdown-it-py reads it.

The parser says which lines a block stands on, not where in them; so each part is looked up where its line must hold it,
and left out where the line holds something else.
"""

from __future__ import annotations

import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from citeqa.index.documents.front_matter import front_matter
from citeqa.index.documents.layout.lines import MAX_LINES, Line, bare, lines_of, trimmed
from citeqa.index.documents.layout.lists import introduction
from citeqa.index.documents.layout.tables import caption_of, names_rows, tables_in
from citeqa.index.documents.layout.turns import turns_in
from citeqa.index.structure import MAX_CELLS, MAX_PARTS, Cell, Heading, Item, List, Structure, Table
from citeqa.index.types import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

MAX_TEXT = 10_000_000  # code points that the parser gets

_ITEM = re.compile(r"[ \t>]*(?P<mark>(?:[-+*]|\d{1,9}[.)])(?:[ \t]+\[[ xX]\](?=[ \t]))?)(?=[ \t]|$)")
_QUOTED = re.compile(r"[ \t]*(?:[-+*>]|\d{1,9}[.)])?[ \t>]*")
_CLOSING = re.compile(r"[ \t]+#+$")
_BAR = re.compile(r"(?<!\\)\|")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(?:(?!\1).){1,80}(?<=[^\s.,;])\1")
_UNDER_ALL = 6  # the level of a paragraph in bold type that is a heading


def markdown_structure(text: str) -> Structure:
    """The structure of a text in Markdown; its front matter is left out, and what follows `MAX_LINES` lines or
    `MAX_TEXT` code points is plain text."""
    from citeqa.index.documents.layout.markdown_blocks import parser

    front = front_matter(text)
    lines = lines_of(text[:MAX_TEXT], front.span.end if front else 0)
    end = lines[-1].end
    reading = _Reading(text, lines)
    reading.read(parser().parse(text[lines[0].begin : end]))
    return reading.structure()


class _Item:
    """An item that is being read: where its mark is and its words begin and end."""

    def __init__(self, mark: Span, words: int, level: int) -> None:
        self.mark, self.words, self.level = mark, words, level
        self.end = words
        self.closed = False  # a nested list has begun: what follows is no part of it


class _Reading:
    """Goes through the parser's tokens once and collects what they say."""

    def __init__(self, text: str, lines: Sequence[Line]) -> None:
        self._text, self._lines = text, lines
        self._taken = bytearray(len(lines))
        self._consumed: dict[int, int] = {}  # by line, where the words behind the marks of items begin
        self._tables: list[Table] = []
        self._lists: list[List] = []
        self._headings: list[Heading] = []
        self._quotations: list[Span] = []
        self._depth = 0
        self._open: list[_Item] = []
        self._items: list[_Item] = []
        self._ordered = False
        self._quoted = 0
        self._before: tuple[Span, int] | None = None  # the paragraph before, and the number of the line behind it
        self._introduction: Span | None = None
        self._cells = MAX_CELLS
        self._parts = MAX_PARTS

    def structure(self) -> Structure:
        """What was found."""
        lines, taken = self._lines, self._taken
        tabbed = [found.table for found in tables_in(self._text, lines, taken, bars=False)]
        tables = sorted([*self._tables, *tabbed], key=lambda table: table.span.start)
        turns = tuple(turns_in(self._text, lines, taken))
        return Structure(tuple(tables), tuple(self._lists), tuple(self._headings), turns, tuple(self._quotations))

    def read(self, tokens: Sequence[Token]) -> None:
        """Read the tokens of a text."""
        for number, token in enumerate(tokens):
            first, last = token.map or (0, 0)
            last = self._last(first, last)
            match token.type:
                case "heading_open":
                    self._heading(tokens[number + 1], int(token.tag[1:]), first, last)
                case "pipe_table":
                    self._table(token, first, last)
                case "bullet_list_open" | "ordered_list_open":
                    self._begin_list(first, ordered=token.type.startswith("o"))
                case "list_item_open":
                    self._begin_item(first)
                case "list_item_close":
                    if self._open:
                        self._open.pop()
                case "bullet_list_close" | "ordered_list_close":
                    self._end_list()
                case "blockquote_open":
                    self._quotation(first, last)
                case "blockquote_close":
                    self._quoted -= 1
                case "paragraph_open":
                    self._paragraph(first, last)
                case "fence" | "code_block" | "html_block":
                    self._reach(first, last)
                    self._take(first, last)
                case _:
                    pass

    def _last(self, first: int, last: int) -> int:
        """The number of the line behind a block, blank lines at its end left out."""
        last = min(last, len(self._lines))
        while last > first and self._lines[last - 1].blank:
            last -= 1
        return last

    def _take(self, first: int, last: int) -> None:
        self._taken[first:last] = b"\1" * max(0, last - first)

    def _begin(self, number: int) -> int:
        """Where the words of a line begin, behind the marks of quotations and items."""
        line = self._lines[number]
        start = self._consumed.get(number, line.start)
        while self._quoted and start < line.end and self._text[start] in "> \t":
            start += 1
        return start

    def _reach(self, first: int, last: int) -> None:
        """Say that the open item goes up to the end of these lines."""
        if self._open and not self._open[-1].closed and last > first:
            self._open[-1].end = max(self._open[-1].end, self._lines[last - 1].end)

    def _paragraph(self, first: int, last: int) -> None:
        self._reach(first, last)
        span = trimmed(self._text, self._begin(first), self._lines[last - 1].end) if last > first else None
        if span is None:
            return
        outside = not self._depth and not self._quoted and last == first + 1
        if outside and _BOLD.fullmatch(self._text, span.start, span.end) and self._room():
            self._headings.append(Heading(bare(self._text, span), _UNDER_ALL))
            self._take(first, last)
        else:
            self._before = span, last

    def _room(self) -> bool:
        self._parts -= 1
        return self._parts >= 0

    def _heading(self, inline: Token, level: int, first: int, last: int) -> None:
        self._reach(first, last)
        self._take(first, last)
        content = inline.content
        if not content or not self._room():
            return
        end = self._lines[first + content.count("\n")].end
        if inline.map and content.count("\n") == 0:
            closing = _CLOSING.search(self._text, self._lines[first].start, end)
            end = closing.start() if closing and not self._text.endswith(content, 0, end) else end
        start = end - len(content)
        span = trimmed(self._text, max(0, start), end)
        if span and self._text[start:end].replace("\r\n", "\n") == content:
            self._headings.append(Heading(bare(self._text, span), level))

    def _quotation(self, first: int, last: int) -> None:
        self._quoted += 1
        if self._quoted == 1 and last > first and self._room():
            start = self._consumed.get(first, self._lines[first].start)
            while start < self._lines[first].end and self._text[start] in "> \t":
                start += 1
            if span := trimmed(self._text, start, self._lines[last - 1].end):
                self._quotations.append(span)

    # --- lists

    def _begin_list(self, first: int, *, ordered: bool) -> None:
        if not self._depth:
            self._items, self._ordered = [], ordered
            self._introduction = None
            if self._before and self._lines_between(self._before[1], first) <= 1:
                span, behind = self._before
                self._introduction = introduction(self._text, span, near=behind == first)
        elif self._open:
            self._open[-1].closed = True
        self._depth += 1

    def _lines_between(self, behind: int, first: int) -> int:
        return first - behind if behind <= first else MAX_LINES

    def _begin_item(self, first: int) -> None:
        line = self._lines[first]
        found = _ITEM.match(self._text, self._consumed.get(first, line.begin), line.end)
        begin = found.end() if found else line.start
        mark = Span(*found.span("mark")) if found else Span(line.start, line.start + 1)
        words = trimmed(self._text, begin, line.end)
        self._consumed[first] = words.start if words else line.end
        item = _Item(mark, self._consumed[first], self._depth - 1)
        self._open.append(item)
        if found and self._room():
            self._items.append(item)

    def _end_list(self) -> None:
        self._depth -= 1
        if self._depth:
            return
        items = [
            Item(bare(self._text, span), item.level, item.mark)
            for item in self._items
            if (span := trimmed(self._text, item.words, item.end))
        ]
        if items:
            begin = items[0].mark.start if items[0].mark else items[0].span.start
            end = max(item.span.end for item in items)
            self._lists.append(List(Span(begin, end), tuple(items), self._ordered, self._introduction))
        self._before = None

    # --- tables

    def _table(self, token: Token, first: int, last: int) -> None:
        self._reach(first, last)
        self._take(first, last)
        cells, named = list[Cell](), list[list[str]]()
        width = 0
        for row, line in enumerate(token.meta["rows"]):
            contents = contents_of(line, self._cells + 1)
            width = width or len(contents)
            contents = contents[:width] + [""] * (min(width, 2) - len(contents))
            found = self._cells_of(first + row + (row > 0), contents)
            self._cells -= len(found)
            if self._cells < 0:
                break
            named.append(contents)
            cells += [Cell(span, row, column) for column, span in found]
        if len({cell.row for cell in cells}) > 1 or (cells and row == 0):
            span = Span(cells[0].span.start, cells[-1].span.end)
            caption = caption_of(self._text, self._lines, first, last)
            header = int(cells[0].row == 0)
            self._tables.append(Table(span, tuple(cells), header, int(names_rows(named[1:])), caption))

    def _cells_of(self, number: int, contents: Sequence[str]) -> list[tuple[int, Span]]:
        """The filled cells of a row with their columns: the pieces between its bars, where they say what the parser
        read."""
        line, start = self._lines[number], self._begin(number)
        bars = [bar.start() for bar in islice(_BAR.finditer(self._text, start, line.end), len(contents) + 1)]
        edges = [start - 1, *bars, line.end]
        pieces = [trimmed(self._text, a + 1, b) for a, b in pairwise(edges) if a < b]
        if pieces and pieces[0] is None and bars and not self._text[start : bars[0]].strip():
            pieces = pieces[1:]
        found = list[tuple[int, Span]]()
        for column, (piece, content) in enumerate(zip(pieces, contents, strict=False)):
            if piece and content and self._text[piece.start : piece.end].replace("\\|", "|") == content:
                found.append((column, bare(self._text, piece)))
        return found


def contents_of(row: str, most: int) -> list[str]:
    """What the cells of a row say, at most so many of them; of a bar behind a backslash, the bar."""
    pieces = _BAR.split(row.strip(), maxsplit=most + 1)
    if pieces[0] == "":
        del pieces[0]
    if pieces and pieces[-1] == "":
        del pieces[-1]
    return [piece.replace("\\|", "|").strip() for piece in pieces[:most]]

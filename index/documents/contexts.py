"""The contexts of a document's passages: the headings above each, the labels of its table, and how a reader sees it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from citeqa.index.context import Context, Piece
from citeqa.index.documents.rows import column_labels, joined, on_one_line, shown_rows
from citeqa.index.documents.units import region_of
from citeqa.index.structure import Heading, Table
from citeqa.index.types import Document, Span

CountTokens = Callable[[Sequence[str]], list[int]]

_BAR = " | "
_SIGNS = "#*_ \t\n"  # what stands before the words of a heading


class Contexts:
    """Makes the contexts of one document's passages; looks at its structure once."""

    def __init__(self, document: Document, heading: str, count: CountTokens, limit: int) -> None:
        """`heading` is what stands before every passage of the document; no context has more than `limit` tokens."""
        self._text, self._heading, self._count, self._limit = document.text, heading.casefold(), count, limit
        structure = document.structure
        self._tables = [(region_of(table, document.text), table) for table in structure.tables]
        self._table_ends = [region.end for region, _ in self._tables]
        self._headings = [heading.span for heading in structure.headings]
        self._marks = sorted(item.mark for one in structure.lists for item in one.items if item.mark)
        self._paths = list(_paths(structure.headings))
        self._cut: dict[tuple[str, str], tuple[str, str]] = {}

    def of(self, span: Span) -> Context:
        """The context of the passage at a span."""
        touched = self._touched(span)
        above = [*self._path(span), *self._caption(span, touched)]
        labels = (_BAR.join(column_labels(table, self._text).values()) for table in touched if _headless(table, span))
        above_, columns = self._fitting("\n".join(above), next(labels, ""))
        return Context(
            above_,
            columns,
            tuple(self._pieces(span, touched)),
            tuple(_inside(self._marks, span)),
            tuple(_inside(self._headings, span)),
        )

    def _touched(self, span: Span) -> list[Table]:
        found = []
        for region, table in self._tables[bisect_right(self._table_ends, span.start) :]:
            if region.start >= span.end:
                break
            found.append(table)
        return found

    def _path(self, span: Span) -> list[str]:
        """The headings above the passage that its document's heading does not repeat."""
        number = bisect_right(self._headings, span.start, key=lambda heading: heading.start)
        path: tuple[Heading, ...] = ()
        if number < len(self._headings) and not self._text[span.start : self._headings[number].start].strip(_SIGNS):
            path = self._paths[number].above  # it begins with a heading
        elif number:
            last = self._paths[number - 1]
            path = (*last.above, last.heading) if last.heading.span.end <= span.start else last.above
        return [words for one in path if (words := on_one_line(self._text, one.span)).casefold() not in self._heading]

    def _caption(self, span: Span, touched: Sequence[Table]) -> list[str]:
        captions = [table.caption for table in touched if table.caption and not span.contains(table.caption)]
        return [on_one_line(self._text, caption) for caption in captions[:1]]

    def _fitting(self, above: str, columns: str) -> tuple[str, str]:
        """Both cut so that they have no more tokens than a context may have: the columns to half of them, then the
        outermost headings."""
        if not above and not columns:
            return "", ""
        key = above, columns
        if key not in self._cut:
            if self._size(columns) > self._limit // 2:
                columns = self._shortened(columns, self._limit // 2)
            room = self._limit - self._size(columns)
            while self._size(above) > room and "\n" in above:
                above = above.partition("\n")[2]
            self._cut[key] = self._shortened(above, room), columns
        return self._cut[key]

    def _shortened(self, words: str, limit: int) -> str:
        while (size := self._size(words)) > limit:
            words = words[: len(words) * limit // size].rstrip()
        return words

    def _size(self, words: str) -> int:
        return self._count([words])[0] if words else 0

    def _pieces(self, span: Span, touched: Sequence[Table]) -> Iterator[Piece]:
        """What a reader is shown: the rows of tables with their labels, and the words around the tables."""
        rows: list[list[Piece]] = []
        start = span.start
        labelled = False
        for table in touched:
            shown = list(shown_rows(table, self._text, span))
            if not shown:
                continue
            region = region_of(table, self._text)
            rows += [*self._words(start, region.start), *shown]
            start, labelled = max(start, min(region.end, span.end)), True
        if labelled:
            rows += self._words(start, span.end)
            yield from (Piece(lead, found.shifted(-span.start)) for lead, found in joined(rows))

    def _words(self, start: int, end: int) -> list[list[Piece]]:
        words = self._text[start:end]
        start += len(words) - len(words.lstrip())
        return [[Piece("", Span(start, start + len(words.strip())))]] if words.strip() else []


class _Path(NamedTuple):
    """A heading, and those that it stands under, the outermost first."""

    heading: Heading
    above: tuple[Heading, ...]


def _paths(headings: Sequence[Heading]) -> Iterator[_Path]:
    above: list[Heading] = []
    for heading in headings:
        while above and above[-1].level >= heading.level:
            above.pop()
        yield _Path(heading, tuple(above))
        above.append(heading)


def _headless(table: Table, span: Span) -> bool:
    """Whether the table has labels of columns, and they are not in the passage."""
    return table.header_rows > 0 and not span.contains(table.cells[0].span)


def _inside(spans: Sequence[Span], span: Span) -> Iterator[Span]:
    """Those of the spans, ascending, that lie in the passage, counted from its start."""
    for one in spans[bisect_left(spans, span.start, key=lambda found: found.start) :]:
        if one.start >= span.end:
            return
        if one.end <= span.end:
            yield one.shifted(-span.start)

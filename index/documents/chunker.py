"""Chunking: documents become overlapping passages that end at sentence boundaries, sized in the embedder's tokens."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from citeqa.index.context import NO_CONTEXT
from citeqa.index.documents.contexts import Contexts
from citeqa.index.documents.rows import shown_rows
from citeqa.index.documents.units import Unit, units_of
from citeqa.index.types import Document, Passage, Span

CountTokens = Callable[[Sequence[str]], list[int]]

STRUCTURE = 1  # the form of the passages that this version makes

_WORD = re.compile(r"\S+")
_PARAGRAPH_END = re.compile(r"\n|\r")
_CHARACTERS_PER_TOKEN = 8  # a text counts at least one token for every so many code points: this bounds odd texts
_HEADING_SHARE = 4  # a heading may take a fourth of the tokens that the model reads
_CONTEXT_SHARE = 4  # so may a context
_LABELLED = 2  # with its labels a row may take so many times the tokens of a passage
_GAP = 500  # code points of white space that no passage crosses: blanks have no tokens, so nothing else bounds them
_WINDOW_OVERLAP = 4  # windows of one long sentence share a fourth


@dataclass(frozen=True, slots=True)
class ChunkerSettings:
    """How documents are chunked: a passage has at most `passage_tokens` tokens and repeats up to `overlap_sentences`
    sentences of the passage before. An index keeps the settings that it was made with.

    `structure` is the form of the passages: 1 if rows of tables are whole and passages have a context (see
    `index.context`), 0 as in indexes of earlier versions.

    Raises:
        ValueError: if `passage_tokens` is less than 16, `overlap_sentences` negative, or `structure` another number.
    """

    passage_tokens: int = 128
    overlap_sentences: int = 1
    structure: int = STRUCTURE

    def __post_init__(self) -> None:
        if self.passage_tokens < 16:
            raise ValueError(f"passage_tokens is {self.passage_tokens}; needed at least 16")
        if self.overlap_sentences < 0:
            raise ValueError(f"overlap_sentences is {self.overlap_sentences}; needed 0 or more")
        if not 0 <= self.structure <= STRUCTURE:
            raise ValueError(f"structure is {self.structure}; known are 0 to {STRUCTURE}")


class Chunker:
    """Chunks documents so that heading, context and passage together never exceed `max_tokens`.

    A passage is an untouched slice of its document. Every non-space character that is not boilerplate is in some
    passage, and no passage crosses boilerplate. A sentence too long for a passage is cut at white space into
    overlapping windows, a row of a table between its cells; a word that is too long even so is cut between code points.
    """

    def __init__(self, count_tokens: CountTokens, max_tokens: int, settings: ChunkerSettings) -> None:
        self._count = count_tokens
        self._max_tokens = max_tokens
        self._settings = settings

    def heading(self, document: Document) -> str:
        """What stands before the document's passages when they are embedded and indexed: title and date, cut to a
        fourth of what the model reads."""
        heading = " ".join(part for part in (document.title, _date(document)) if part)
        limit = self._max_tokens // _HEADING_SHARE
        while (size := self._count([heading])[0]) > limit:
            heading = heading[: len(heading) * limit // size].rstrip()
        return heading

    def chunk(self, document: Document) -> list[Passage]:
        """The document's passages in ascending order of their spans; empty if all of it is boilerplate."""
        heading = self.heading(document)
        structured = bool(self._settings.structure and document.structure)
        context = self._max_tokens // _CONTEXT_SHARE if structured else 0
        contexts = Contexts(document, heading, self._count, context) if structured else None
        room = self._max_tokens - self._count([heading])[0] - context
        budget = max(1, min(self._settings.passage_tokens, room))
        units = units_of(document, structured=structured)
        spans = self._fitting(document, heading, contexts, set(self._spans(document, units, budget)), budget)
        return sorted(spans.values(), key=lambda passage: passage.span)

    def _fitting(
        self, document: Document, heading: str, contexts: Contexts | None, spans: set[Span], budget: int
    ) -> dict[Span, Passage]:
        """The passages at the spans, those cut again that the model could not read whole: the counts of some tokenizers
        do not add up."""
        passages = [
            Passage(document.id, span, document.quote(span), contexts.of(span) if contexts else NO_CONTEXT)
            for span in sorted(spans)
        ]
        sizes = self._count([indexed_text(heading, passage) for passage in passages])
        kept = {
            passage.span: passage
            for passage, size in zip(passages, sizes, strict=True)
            if size <= self._max_tokens or len(passage.span) == 1
        }
        if len(kept) == len(spans):
            return kept
        smaller = max(1, budget * 3 // 4)
        cut = {piece for span in spans - kept.keys() for piece in self._windows(document.text, span, smaller)}
        return kept | self._fitting(document, heading, contexts, cut, smaller)

    def _spans(self, document: Document, units: Sequence[Unit], budget: int) -> Iterator[Span]:
        for run in _runs(document, units):
            sizes = self._unit_sizes(document.text, run)
            start = 0
            for position, size in enumerate([*sizes, budget + 1]):
                if size <= budget:
                    continue
                yield from self._grouped(document.text, run[start:position], sizes[start:position], budget)
                if position < len(run):
                    yield from self._cut(document.text, run[position], budget)
                start = position + 1

    def _grouped(self, text: str, run: Sequence[Unit], sizes: Sequence[int], budget: int) -> Iterator[Span]:
        spans = [unit.span for unit in run]
        paragraph_starts = [
            i == 0 or bool(_PARAGRAPH_END.search(text, spans[i - 1].end, spans[i].start)) for i in range(len(run))
        ]
        repeated = [unit.table is None for unit in run]
        for first, last in group(sizes, paragraph_starts, budget, self._settings.overlap_sentences, repeated):
            yield Span(spans[first].start, spans[last - 1].end)

    def _cut(self, text: str, unit: Unit, budget: int) -> Iterator[Span]:
        """A unit that is too long for one passage: a row between its cells, all else between words."""
        if unit.table is None:
            yield from self._windows(text, unit.span, budget)
            return
        starts = [cell.span.start for cell in unit.table.cells if unit.span.contains(cell.span)]
        bounds = pairwise([unit.span.start, *starts[1:], unit.span.end])
        cells = [_without_blanks(text, Span(*bound)) for bound in bounds]
        sizes = self._unit_sizes(text, [Unit(cell, unit.table) for cell in cells])
        start = 0
        for position, size in enumerate([*sizes, budget + 1]):
            if size <= budget:
                continue
            for first, last in group(sizes[start:position], [False] * (position - start), budget, 0):
                yield Span(cells[start + first].start, cells[start + last - 1].end)
            if position < len(cells):
                yield from self._windows(text, cells[position], budget)
            start = position + 1

    def _unit_sizes(self, text: str, units: Sequence[Unit]) -> list[int]:
        """The sizes of units; a row has that of its words, or half of what a reader is shown of it if that is more."""
        sizes = self._sizes(text, [unit.span for unit in units])
        rows = [number for number, unit in enumerate(units) if unit.table]
        shown = self._count([_shown(text, units[number]) for number in rows]) if rows else []
        for number, count in zip(rows, shown, strict=True):
            sizes[number] = max(sizes[number], -(-count // _LABELLED))
        return sizes

    def _windows(self, text: str, sentence: Span, budget: int) -> Iterator[Span]:
        """A sentence that is too long for one passage, as windows that share a fourth of their words."""
        for near in _near(Span(*word.span()) for word in _WORD.finditer(text, sentence.start, sentence.end)):
            words, sizes = self._halved(text, near, max(1, budget // _WINDOW_OVERLAP))
            overlap = max(1, len(words) * budget // _WINDOW_OVERLAP // max(1, sum(sizes)))
            for first, last in group(sizes, [False] * len(words), budget, overlap):
                yield Span(words[first].start, words[last - 1].end)

    def _halved(self, text: str, words: list[Span], most: int) -> tuple[list[Span], list[int]]:
        """The words with their sizes; words larger than `most` are halved until none is."""
        sizes = self._sizes(text, words)
        while any(size > most and len(word) > 1 for word, size in zip(words, sizes, strict=True)):
            pieces: list[Span] = []
            for word, size in zip(words, sizes, strict=True):
                middle = (word.start + word.end) // 2
                cut = size > most and len(word) > 1
                pieces += [Span(word.start, middle), Span(middle, word.end)] if cut else [word]
            words, sizes = pieces, self._sizes(text, pieces)
        return words, [min(size, most) for size in sizes]

    def _sizes(self, text: str, pieces: Sequence[Span]) -> list[int]:
        counts = self._count([text[piece.start : piece.end] for piece in pieces])
        return [max(count, len(piece) // _CHARACTERS_PER_TOKEN, 1) for count, piece in zip(counts, pieces, strict=True)]


def group(
    sizes: Sequence[int],
    paragraph_starts: Sequence[bool],
    budget: int,
    overlap: int,
    repeated: Sequence[bool] | None = None,
) -> Iterator[tuple[int, int]]:
    """Group a sequence of pieces into overlapping, half-open ranges `(first, last)` whose sizes add up to at most
    `budget`.

    A group takes as many pieces as fit, but ends before a paragraph start if that gives up at most a fourth of its
    size. The next group repeats up to `overlap` pieces, or fewer if its first new piece would not fit otherwise. Every
    piece is in a group, and each group has a piece that no group before it has.

    Args:
        sizes: the size of each piece, at most `budget`.
        paragraph_starts: whether a piece begins a paragraph.
        repeated: whether a piece may be repeated; all of them by default.
    """
    first, covered, count = 0, 0, len(sizes)
    while covered < count:
        last, total = covered, sum(sizes[first:covered])
        while last < count and total + sizes[last] <= budget:
            total += sizes[last]
            last += 1
        if last < count:
            last = _paragraph_end(sizes, paragraph_starts, first, covered, last)
        yield first, last
        previous, covered = first, last
        if covered < count:
            first = covered
            room = budget - sizes[covered]
            while (
                covered - first < overlap
                and first - 1 > previous
                and sizes[first - 1] <= room
                and (repeated is None or repeated[first - 1])
            ):
                first -= 1
                room -= sizes[first]


def _paragraph_end(sizes: Sequence[int], paragraph_starts: Sequence[bool], first: int, covered: int, last: int) -> int:
    """`last`, or the latest paragraph start before it that keeps a new piece and three fourths of the size."""
    total = sum(sizes[first:last])
    kept = total
    for end in range(last, covered, -1):
        if 4 * kept < 3 * total:
            break
        if paragraph_starts[end]:
            return end
        kept -= sizes[end - 1]
    return last


def _any_within(ascending: Sequence[int], start: int, end: int) -> bool:
    """Whether one of the numbers is at least `start` and less than `end`."""
    place = bisect_left(ascending, start)
    return place < len(ascending) and ascending[place] < end


def _near(words: Iterable[Span]) -> Iterator[list[Span]]:
    """The words in runs without long gaps."""
    run: list[Span] = []
    for word in words:
        if run and word.start - run[-1].end > _GAP:
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def indexed_text(heading: str, passage: Passage) -> str:
    """What is embedded and indexed for a passage: the heading of its document, its context and its text."""
    before = passage.context.before(heading)
    return f"{before}\n{passage.text}" if before else passage.text


def _shown(text: str, unit: Unit) -> str:
    """A row, or a part of one, as a reader is shown it."""
    assert unit.table is not None
    pieces = [piece for row in shown_rows(unit.table, text, unit.span) for piece in row]
    return "".join(f"{lead}{text[span.start : span.end]}" for lead, span in pieces)


def _without_blanks(text: str, span: Span) -> Span:
    """A span that holds words, without the white space around them."""
    words = text[span.start : span.end]
    start = span.start + len(words) - len(words.lstrip())
    return Span(start, start + len(words.strip()))


def _date(document: Document) -> str | None:
    return document.date.isoformat() if document.date else None


def _runs(document: Document, units: Sequence[Unit]) -> Iterator[list[Unit]]:
    """The document's units in runs without boilerplate and without long gaps between them."""
    starts = [span.start for span in document.boilerplate]
    run: list[Unit] = []
    for unit in units:
        start = unit.span.start
        if run and (start - run[-1].span.end > _GAP or _any_within(starts, run[-1].span.end, start)):
            yield run
            run = []
        run.append(unit)
    if run:
        yield run

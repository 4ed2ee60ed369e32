"""Chunking: documents become overlapping passages that end at sentence boundaries, sized in the embedder's tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from citeqa.index.documents.sentences import document_sentences
from citeqa.index.types import Document, Passage, Span

CountTokens = Callable[[Sequence[str]], list[int]]

_WORD = re.compile(r"\S+")
_PARAGRAPH_END = re.compile(r"\n|\r")
_CHARACTERS_PER_TOKEN = 8  # a text counts at least one token for every so many code points: this bounds odd texts
_HEADING_SHARE = 4  # a heading may take a fourth of the tokens that the model reads
_WINDOW_OVERLAP = 4  # windows of one long sentence share a fourth


@dataclass(frozen=True, slots=True)
class ChunkerSettings:
    """How documents are chunked: a passage has at most `passage_tokens` tokens and repeats up to `overlap_sentences`
    sentences of the passage before. An index keeps the settings that it was made with.

    Raises:
        ValueError: if `passage_tokens` is less than 16, or `overlap_sentences` negative.
    """

    passage_tokens: int = 128
    overlap_sentences: int = 1

    def __post_init__(self) -> None:
        if self.passage_tokens < 16:
            raise ValueError(f"passage_tokens is {self.passage_tokens}; needed at least 16")
        if self.overlap_sentences < 0:
            raise ValueError(f"overlap_sentences is {self.overlap_sentences}; needed 0 or more")


class Chunker:
    """Chunks documents so that heading and passage together never exceed `max_tokens`.

    A passage is an untouched slice of its document. Every non-space character that is not boilerplate is in some
    passage, and no passage crosses boilerplate. A sentence too long for a passage is cut at white space into
    overlapping windows; a word that is too long even so is cut between code points.
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
        budget = min(self._settings.passage_tokens, self._max_tokens - self._count([heading])[0])
        spans = self._fitting(document, heading, set(self._spans(document, budget)), budget)
        return [Passage(document.id, span, document.quote(span)) for span in sorted(spans)]

    def _fitting(self, document: Document, heading: str, spans: set[Span], budget: int) -> set[Span]:
        """The spans, with those cut again that the model could not read whole: the counts of some tokenizers do not add
        up."""
        ordered = sorted(spans)
        sizes = self._count(
            [indexed_text(heading, Passage(document.id, span, document.quote(span))) for span in ordered]
        )
        long = {span for span, size in zip(ordered, sizes, strict=True) if size > self._max_tokens and len(span) > 1}
        if not long:
            return spans
        smaller = max(1, budget * 3 // 4)
        cut = {piece for span in long for piece in self._windows(document.text, span, smaller)}
        return (spans - long) | self._fitting(document, heading, cut, smaller)

    def _spans(self, document: Document, budget: int) -> Iterator[Span]:
        for run in _runs(document):
            sizes = self._sizes(document.text, run)
            start = 0
            for position, size in enumerate([*sizes, budget + 1]):
                if size <= budget:
                    continue
                yield from self._grouped(document.text, run[start:position], sizes[start:position], budget)
                if position < len(run):
                    yield from self._windows(document.text, run[position], budget)
                start = position + 1

    def _grouped(self, text: str, run: Sequence[Span], sizes: Sequence[int], budget: int) -> Iterator[Span]:
        paragraph_starts = [
            i == 0 or bool(_PARAGRAPH_END.search(text, run[i - 1].end, run[i].start)) for i in range(len(run))
        ]
        for first, last in group(sizes, paragraph_starts, budget, self._settings.overlap_sentences):
            yield Span(run[first].start, run[last - 1].end)

    def _windows(self, text: str, sentence: Span, budget: int) -> Iterator[Span]:
        """A sentence that is too long for one passage, as windows that share a fourth of their words."""
        words = [Span(*word.span()) for word in _WORD.finditer(text, sentence.start, sentence.end)]
        words, sizes = self._halved(text, words, max(1, budget // _WINDOW_OVERLAP))
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
    sizes: Sequence[int], paragraph_starts: Sequence[bool], budget: int, overlap: int
) -> Iterator[tuple[int, int]]:
    """Group a sequence of pieces into overlapping, half-open ranges `(first, last)` whose sizes add up to at most
    `budget`.

    A group takes as many pieces as fit, but ends before a paragraph start if that gives up at most a fourth of its
    size. The next group repeats up to `overlap` pieces, or fewer if its first new piece would not fit otherwise. Every
    piece is in a group, and each group has a piece that no group before it has.

    Args:
        sizes: the size of each piece, at most `budget`.
        paragraph_starts: whether a piece begins a paragraph.
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
            while covered - first < overlap and first - 1 > previous and sizes[first - 1] <= room:
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


def indexed_text(heading: str, passage: Passage) -> str:
    """What is embedded and indexed for a passage."""
    return f"{heading}\n{passage.text}" if heading else passage.text


def _date(document: Document) -> str | None:
    return document.date.isoformat() if document.date else None


def _runs(document: Document) -> Iterator[list[Span]]:
    """The document's sentences in runs without boilerplate between them."""
    starts = [span.start for span in document.boilerplate]
    run: list[Span] = []
    for sentence in document_sentences(document):
        if run and any(run[-1].end <= start < sentence.start for start in starts):
            yield run
            run = []
        run.append(sentence)
    if run:
        yield run

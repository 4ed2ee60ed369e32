"""Work grows with a text, not with its square, whatever the text looks like: what is handed to each rule and library is
counted for forty shapes at two sizes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
import sentencex

from citeqa.index.documents import sentences as splitting
from citeqa.index.documents.chunker import Chunker, ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.types import Document, Span
from citeqa.rag.citation import quotations
from citeqa.rag.citation.verification import Likeness
from citeqa.rag.reader import boundaries

SHAPES = [
    "あ！", "あ。", "漢", "ไทย", "a", "a.", "A.", "a! ", "!", "?!", ".", "...", "。",
    "'", "’", "a'", "'a", '"', '" ', "“",
    "”", "“a.” ", "(", ")", "(a) ", "[", "«a» ", "1. ", "1.", "1) ", "a) ", "12.5", "$9 ",
    "e\u0301", "\u0301", "👩\u200d",
    "👍🏽", "🇩🇪", " ", "\u00a0", "\n", "\r", "\r\n", " \n", "\n a", "a\n", "Dr. ", "p.m. ", "U.S.",
    "-", "—", "* ", "# ",
    "(end)", "date 2024-01-01", "advertisement\n", "read more", "</p>", "\u2028", "\ufeff", "ﬁ", "<",
]  # fmt: skip
SIZE, TIMES, POWER = 3000, 6, 1.2


class Work:
    """Counts the work of functions that may take time by the square of what they are given in one call."""

    def __init__(self) -> None:
        self.done = 0

    def counting(self, function: Callable[..., Any], length: Callable[..., int]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self.done += length(*given, **named) ** 2 + 1
            return function(*given, **named)

        return counted


def text_of(shape: str, size: int) -> str:
    return "x " + (shape * (1 + size // len(shape)))[:size] + " y."


def grows(work_of: Callable[[str], int], shape: str) -> None:
    small, large = work_of(text_of(shape, SIZE)), work_of(text_of(shape, SIZE * TIMES))
    assert large <= max(small, SIZE) * TIMES**POWER, (small, large)


@pytest.mark.parametrize("shape", SHAPES)
def test_sentences_are_split_in_bounded_blocks(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work()
    split = sentencex.get_sentence_boundaries
    monkeypatch.setattr(sentencex, "get_sentence_boundaries", work.counting(split, lambda _, text: len(text)))
    ends = work.counting(splitting._ends_sentence, lambda before, after: len(before + after))
    monkeypatch.setattr(splitting, "_ends_sentence", ends)

    def split_all(text: str) -> int:
        work.done = 0
        found = splitting.sentences(text)
        assert all(one.end <= other.start for one, other in pairwise(found))
        left, end = [], 0
        for span in found:
            left.append(text[end : span.start])
            end = span.end
        assert not "".join([*left, text[end:]]).strip()
        return work.done

    grows(split_all, shape)


def words(texts: Sequence[str]) -> list[int]:
    return [len(re.findall(r"\w|[^\w\s]", text)) for text in texts]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.slow
def test_passages_are_cut_with_work_that_grows_with_the_text(shape: str) -> None:
    counted = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal counted
        counted += sum(map(len, texts)) + len(texts)
        return words(texts)

    def cut(text: str) -> int:
        nonlocal counted
        counted = 0
        given = document("a", text, file_sha256="0")
        passages = Chunker(count, 256, ChunkerSettings()).chunk(given)
        assert max(map(len, (passage.text for passage in passages))) < 3000
        return counted

    grows(cut, shape)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_marks_around_a_span_are_paired_within_reach(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    work = 0
    monkeypatch.setattr(boundaries, "_REACH", 100)

    class Read(str):
        """A text that counts the characters that are read of it."""

        def __getitem__(self, place: Any) -> str:
            nonlocal work
            found = super().__getitem__(place)
            work += len(found)
            return found

    def trim(text: str) -> int:
        nonlocal work
        work = 0
        boundaries.trimmed(Read(text[2:-3]), Span(0, len(text) - 5))
        return work

    small, large = trim(text_of(shape, SIZE)), trim(text_of(shape, SIZE * TIMES))
    assert large <= max(small, SIZE) * TIMES**POWER, (small, large)


@pytest.mark.parametrize("shape", SHAPES)
def test_quotations_are_looked_for_in_paragraphs_of_bounded_length(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotations, "PARAGRAPH", 1000)
    looked = Work()
    after = quotations._after
    monkeypatch.setattr(quotations, "_after", looked.counting(after, lambda text, inside: len(text)))
    for size in (SIZE, SIZE * TIMES):
        text = text_of(shape, size)
        spans = splitting.sentences(text)
        looked.done = 0
        quotations.whole(text, spans, len(spans) // 2, len(spans) // 2)
        longest = len(max((text[span.start : span.end] for span in spans), key=len))
        assert looked.done <= (1000 + longest) ** 2 + 1000


@pytest.mark.parametrize("shape", SHAPES)
def test_a_claim_is_compared_by_its_first_words(shape: str) -> None:
    text = text_of(shape, SIZE * TIMES)
    likeness = Likeness(text)
    assert likeness._count <= 500
    assert 0 <= likeness.to(text) <= 1


def test_windows_find_the_sentences_that_one_call_finds(
    seeds_documents: list[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each article stands on one line, and the windows are small."""
    lines = [" ".join(given.text.split()) for given in seeds_documents]
    monkeypatch.setattr(splitting, "_WINDOW", 1000)
    assert min(map(len, lines)) > splitting._WINDOW
    found = [splitting.sentences(line) for line in lines]
    monkeypatch.setattr(splitting, "_WINDOW", 10**9)
    assert found == [splitting.sentences(line) for line in lines]


@pytest.fixture
def seeds_documents() -> list[Document]:
    from support.paths import SEEDS

    from citeqa.index.documents.corpus import load

    return [found for found in load([SEEDS]) if isinstance(found, Document)]

"""The training examples of the reader: questions with passages that answer them, and with passages that do not.

A passage is either one from our chunker, or a whole paragraph as the writers of SQuAD saw it, with its heading. If a
question has no answer, its passage is either one written to mislead (the unanswerable questions of SQuAD 2.0), or one
that our own retriever finds for the question and that does not contain the answer, from the same article or another.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from citeqa.index.types import Document, Passage, Span
from citeqa.rag.evaluation.squad import Article, SquadQuestion
from citeqa.rag.matching import normalized

if TYPE_CHECKING:  # not needed at runtime if there are windows already
    from citeqa.index.documents.chunker import Chunker
    from citeqa.rag.retrieval.retriever import Retriever

WHOLE_PARAGRAPHS = 0.4  # share of questions that get their whole paragraph
RETRIEVED = 0.3  # share of answerable questions that also get a passage without the answer
SAME_ARTICLE = 0.5  # share of those passages that must come from the question's article
DEPTH = 10  # passages retrieved for each question
NEAR = 4  # passages without the answer that are kept

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the passage to read, and the position of the answer in `text`; None if it contains none."""

    kind: str
    question: str
    heading: str
    text: str
    answer: Span | None


class Cutter:
    """Documents chunked as the index chunks them, with their headings."""

    def __init__(self, chunker: Chunker, articles: Sequence[Article]) -> None:
        self._headings = {a.document.id: chunker.heading(a.document) for a in articles}
        self._passages = {a.document.id: chunker.chunk(a.document) for a in articles}
        self._documents: dict[str, Document] = {a.document.id: a.document for a in articles}

    def heading(self, document_id: str) -> str:
        return self._headings[document_id]

    def passages(self, document_id: str) -> list[Passage]:
        return self._passages[document_id]

    def knows(self, document_id: str) -> bool:
        return document_id in self._documents

    def paragraph(self, asked: SquadQuestion) -> Passage:
        """The whole paragraph that a question was written for."""
        return Passage(asked.document_id, asked.paragraph, self._documents[asked.document_id].quote(asked.paragraph))

    def answering(self, asked: SquadQuestion) -> list[Passage]:
        """The passages that contain the whole first answer."""
        return [p for p in self._passages[asked.document_id] if p.span.contains(asked.answers[0])]

    def misleading(self, asked: SquadQuestion) -> Passage:
        """The passage of the paragraph that shares the most words with the question."""
        words = set(_WORD.findall(asked.question.lower()))
        near = [p for p in self._passages[asked.document_id] if p.span.overlaps(asked.paragraph)]
        return max(near, key=lambda p: len(words & set(_WORD.findall(p.text.lower()))), default=self.paragraph(asked))


def labelled_examples(articles: Sequence[Article], cutter: Cutter, seed: int) -> Iterator[Example]:
    """One example for each question of SQuAD."""
    for article in articles:
        for asked in article.asked:
            chance = random.Random(f"{seed} {asked.id}")
            whole = chance.random() < WHOLE_PARAGRAPHS
            heading = cutter.heading(asked.document_id)
            if not asked.answers:
                passage = cutter.paragraph(asked) if whole else cutter.misleading(asked)
                yield Example("unanswerable", asked.question, heading, passage.text, None)
                continue
            passages = [] if whole else cutter.answering(asked)
            passage = chance.choice(passages) if passages else cutter.paragraph(asked)
            answer = asked.answers[0].shifted(-passage.span.start)
            yield Example("answerable", asked.question, heading, passage.text, answer)


def resampled_examples(articles: Sequence[Article], cutter: Cutter, seed: int) -> Iterator[Example]:
    """The questions of `labelled_examples` once more, if another random choice gives another passage."""
    for first, other in zip(
        labelled_examples(articles, cutter, seed), labelled_examples(articles, cutter, seed + 1), strict=True
    ):
        if other.text != first.text:
            yield replace(other, kind="again")


def retrieved_examples(
    articles: Sequence[Article], cutter: Cutter, retriever: Retriever, seed: int, kept: Path,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[Example]:  # fmt: skip
    """Examples with passages that our retriever finds and that do not contain the answer: for each question, one is
    "retrieved" and the others are "near". They are written to `kept` as they come, so that an interrupted run continues
    from there."""
    known = _kept(kept)
    with kept.open("a", encoding="utf-8") as file:
        for article in articles:
            for asked in article.asked:
                chance = random.Random(f"{seed} retrieved {asked.id}")
                if not asked.answers or chance.random() >= RETRIEVED:
                    continue
                if asked.id not in known:
                    known[asked.id] = _wrong(asked, cutter, retriever, chance)
                    file.write(json.dumps([asked.id, known[asked.id]], ensure_ascii=False) + "\n")
                progress()
                for number, (heading, text) in enumerate(known[asked.id]):
                    yield Example("near" if number else "retrieved", asked.question, heading, text, None)


def _kept(path: Path) -> dict[str, list[list[str]]]:
    """The earlier results by question id; an incomplete last line is removed from the file."""
    written = path.read_bytes() if path.exists() else b""
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        os.truncate(path, len(whole))
    return dict(json.loads(line) for line in whole.split(b"\n") if line)


def _wrong(asked: SquadQuestion, cutter: Cutter, retriever: Retriever, chance: random.Random) -> list[list[str]]:
    """Headings and texts of passages found for the question that do not contain its answer; the first one is chosen at
    random."""
    place = asked.answers[0].shifted(-asked.paragraph.start)
    answer = f" {normalized(cutter.paragraph(asked).text[place.start : place.end])} "
    if not answer.strip():
        return []  # normalisation left nothing to look for
    same = chance.random() < SAME_ARTICLE
    found = [item.passage for item in retriever.retrieve(asked.question, DEPTH)]
    wrong = [p for p in found if cutter.knows(p.document_id) and answer not in f" {normalized(p.text)} "]
    first = [p for p in wrong if not same or p.document_id == asked.document_id]
    if not first:
        return []
    chosen = first[min(int(chance.expovariate(0.5)), len(first) - 1)]
    wrong = [chosen, *(p for p in wrong if p != chosen)]
    return [[cutter.heading(p.document_id), p.text] for p in wrong[:NEAR]]

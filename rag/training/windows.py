"""What the reader is trained on: questions with passages that answer them, and with passages that do not.

A passage is either one of our chunker's or a whole paragraph as SQuAD's writers saw it, with its heading. Where a
question has no answer the passage is one that was written to mislead (SQuAD 2.0's unanswerable questions), or one that
our own retriever finds for it and that does not hold the answer, from the same article or another.
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

if TYPE_CHECKING:  # where there are windows already, nothing is cut or retrieved
    from citeqa.index.documents.chunker import Chunker
    from citeqa.rag.retrieval.retriever import Retriever

WHOLE_PARAGRAPHS = 0.4  # share of questions read in their whole paragraph
RETRIEVED = 0.3  # share of answerable questions that are also asked of a passage without the answer
SAME_ARTICLE = 0.5  # share of those that must come from the article the question is about
DEPTH = 10  # passages looked at in retrieval
NEAR = 4  # passages kept of those without the answer

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Example:
    """A question, what is read for it, and where in `text` the answer stands; None where it holds none."""

    kind: str
    question: str
    heading: str
    text: str
    answer: Span | None


class Cutter:
    """Documents cut as the index cuts them, with their headings."""

    def __init__(self, chunker: Chunker, articles: Sequence[Article]) -> None:
        self._headings = {a.document.id: chunker.heading(a.document) for a in articles}
        self._passages = {a.document.id: chunker.chunk(a.document) for a in articles}
        self._documents: dict[str, Document] = {a.document.id: a.document for a in articles}

    def heading(self, document_id: str) -> str:
        return self._headings[document_id]

    def knows(self, document_id: str) -> bool:
        return document_id in self._documents

    def paragraph(self, asked: SquadQuestion) -> Passage:
        """The whole paragraph a question was written for."""
        return Passage(asked.document_id, asked.paragraph, self._documents[asked.document_id].quote(asked.paragraph))

    def answering(self, asked: SquadQuestion) -> list[Passage]:
        """The passages that hold the first answer whole."""
        return [p for p in self._passages[asked.document_id] if p.span.contains(asked.answers[0])]

    def misleading(self, asked: SquadQuestion) -> Passage:
        """The passage of the paragraph that has the most words of the question."""
        words = set(_WORD.findall(asked.question.lower()))
        near = [p for p in self._passages[asked.document_id] if p.span.overlaps(asked.paragraph)]
        return max(near, key=lambda p: len(words & set(_WORD.findall(p.text.lower()))), default=self.paragraph(asked))


def given(articles: Sequence[Article], cutter: Cutter, seed: int) -> Iterator[Example]:
    """One example for each question of SQuAD's."""
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


def again(articles: Sequence[Article], cutter: Cutter, seed: int) -> Iterator[Example]:
    """The questions of `given` once more, where another chance gives another passage."""
    for first, other in zip(given(articles, cutter, seed), given(articles, cutter, seed + 1), strict=True):
        if other.text != first.text:
            yield replace(other, kind="again")


def retrieved(
    articles: Sequence[Article], cutter: Cutter, retriever: Retriever, seed: int, kept: Path,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[Example]:  # fmt: skip
    """Examples of passages that our retriever finds and that do not hold the answer, one of each question's
    "retrieved", the others "near"; written to `kept` as they come, so that an interrupted run goes on where it
    stopped."""
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
    """What was found before, by the question's id; a last line that was cut off in writing is taken away."""
    written = path.read_bytes() if path.exists() else b""
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        os.truncate(path, len(whole))
    return dict(json.loads(line) for line in whole.split(b"\n") if line)


def _wrong(asked: SquadQuestion, cutter: Cutter, retriever: Retriever, chance: random.Random) -> list[list[str]]:
    """Headings and texts of passages found for the question that do not hold its answer, the first one by chance."""
    place = asked.answers[0].shifted(-asked.paragraph.start)
    answer = f" {normalized(cutter.paragraph(asked).text[place.start : place.end])} "
    if not answer.strip():
        return []  # nothing of it is left to be looked for
    same = chance.random() < SAME_ARTICLE
    found = [item.passage for item in retriever.retrieve(asked.question, DEPTH)]
    wrong = [p for p in found if cutter.knows(p.document_id) and answer not in f" {normalized(p.text)} "]
    first = [p for p in wrong if not same or p.document_id == asked.document_id]
    if not first:
        return []
    chosen = first[min(int(chance.expovariate(0.5)), len(first) - 1)]
    wrong = [chosen, *(p for p in wrong if p != chosen)]
    return [[cutter.heading(p.document_id), p.text] for p in wrong[:NEAR]]

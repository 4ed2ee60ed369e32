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
from dataclasses import dataclass
from pathlib import Path

from index.chunker import Chunker
from index.types import Document, Passage, Span
from rag.evaluation.squad import Article, Asked
from rag.matching import normalized
from rag.retriever import Retriever

WHOLE_PARAGRAPHS = 0.4  # share of questions read in their whole paragraph
RETRIEVED = 0.3  # share of answerable questions that are also asked of a passage without the answer
SAME_ARTICLE = 0.5  # share of those that must come from the article the question is about
DEPTH = 10  # passages looked at in retrieval

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

    def paragraph(self, asked: Asked) -> Passage:
        """The whole paragraph a question was written for."""
        return Passage(asked.document_id, asked.paragraph, self._documents[asked.document_id].quote(asked.paragraph))

    def answering(self, asked: Asked) -> list[Passage]:
        """The passages that hold the first answer whole."""
        return [p for p in self._passages[asked.document_id] if p.span.contains(asked.answers[0])]

    def misleading(self, asked: Asked) -> Passage:
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


def retrieved(
    articles: Sequence[Article], cutter: Cutter, retriever: Retriever, seed: int, kept: Path,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[Example]:  # fmt: skip
    """Examples of passages that our retriever finds and that do not hold the answer; written to `kept` as they come,
    so that an interrupted run goes on where it stopped."""
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
                if found := known[asked.id]:
                    yield Example("retrieved", asked.question, found[0], found[1], None)


def _kept(path: Path) -> dict[str, list[str] | None]:
    """What was found before, by the question's id; a last line that was cut off in writing is taken away."""
    written = path.read_bytes() if path.exists() else b""
    whole = written[: written.rfind(b"\n") + 1]
    if len(whole) < len(written):
        os.truncate(path, len(whole))
    return dict(json.loads(line) for line in whole.split(b"\n") if line)


def _wrong(asked: Asked, cutter: Cutter, retriever: Retriever, chance: random.Random) -> list[str] | None:
    """Heading and text of a passage found for the question that does not hold its answer."""
    place = asked.answers[0].shifted(-asked.paragraph.start)
    answer = f" {normalized(cutter.paragraph(asked).text[place.start : place.end])} "
    if not answer.strip():
        return None  # nothing of it is left to be looked for
    same = chance.random() < SAME_ARTICLE
    found = [item.passage for item in retriever.retrieve(asked.question, DEPTH)]
    wrong = [p for p in found if cutter.knows(p.document_id) and answer not in f" {normalized(p.text)} "]
    wrong = [p for p in wrong if not same or p.document_id == asked.document_id]
    if not wrong:
        return None
    passage = wrong[min(int(chance.expovariate(0.5)), len(wrong) - 1)]
    return [cutter.heading(passage.document_id), passage.text]

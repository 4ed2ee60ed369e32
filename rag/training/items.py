"""Items: a question with the passages that compete to answer it, as they do in use.

Passages are the chunker's, a share of SQuAD's are whole paragraphs. The wrong ones are those that BM25 finds for the
question among the passages of all sets and of articles without questions, and that hold no accepted answer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from citeqa.index.documents.chunker import Chunker
from citeqa.index.ranking.lexical import LexicalEntry, LexicalIndex
from citeqa.index.types import Document, Passage, Span
from citeqa.rag.evaluation.squad import SquadQuestion
from citeqa.rag.matching import normalized
from citeqa.rag.training.phrasing import phrased
from citeqa.rag.training.sources import SQUAD, Source
from citeqa.rag.training.windows import Cutter

DEPTH = 12  # passages retrieved for each question
WRONG = 3  # most passages without an answer in an item
WHOLE = 0.3  # share of SQuAD's questions that get their whole paragraph
WITHHELD = 0.12  # share of answerable questions whose answer is withheld: only wrong passages are left
DATED = 0.25  # share of items whose passages have a date in their headings
ALONE = frozenset({"cuad"})  # sets whose questions do not say which document they ask about: no wrong passages

_FIRST_DAY, _DAYS = date(2004, 1, 1), 8000  # dates are made up where none is known


class Seen(NamedTuple):
    """A passage of an item: its heading, its text, and where accepted answers stand in it."""

    heading: str
    text: str
    answers: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A question and its competing passages. Without any answer in them it is unanswerable."""

    id: str
    set: str
    question: str
    seen: tuple[Seen, ...]

    @property
    def answerable(self) -> bool:
        return any(passage.answers for passage in self.seen)


class Pool:
    """Documents in passages, and BM25 over all of them."""

    def __init__(self, chunker: Chunker, found: Sequence[Source], others: Sequence[Document]) -> None:
        """`others` are documents that nobody asked about."""
        self._chunker = chunker
        self.cutter = Cutter(chunker, [source.article for source in found])
        self._documents = {source.article.document.id: source.article.document for source in found}
        self._documents |= {document.id: document for document in others}
        self._passages = [p for source in found for p in self.cutter.passages(source.article.document.id)]
        self._passages += [passage for document in others for passage in chunker.chunk(document)]
        self._index = LexicalIndex.in_memory(
            LexicalEntry(number, p.document_id, f"{self._documents[p.document_id].title}\n{p.text}")
            for number, p in enumerate(self._passages)
        )

    def __len__(self) -> int:
        return len(self._passages)

    def document(self, document_id: str) -> Document:
        return self._documents[document_id]

    def found(self, question: str) -> list[Passage]:
        return [self._passages[number] for number, _ in self._index.search(question, DEPTH)[:DEPTH]]

    def heading(self, document_id: str, titled: bool, dated: bool) -> str:
        """The heading of a document's passages, as the chunker gives it. Where no date is known one is made up."""
        document = self._documents[document_id]
        made_up = _FIRST_DAY + timedelta(days=Random(document_id).randrange(_DAYS))
        shown = replace(
            document, title=document.title if titled else "", date=(document.date or made_up) if dated else None
        )
        return self._chunker.heading(shown)


class Maker:
    """Makes items of the questions of some sources."""

    def __init__(self, pool: Pool, seed: int, *, plain: bool = False) -> None:
        """`plain` items are for measuring: questions as they were written, and as many wrong passages as are found."""
        self._pool, self._seed, self._plain = pool, seed, plain

    def item(self, source: Source, asked: SquadQuestion) -> Item:
        chance = Random(f"{self._seed} {asked.id}")
        document = source.article.document
        whole = source.set == SQUAD and chance.random() < WHOLE
        right, wrong = self._competing(source, asked)
        count = WRONG if self._plain else chance.randint(0, WRONG)
        if asked.answers:
            own = self._answering(asked, whole, chance)
            right = [own, *(p for p in right if p.span != own.span)][:2]
        else:
            right = [self._pool.cutter.paragraph(asked) if whole else self._pool.cutter.misleading(asked)]
        if asked.answers and wrong and not self._plain and chance.random() < WITHHELD:
            right, count = [], max(count, 1)
        chosen = (
            wrong[:WRONG] if self._plain else chance.sample(wrong[: 2 * WRONG], min(count, len(wrong[: 2 * WRONG])))
        )
        titled, dated = bool(document.title), chance.random() < DATED
        seen = tuple(
            Seen(self._pool.heading(p.document_id, titled, dated), p.text, _inside(p, asked)) for p in [*right, *chosen]
        )
        return Item(asked.id, source.set, asked.question if self._plain else phrased(asked.question, chance), seen)

    def _answering(self, asked: SquadQuestion, whole: bool, chance: Random) -> Passage:
        answering = [] if whole else self._pool.cutter.answering(asked)
        return chance.choice(answering) if answering else self._pool.cutter.paragraph(asked)

    def _competing(self, source: Source, asked: SquadQuestion) -> tuple[list[Passage], list[Passage]]:
        """What BM25 finds: other passages that hold an annotated answer, and those that hold none."""
        document = source.article.document
        accepted = [f" {normalized(document.quote(span))} " for span in asked.answers]
        if source.set in ALONE or not all(answer.strip() for answer in accepted):
            return [], []
        right, wrong = [], []
        for passage in self._pool.found(asked.question):
            if passage.document_id == document.id and not asked.answers and passage.span.overlaps(asked.paragraph):
                continue
            if document.title and not self._pool.document(passage.document_id).title:
                continue  # a missing heading would give it away
            if _inside(passage, asked):
                right.append(passage)
            elif not any(answer in f" {normalized(passage.text)} " for answer in accepted):
                wrong.append(passage)
        return right, wrong


def _inside(passage: Passage, asked: SquadQuestion) -> tuple[Span, ...]:
    """The annotated answers that stand whole in a passage, in its own coordinates."""
    if passage.document_id != asked.document_id:
        return ()
    return tuple(span.shifted(-passage.span.start) for span in asked.answers if passage.span.contains(span))


def mixture(sources: Sequence[Source], squad: float, capped: dict[str, int]) -> dict[str, float]:
    """The share of each set among the items: `squad` of them SQuAD's, the others by the square root of their number of
    questions, of at most so many where `capped` says so."""
    sizes: dict[str, int] = defaultdict(int)
    for source in sources:
        sizes[source.set] += len(source.article.asked)
    roots = {name: min(size, capped.get(name, size)) ** 0.5 for name, size in sizes.items() if name != SQUAD}
    return {SQUAD: squad} | {name: (1 - squad) * root / sum(roots.values()) for name, root in roots.items()}


def drawn(
    sources: Sequence[Source], shares: dict[str, float], count: int, seed: int
) -> Iterator[tuple[Source, SquadQuestion]]:
    """About `count` questions in random order, each set with its share, none twice."""
    chance = Random(seed)
    by_set: dict[str, list[tuple[Source, SquadQuestion]]] = defaultdict(list)
    for source in sources:
        by_set[source.set] += [(source, asked) for asked in source.article.asked]
    chosen = []
    for name, share in sorted(shares.items()):
        chance.shuffle(by_set[name])
        chosen += by_set[name][: round(share * count)]
    chance.shuffle(chosen)
    yield from chosen

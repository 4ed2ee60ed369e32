"""How well quotations of a manuscript are told: those that stand in the documents, those that were altered, and those
that do not stand there.

Quotations are taken out of the articles at even positions to choose the likeness from which one counts as altered, and
out of those at odd positions to report. A third of them stays as it is (with other quotation marks, other case at the
start, other white space and punctuation, some with words left out and marked so), in a third a word is replaced, a
number is another one, or a negation is put in or taken out, and a third is taken from articles that are not indexed.
They are written into a text of paragraphs that name a speaker, and looked for in all articles and the seeds.
Wikinews 2019-2020 is public (CC BY 2.5, https://en.wikinews.org):

    PYTHONPATH=tests python tests/benchmarks/quotations.py CORPUS.jsonl OTHER_CORPUS.jsonl [--http]

With `--http` a service is started over the documents and asked (`POST /api/verify/quotes`). The exit status is 1 if one
of the texts is told worse than it should be: all that are exact, at least 18 of those that were altered, at most one of
those that are absent called altered.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from support.embedders import WordLengths
from support.paths import SEEDS
from support.servers import Server

from citeqa.api.client import Client
from citeqa.index.documents.sentences import sentences
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag.manuscript import checking
from citeqa.rag.manuscript.checking import Checker

EACH = 20  # quotations of a kind in one text
MARKS = ["“{}”", '"{}"', "«{}»", "„{}“", "‘{}’"]
LEAST = 18  # of those that were altered in a text, told as altered
NEGATED = re.compile(r"\b(is|are|was|were|will|would|has|have|had|could|can|did|does)\b(?! not\b)")

Check = Callable[[str], list[str]]  # what each quotation of a text is, in their order: exact, altered, absent


def taken(texts: Sequence[str], chance: random.Random) -> str:
    """A sentence out of one of the texts, or a part of it: 4 to 40 words."""
    while True:
        text = chance.choice(texts)
        span = chance.choice(sentences(text))
        words = text[span.start : span.end].split()
        if chance.random() < 0.4 and len(words) > 8:
            start = chance.randrange(len(words) - 6)
            words = words[start : start + chance.randint(5, 14)]
        if 4 <= len(words) <= 40 and not re.search(r"[\"“”'‘’\[\]…]", " ".join(words)):
            return " ".join(words)


def retyped(words: str, chance: random.Random) -> str:
    """The same words as another hand sets them."""
    way = chance.randrange(5)
    if way == 0:
        return words.rstrip(".") + ","
    if way == 1:
        return words[0].swapcase() + words[1:]
    if way == 2:
        return words.replace(" ", "\n", 1).replace("-", "‐")
    if way == 3 and len(words.split()) > 10:
        parts = words.split()
        at = chance.randrange(3, len(parts) - 5)
        return " ".join([*parts[:at], "[...]", *parts[at + 2 :]])
    return words


def altered(words: str, chance: random.Random, vocabulary: Sequence[str]) -> str | None:
    """The words with one of them, a number or a negation changed; None where that cannot be done to them."""
    way, parts = chance.choice(["word", "number", "negation"]), words.split()
    if way == "number":
        places = [n for n, part in enumerate(parts) if part.strip(",.").isdecimal()]
        if not places:
            return None
        at = chance.choice(places)
        parts[at] = parts[at].replace(parts[at].strip(",."), str(int(parts[at].strip(",.")) + chance.randint(1, 9)))
        return " ".join(parts)
    if way == "negation":
        if " not " in words:
            return words.replace(" not ", " ", 1)
        return NEGATED.sub(r"\1 not", words, count=1) if NEGATED.search(words) else None
    at = chance.randrange(1, len(parts) - 1)
    other = chance.choice(vocabulary)
    if other.casefold() == parts[at].strip(",.").casefold():
        return None
    parts[at] = other
    return " ".join(parts)


def manuscript(texts: Sequence[str], others: Sequence[str], seed: int) -> tuple[str, list[str]]:
    """A text with `EACH` quotations of each kind, and what each of them is, in its order."""
    chance = random.Random(seed)
    vocabulary = sorted({word for text in texts for word in re.findall(r"\b[a-z]{5,}\b", text)})
    made: list[tuple[str, str]] = [("exact", retyped(taken(texts, chance), chance)) for _ in range(EACH)]
    while len(made) < 2 * EACH:
        if found := altered(taken(texts, chance), chance, vocabulary):
            made.append(("altered", found))
    made += [("absent", taken(others, chance)) for _ in range(EACH)]
    chance.shuffle(made)
    parts = [
        f"It was a long day, said Ingrid Solheim in 2019. {chance.choice(MARKS).format(words)}" for _, words in made
    ]
    return "\n\n".join(parts), [kind for kind, _ in made]


@dataclass(frozen=True)
class Told:
    """How many quotations of each kind in a text were told to be what, and how long that took."""

    counts: Counter[tuple[str, str]]
    seconds: float

    def __str__(self) -> str:
        kinds = ("exact", "altered", "absent")
        of = {
            kind: {status: n for (wanted, status), n in sorted(self.counts.items()) if wanted == kind} for kind in kinds
        }
        return ", ".join(f"{kind}: {told}" for kind, told in of.items()) + f", {1000 * self.seconds:.0f} ms"

    @property
    def well(self) -> bool:
        counts = self.counts
        exact, altered = counts["exact", "exact"], counts["altered", "altered"]
        return exact == EACH and altered >= LEAST and counts["absent", "altered"] <= 1


def told(check: Check, texts: Sequence[str], others: Sequence[str], seed: int) -> Told:
    """What was told of the text with this seed."""
    text, kinds = manuscript(texts, others, seed)
    start = perf_counter()
    found = check(text)
    seconds = perf_counter() - start
    if len(found) != len(kinds):
        print(f"text {seed}: {len(found)} quotations were found in it, {len(kinds)} are there")
    return Told(Counter(zip(kinds, found, strict=False)), seconds)


@contextmanager
def library(corpus: Path) -> Iterator[Check]:
    """Checks in this process."""
    with tempfile.TemporaryDirectory(prefix="citeqa-") as folder:
        update(Path(folder), [corpus, SEEDS], WordLengths())
        with closing(Index(Path(folder))) as index:
            print(f"{index.document_count} documents, {index.passage_count} passages")
            yield lambda text: [one.status for one in Checker(index).check(text)]


@contextmanager
def service(corpus: Path) -> Iterator[Check]:
    """Asks a service of its own process."""
    with tempfile.TemporaryDirectory(prefix="citeqa-") as folder:
        index = Path(folder, "index")
        update(index, [corpus, SEEDS], load_embedder(DEFAULT_MODEL, Path(folder, "models")))
        server = Server(index)
        try:
            with Client(server.url) as client:
                held = client.ready().index
                print(f"{held.documents} documents, {held.passages} passages, over HTTP")
                yield lambda text: [one.status for one in client.verify_quotes(text).quotations]
        finally:
            server.stop()


def chosen(corpus: Path, texts: Sequence[str], others: Sequence[str]) -> None:
    """Print what several bounds of likeness would tell."""
    shipped = checking.ALIKE
    with library(corpus) as check:
        for bound in (0.6, 0.65, 0.7, 0.75, 0.8):
            checking.ALIKE = bound
            for seed in range(3):
                print(f"to choose, {bound}: {told(check, texts, others, seed)}", flush=True)
    checking.ALIKE = shipped


def reported(check: Check, texts: Sequence[str], others: Sequence[str]) -> bool:
    """Print what is told of five texts; whether each of them is told well."""
    check(manuscript(texts, others, 99)[0])  # a first one, which opens what is opened once
    found = [told(check, texts, others, seed) for seed in range(100, 105)]
    for one in found:
        print(f"reported: {one}{'' if one.well else '  NOT AS IT SHOULD BE'}")
    took = [one.seconds for one in found]
    whole = Told(sum((one.counts for one in found), Counter()), statistics.median(took))
    print(f"all of them: {whole} for the middle one of {3 * EACH} quotations, at most {1000 * max(took):.0f} ms")
    return all(one.well for one in found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="the articles that are indexed, with the seeds")
    parser.add_argument("others", type=Path, help="articles that are not")
    parser.add_argument("--http", action="store_true", help="ask a service; without it, choose the likeness too")
    given = parser.parse_args()
    texts = [json.loads(line)["text"] for line in given.corpus.read_text(encoding="utf-8").splitlines()]
    known = {" ".join(text.split())[:200] for text in texts}
    rows = [json.loads(line) for line in given.others.read_text(encoding="utf-8").splitlines()]
    others = [row["text"] for row in rows if " ".join(row["text"].split())[:200] not in known]
    if not given.http:
        chosen(given.corpus, texts[::2], others[::2])
    with (service if given.http else library)(given.corpus) as check:
        return int(not reported(check, texts[1::2], others[1::2]))


if __name__ == "__main__":
    sys.exit(main())

"""How well quotations of a manuscript are told: those that stand in the documents, those that were altered, and those
that do not stand there.

Quotations are taken out of the articles at even positions to choose the likeness from which one counts as altered, and
out of those at odd positions to report. A third of them stays as it is (with other quotation marks, other case at the
start, other white space and punctuation, some with words left out and marked so), in a third a word is replaced, a
number is another one, or a negation is put in or taken out, and a third is taken from articles that are not indexed.
They are written into a text of paragraphs that name a speaker, and looked for in all articles and the seeds.
Wikinews 2019-2020 is public (CC BY 2.5, https://en.wikinews.org):
`python tests/benchmarks/quotations.py CORPUS.jsonl OTHER_CORPUS.jsonl`.
"""

from __future__ import annotations

import json
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

from support.embedders import WordLengths
from support.paths import SEEDS

from citeqa.index.documents.sentences import sentences
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update
from citeqa.rag.manuscript import checking
from citeqa.rag.manuscript.checking import Checker

EACH = 20  # quotations of a kind in one text
MARKS = ["“{}”", '"{}"', "«{}»", "„{}“", "‘{}’"]
NEGATED = re.compile(r"\b(is|are|was|were|will|would|has|have|had|could|can|did|does)\b(?! not\b)")


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


def told(index: Index, texts: Sequence[str], others: Sequence[str], seeds: range) -> Counter[tuple[str, str]]:
    """How many quotations of each kind were told to be what."""
    counted: Counter[tuple[str, str]] = Counter()
    for seed in seeds:
        text, kinds = manuscript(texts, others, seed)
        found = [one.status for one in Checker(index).check(text)]
        if len(found) != len(kinds):
            print(f"text {seed}: {len(found)} quotations were found in it, {len(kinds)} are there")
        counted.update(zip(kinds, found, strict=False))
    return counted


def main() -> None:
    texts = [json.loads(line)["text"] for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    known = {" ".join(text.split())[:200] for text in texts}
    rows = [json.loads(line) for line in Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()]
    others = [row["text"] for row in rows if " ".join(row["text"].split())[:200] not in known]
    with tempfile.TemporaryDirectory() as folder:
        update(Path(folder), [Path(sys.argv[1]), SEEDS], WordLengths())
        index = Index(Path(folder))
        print(f"{index.document_count} documents, {index.passage_count} passages")
        shipped = checking.ALIKE
        for bound in (0.6, 0.65, 0.7, 0.75, 0.8):
            checking.ALIKE = bound
            show(f"to choose, {bound}", told(index, texts[::2], others[::2], range(3)))
        checking.ALIKE = shipped
        start = perf_counter()
        show(f"reported, {shipped}", told(index, texts[1::2], others[1::2], range(100, 105)))
        print(f"{1000 * (perf_counter() - start) / (5 * 3 * EACH):.1f} ms a quotation")
        for seed in range(100, 103):
            show(f"one text, {shipped}", told(index, texts[1::2], others[1::2], range(seed, seed + 1)))
        index.close()


def show(what: str, counted: Counter[tuple[str, str]]) -> None:
    for kind in ("exact", "altered", "absent"):
        of = {status: n for (wanted, status), n in sorted(counted.items()) if wanted == kind}
        print(f"{what}: {kind}: {of}", flush=True)


if __name__ == "__main__":
    main()

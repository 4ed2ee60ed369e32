"""What the reader learns from beyond its first training: SQuAD's training part, and question sets of other kinds of
text. A fifth of each is kept aside.

A set is a file NAME.jsonl.xz, a question a line: `id, question, context, answers [{text, start}]`.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citeqa.index.types import Document, Span
from citeqa.rag.evaluation.squad import Article, SquadQuestion, load
from citeqa.rag.training.tables import columns, with_labels

ASIDE = Path(__file__).with_name("aside.json")  # which groups are kept aside: digests by set
SQUAD = "squad_train"
SHARE = 5  # one group in so many is kept aside

# What belongs together, by set: the contexts of one document. The others have a context a document.
_GROUPS: dict[str, Callable[[dict[str, Any]], str]] = {
    "cuad": lambda row: row["id"].split("-")[0],
    "fairytaleqa": lambda row: row["id"].rsplit(":", 1)[0],
    "qamr_wikinews": lambda row: row["id"].split(":")[2],
    "timeqa": lambda row: row["id"].split("#")[0],
    "wikitablequestions": lambda row: columns(row["context"]),
}
_TITLES: dict[str, Callable[[str], str]] = {
    "fairytaleqa": lambda group: group.replace("-", " ").capitalize(),
    "timeqa": lambda group: group.removeprefix("/wiki/").replace("_", " "),
}
_TABLES = {"tatqa", "wikitablequestions"}


@dataclass(frozen=True, slots=True)
class Source:
    """A document of a set with its questions, and what it is kept aside by: the name of its article, contract, story or
    table."""

    set: str
    group: str
    article: Article


def sources(squad: Path, extra: Path) -> list[Source]:
    """Every document of SQuAD's file and of the sets in the folder `extra`, in the order of the files.

    Raises:
        OSError: if one cannot be read.
        ValueError: if one has another format, or an answer is not where it says.
    """
    found = [Source(SQUAD, article.document.id, article) for article in load(squad)]
    for path in sorted(extra.glob("*.jsonl.xz")):
        found += _set(path)
    return found


def _set(path: Path) -> list[Source]:
    name = path.name.removesuffix(".jsonl.xz")
    asked: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            asked[row["context"]].append(row)
    return [_source(name, context, rows) for context, rows in asked.items()]


def _source(name: str, context: str, rows: Sequence[dict[str, Any]]) -> Source:
    group = _GROUPS[name](rows[0]) if name in _GROUPS else context
    document_id = f"{name}:{hashlib.sha256(context.encode()).hexdigest()[:12]}"
    text, questions = context, []
    for row in rows:
        spans = [_place(row, context, answer) for answer in row["answers"]]
        if name in _TABLES:
            text, spans = with_labels(context, spans)
        if not row["answers"] or spans:
            place = Span(0, len(text))
            asked = row["question"].strip()
            questions.append(
                SquadQuestion(f"{name} {row['id']}", asked, document_id, place, tuple(dict.fromkeys(spans)))
            )
    title = _TITLES[name](group) if name in _TITLES else ""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Source(
        name,
        group,
        Article(Document(document_id, title, text, None, None, None, None, digest, digest), tuple(questions)),
    )


def _place(row: dict[str, Any], context: str, answer: dict[str, Any]) -> Span:
    start, text = answer["start"], answer["text"]
    if context[start : start + len(text)] != text:
        raise ValueError(f"question {row['id']!r}: the answer {text!r} is not at {start}")
    return Span(start, start + len(text))


def digest(group: str) -> str:
    """What stands for a group in the list of those kept aside."""
    return hashlib.sha256(f"1 {group}".encode()).hexdigest()[:12]


def choose_aside(found: Iterable[Source]) -> dict[str, list[str]]:
    """A fifth of the groups of each set: those with the lowest digests."""
    groups: dict[str, set[str]] = defaultdict(set)
    for source in found:
        groups[source.set].add(digest(source.group))
    return {name: sorted(digests)[: -(-len(digests) // SHARE)] for name, digests in sorted(groups.items())}


def divided(found: Iterable[Source], path: Path = ASIDE) -> tuple[list[Source], list[Source]]:
    """The sources to learn from, and those that are kept aside.

    Raises:
        KeyError: if a set is not in the list at `path`.
    """
    listed = {name: set(digests) for name, digests in json.loads(path.read_text(encoding="utf-8")).items()}
    parts: tuple[list[Source], list[Source]] = ([], [])
    for source in found:
        parts[digest(source.group) in listed[source.set]].append(source)
    return parts

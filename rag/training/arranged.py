"""Arranges what is kept aside as corpora with questions, so that the confidence is fitted on texts of many kinds.

    python -m citeqa.rag.training.arranged SQUAD.json EXTRA OUTPUT [UNASKED.jsonl ...] [--questions 200]

Each set becomes a corpus of its own, OUTPUT/NAME with `corpus.jsonl` and `questions.jsonl`; "mixed" holds the documents
of all of them and those of UNASKED. For a fourth of a corpus's questions the documents are left out: they are not
answered there. Sets whose questions mean nothing without their text ("What did he say?") are not used, nor are tables.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from citeqa.index.documents.corpus import load as load_documents
from citeqa.index.types import Document
from citeqa.rag.training.sources import SQUAD, Source, divided, sources

log = logging.getLogger("citeqa.rag.training")

# those whose questions can be understood by themselves
SETS = (
    SQUAD, "clapnq", "covidqa", "fairytaleqa", "qed_nq", "sleepqa", "squadshifts_amazon", "squadshifts_newwiki",
    "squadshifts_reddit", "timeqa",
)  # fmt: skip
QUESTIONS = 200  # of each corpus, at most
LEFT_OUT = 0.25  # share of the questions whose documents are left out
SEED = 17


@dataclass(frozen=True, slots=True)
class Arranged:
    """A corpus and the questions asked over it, as rows of a question set."""

    documents: list[Document]
    questions: list[dict[str, Any]]


def arranged(found: Sequence[Source], count: int, seed: int = SEED) -> Arranged:
    """The documents of some sources, with up to `count` of their questions, as evenly from each document as may be.

    Documents of a fourth of the questions are left out; other questions about these are not asked.
    """
    chance = Random(seed)
    articles = [source.article for source in found if source.article.asked]
    chance.shuffle(articles)
    left = {article.document.id for article in articles[: round(len(articles) * LEFT_OUT)]}
    chance.shuffle(articles)  # again: where there are more documents than questions, those left out are not the first
    turns = [chance.sample(article.asked, len(article.asked)) for article in articles]
    chosen = [asked for turn in range(count) for one in turns for asked in one[turn : turn + 1]][:count]
    documents = {source.article.document.id: source.article.document for source in found}
    rows = []
    for asked in chosen:
        here = asked.document_id not in left and bool(asked.answers)
        text = documents[asked.document_id].text
        answers = list(dict.fromkeys(text[span.start : span.end] for span in asked.answers)) if here else []
        rows.append(
            {
                "id": asked.id,
                "question": asked.question,
                "answers": answers,
                "documents": [asked.document_id] if here else [],
                "answerable": here,
                "split": "fit",
            }
        )
    return Arranged([document for name, document in documents.items() if name not in left], rows)


def corpora(aside: Sequence[Source], unasked: Sequence[Document], count: int) -> Iterator[tuple[str, Arranged]]:
    """The corpora by name: one of each set, then the mixed one."""
    used = [source for source in aside if source.set in SETS]
    for name in SETS:
        if own := [source for source in used if source.set == name]:
            yield name, arranged(own, count)
    mixed = arranged(used, count, SEED + 1)
    yield "mixed", Arranged([*mixed.documents, *unasked], mixed.questions)


def write(folder: Path, corpus: Arranged) -> None:
    """Write a corpus and its questions into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "corpus.jsonl", ({"id": d.id, "title": d.title, "text": d.text} for d in corpus.documents))
    _write(folder / "questions.jsonl", corpus.questions)


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            kept = {name: value for name, value in row.items() if value != ""}
            file.write(json.dumps(kept, ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("squad", type=Path, help="a file in SQuAD 2.0's format, .json or .json.xz")
    parser.add_argument("extra", type=Path, help="folder of question sets, NAME.jsonl.xz")
    parser.add_argument("output", type=Path, help="folder to write the corpora to")
    parser.add_argument("unasked", type=Path, nargs="*", help="corpora that the mixed one holds too")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="of each corpus, at most")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    others = [item for item in load_documents(arguments.unasked) if isinstance(item, Document)]
    _, aside = divided(sources(arguments.squad, arguments.extra))
    for name, corpus in corpora(aside, others, arguments.questions):
        write(arguments.output / name, corpus)
        log.info("%s: %d documents, %d questions", name, len(corpus.documents), len(corpus.questions))


if __name__ == "__main__":
    main()

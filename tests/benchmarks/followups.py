"""How much of what the same questions get when asked in full follow-up questions get with what is carried over.

An answer is right if its token F1 with an accepted one is at least 0.5, in an accepted document; "forced" counts it
whatever the confidence, "given" from the fitted threshold on. Choose on the split `fit`, report on `report`.
Wikinews 2019-2020 is public (CC BY 2.5, https://en.wikinews.org); give a file of it, a document a line with id, title,
date and text: `python tests/benchmarks/followups.py corpus.jsonl report`. Indexes are made in a temporary folder, or
kept in the one named by a third argument.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from citeqa.api.service import Service
from citeqa.index.embedding.loading import load_embedder
from citeqa.index.embedding.weights import DEFAULT_MODEL
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.writer import update
from citeqa.rag import confidence
from citeqa.rag.evaluation.metrics import RIGHT, Proportion, token_f1
from citeqa.rag.followup import Turn, carried
from citeqa.rag.options import AskOptions

ROOT = Path(__file__).resolve().parents[2]
Row = dict[str, Any]


def opened(folder: Path, source: Path) -> Service:
    """A service over `source`, indexed in `folder` unless it is there."""
    models = folder.parent / "models"
    if not (folder / DATABASE).exists():
        update(folder, [source], load_embedder(DEFAULT_MODEL, models))
    return Service.open(folder, models)


def turn(row: Row, service: Service) -> Turn:
    before = row["previous"]
    return Turn(before["question"], before["answer"], service.index.document(before["document"]).title)


def right(row: Row, service: Service, question: str, context: str | None) -> tuple[bool, bool]:
    """Whether the answer is right when forced, and whether it is right and given."""
    answer = service.answerer.ask(question, AskOptions(context=context, min_confidence=0)).answer
    if answer is None or answer.citation.source.document_id not in row["documents"]:
        return False, False
    good = token_f1(answer.text, row["answers"]) >= RIGHT
    return good, good and answer.confidence >= confidence.load()[0].threshold


def main() -> None:
    corpus, split = Path(sys.argv[1]), sys.argv[2]
    lines = (ROOT / "tests" / "followups.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["split"] == split]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[3] if len(sys.argv) > 3 else temporary)
        sources = {"seeds": ROOT / "seeds", "wikinews": corpus}
        services = {name: opened(folder / name, source) for name, source in sources.items()}
        context = {row["id"]: " ".join(carried(row["question"], turn(row, services[row["corpus"]]))) for row in rows}
        asked: dict[str, Callable[[Row], tuple[str, str | None]]] = {
            "in full": lambda row: (row["full"], None),
            "with what is carried over": lambda row: (row["question"], context[row["id"]] or None),
            "with nothing": lambda row: (row["question"], None),
        }
        following = [row for row in rows if row["kind"] != "topic switch"]
        full = (0, 0)
        for name, question in asked.items():
            results = [right(row, services[row["corpus"]], *question(row)) for row in following]
            forced, given = (sum(result[number] for result in results) for number in (0, 1))
            full = full if any(full) else (forced, given)
            shares = f"{forced / full[0]:.2f} and {given / full[1]:.2f} of in full"
            print(f"{name:26} right of {len(following)}: {forced} forced, {given} given; {shares}", flush=True)
    complete = [row for row in rows if row["kind"] == "topic switch"]
    for name, held in (
        ("topic changed, nothing carried over", [not context[row["id"]] for row in complete]),
        ("follow-up, something carried over", [bool(context[row["id"]]) for row in following]),
    ):
        print(f"{name}: {sum(held)} of {len(held)}, 95 % {Proportion(sum(held), len(held)).interval}")


if __name__ == "__main__":
    main()

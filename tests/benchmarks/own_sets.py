"""How many answers are right on the question sets that bring their own documents (see `tests/sets/README.md`).

A list is right if the answer holds all of its items. A value is right if the answer is one of the accepted ones, or
holds one without holding the superseded (or, where the earlier time is asked for, the current) value too, in the right
document. Refused questions count as wrong. `python tests/benchmarks/own_sets.py SPLIT FOLDER`: SPLIT is `visible` or
`held`, FOLDER is where the indexes are kept.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from citeqa.api.library import QAIndex, build_index, open_index
from citeqa.rag.matching import normalized
from citeqa.rag.options import AskOptions
from citeqa.rag.types import Response

SETS = Path(__file__).parents[1] / "sets"


def is_right(row: Mapping[str, Any], response: Response) -> bool:
    """Whether a response is right, as the module says."""
    answer = response.answer
    if answer is None:
        return False
    if "items" in row:
        return all(item in answer.text for item in row["items"])
    if answer.citation.source.document_id not in row["documents"]:
        return False
    words = f" {normalized(answer.text)} "
    wrong = row.get("superseded") or row.get("current")
    holds = any(f" {normalized(accepted)} " in words for accepted in row["answers"])
    return holds and not (wrong and f" {normalized(wrong)} " in words)


def measure(name: str, split: str, index: QAIndex) -> None:
    """Prints each wrong answer, and the counts by kind."""
    right: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    for line in (SETS / name / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != split:
            continue
        response = index.ask(row["question"], AskOptions(today=date.fromisoformat(row["date"])))
        kind = row["kind"]
        asked[kind] += 1
        if is_right(row, response):
            right[kind] += 1
        else:
            got = response.answer.text if response.answer else f"refused: {[one.text for one in response.guesses]}"
            print(f"  {row['id']} {row['question']} | {got!r} | {row['answers'][0]!r}")
        older = normalized(row.get("superseded", ""))
        shown[kind] += bool(older) and any(older in normalized(one.text) for one in response.conflicts)
    for kind, count in sorted(asked.items()):
        beside = f", the older value beside it {shown[kind]}" if shown[kind] else ""
        print(f"{name}, {split}, {kind}: right {right[kind]} of {count}{beside}", flush=True)


def main() -> None:
    split, folder = sys.argv[1], Path(sys.argv[2])
    for name in ("lists", "corrections"):
        build_index([SETS / name / "corpus.jsonl"], folder / name)
        with open_index(folder / name) as index:
            measure(name, split, index)


if __name__ == "__main__":
    main()

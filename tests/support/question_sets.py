"""Question sets small enough to see through, in the layouts that are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CORPUS: list[dict[str, Any]] = [
    {"_id": "d1", "title": "Ferries", "text": "The ferry leaves at noon."},
    {"_id": "d2", "title": "", "text": "The owl wakes at dusk.\nIt eats mice."},
    {"_id": "d3", "title": "Nothing", "text": ""},
]
QUERIES: list[dict[str, Any]] = [
    {"_id": "q1", "text": "When does the ferry leave?", "metadata": {}},
    {"_id": "q2", "text": "What do owls eat?"},
    {"_id": "q3", "text": "Nobody judged this."},
    {"_id": "q4", "text": "Nothing is relevant to this."},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t2\nq2\td1\t1\nq2\td3\t0\nq4\td1\t0\n"
SQUAD = {
    "version": "v2.0",
    "data": [
        {
            "title": "Night_birds",
            "paragraphs": [
                {"context": "The owl wakes at dusk.", "qas": [
                    {"id": "a", "question": " Who wakes at dusk? ", "is_impossible": False, "answers": [
                        {"text": "The owl", "answer_start": 0}, {"text": "owl", "answer_start": 4},
                        {"text": "owl", "answer_start": 4},
                    ]},
                ]},
                {"context": "An owl eats mice.", "qas": [
                    {"id": "b", "question": "What eats grass?", "is_impossible": True, "answers": []},
                    {"id": "c", "question": "What does it eat?", "answers": [{"text": "mice", "answer_start": 12}]},
                ]},
            ],
        }
    ],
}  # fmt: skip


def lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def beir(folder: Path, qrels: str = QRELS) -> Path:
    """A folder in BEIR's layout."""
    (folder / "qrels").mkdir(parents=True)
    lines(folder / "corpus.jsonl", CORPUS)
    lines(folder / "queries.jsonl", QUERIES)
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    return folder

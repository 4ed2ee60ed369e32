"""Follow-up questions: the frozen set, what is carried over, and the route that says it."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import DATA, SEEDS

HERE = Path(__file__).parent
# Wikinews 2019-2020: https://en.wikinews.org, CC BY 2.5; a document a line, as README.md says of JSONL.
WIKINEWS = DATA / "wikinews" / "corpus.jsonl"
KEYS = ["id", "corpus", "kind", "previous", "question", "full", "answers", "documents", "split"]


@cache
def load_rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / "followups.jsonl").read_text(encoding="utf-8").splitlines()]


@cache
def texts(corpus: str) -> dict[str, str]:
    if corpus == "seeds":
        return {path.stem: path.read_bytes().decode() for path in SEEDS.glob("*.txt")}
    if not WIKINEWS.exists():
        pytest.skip(f"{WIKINEWS} is not there")
    return {row["id"]: row["text"] for row in map(json.loads, WIKINEWS.read_text(encoding="utf-8").splitlines())}


def test_the_set_is_large_halved_and_tidy() -> None:
    rows = load_rows()
    assert [row["id"] for row in rows] == [f"f{number:03d}" for number in range(1, len(rows) + 1)]
    assert all(list(row) == KEYS for row in rows)
    assert all(count >= 24 for count in Counter(row["corpus"] for row in rows).values())
    for split in ("fit", "report"):
        kinds = Counter((row["corpus"], row["kind"] == "topic switch") for row in rows if row["split"] == split)
        assert kinds["seeds", False] >= 11
        assert kinds["wikinews", False] >= 15
        assert kinds["seeds", True] >= 3
        assert kinds["wikinews", True] >= 3


def test_a_topic_switch_is_asked_in_full() -> None:
    for row in load_rows():
        assert (row["question"] == row["full"]) == (row["kind"] == "topic switch"), row["id"]


@pytest.mark.parametrize("corpus", ["seeds", "wikinews"])
def test_answers_stand_verbatim_in_their_documents(corpus: str) -> None:
    documents = texts(corpus)
    for row in load_rows():
        if row["corpus"] == corpus:
            held = [documents[name] for name in row["documents"]]
            assert all(any(answer in text for text in held) for answer in row["answers"]), row["id"]
            assert all(any(answer in text for answer in row["answers"]) for text in held), row["id"]
            assert row["previous"]["answer"] in documents[row["previous"]["document"]], row["id"]

"""Where things lie: the repository, its seed articles and frozen question sets, and data that may stand beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
SEEDS = ROOT / "seeds"
QUESTIONS = TESTS / "questions.jsonl"
FOLLOWUPS = TESTS / "followups.jsonl"
DATA = ROOT.parent / "shared" / "data"  # public sets, which are no part of the repository

# Where many small indexes are written and thrown away: each is synced to the disk many times, if it is on one.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
SOURCES = {
    "reader_extra": "public extractive sets in one form; rag/models/reader/CARD.md names them",
    "squad_dev": "SQuAD 2.0 dev, in citeqa's form: https://rajpurkar.github.io/SQuAD-explorer/",
    "squad_train": "SQuAD 2.0 train: https://rajpurkar.github.io/SQuAD-explorer/",
    "wikinews": "articles of Wikinews 2019-2020, CC BY 2.5: https://dumps.wikimedia.org/enwikinews/",
}


def public_data(name: str, file: str) -> Path:
    """A file of a public set; the test is skipped where it is not. Tests that ask for one are marked `data`."""
    path = DATA / name / file
    if not path.exists():
        pytest.skip(f"{path} is not there; {SOURCES[name]}")
    return path


def environment_with_support() -> dict[str, str]:
    """The environment of a program that imports `support`, as the tests do."""
    found = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *([found] if found else [])])}

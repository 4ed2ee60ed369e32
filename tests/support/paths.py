"""Where things lie: the repository, its seed articles and frozen question sets, and data that may stand beside it."""

from __future__ import annotations

import os
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
SEEDS = ROOT / "seeds"
QUESTIONS = TESTS / "questions.jsonl"
FOLLOWUPS = TESTS / "followups.jsonl"
DATA = ROOT.parent / "shared" / "data"  # not part of the repository: what needs it is skipped where it is not


def environment_with_support() -> dict[str, str]:
    """The environment of a program that imports `support`, as the tests do."""
    found = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *([found] if found else [])])}

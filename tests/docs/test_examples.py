"""The examples run, and print what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.paths import ROOT, SEEDS
from support.servers import Server

EXAMPLES = ROOT / "examples"
QUESTION = "Why did Claver-Carone praise Andrew Holness?"
ANSWER = "for his leadership in tackling crime and steering Jamaica’s economic policies"


def _printed(folder: Path, name: str, *arguments: str | Path) -> str:
    """What an example prints, run in a folder of its own."""
    command = [sys.executable, EXAMPLES / f"{name}.py", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONIOENCODING": "utf-8"}, capture_output=True, text=True,
        encoding="utf-8", timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_own_folder(tmp_path: Path, models: Path) -> None:
    printed = _printed(tmp_path, "own_folder", SEEDS, QUESTION)
    assert printed.startswith(ANSWER)
    assert "003_06306681cd2de5d0" in printed
    assert "Not in these documents." in _printed(tmp_path, "own_folder", SEEDS, "Who won the chess title in 1972?")


@pytest.mark.slow
def test_over_http(tmp_path: Path, seeds_index: Path) -> None:
    server = Server(seeds_index)
    try:
        printed = _printed(tmp_path, "over_http", server.url, QUESTION)
    finally:
        server.stop()
    assert printed.startswith(ANSWER)
    assert "exact: True" in printed


@pytest.mark.slow
def test_evaluate_own_questions(tmp_path: Path, seeds_index: Path) -> None:
    printed = _printed(tmp_path, "evaluate_own_questions", seeds_index, EXAMPLES / "questions.jsonl")
    assert "1 of 1 answers given are right" in printed
    assert "1 of 1 questions without an answer were refused" in printed


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_examples_are_short_and_use_public_names_only(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert 20 <= len(source.splitlines()) <= 40
    assert "from citeqa import" in source
    assert "citeqa." not in "".join(line for line in source.splitlines() if line.startswith(("import", "from")))

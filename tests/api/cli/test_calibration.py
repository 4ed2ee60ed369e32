"""`citeqa calibrate`: what it needs, and how it is undone."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from support.command_line import Run
from support.paths import QUESTIONS

from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.stores import open_store


def test_the_terminal_says_what_is_needed_and_undoes_it(citeqa: Run, seeds_index: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(seeds_index, tmp_path / "index"))
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(QUESTIONS.read_text(encoding="utf-8").splitlines()[:3]), encoding="utf-8")
    refused = citeqa("calibrate", few, "--index", folder)
    assert (refused.status, "at least 30 are needed" in refused.err) == (1, True)
    assert citeqa("calibrate", "--index", folder).status == 2
    assert citeqa("calibrate", few, "--reset", "--index", folder).status == 2
    open_store(folder).calibrate("{}")
    assert citeqa("calibrate", "--reset", "--index", folder).status == 0
    with closing(Index(folder)) as index:
        assert index.calibration is None

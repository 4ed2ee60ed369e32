"""Models are opened once while they are in use, and anew when their files have changed."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from citeqa.index.shared import Shared


class Model:
    def __init__(self, folder: Path) -> None:
        self.words = (folder / "words").read_text()


def test_a_model_is_opened_once_while_it_is_used_and_freed_then(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("one")
    opened: list[Path] = []
    shared = Shared(lambda folder: opened.append(folder) or Model(folder))  # type: ignore[func-returns-value]
    with ThreadPoolExecutor(4) as threads:
        first, *others = list(threads.map(lambda _: shared.open(tmp_path), range(8)))
    assert all(other is first for other in others)
    assert len(opened) == 1
    del first, others
    gc.collect()
    assert shared.open(tmp_path).words == "one"
    assert len(opened) == 2


def test_files_that_changed_are_opened_anew(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("one")
    shared = Shared(Model)
    before = shared.open(tmp_path)
    (tmp_path / "words").write_text("another")
    assert shared.open(tmp_path).words == "another"
    assert before.words == "one"


def test_what_cannot_be_opened_is_tried_again(tmp_path: Path) -> None:
    shared = Shared(Model)
    with pytest.raises(FileNotFoundError):
        shared.open(tmp_path / "nowhere")
    (tmp_path / "words").write_text("one")
    assert shared.open(tmp_path).words == "one"

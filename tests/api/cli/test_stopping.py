"""Ctrl-C while indexing, in the program's own process at a terminal of its own."""

from __future__ import annotations

import signal
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.terminal import Typed

from citeqa.index.storage.collecting import BATCH
from citeqa.index.storage.sqlite_store import SqliteStore

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
DOCUMENTS = 3000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of so many documents that indexing lasts until it is stopped, all of them in one or two batches."""
    rows = [
        f'{{"id": "d{number:04}", "text": "The ferry {number} leaves at noon. Tickets for it are blue."}}\n'
        for number in range(DOCUMENTS)
    ]
    (tmp_path / "many.jsonl").write_text("".join(rows), encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_what_is_embedded_is_kept_however_often_ctrl_c_is_pressed(folder: Path, models: Path) -> None:
    typed = Typed(folder, "index", "many.jsonl")
    typed.until(r" [1-9]\d* passages")
    typed.process.send_signal(signal.SIGINT)
    typed.until("is being saved")
    typed.process.send_signal(signal.SIGINT)
    assert typed.end() == 130
    assert "stopped; what is done is kept: run the same command again to go on" in typed.shown
    with closing(SqliteStore(folder / ".citeqa").open()) as index:
        kept = index.document_count
    assert 64 <= kept < DOCUMENTS
    assert kept % BATCH  # what was embedded of a batch that was not full
    again = Typed(folder, "index", "many.jsonl")
    again.until(" left")
    again.process.send_signal(signal.SIGINT)
    assert again.end() == 130
    with closing(SqliteStore(folder / ".citeqa").open()) as index:
        assert index.document_count > kept

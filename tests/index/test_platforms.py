"""What holds on systems that these tests do not run on: their branches, taken here."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import faiss
import numpy as np
import pytest

from citeqa.index import atomic
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.errors import IndexDamagedError
from citeqa.index.formats import extraction
from citeqa.index.ranking import dense
from citeqa.index.ranking.dense import DenseIndex, DensePart
from citeqa.index.storage import generations, sync
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update


def test_windows_syncs_files_opened_for_writing_and_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Path, int]] = []
    real = os.open
    monkeypatch.setattr(atomic, "WINDOWS", True)

    def noting(path: Path, flags: int) -> int:
        opened.append((path, flags))
        return real(path, flags)

    monkeypatch.setattr(os, "open", noting)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "file").write_text("words")
    atomic.sync_tree(tmp_path)
    assert opened == [(tmp_path / "sub" / "file", os.O_RDWR)]


def test_where_files_are_not_mapped_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(1).normal(size=(200, 8)).astype(np.float32)
    part = DensePart.build(8, [(np.arange(200, dtype=np.int64), vectors)])
    path = tmp_path / "caf\u00e9.faiss"
    part.save(path)
    expected = DenseIndex(8, [part]).search(vectors[3], 20)
    monkeypatch.setattr(dense, "MAPPED", False)
    monkeypatch.setattr(faiss, "IO_FLAG_MMAP_IFC", None)
    opened = DensePart.open(path)
    path.unlink()
    assert DenseIndex(8, [opened]).search(vectors[3], 20) == expected


def test_files_that_cannot_be_opened_here_at_all_are_not_made_again_for_ever(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As FAISS says of every mapped file on a system where it maps none."""

    def refused(path: Path) -> object:
        raise RuntimeError("Not implemented")

    (tmp_path / "a.txt").write_text("The harbour was opened in 1987.")
    update(tmp_path / "index", [tmp_path / "a.txt"], embedder)
    monkeypatch.setattr(dense, "_read", refused)
    with pytest.raises(IndexDamagedError, match="Not implemented"):
        Index(tmp_path / "index")


def test_on_windows_no_generation_shares_files_with_the_one_before(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "WINDOWS", True)
    monkeypatch.setattr(generations, "WINDOWS", True)
    monkeypatch.setattr(dense, "MAPPED", False)
    folder = tmp_path / "index"
    for name, text in (("a", "The harbour was opened in 1987."), ("b", "The ferry leaves at half past nine.")):
        (tmp_path / f"{name}.txt").write_text(text)
        update(folder, [tmp_path / f"{name}.txt"], embedder)
    files = [path for path in (folder / "generations").rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_nlink for path in files} == {1}
    index = Index(folder)
    assert (index.document_count, index.passage_count) == (2, 2)
    index.close()


def test_a_folder_that_cannot_be_read_is_named_as_its_files_are(tmp_path: Path) -> None:
    assert sync._relative(str(tmp_path / "cafe\u0301" / "sub"), tmp_path) == "caf\u00e9/sub"


@pytest.mark.faults
def test_the_child_ends_itself_where_nobody_else_ends_it() -> None:
    """As when its parent was killed on a system that does not tell it."""
    lifeline, held = os.pipe()
    arguments = [str(lifeline), str(extraction.MEMORY), "0.2", *sys.path]
    with subprocess.Popen(
        [sys.executable, "-P", "-c", extraction._PROGRAM, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, pass_fds=[lifeline],
    ) as child:  # fmt: skip
        assert child.stdin
        child.stdin.write(b'{"module": "citeqa.index.formats.text", "size": 5}\nwords')
        child.stdin.flush()
        assert child.stdout
        assert b"words" in child.stdout.readline()
        time.sleep(0.6)
        assert child.poll() is None  # between two files it has all the time there is
        child.stdin.write(b'{"module": "support.troublesome", "size": 5}\nsleep')
        child.stdin.flush()
        assert child.wait(10) == 1
    os.close(lifeline)
    os.close(held)

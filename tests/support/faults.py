"""What goes wrong with disks and files, done to an index on purpose; and what must hold whatever went wrong."""

from __future__ import annotations

import os
import random
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.embedders import WordLengths
from support.indexes import results

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.embedding.embedder import Embedder
from citeqa.index.storage import generations
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.doctor import examine
from citeqa.index.storage.manifest import Manifest, manifest_of
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import update, writing

SOAK = bool(os.environ.get("CITEQA_TEST_SOAK"))  # the long form, set by `make soak`


def faults_of(folder: Path, model: Embedder | None = None) -> list[str]:
    """Everything the doctor finds wrong."""
    return [fault for finding in examine(folder, lambda *_: model or WordLengths()) for fault in finding.faults]


def texts_of(folder: Path) -> dict[str, str]:
    """By id every document's text."""
    with closing(Index(folder)) as index:
        return {summary.id: index.document(summary.id).text for summary in index.summaries(10_000)[0]}


def fresh(folder: Path, texts: dict[str, str]) -> Path:
    """A new index of these texts beside `folder`, made with its chunker, from files named by their ids."""
    with closing(Index(folder)) as index:
        chunker = chunker_of(index.settings)
    docs, made = folder.with_name(f"{folder.name}-docs"), folder.with_name(f"{folder.name}-fresh")
    for path in (docs, made):
        shutil.rmtree(path, ignore_errors=True)
    docs.mkdir()
    for name, text in texts.items():
        (docs / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (docs / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    update(made, [docs], WordLengths(), chunker)
    return made


def settled(folder: Path) -> None:
    """Do what a writer does when much is gone: BM25 counts nothing of it any more, and no copy of it is left."""
    with writing(folder, WordLengths, ChunkerSettings(), "testing") as writer:
        with writer.catalog.transaction():
            made = generations.rebuild_generation(folder, writer.catalog)
        generations.delete_generations(folder, but=made.generation)
        writer.catalog.compact()


def check_like_fresh(folder: Path, texts: dict[str, str]) -> None:
    """The index holds these texts and nothing else, is sound, and says all that a fresh one says; it is settled."""
    assert faults_of(folder) == []
    assert texts_of(folder) == texts
    expected = results(fresh(folder, texts))
    found = results(folder)
    assert {**found, "lexical": None} == {**expected, "lexical": None}
    settled(folder)
    assert results(folder) == expected


def manifest(folder: Path) -> Manifest:
    with closing(Catalog(folder / "catalog.sqlite3")) as catalog:
        return manifest_of(catalog)


def derived_files(folder: Path) -> list[Path]:
    """The search files of the published generation."""
    found = manifest(folder)
    return [folder / "generations" / found.generation / name for name in found.files]


def remove(folder: Path) -> None:
    """A folder of an index, and all in it: tantivy, which looks at what was just opened in a thread of its own, may
    still make the file of a lock there, between what is listed and what is removed."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def replaced(path: Path, data: bytes) -> None:
    """A file with other content, without touching others that share its bytes by a hard link."""
    path.unlink()
    path.write_bytes(data)


def noise(data: bytes, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(len(data))


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: replaced(path, b""),
    "cut": lambda path: replaced(path, path.read_bytes()[: path.stat().st_size // 2]),
    "noise": lambda path: replaced(path, noise(path.read_bytes())),
}


@contextmanager
def small_disk(path: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """A file system of its own at `path`; gives a function that leaves so many kilobytes free on it."""
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(path)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.decode().strip()}")

    def leave(free: int) -> None:
        found = os.statvfs(path)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize // 1024
        subprocess.run(["mount", "-o", f"remount,size={used + free}k", str(path)], check=True)

    try:
        yield leave
    finally:
        subprocess.run(["umount", str(path)], check=True)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes; writing fails, as Python ignores the signal SIGXFSZ."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

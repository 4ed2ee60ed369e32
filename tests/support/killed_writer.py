"""A program that brings an index up to date and kills itself with SIGKILL where it is told to.

    PYTHONPATH=tests python -m support.killed_writer '{"folder": ..., "docs": ..., "doing": "sync" | "rebuild" |
        "upload", "uploads": {id: text or null}, "tokens": 16, "few": 0, "phase": "COMMIT", "count": 2,
        "mode": "before" | "during" | "after"}'

The kill comes at the `count`-th time that the phase is reached; without a phase nobody is killed. It prints one JSON
value a line, each in one system call: {"acknowledged": {id: digest or null}}, {"killed": phase}, {"done": true}.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial, wraps
from pathlib import Path
from typing import Any

from support.embedders import WordLengths

from citeqa.api import live
from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.documents.corpus import document
from citeqa.index.ranking.dense import DensePart
from citeqa.index.ranking.lexical import LexicalIndex
from citeqa.index.storage import collecting, generations, reindex
from citeqa.index.storage import writer as writer_module
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.database import Database
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import IndexWriter, writing

DURING = 0.002  # seconds within which something that has begun is killed, at a moment that chance decides

Call = Callable[..., Any]


def say(value: Any) -> None:
    os.write(1, json.dumps(value).encode() + b"\n")


class Killer:
    """Counts how often a phase is reached, and kills this process when it is the time."""

    def __init__(self, phase: str | None, count: int, mode: str) -> None:
        self._phase, self._left, self._mode = phase, count, mode

    def at(self, phase: str, call: Call) -> Any:
        """Make the call, which is in this phase; only if it is not the last thing this process does."""
        self._left -= phase == self._phase
        if phase != self._phase or self._left:
            return call()
        if self._mode == "after":
            call()
        say({"killed": phase})
        if self._mode == "during":
            self._soon()
            call()
            time.sleep(10 * DURING)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    def _soon(self) -> None:
        """From another process, as this one's threads may all be busy outside Python."""
        victim = os.getpid()
        if not os.fork():
            time.sleep(int.from_bytes(os.urandom(2), "big") / 65536 * DURING)
            os.kill(victim, signal.SIGKILL)
            os._exit(0)

    def watch(self, owner: Any, name: str, phase: str) -> None:
        """From now on every call of a function is in a phase."""
        found = owner.__dict__[name]
        call: Call = found.__func__ if isinstance(found, staticmethod) else found

        @wraps(call)
        def watched(*args: Any, **known: Any) -> Any:
            return self.at(phase, lambda: call(*args, **known))

        setattr(owner, name, staticmethod(watched) if isinstance(found, staticmethod) else watched)


STATEMENTS = {
    "BEGIN IMMEDIATE": "BEGIN",
    "COMMIT": "COMMIT",
    "PRAGMA wal_checkpoint(TRUNCATE)": "checkpoint",
    "DELETE FROM main.passages": "take over",
    "INSERT INTO main.settings SELECT name, value FROM other.settings": "take over",
    "INSERT OR REPLACE INTO generation VALUES (1, ?)": "manifest",
}
FUNCTIONS: list[tuple[Any, str, str]] = [
    (Catalog, "put", "put"),
    (Catalog, "remove", "remove"),
    (DensePart, "save", "FAISS"),
    (LexicalIndex, "write", "tantivy"),
    (os, "link", "link"),
    (os, "fsync", "fsync"),
    (os, "unlink", "unlink"),
    (os, "rmdir", "rmdir"),
    (Path, "rename", "rename"),
    (Path, "replace", "replace"),
    (live, "keep_original", "keep original"),
    (writer_module, "forget_originals", "forget originals"),
    (writer_module, "forget", "forget words"),
    (generations, "_digests", "digests"),
    (writer_module, "delete_generations", "delete generations"),
    (reindex, "delete_generations", "delete generations"),
    (shutil, "rmtree", "rmtree"),
    (Database, "purge", "purge"),
    (Database, "close", "close"),
    (WordLengths, "embed_passages", "embed"),
]
PHASES = sorted({*STATEMENTS.values(), *(phase for _, _, phase in FUNCTIONS)})


def watch_everything(killer: Killer) -> None:
    class Watched(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            call = partial(super().execute, sql, *values)
            found: sqlite3.Cursor = killer.at(STATEMENTS[sql], call) if sql in STATEMENTS else call()
            return found

    sqlite3.connect = partial(sqlite3.connect, factory=Watched)  # type: ignore[assignment]
    for owner, name, phase in FUNCTIONS:
        killer.watch(owner, name, phase)


def acknowledge_commits() -> None:
    """Say after each commit what is durable now."""
    commit = IndexWriter.commit

    def acknowledged(writer: IndexWriter) -> None:
        known: dict[str, str | None] = dict.fromkeys(writer._removed)
        known |= {i: pending.document.sha256 for i, pending in writer._pending.items()}
        commit(writer)
        if writer._folder.name != "rebuild":
            say({"acknowledged": known})

    IndexWriter.commit = acknowledged  # type: ignore[method-assign, assignment]


def upload(folder: Path, chunker: ChunkerSettings, uploads: Mapping[str, str | None]) -> None:
    """Bring documents and take them away as the service does: each change is one of its own, and their files are
    kept."""
    for name, text in uploads.items():
        with writing(folder, WordLengths, chunker, "testing") as writer:
            if text is None:
                writer.remove(name)
            else:
                data = text.encode()
                brought = document(name, text, file_sha256=hashlib.sha256(data).hexdigest())
                live.bring(writer, folder, brought, original=io.BytesIO(data))
            writer.commit()


def main() -> None:
    given = json.loads(sys.argv[1])
    collecting.BATCH = 6
    generations._FEW = given["few"]
    watch_everything(Killer(given.get("phase"), given.get("count", 1), given.get("mode", "before")))
    acknowledge_commits()
    folder, chunker = Path(given["folder"]), ChunkerSettings(given["tokens"], 0)
    say({"begun": True})
    if given["doing"] == "rebuild":
        reindex.reindex(folder, WordLengths(), chunker)
        say({"acknowledged": {}})
    elif given["doing"] == "upload":
        upload(folder, chunker, given["uploads"])
    else:
        with writing(folder, WordLengths, chunker, "testing") as writer:
            sync(writer, plan(writer.catalog, Path(given["docs"])))
    say({"done": True})


if __name__ == "__main__":
    main()

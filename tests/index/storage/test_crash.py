"""Killed with SIGKILL in the middle of writing, again and again: nothing is lost, nothing is half there."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support.embedders import WordLengths
from support.faults import SOAK, check_like_fresh, faults_of, fresh, texts_of
from support.indexes import results
from support.killed_writer import PHASES, upload
from support.paths import MEMORY, environment_with_support

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.storage.layout import REINDEXING
from citeqa.index.storage.originals import ORIGINALS
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import stored_settings, writing

pytestmark = [pytest.mark.faults, pytest.mark.soak]

KILLS = int(os.environ.get("CITEQA_TEST_KILLS") or (200 if SOAK else 12))
SEED = 11
PROGRAM = [sys.executable, "-m", "support.killed_writer"]
WORDS = [
    "fox",
    "harbour",
    "lights",
    "quiet",
    "alpha",
    "beta",
    "gamma",
    "lazy",
    "dog",
    "tonight",
    "jumps",
    "over",
    "brown",
]


@dataclass
class Run:
    """What the program said before it ended."""

    killed: str | None = None
    done: bool = False
    acknowledged: dict[str, str | None] = field(default_factory=dict)
    commits: int = 0


def run(given: dict[str, Any], after: float | None = None) -> Run:
    """Run the program; with `after` kill it from outside so many seconds after it began to write."""
    found = Run()
    with subprocess.Popen(
        [*PROGRAM, json.dumps(given)], stdout=subprocess.PIPE, env=environment_with_support()
    ) as process:
        assert process.stdout
        process.stdout.readline()
        if after is not None:
            time.sleep(after)
            process.kill()
        for line in process.stdout:
            said = json.loads(line)
            found.killed = said.get("killed", found.killed)
            found.done = said.get("done", found.done)
            if "acknowledged" in said:
                found.commits += 1
                found.acknowledged |= said["acknowledged"]
    if after is not None and process.returncode == -9:
        found.killed = "at any time"
    assert process.returncode == (-9 if found.killed else 0)
    assert found.done or found.killed
    return found


class World:
    """A folder of documents that changes, the index that is kept in step with it, and documents that are brought to
    that index alone, with their files."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.docs, self._chance = folder / "index", folder / "docs", chance
        self.docs.mkdir()
        self.wanted: dict[str, str] = {}
        self.brought: dict[str, str] = {}
        self._titles = set[str]()  # of all texts that there may have been

    def change(self) -> None:
        """Add, replace, rename and delete a few files."""
        for _ in range(self._chance.randint(1, 6)):
            name, do = f"d{self._chance.randrange(14)}", self._chance.random()
            if do < 0.7 or len(self.wanted) < 4:
                self.wanted[name] = self._text()
            elif do < 0.85:
                self.wanted.pop(name, None)
            elif name in self.wanted:
                self.wanted[f"sub/{name}"] = self.wanted.pop(name)
        for path in [path for path in self.docs.rglob("*") if path.is_file()]:
            path.unlink()
        for name, text in self.wanted.items():
            path = self.docs / f"{name}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def _text(self) -> str:
        words = " ".join(self._chance.choices(WORDS, k=self._chance.randint(5, 60)))
        title = f"Title {self._chance.random()}"
        self._titles.add(title)
        return f"{title}\n\n{words}. And more."

    def _uploads(self) -> dict[str, str | None]:
        """A few documents to bring, to replace and to take away; what should be there afterwards is noted."""
        uploads: dict[str, str | None] = {}
        for name in self._chance.sample([f"u{number}" for number in range(6)], self._chance.randint(1, 3)):
            uploads[name] = None if name in self.brought and self._chance.random() < 0.4 else self._text()
        self.brought |= {name: text for name, text in uploads.items() if text is not None}
        self.brought = {name: text for name, text in self.brought.items() if uploads.get(name, text) is not None}
        return uploads

    def stored(self) -> dict[str, str]:
        return texts_of(self.folder) if stored_settings(self.folder) else {}

    def round(self, given: dict[str, Any], after: float | None = None) -> Run:
        """Change, run, and check what must hold whatever happened; then finish what was interrupted."""
        before = self.stored()
        tokens = chunker_of(stored_settings(self.folder)).passage_tokens if before else 16
        if given["doing"] == "upload":
            given = given | {"uploads": self._uploads()}
        else:
            self.change()
        if given["doing"] == "rebuild":
            given = given | {"tokens": 48 - tokens}  # 16 and 32 in turn
        found = run({"folder": str(self.folder), "docs": str(self.docs), "tokens": tokens} | given, after)
        if given["doing"] == "rebuild":
            self._check_rebuilt(before, tokens, 48 - tokens, found)
        elif stored_settings(self.folder):
            self._check_synced(before, found)
        self._finish(given)
        return found

    def _check_synced(self, before: dict[str, str], found: Run) -> None:
        now, wanted = texts_of(self.folder), self.wanted | self.brought
        assert now.keys() <= before.keys() | wanted.keys()
        for name in before.keys() | wanted.keys():
            earlier = [] if name in found.acknowledged else [before.get(name)]
            assert now.get(name) in [wanted.get(name), *earlier], name
        self._check_sound(now)

    def _check_rebuilt(self, before: dict[str, str], old: int, new: int, found: Run) -> None:
        with closing(Index(self.folder)) as index:
            tokens = chunker_of(index.settings).passage_tokens
        assert tokens in ([new] if found.commits else [old, new])
        assert texts_of(self.folder) == before
        self._check_sound(before)

    def _check_sound(self, now: dict[str, str]) -> None:
        assert faults_of(self.folder) == []
        made = results(fresh(self.folder, now))
        answers = results(self.folder)
        assert {**answers, "lexical": None} == {**made, "lexical": None}

    def _finish(self, given: dict[str, Any]) -> None:
        """The same again, undisturbed."""
        chunker = chunker_of(stored_settings(self.folder)) if stored_settings(self.folder) else ChunkerSettings(16, 0)
        if given["doing"] == "rebuild":
            reindex(self.folder, WordLengths(), ChunkerSettings(given["tokens"], 0))
            chunker = ChunkerSettings(given["tokens"], 0)
        with writing(self.folder, WordLengths, chunker, "testing") as writer:
            there = set(writer.catalog.ids())
        if given["doing"] == "upload":
            again = {name: text for name, text in given["uploads"].items() if text is not None or name in there}
            upload(self.folder, chunker, again)
        with writing(self.folder, WordLengths, chunker, "testing") as writer:
            sync(writer, plan(writer.catalog, self.docs, empty=True))
        check_like_fresh(self.folder, self.wanted | self.brought)
        kept_files = {path.name: path.read_bytes() for path in (self.folder / ORIGINALS).glob("*")}
        assert kept_files == {
            hashlib.sha256(text.encode()).hexdigest(): text.encode() for text in self.brought.values()
        }
        assert len(list((self.folder / "generations").iterdir())) == 1
        assert not (self.folder / REINDEXING).exists()
        titles = {text.partition("\n")[0] for text in (self.wanted | self.brought).values()}
        kept = {path: path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}
        left = [(title, path) for title in self._titles - titles for path in kept if title.encode() in kept[path]]
        assert left == []
        self._titles = titles


def rounds(world: World, chance: random.Random, killed: Counter[str], late: Counter[str]) -> None:
    """Run and kill until as many were killed as should be, in the long form in every phase too; runs that ended before
    the time of their kill are late."""
    phases = [*PHASES, "at any time"]
    while killed.total() < KILLS or (SOAK and unseen(killed) and late.total() < 4 * KILLS):
        rare = sorted(unseen(killed)) if killed.total() >= KILLS else []
        phase = rare[0] if rare else phases[(killed.total() + late.total()) % len(phases)]
        phase = phase if SOAK else chance.choice(phases)
        doing = "sync" if not world.wanted else chance.choices(["sync", "rebuild", "upload"], [4, 3, 3])[0]
        given = {"doing": doing, "few": chance.choice([0, 512])}
        if phase == "at any time":
            found = world.round(given, after=chance.uniform(0, 0.15))
        else:
            count = 1 if rare else chance.choice([1, 1, 2, 3, 5, 8])
            mode = chance.choice(["before", "during", "after"])
            found = world.round(given | {"phase": phase, "count": count, "mode": mode})
        if found.killed:
            killed[f"{doing}: {found.killed}"] += 1
        else:
            late[phase] += 1


def unseen(killed: Counter[str]) -> set[str]:
    """The phases in which none was killed so far."""
    return {*PHASES, "at any time"} - {name.partition(": ")[2] for name in killed}


@pytest.mark.slow
def test_whenever_it_is_killed_nothing_is_lost_and_nothing_is_half_there() -> None:
    chance, killed, late = random.Random(SEED), Counter[str](), Counter[str]()
    with TemporaryDirectory(dir=MEMORY, ignore_cleanup_errors=True) as temporary:
        try:
            rounds(World(Path(temporary), chance), chance, killed, late)
        finally:
            print(f"\nkilled {killed.total()} times:")
            for name, count in sorted(killed.items()):
                print(f"{count:6} {name}")
            print(f"{late.total():6} runs ended before the phase was reached so often")
    if KILLS >= 200:
        assert unseen(killed) == set()

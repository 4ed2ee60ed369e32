"""Any sequence of changes, reopenings, rebuilds and damage equals a plain dictionary of texts."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from support.embedders import WordLengths
from support.faults import DAMAGE, SOAK, derived_files, faults_of, fresh, settled, texts_of
from support.indexes import QUERIES, results
from support.paths import MEMORY

from citeqa.index.documents.chunker import Chunker, ChunkerSettings, indexed_text
from citeqa.index.documents.corpus import document
from citeqa.index.storage import generations
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.settings import chunker_of
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.sync import plan, sync
from citeqa.index.storage.writer import update, writing

pytestmark = [pytest.mark.faults, pytest.mark.soak]

SENTENCES = [
    "The quick brown fox jumps over the lazy dog.",
    "All quiet at the harbour tonight.",
    "Alpha, beta and gamma are letters.",
    "The lights go out one by one.",
    "No fox and no dog is here.",
]
FEW = generations._FEW
texts = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6).map(lambda parts: "A title\n\n" + " ".join(parts))
names = st.sampled_from(["a", "b", "c", "sub/d", "e", "é"])


class Living(RuleBasedStateMachine):
    """An index, a folder that it is kept in step with, and what they should hold."""

    posted = Bundle("posted")

    def __init__(self) -> None:
        super().__init__()
        self._temporary = TemporaryDirectory(dir=MEMORY)
        self.folder, self.docs = Path(self._temporary.name, "index"), Path(self._temporary.name, "docs")
        self.docs.mkdir()
        self.files: dict[str, str] = {}  # what lies in the folder
        self.synced: dict[str, str] = {}  # what came from it
        self.put: dict[str, str] = {}  # what was put by itself
        self.view: Index | None = None
        self.seen: dict[str, str] = {}

    def teardown(self) -> None:
        generations._FEW = FEW
        if self.view:
            self.view.close()
        self._temporary.cleanup()

    @property
    def expected(self) -> dict[str, str]:
        return self.synced | self.put

    def chunker(self) -> ChunkerSettings:
        with closing(Catalog(self.folder / DATABASE)) as catalog:
            return chunker_of(catalog.settings())

    @initialize(few=st.sampled_from([0, 512]))
    def begin(self, few: int) -> None:
        generations._FEW = few
        update(self.folder, [self.docs], WordLengths(), ChunkerSettings(16, 0))

    @rule(target=posted, names=st.lists(st.sampled_from(["x", "y/1", "z"]), min_size=1, max_size=3), text=texts)
    def post(self, names: list[str], text: str) -> object:
        with writing(self.folder, WordLengths, self.chunker(), "testing") as writer:
            for name in names:
                writer.put(document(name, text, file_sha256=""))
            writer.commit()
        self.put |= dict.fromkeys(names, text)
        return multiple(*names)

    @rule(name=posted)
    def delete(self, name: str) -> None:
        if name in self.put:
            with writing(self.folder, WordLengths, self.chunker(), "testing") as writer:
                writer.remove(name)
                writer.commit()
            del self.put[name]

    @rule(name=names, text=texts)
    def edit_a_file(self, name: str, text: str) -> None:
        (self.docs / f"{name}.txt").parent.mkdir(exist_ok=True)
        (self.docs / f"{name}.txt").write_text(text, encoding="utf-8")
        self.files[name] = text

    @rule(data=st.data())
    def delete_a_file(self, data: st.DataObject) -> None:
        if self.files:
            name = data.draw(st.sampled_from(sorted(self.files)))
            (self.docs / f"{name}.txt").unlink()
            del self.files[name]

    @rule(data=st.data(), new=names)
    def rename_a_file(self, data: st.DataObject, new: str) -> None:
        if self.files:
            name = data.draw(st.sampled_from(sorted(self.files)))
            (self.docs / f"{new}.txt").parent.mkdir(exist_ok=True)
            (self.docs / f"{name}.txt").rename(self.docs / f"{new}.txt")
            self.files[new] = self.files.pop(name)

    @rule()
    def sync(self) -> None:
        with writing(self.folder, WordLengths, self.chunker(), "testing") as writer:
            report = sync(writer, plan(writer.catalog, self.docs, empty=True))
        changed = {name for name in self.files if self.synced.get(name, self.files[name]) != self.files[name]}
        assert report.added == len(self.files.keys() - self.synced.keys())
        assert report.removed == len(self.synced.keys() - self.files.keys())
        assert report.replaced == len(changed)
        self.synced = dict(self.files)

    @rule(tokens=st.sampled_from([16, 32]))
    def rebuild(self, tokens: int) -> None:
        reindex(self.folder, WordLengths(), ChunkerSettings(tokens, 0))

    @rule(damage=st.sampled_from(sorted(DAMAGE)), number=st.integers(0, 20))
    def damage_a_search_file(self, damage: str, number: int) -> None:
        if files := [path for path in derived_files(self.folder) if path.exists()]:
            DAMAGE[damage](files[number % len(files)])

    @rule()
    def lose_the_search_files(self) -> None:
        shutil.rmtree(self.folder / "generations", ignore_errors=True)

    @rule()
    def open_a_view(self) -> None:
        """Kept open from now on; it must go on showing what it shows now."""
        before, self.view = self.view, Index(self.folder, self.view)
        self.seen = dict(self.expected)
        if before:
            before.close()

    @invariant()
    def an_open_view_stays_as_it_is(self) -> None:
        if self.view:
            assert {s.id: self.view.document(s.id).text for s in self.view.summaries(100)[0]} == self.seen
            found = self.view.search_dense(WordLengths().embed_query("fox"), 500)
            assert {hit.passage.document_id for hit in found} == self.seen.keys()

    @rule()
    def compare(self) -> None:
        """What is stored, and what both rankings find, against brute force over the dictionary."""
        assert texts_of(self.folder) == self.expected
        model, chunker = WordLengths(), self.chunker()
        cutter = Chunker(model.count_tokens, model.info.max_tokens, chunker)
        rows = []
        for name, text in self.expected.items():
            item = document(name, text, file_sha256="")
            rows += [(p, indexed_text(cutter.heading(item), p)) for p in cutter.chunk(item)]
        with closing(Index(self.folder)) as index:
            assert index.passage_count == len(rows)
            for query in QUERIES:
                vector = model.embed_query(query)
                found = {hit.passage: hit.score for hit in index.search_dense(vector, 500)}
                assert found.keys() == {passage for passage, _ in rows}
                for passage, words in rows:
                    stored = model.embed_query(words).astype(np.float16).astype(np.float64)
                    assert abs(found[passage] - stored @ vector) < 1e-5
                terms = set(index.terms(query))
                lexical = {hit.passage for hit in index.search_lexical(query, 500)}
                assert lexical == {passage for passage, words in rows if terms & set(index.terms(words))}

    @rule()
    def settle_and_compare(self) -> None:
        """Once nothing that is gone counts any more, every score is that of a fresh index."""
        texts_of(self.folder)  # opening mends
        settled(self.folder)
        assert faults_of(self.folder) == []
        found, made = results(self.folder), results(fresh(self.folder, self.expected))
        for name in ("counts", "dense", "lexical", "passages"):
            assert found[name] == made[name]


Living.TestCase.settings = settings(
    max_examples=200 if SOAK else 25,
    stateful_step_count=40 if SOAK else 15,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)
TestLiving = Living.TestCase

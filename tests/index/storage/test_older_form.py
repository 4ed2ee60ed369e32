"""An index of an earlier version keeps the form of its passages until everything is made again."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from support.embedders import WordLengths
from support.indexes import write_documents

from citeqa.index.documents.chunker import ChunkerSettings
from citeqa.index.storage.catalog import Catalog
from citeqa.index.storage.doctor import examine
from citeqa.index.storage.layout import DATABASE
from citeqa.index.storage.reindex import reindex
from citeqa.index.storage.settings import chunker_of, is_outdated
from citeqa.index.storage.snapshot import Index
from citeqa.index.storage.writer import stored_settings, update
from citeqa.index.types import Passage

TABLE = "# Plans\n\n" + "Plan | Yearly\n--- | ---\n" + "\n".join(f"Number {n} | {n} euros a year" for n in range(60))


def passages(folder: Path) -> list[Passage]:
    with closing(Index(folder)) as index:
        return list(index.fetch(range(1000)).values())


def described(folder: Path) -> str:
    return "\n".join(finding.checked for finding in examine(folder, lambda name, precision: WordLengths()))


def test_additions_keep_the_earlier_form_and_rebuilding_ends_it(tmp_path: Path) -> None:
    folder, texts = tmp_path / "index", write_documents(tmp_path / "texts", plans=TABLE)
    update(folder, [texts], WordLengths(), ChunkerSettings(structure=0))
    assert "chunker.structure" not in stored_settings(folder)
    update(folder, [write_documents(tmp_path / "more", others=TABLE)], WordLengths())
    assert {passage.document_id for passage in passages(folder)} == {"others", "plans"}
    assert not any(passage.context for passage in passages(folder))
    assert is_outdated(stored_settings(folder))
    assert f"citeqa index --rebuild --index {folder}" in described(folder)

    reindex(folder, WordLengths(), ChunkerSettings())
    assert chunker_of(stored_settings(folder)) == ChunkerSettings()
    assert not is_outdated(stored_settings(folder))
    assert "--rebuild" not in described(folder)
    later = [passage for passage in passages(folder) if "Plan |" not in passage.text]
    assert later
    assert all(passage.context.columns == "Plan | Yearly" for passage in later)


def test_rebuilding_finds_the_structure_that_an_earlier_version_did_not_store(tmp_path: Path) -> None:
    folder, texts = tmp_path / "index", write_documents(tmp_path / "texts", plans=TABLE)
    update(folder, [texts], WordLengths(), ChunkerSettings(structure=0))
    with closing(Catalog(folder / DATABASE, write=True)) as catalog, catalog.transaction():
        catalog._connection.execute("UPDATE documents SET structure = ''")
    reindex(folder, WordLengths(), ChunkerSettings())
    with closing(Index(folder)) as index:
        assert index.document("plans").structure.tables
    assert any(passage.context for passage in passages(folder))


def test_an_index_without_settings_gets_the_form_of_this_version() -> None:
    assert chunker_of({}) == ChunkerSettings()
    assert not is_outdated({})
